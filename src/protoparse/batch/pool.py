"""Processes that work off shards, and are replaced when they die.

In: shards, lists of items, and a function of a shard. Out: each shard with what the function made of it, as they are
done. When a process ends itself and says why, that is heeded, and all goes on. When one is killed, the shards that were
under way are done again, one at a time; one that kills its process is halved until the item is found that does it,
which is given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar

from protoparse.processes import begin, context

T = TypeVar("T")
R = TypeVar("R")

DEATHS = 2
"""An item is given up when so many processes have died that did nothing else: one may have been somebody's mistake."""
AHEAD = 2
"""So many shards a process are under way or wait for it."""
PRELOADED = "protoparse.batch.converting"
"""The parser."""


class _Shard(NamedTuple, Generic[T]):
    number: int
    items: Sequence[T]
    deaths: int = 0


class Pool:
    """So many processes; a `with` around it ends them."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._made()

    def run(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        shards: Iterable[Sequence[T]],
        *,
        amended: Callable[[Sequence[T]], Sequence[T] | None] = lambda items: None,
    ) -> Iterator[tuple[int, Sequence[T], Sequence[R] | None]]:
        """Each shard's number, its items and what `work` made of them, None for an item that kills its process.

        Shards are taken only as they can be worked off. One that was halved comes in parts, under the same number.
        What `work` raises is raised here. `amended`: a shard whose process ended itself and said why, changed so that
        it will not again; None for any other.
        """
        waiting: dict[Future[Sequence[R]], _Shard[T]] = {}
        suspects: deque[_Shard[T]] = deque()
        again: deque[_Shard[T]] = deque()
        fresh = (_Shard(number, items) for number, items in enumerate(shards))
        while True:
            if suspects and not waiting:
                shard = suspects.popleft()
                waiting[self._submitted(work, shard.items)] = shard
            while not suspects and len(waiting) < self._workers * AHEAD:
                taken = again.popleft() if again else next(fresh, None)
                if taken is None:
                    break
                waiting[self._submitted(work, taken.items)] = taken
            if not waiting:
                return
            done = wait(waiting, return_when=FIRST_COMPLETED).done
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                done = wait(waiting).done
            lost = []
            for future in done:
                shard = waiting.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    lost.append(shard)
                else:
                    yield shard.number, shard.items, future.result()
            mended = [(shard, amended(shard.items)) for shard in lost]
            if any(items is not None for _, items in mended):
                again.extend(shard if items is None else shard._replace(items=items) for shard, items in mended)
            elif len(lost) == 1:
                [shard] = lost
                if len(shard.items) == 1 and shard.deaths + 1 == DEATHS:
                    yield shard.number, shard.items, None
                else:
                    suspects.extend(_after_death(shard))
            else:
                suspects.extend(lost)

    def _submitted(self, work: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T]) -> Future[Sequence[R]]:
        try:
            return self._executor.submit(work, items)
        except BrokenProcessPool:
            self._executor = self._made()
            return self._executor.submit(work, items)

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, mp_context=context(PRELOADED), initializer=begin)

    def close(self) -> None:
        """End the processes; what is under way is waited for."""
        self._executor.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _after_death(shard: _Shard[T]) -> list[_Shard[T]]:
    """What is to be done of a shard whose process died while it was alone: its halves, or an only item once more."""
    half = len(shard.items) // 2
    if not half:
        return [shard._replace(deaths=shard.deaths + 1)]
    return [_Shard(shard.number, shard.items[:half]), _Shard(shard.number, shard.items[half:])]
