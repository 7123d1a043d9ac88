"""The share of rules that survive their own English: `parse(render(rule))` gives an equal rule, spans aside.

The English is given to the parser as a bare text. What the strict reader of canonical English makes of it is counted
beside it.

    python benchmarks/roundtrip.py [--bulk 500] [--show 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

from protoparse.grammar import canonical
from protoparse.model import Rule, walk, without_spans
from protoparse.parsing import parse
from protoparse.render import render
from texts import bulk, gold, may_be_shown, written


def parsed_again(english: str) -> Rule | None:
    """The rule of the one criterion that the English parses to, None where it is several or none."""
    criteria = list(walk(parse(english).criteria))
    return criteria[0].rule if len(criteria) == 1 else None


def read_again(english: str) -> Rule | None:
    try:
        return canonical.read(english)
    except Exception as error:
        print(f"the reader of canonical English failed: {type(error).__name__}: {error}: {english[:200]}")
        return None


def texts(step: int) -> Iterator[tuple[str, str, str]]:
    for name, text in gold():
        yield "gold", name, text
    for name, text in bulk()[::step]:
        yield "bulk", name, text


def main() -> int:
    options = argparse.ArgumentParser(description="Rules that survive their own English.")
    options.add_argument("--bulk", type=int, default=500, help="how many texts of bulk")
    options.add_argument("--show", type=int, default=10, help="how many failures to print")
    options.add_argument("--json", help="write the figures to this file")
    given = options.parse_args()

    counts: Counter[str] = Counter()
    shown = 0
    for corpus, name, text in texts(max(1, len(bulk()) // given.bulk)):
        for criterion in walk(parse(text).criteria):
            if criterion.rule is None:
                continue
            rule = without_spans(criterion.rule)
            english = render(criterion.rule)
            counts[f"{corpus}_rules"] += 1
            read = read_again(english)
            counts[f"{corpus}_read"] += read is not None and without_spans(read) == rule
            again = parsed_again(english)
            if again is not None and without_spans(again) == rule:
                counts[f"{corpus}_parsed"] += 1
            elif shown < given.show and may_be_shown(corpus, name):
                shown += 1
                print(f"{name} {criterion.id}\n  {english}\n  {'-' if again is None else render(again)}")
    figures = {}
    for corpus in ("gold", "bulk"):
        rules = counts[f"{corpus}_rules"]
        for way in ("parsed", "read"):
            figures[f"{corpus}_{way}"] = round(counts[f"{corpus}_{way}"] / rules, 4) if rules else None
        figures[f"{corpus}_rules"] = rules
    for name, figure in figures.items():
        print(f"{name:14} {figure}")
    written(figures, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
