"""What one document may take of a process, and the end of the process that takes more.

In: limits, and what a process works on. Out: where one is passed the process ends, and leaves word of whose fault it
was, so that everything else can be done by another.

Time is that of the processor, so that a busy machine or one that slept makes no document late. It is told by the
kernel, which also interrupts a regular expression; what hears nobody, in a library written in C, the kernel ends when
twice the time is gone. Memory is what a document adds to the address space of the process.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import msgspec

try:
    import resource
except ImportError:  # pragma: no cover - Windows has no such limits
    resource = None  # type: ignore[assignment]

READING = -1
"""Stands for the number of a listing while a record is taken apart."""
_EXIT = 75
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Limits(NamedTuple):
    """`seconds` of the processor and `megabytes` more than the parser itself that a document may take; 0 for any."""

    seconds: float = 60.0
    megabytes: int = 2048


class Blame(msgspec.Struct, frozen=True):
    """Which listing of which record took too much, and the cause in a line."""

    key: bytes
    number: int
    cause: str


class Watch:
    """Over the documents of one process; blames go into `folder`, a file for each process."""

    def __init__(self, limits: Limits, folder: str) -> None:
        self._limits, self._folder = limits, folder
        self._key, self._number = b"", READING
        self._timed = limits.seconds > 0 and hasattr(signal, "setitimer")
        self._sized = limits.megabytes > 0 and resource is not None and os.path.exists("/proc/self/statm")
        self._size = os.open("/proc/self/statm", os.O_RDONLY) if self._sized else -1
        if self._timed:
            signal.signal(signal.SIGPROF, self._late)

    @contextmanager
    def over(self, key: bytes) -> Iterator[None]:
        """Watch a record."""
        self._key = key
        self.begin(READING)
        try:
            yield
        except MemoryError:
            self.starved()
            raise
        finally:
            self._rest()

    def begin(self, number: int) -> None:
        """What is done from now on is for the listing with this number: it has all its time and memory before it."""
        self._number = number
        if self._timed:
            signal.setitimer(signal.ITIMER_PROF, self._limits.seconds)
            _limit("RLIMIT_CPU", int(time.process_time() + 2 * self._limits.seconds) + 2)
        if self._sized:
            pages = int(os.pread(self._size, 64, 0).split(b" ", 1)[0])
            _limit("RLIMIT_AS", pages * _PAGE + (self._limits.megabytes << 20))

    def starved(self) -> None:
        """No more memory is to be had: the process ends, where it was limited."""
        if self._sized:
            self._end(f"took more than {self._limits.megabytes} MB, the limit of a document")

    def _late(self, number: int, frame: Any) -> NoReturn:
        self._end(f"took more than {self._limits.seconds:g} s, the limit of a document")

    def _end(self, cause: str) -> NoReturn:
        self._rest()
        blame = msgspec.json.encode(Blame(self._key, self._number, cause))
        Path(self._folder, str(os.getpid())).write_bytes(blame)
        os._exit(_EXIT)

    def _rest(self) -> None:
        if self._timed:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _limit("RLIMIT_CPU", None)
        if self._sized:
            _limit("RLIMIT_AS", None)


def blames(folder: str) -> list[Blame]:
    """Whose fault it was that processes ended since this was asked last."""
    found = []
    for path in sorted(Path(folder).iterdir()):
        found.append(msgspec.json.decode(path.read_bytes(), type=Blame))
        path.unlink()
    return found


def _limit(name: str, most: int | None) -> None:
    """Set what this process may have of something; None for all that it ever may."""
    if resource is not None:
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        within = most is not None and (hard == resource.RLIM_INFINITY or most < hard)
        resource.setrlimit(kind, (most if within and most is not None else hard, hard))
