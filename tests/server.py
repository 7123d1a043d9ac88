"""A real PostgreSQL server, started for as long as it is needed, that listens on a socket in a folder of its own.

Where none is installed its tests are skipped, but fail where `PROTOPARSE_POSTGRES_REQUIRED` is set, as `.ci/run` does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ACCOUNTS = ("postgres", "nobody")
"""Whose server it is where the tests are run by root, for whom PostgreSQL does not start."""


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database, for as long as the `with` lasts."""
    programs = [_program(name) for name in ("initdb", "pg_ctl")]
    if None in programs:
        absent("no PostgreSQL server is installed (looked for: initdb, pg_ctl)")
    initdb, pg_ctl = map(str, programs)
    folder = Path(tempfile.mkdtemp(prefix="pp-pg-"))
    account = _account()
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, log = folder / "data", folder / "log"
        _run(account, initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        _run(account, pg_ctl, "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            _run(account, pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def absent(reason: str) -> None:
    """Skip, or fail where a server must be there."""
    if os.environ.get("PROTOPARSE_POSTGRES_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


def _program(name: str) -> str | None:
    """A program of PostgreSQL, which Debian keeps in a folder for each version."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3].split(".")[0]))
    return shutil.which(name) or (str(kept[-1]) if kept else None)


def _account() -> pwd.struct_passwd | None:
    """Another account than root's, None where it is not root who runs."""
    if os.geteuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in ACCOUNTS if name in known), None)


def _run(account: pwd.struct_passwd | None, *command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        absent(f"{command[0]} does not start: {(done.stdout.strip().splitlines() or ['no cause given'])[-1]}")
