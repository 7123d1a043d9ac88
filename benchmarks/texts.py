"""The texts that the benchmarks run on, from the folder that PROTOPARSE_DATA names.

In: a corpus by name. Out: its eligibility texts, each with the name to report it by.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from protoparse.errors import ProtoparseError
from protoparse.sources import Listing, read


def data() -> Path:
    """The folder with the corpora; ends the program where there is none."""
    folder = os.environ.get("PROTOPARSE_DATA")
    if not folder or not Path(folder).is_dir():
        sys.exit("PROTOPARSE_DATA names the folder with the corpora (bulk/, gold/, lct/, listings/); it is not set")
    return Path(folder)


def bulk() -> list[tuple[str, str]]:
    with (data() / "bulk" / "eligibility.jsonl").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [(record["id"], record["text"]) for record in records]


def corpus() -> list[tuple[str, str]]:
    """The project's own listings, which are there without the folder."""
    sources = sorted((Path(__file__).parents[1] / "corpus").glob("*/source.*"))
    return [(source.parent.name, listing.text) for source in sources for listing in read(source)]


def gold() -> Iterator[tuple[str, str]]:
    for file in sorted((data() / "gold" / "texts").glob("*.txt")):
        yield file.stem, file.read_text("utf-8")


def lct() -> Iterator[tuple[str, str]]:
    for file in sorted((data() / "lct").glob("*.txt")):
        yield file.stem, file.read_text("utf-8")


def studies() -> Iterator[Listing]:
    for file in sorted((data() / "listings" / "ctgov-v2").glob("*.json")):
        try:
            yield from read(file)
        except ProtoparseError as error:
            sys.stderr.write(f"{file.name}: {error}\n")


def ctgov() -> Iterator[tuple[str, str]]:
    for listing in studies():
        yield listing.trial.id or listing.name, listing.text


CORPORA = {"bulk": bulk, "ctgov": ctgov, "gold": gold, "lct": lct}


def written(figures: object, path: str | None) -> None:
    """Write figures as JSON to a file, where one is named."""
    if path:
        Path(path).write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def closed() -> frozenset[str]:
    """The trials kept for scoring: their words are counted, never printed."""
    listed = data() / "gold" / "unread.txt"
    return frozenset(listed.read_text("utf-8").split()) if listed.exists() else frozenset()


def may_be_shown(corpus: str, name: str) -> bool:
    if corpus == "lct" and int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10 == 9:
        return False
    return name not in closed()
