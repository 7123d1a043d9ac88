"""Where the grammar files are, and the fingerprint of the language they describe.

In: names of files of `grammars/`, without `.lark`. Out: their text, concatenated (`%import` would rename terminals).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import protoparse


def grammar_text(*names: str) -> str:
    """The text of the named grammar files, in that order; raises `FileNotFoundError` for a name without a file.

    >>> "DOMAIN:" in grammar_text("canonical")
    True
    """
    return "\n".join((_folder() / f"{name}.lark").read_text("utf-8") for name in names)


@cache
def fingerprint() -> str:
    """What the reading depends on, in short: "sha256:" and 16 hex digits over all grammars and lexicon tables."""
    digest = sha256()
    for name, data in sorted(_sources()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return f"sha256:{digest.hexdigest()[:16]}"


@cache
def _folder() -> Traversable:
    """`grammars/`: inside the package once it is built into a wheel, at the top of the checkout otherwise."""
    packed = files("protoparse") / "grammars"
    if packed.is_dir():
        return packed
    return Path(protoparse.__file__).resolve().parents[2] / "grammars"


def _sources() -> Iterator[tuple[str, bytes]]:
    for folder, suffix in ((_folder(), ".lark"), (files("protoparse.lexicon"), ".tsv")):
        for entry in folder.iterdir():
            if entry.name.endswith(suffix):
                yield entry.name, entry.read_bytes().replace(b"\r\n", b"\n")
