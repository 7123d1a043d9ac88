"""Processes that work for this one: how they are begun, and that none outlives it.

In: the name of a module to load. Out: a context that makes processes which have loaded it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.context import BaseContext
from typing import Any


def context(preloaded: str) -> BaseContext:
    """Processes are forked, where that is possible, from one that has loaded a module and nothing else.

    Not from this one, whose threads may hold locks that nobody would open again.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([preloaded])
    return made


def begin() -> None:
    """A process leaves interruptions to its parent, and ends when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
