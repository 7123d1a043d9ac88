"""A batch: records in, a folder of results out, over processes and past interruptions. Read this first.

In: names of files and folders. Out: `ledger.sqlite`, which knows what has been parsed, the results in the form that is
asked for, and `summary.json`. The results depend on the inputs alone: not on how many processes there are, nor on how
often the run was cut short.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from protoparse.batch import writing
from protoparse.batch.converting import Options, Outcome, convert
from protoparse.batch.intake import Intake
from protoparse.batch.ledger import Entry, Ledger, key, packed
from protoparse.batch.limiting import Limits, Watch, blames
from protoparse.batch.pool import Pool
from protoparse.errors import LedgerError
from protoparse.processes import cores
from protoparse.sources.records import Record

LEDGER = "ledger.sqlite"
SUMMARY = "summary.json"
SHARD = 32
"""So many records go to a process at once: about a third of a second's work, which is what a killed process loses."""
SHARD_BYTES = 8 * 2**20

_NUMBERS = re.compile(r"^study \S+: | at (?:line|column|byte) [\w ]*\d[\w, ]*|(?<= )\(byte \d+\)")
_KILLED = "the process that read it was killed, twice; perhaps for want of memory"


class Progress(NamedTuple):
    """How far a run is: records that are done, and bytes of the inputs that are read, of `size` where that is known."""

    stage: Literal["parsing", "writing"]
    records: int
    taken: int
    size: int | None


class Summary(msgspec.Struct, kw_only=True):
    """What a run gave. Of errors and notes, how often each cause and each code; `parsed`: records not known before."""

    records: int = 0
    documents: int = 0
    criteria: int = 0
    facts: int = 0
    characters: int = 0
    unread: int = 0
    errors: dict[str, int] = {}
    notes: dict[str, int] = {}
    parsed: int = 0


def run(
    inputs: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    to: str = "ndjson",
    workers: int | None = None,
    resume: bool = False,
    options: Options = Options(),  # noqa: B008 - immutable
    limits: Limits = Limits(),  # noqa: B008 - immutable
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Parse what is in `inputs`, over `workers` processes (by default one a core), into the folder `out`.

    `to` is one of `writing.TARGETS`. With `resume`, the folder of an earlier run is gone on with: what it knows is not
    parsed again. What takes more than `limits` is an error, and tried again by the next run. Raises `InputError` for an
    input that is not there, `LedgerError` for a folder that another run left or has, `TermsError` for a broken
    vocabulary, `ProtoparseError` where Parquet is asked for without pyarrow.
    """
    folder = Path(out)
    target = writing.target(to)
    if (folder / LEDGER).exists() and not resume:
        raise LedgerError(f"{folder}: holds a batch already; resume it, or take another folder")
    intake = Intake(inputs, container=options.container, besides=folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        Ledger(folder / LEDGER, options.identity()) as ledger,
        tempfile.TemporaryDirectory(prefix="protoparse-") as blamed,
        Pool(workers or cores()) as pool,
    ):
        shards = _Shards(intake, ledger)
        work = partial(_converted, options, limits, blamed)
        for _, tasks, results in pool.run(work, shards, amended=partial(_amended, blamed, {})):
            shards.done(tasks, results)
            on_progress(Progress("parsing", shards.seen - len(shards.under_way), intake.taken, intake.size))
        summary = _summary(ledger.entries())
        summary.parsed = shards.parsed

        def told() -> Iterator[Entry]:
            for count, entry in enumerate(ledger.entries(), start=1):
                yield entry
                if not count % SHARD:
                    on_progress(Progress("writing", count, count, summary.records))

        target(told(), folder, pool)
        counts = {name: value for name, value in msgspec.structs.asdict(summary).items() if name != "parsed"}
        with writing.draft(folder / SUMMARY) as file:
            file.write(msgspec.json.format(msgspec.json.encode(counts), indent=2) + b"\n")
        ledger.tidy()
    return summary


class _Task(NamedTuple):
    """`over`: the listings of the record that are known to take too much, by number, and the cause."""

    key: bytes
    record: Record
    over: Mapping[int, str] = {}


class _Shards:
    """The records that are to be parsed, in shards; all are entered in the ledger on the way."""

    def __init__(self, intake: Intake, ledger: Ledger) -> None:
        self._intake, self._ledger = intake, ledger
        self.seen = self.parsed = 0
        self.under_way: set[bytes] = set()

    def __iter__(self) -> Iterator[list[_Task]]:
        shard: list[_Task] = []
        size = 0
        for record in self._intake:
            known = key(record.content if record.error is None else record.error.encode(), placed=record.place > 0)
            self.seen += 1
            self._ledger.enter(record.name, record.place, known)
            if known in self.under_way or self._ledger.knows(known):
                continue
            self.under_way.add(known)
            shard.append(_Task(known, record))
            size += len(record.content)
            if len(shard) == SHARD or size > SHARD_BYTES:
                yield shard
                shard, size = [], 0
        if shard:
            yield shard

    def done(self, tasks: Sequence[_Task], results: Sequence[bytes] | None) -> None:
        """Keep what became of a shard; a record that killed its process, or took too much, is tried by the next run."""
        keys = [task.key for task in tasks]
        if results is None:
            results = [packed([Outcome("", None, None, _KILLED)]) for _ in tasks]
            self._ledger.keep(zip(keys, results, strict=True), surely=False)
        else:
            kept = list(zip(tasks, results, strict=True))
            self._ledger.keep((task.key, result) for task, result in kept if not task.over)
            self._ledger.keep([(task.key, result) for task, result in kept if task.over], surely=False)
        self.under_way.difference_update(keys)
        self.parsed += len(keys)


def _converted(options: Options, limits: Limits, blamed: str, tasks: Sequence[_Task]) -> list[bytes]:
    """What a process does of a shard."""
    parser = options.parser()
    watch = Watch(limits, blamed)
    made = []
    for task in tasks:
        with watch.over(task.key):
            found = convert(task.record, parser, container=options.container, watch=watch, over=task.over)
            made.append(packed(found))
    return made


def _amended(blamed: str, known: dict[bytes, dict[int, str]], tasks: Sequence[_Task]) -> list[_Task] | None:
    """The tasks of a shard, with what is blamed on listings of theirs; None where nothing new is."""
    for blame in blames(blamed):
        known.setdefault(blame.key, {})[blame.number] = blame.cause
    amended = [task._replace(over=dict(known.get(task.key, {}))) for task in tasks]
    return None if amended == list(tasks) else amended


def _summary(entries: Iterable[Entry]) -> Summary:
    summary = Summary()
    errors: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for entry in entries:
        summary.records += 1
        for kept in entry.outcomes():
            if kept.error is None:
                summary.documents += 1
            else:
                errors[_kind(kept.error)] += 1
            summary.criteria += kept.criteria
            summary.facts += kept.facts
            summary.characters += kept.characters
            summary.unread += kept.unread
            notes.update(kept.notes)
    summary.errors, summary.notes = dict(errors.most_common()), dict(notes.most_common())
    return summary


def _kind(cause: str) -> str:
    """A cause without the number of the study or the place in it: what several errors have in common."""
    return _NUMBERS.sub("", cause)
