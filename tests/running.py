"""The command line, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from protoparse import cli


class Run:
    """What one run of the command line, or of one of its commands, wrote and returned."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *command: str) -> None:
        self.capsys, self.command = capsys, command
        self.code, self.out, self.err = 0, "", ""

    def __call__(self, *args: str | Path) -> Run:
        self.capsys.readouterr()
        self.code = cli.main([*self.command, *map(str, args)])
        self.out, self.err = self.capsys.readouterr()
        return self
