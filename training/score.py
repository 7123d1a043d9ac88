"""How well the tagger that ships, or a document, names what the annotators named.

    python training/score.py --lct FOLDER --chia FOLDER [--style house|lct|chia] [--documents] [--all] [--out FOLDER]

Scored are the trials that `corpora.held_out` keeps from training: conditions, drugs, procedures and observations
(measurements among them), of the same kind and overlapping, or of the same kind and to the character. A name has one
partner. `--out` writes what was found as criteria JSON, each name a criterion, for scorers of one's own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import corpora
from corpora import Span
from protoparse.component import Concepts
from protoparse.concepts.tagging import STYLES
from protoparse.model import Concept, Criterion, Document, Fact, dump, facts, walk
from protoparse.parsing import parse

_SCORED = {
    "condition": "condition",
    "drug": "drug",
    "procedure": "procedure",
    "measurement": "observation",
    "observation": "observation",
}


def scored(spans: Iterable[Span]) -> list[Span]:
    """The spans of the kinds that count; what is measured counts as observed."""
    return [(start, end, _SCORED[label]) for start, end, label in spans if label in _SCORED]


def partners(true: Sequence[Span], told: Sequence[Span], *, exact: bool) -> int:
    """How many annotated spans have a partner among those told, each of which serves once."""
    free = list(told)
    for start, end, label in true:
        for span in free:
            same = span[:2] == (start, end) if exact else span[0] < end and start < span[1]
            if same and span[2] == label:
                free.remove(span)
                break
    return len(told) - len(free)


def in_documents(text: str) -> list[Span]:
    """The concepts of what a text's document says."""
    found = [fact for criterion in walk(parse(text).criteria) for fact in facts(criterion.rule)]
    return sorted({(*fact.concept.span, fact.domain) for fact in found if fact.concept.span})


def listed(text: str, spans: Iterable[Span]) -> Document:
    """A document that says no more than that these names are there."""
    criteria = tuple(
        Criterion(
            id=f"unspecified.{number}",
            kind="unspecified",
            span=(start, end),
            rule=Fact(
                domain=label,  # type: ignore[arg-type]
                span=(start, end),
                concept=Concept(text=text[start:end], span=(start, end), name=text[start:end].lower()),
            ),
        )
        for number, (start, end, label) in enumerate(scored(spans), 1)
    )
    return Document(text=text, criteria=criteria)


def score(
    texts: Iterable[corpora.Text], find: Callable[[str], Iterable[Span]], out: Path | None
) -> tuple[float, float]:
    """F1 of names overlapping, and to the character."""
    overlapping = exact = total = 0
    for name, text, spans in texts:
        true, told = scored(spans), scored(find(text))
        overlapping += partners(true, told, exact=False)
        exact += partners(true, told, exact=True)
        total += len(true) + len(told)
        if out is not None:
            (out / f"{name}.json").write_bytes(dump(listed(text, told)))
    return 2 * overlapping / max(total, 1), 2 * exact / max(total, 1)


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lct", type=Path, help="the Leaf Clinical Trials corpus")
    options.add_argument("--chia", type=Path, help="Chia without scope")
    options.add_argument("--style", choices=STYLES, default="house", help="whose rules decide what is a name")
    options.add_argument("--documents", action="store_true", help="score the concepts of parsed documents instead")
    options.add_argument("--all", action="store_true", help="score all trials, those learned from, too")
    options.add_argument("--out", type=Path, help="write what was found into this folder")
    given = options.parse_args()

    find: Callable[[str], Iterable[Span]] = in_documents if given.documents else Concepts(style=given.style).names
    for name, folder, read in (("lct", given.lct, corpora.lct), ("chia", given.chia, corpora.chia)):
        if folder is None:
            continue
        out = given.out / name if given.out else None
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        texts = (t for t in read(folder) if given.all or corpora.held_out(t.trial))
        overlapping, exact = score(texts, find, out)
        print(f"{name:<6}F1 {overlapping:.3f} overlapping, {exact:.3f} exact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
