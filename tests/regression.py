"""The gate on how right the parser is: what a change gained and lost on the corpus, against the figures kept there.

python -m tests.regression           print what is gained and lost; exit code 1 where a figure fell
python -m tests.regression --write   keep today's figures and misreadings

`corpus/figures.json` keeps the rate of each gated measure on each listing, `misread.tsv` in a listing's folder what is
read otherwise than gold, one line a judgement. A figure may only fall where somebody says so by keeping the new ones,
and then the lines that came and went stand in the diff.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from protoparse.evaluate import Case, Evaluation, Rate, compare, errors
from protoparse.model import load
from protoparse.parsing import Parser
from protoparse.sources import read

CORPUS = Path(__file__).parents[1] / "corpus"
FIGURES = CORPUS / "figures.json"
GATED = (
    "outline", "combine", "group", "fact", "domain", "value", "count/dose", "window", "polarity", "modifier",
    "rule logic", "meaning", "rule exact",
)  # fmt: skip
HEAD = "measure\toutcome\tcriterion\twords\tgold\tread"


def folders() -> list[Path]:
    """The listings of the corpus."""
    return sorted(file.parent for file in CORPUS.glob("*/criteria.json"))


def case(folder: Path, parser: Parser) -> Case:
    """The parse of a listing compared with its gold."""
    [listing] = read(next(folder.glob("source.*")))
    return compare(load((folder / "criteria.json").read_bytes()), parser.parse(listing), name=folder.name)


def misread(found: Case) -> Iterator[str]:
    """A line for each judgement of a gated measure that is not right."""
    for _, judged in errors(Evaluation(cases=(found,))):
        if judged.measure in GATED:
            words = " ".join(found.text[slice(*judged.span)].split()) if judged.span else ""
            words = words if len(words) <= 80 else words[:79] + "…"
            cells = (judged.measure, judged.outcome, judged.criterion, words, judged.expected, judged.got)
            yield "\t".join(" ".join((cell or "").split()) for cell in cells)


def fallen(kept: dict[str, list[int]], rates: dict[str, Rate]) -> Iterator[str]:
    """The gated measures of a listing that are below what was kept."""
    for measure, numbers in kept.items():
        before, now = _rate(numbers), rates.get(measure, Rate())
        if now.f1 < before.f1:
            yield f"{measure} {before.f1:.3f} → {now.f1:.3f}"


def _rate(numbers: list[int]) -> Rate:
    return Rate(**dict(zip(Rate.__struct_fields__, numbers, strict=True)))


def _numbers(rate: Rate) -> list[int]:
    return [rate.found, rate.gold, rate.right, rate.predicted]


def main(arguments: list[str]) -> int:
    """Print what was gained and lost, or keep today's figures; 1 where a figure fell."""
    parser = Parser()
    cases = [case(folder, parser) for folder in folders()]
    if arguments == ["--write"]:
        for found in cases:
            lines = "\n".join([HEAD, *misread(found)])
            (CORPUS / found.name / "misread.tsv").write_text(lines + "\n", "utf-8")
        rows = []
        for found in cases:
            rates = found.figures()
            row = {measure: _numbers(rates[measure]) for measure in GATED if measure in rates}
            rows.append(f"  {json.dumps(found.name)}: {json.dumps(row)}")
        FIGURES.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
        return 0
    kept = json.loads(FIGURES.read_text("utf-8"))
    if sorted(kept) != [found.name for found in cases]:
        sys.stdout.write(f"{FIGURES.name} is of other listings than the corpus holds\n")
        return 1
    fell = False
    gained = lost = 0
    for found in cases:
        before = Counter((CORPUS / found.name / "misread.tsv").read_text("utf-8").splitlines()[1:])
        now = Counter(misread(found))
        for sign, lines in (("gained", before - now), ("lost", now - before)):
            for line in lines.elements():
                sys.stdout.write(f"{sign:6} {found.name}: {line.replace(chr(9), ' · ')}\n")
        gained, lost = gained + (before - now).total(), lost + (now - before).total()
        for line in fallen(kept[found.name], found.figures()):
            sys.stdout.write(f"FELL   {found.name}: {line}\n")
            fell = True
    all_ = Evaluation(cases=tuple(cases), measures=GATED).figures()
    sys.stdout.write(" · ".join(f"{measure} {all_[measure].f1:.3f}" for measure in GATED) + "\n")
    sys.stdout.write(f"{len(cases)} listings: {gained} gained, {lost} lost\n")
    return int(fell)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
