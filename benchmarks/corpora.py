"""Parses whole corpora and checks every document: does each keep the format and its promises?

python benchmarks/corpora.py [--only bulk,ctgov,gold,lct] [--every 1] [--show 10] [--reparse]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter

from protoparse.check import check
from protoparse.errors import ProtoparseError
from protoparse.model import dump, walk
from protoparse.parsing import parse
from texts import CORPORA, may_be_shown

_PARTICULAR = re.compile(r"""'.*'|".*"|\d+""")


def main() -> int:
    options = argparse.ArgumentParser(description="Parse whole corpora and check every document.")
    options.add_argument("--only", default=",".join(CORPORA), help="which corpora, parted by commas")
    options.add_argument("--every", type=int, default=1, help="every k-th text alone")
    options.add_argument("--show", type=int, default=10, help="how many problems to print for each corpus")
    options.add_argument("--reparse", action="store_true", help="parse each text a second time and compare")
    given = options.parse_args()

    bad = 0
    for corpus in given.only.split(","):
        counts: Counter[str] = Counter()
        sorts: Counter[str] = Counter()
        first: list[str] = []
        begun = time.perf_counter()
        for name, text in list(CORPORA[corpus]())[:: given.every]:
            counts["texts"] += 1
            try:
                document = parse(text)
            except ProtoparseError as error:
                counts["refused"] += 1
                problems = [f"refused: {error}"]
            except Exception as error:
                counts["crashed"] += 1
                problems = [f"crashed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"]
            else:
                counts["documents"] += 1
                for criterion in walk(document.criteria):
                    counts["criteria"] += 1
                    counts["rules"] += criterion.rule is not None
                    counts["unread spans"] += len(criterion.unparsed)
                problems = check(dump(document), reparse=given.reparse)
            counts["with problems"] += bool(problems)
            counts["problems"] += len(problems)
            sorts.update(_PARTICULAR.sub("…", problem.partition(": ")[2]) for problem in problems)
            if problems and len(first) < given.show and may_be_shown(corpus, name):
                first.append(f"  {name}: {problems[0]}")
        bad += counts["with problems"]
        print(f"{corpus} ({time.perf_counter() - begun:.1f} s)")
        print("  " + ", ".join(f"{count} {what}" for what, count in counts.items()))
        for sort, count in sorts.most_common(10):
            print(f"  {count:6} × {sort[:150]}")
        print(*first, sep="\n")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
