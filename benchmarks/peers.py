"""How long other tools that read clinical text take, in times of spaCy's blank tokenizer, beside protoparse.

Each tool runs in a process of its own, on the same texts, in turns with the tokenizer. None does protoparse's job: the
column says which part of it, and a part may well be done by a tool that is made for it. Tools that judge names that
are given to them get the diseases and drugs of protoparse's tables.

    python benchmarks/peers.py --install      an environment for each of benchmarks/peers.txt, in .peers/
    python benchmarks/peers.py [--only NAME…] [--texts 40] [--turns 5] [--json FILE]

A tool that is installed neither there nor beside this Python is named as left out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import venv
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measuring import pair, record, seconds, shown, spread, with_clock

HERE = Path(__file__).parent
REQUIRED = HERE / "peers.txt"
VOCABULARY = 1000
"""Texts that the tokenizer has gone through before: spaCy keeps the tokens of words, and most words come again."""

Work = Callable[[str], object]


def protoparse(names: Sequence[str]) -> Work:
    from protoparse.parsing import Parser

    return Parser().parse


def negspacy(names: Sequence[str]) -> Work:
    import negspacy.negation  # noqa: F401
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    ruler = pipeline.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "NAME", "pattern": name} for name in names])
    pipeline.add_pipe("negex", config={"ent_types": ["NAME"]})
    return pipeline


def medspacy(names: Sequence[str]) -> Work:
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    logger.remove()  # it tells every step of finding sentences, which is no part of the work
    pipeline = medspacy.load()
    pipeline.get_pipe("medspacy_target_matcher").add([TargetRule(name, "NAME") for name in names])
    return pipeline  # type: ignore[no-any-return]


def edsnlp(names: Sequence[str]) -> Work:
    import edsnlp

    pipeline = edsnlp.blank("eds")
    pipeline.add_pipe("eds.normalizer")
    pipeline.add_pipe("eds.sentences")
    pipeline.add_pipe("eds.quantities", config={"quantities": "all", "extract_ranges": True, "use_tables": False})
    return pipeline


def quantulum3(names: Sequence[str]) -> Work:
    from quantulum3 import parser

    return parser.parse  # type: ignore[no-any-return]


def en_core_web_sm(names: Sequence[str]) -> Work:
    import spacy

    return spacy.load("en_core_web_sm")


PEERS = {
    protoparse: "criteria, values, time, logic, codes",
    negspacy: "negation of given names",
    medspacy: "given names, sentences, context",
    edsnlp: "numbers with units (for French)",
    quantulum3: "numbers with units",
    en_core_web_sm: "parts of speech, syntax, names",
}


def main() -> int:
    options = argparse.ArgumentParser(description="The time of other tools, in times of blank tokenization.")
    names = [peer.__name__ for peer in PEERS]
    options.add_argument("--only", nargs="+", choices=names, default=names)
    options.add_argument("--texts", type=int, default=40, help="texts a turn")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--environments", type=Path, default=Path(".peers"), help="a folder of environments by name")
    options.add_argument("--install", action="store_true", help="make the environments, and no more")
    options.add_argument("--one", choices=names, help=argparse.SUPPRESS)
    with_clock(options)
    given = options.parse_args()
    if given.one:
        told = sys.stdout
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            figures = one(given.one, json.load(sys.stdin), given.clock)
        print(json.dumps(figures), file=told)
        return 0
    if given.install:
        return install(given.environments)

    from texts import bulk

    unique = list(dict.fromkeys(text for _, text in bulk()))
    step = (len(unique) - VOCABULARY) // (given.texts * (given.turns + 1)) or 1
    drawn = unique[VOCABULARY::step]
    shares = [drawn[turn :: given.turns + 1][: given.texts] for turn in range(given.turns + 1)]
    task = json.dumps({"shares": shares, "names": known(), "words": unique[:VOCABULARY]})
    peers: dict[str, Any] = {}
    left_out = []
    for peer, job in PEERS.items():
        name = peer.__name__
        if name not in given.only:
            continue
        start = [python(given.environments, name), __file__, "--one", name, "--clock", given.clock]
        done = subprocess.run(start, input=task, capture_output=True, text=True)
        if done.returncode:
            left_out.append(name)
            print(f"{name:<16}left out: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            continue
        peers[name] = {"job": job} | json.loads(done.stdout)
        print(f"{name:<16}{shown(peers[name]['unseen']):<26}{job}")
    record("peers", {"peers": peers, "left_out": left_out, "texts": len(shares[0]), "clock": given.clock}, given.json)
    return 0


def one(name: str, task: dict[str, Any], clock: str) -> dict[str, Any]:
    """The figures of one tool, in this process."""
    if importlib.util.find_spec(name) is None:
        sys.exit("not installed")
    import spacy

    warnings.simplefilter("ignore")
    [peer] = (peer for peer in PEERS if peer.__name__ == name)
    work, unit = peer(task["names"]), spacy.blank("en").make_doc
    first, *shares = task["shares"]
    seconds(unit, task["words"], clock)
    pair(work, unit, first, 0, clock)
    unseen = [pair(work, unit, share, turn, clock) for turn, share in enumerate(shares)]
    warm = [pair(work, unit, first, turn, clock) for turn in range(len(shares))]
    return {
        "version": version(name),
        "spacy": spacy.__version__,
        "unseen": spread([worked / united for worked, united in unseen]),
        "warm": spread([worked / united for worked, united in warm]),
        "unit": spread(
            [1e6 * united / sum(map(len, share)) for (_, united), share in zip(unseen, shares, strict=True)]
        ),
    }


def known() -> list[str]:
    """The names that tools are given: the diseases and drugs of protoparse's tables."""
    from protoparse.lexicon import rows

    return sorted({row["name"] for table in ("conditions", "drugs") for row in rows(table)})


def python(environments: Path, name: str) -> str:
    """The Python that has a tool, or else this one."""
    place = environments / name / "bin" / "python"
    return str(place) if place.exists() else sys.executable


def install(environments: Path) -> int:
    for line in REQUIRED.read_text("utf-8").splitlines():
        if found := re.match(r"(\w+)==\S+", line):
            place = environments / found[1]
            venv.create(place, with_pip=True)
            command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", found[0], "spacy>=3.7,<4"]
            if subprocess.run(command).returncode:
                print(f"{found[1]}: not to be installed here")
    return 0


if __name__ == "__main__":
    sys.exit(main())
