"""The target `brat`: a text and its annotations in brat's standoff format, and the labels that they use.

In: a `Document`. Out: `NAME.txt`, the eligibility text; `NAME.ann`; `annotation.conf`, the same for every document.

Text-bound annotations are the concepts, labelled by domain, their values, windows and modifiers, and unread text; an
annotation over several lines has a piece for each. Relations tie a concept to what is said of it and to its examples,
`*` lines group alternatives, attributes tell what is negated, excluded, conditional, an exception or somebody else's,
notes hold names, codes and canonical English, also of what no words of its own say (a history is before screening).
Facts of one criterion hold together; deeper logic is lost.

>>> from protoparse import parse
>>> files = EXPORTER.make(parse("Exclusion Criteria:\\n1. Gout"), name="a").payload
>>> files["a.ann"].splitlines()[0].split("\\t")
['T1', 'Condition 23 27', 'Gout']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import get_args

from protoparse.export.exporting import Exporter, Files, Loss, Result
from protoparse.export.marks import Mark, Marked, marked, outline_losses, said, unread
from protoparse.model import All, Any_, Criterion, Document, Domain, Experiencer, Fact, Not, Rule, Span, walk

_WHY = "annotations hold facts side by side, alternatives and negation, no deeper logic"
_OUTLINE = "annotations have no outline"
_PARTS = ("Value", "Count", "Dose", "Window", "Modifier")
_ROLES = ("condition", "exception", "example")


def _make(document: Document, *, name: str) -> Result:
    lines = _Lines(document.text)
    found = list(marked(document))
    for one in found:
        lines.fact(one)
    losses = [loss for one in found for loss in one.losses]
    for criterion in walk(document.criteria):
        if criterion.rule is not None:
            losses += _logic(criterion, criterion.rule, "$", lines)
    for span in unread(document):
        lines.mark("Unread", span)
    losses += outline_losses(document, _OUTLINE)
    # the text as bytes: not even a newline is put behind it
    files = {f"{name}.txt": document.text.encode(), f"{name}.ann": lines.written(), "annotation.conf": configuration()}
    return Result(Files(files), tuple(losses))


class _Lines:
    """The lines of an annotation file, each kind numbered by itself."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] = []
        self.counts: dict[str, int] = {}
        self.concepts: dict[tuple[str, str], str] = {}
        """The annotation of each fact's concept, by criterion and path."""
        self._shared: dict[tuple[str, Span], str] = {}

    def fact(self, one: Marked) -> None:
        """The concept of a fact with all that is said of it; nothing where the concept has no place."""
        concept, (fact, path, negated, role) = one.concept, one.placed
        if concept is None:
            return
        id_ = self.mark(concept.label.capitalize(), concept.span)
        self.concepts[one.criterion.id, path] = id_
        flags = [
            negated and "Negated", one.criterion.kind == "exclusion" and "Excluded",
            role != "statement" and f"Role {role}", fact.experiencer != "patient" and f"Experiencer {fact.experiencer}",
        ]  # fmt: skip
        for flag in filter(None, flags):
            label, _, value = str(flag).partition(" ")
            self.add("A", f"{label} {id_} {value}".rstrip())
        self.note(id_, f"{'; '.join([concept.says, *one.unmarked])} ({one.criterion.id})")
        for mark in one.marks:
            if mark.kind != "concept":
                self.add("R", f"Has_{mark.kind} Arg1:{id_} Arg2:{self._part(mark)}")
        whose, _, number = path.rpartition(".includes[")
        if number.endswith("]") and (base := self.concepts.get((one.criterion.id, whose))):
            self.add("R", f"Has_example Arg1:{base} Arg2:{id_}")

    def _part(self, mark: Mark) -> str:
        """The annotation of a part; facts that share one share its annotation."""
        key = (mark.kind.capitalize(), mark.span)
        if key not in self._shared:
            self._shared[key] = self.mark(*key)
            self.note(self._shared[key], mark.says)
        return self._shared[key]

    def mark(self, label: str, span: Span) -> str:
        """A text-bound annotation: no piece of one goes over the end of a line."""
        pieces = [(m.start() + span[0], m.end() + span[0]) for m in re.finditer(r"[^\n]+", self.text[slice(*span)])]
        places = ";".join(f"{start} {end}" for start, end in pieces or [span])
        words = " ".join(self.text[slice(*piece)] for piece in pieces or [span])
        return self.add("T", f"{label} {places}\t{_in_line(words)}")

    def note(self, id_: str, words: str) -> None:
        """A note on an annotation."""
        self.add("#", f"AnnotatorNotes {id_}\t{_in_line(words)}")

    def add(self, kind: str, rest: str) -> str:
        """A line of a kind, and its id."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        id_ = f"{kind}{self.counts[kind]}"
        self.lines.append(f"{id_}\t{rest}")
        return id_

    def group(self, members: Sequence[str]) -> None:
        """Alternatives."""
        self.lines.append(f"*\tOR {' '.join(members)}")

    def written(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def _in_line(words: str) -> str:
    """Words in one line and one column, as long as they are."""
    return re.sub(r"[\t\r\n]", " ", words)


def _logic(criterion: Criterion, rule: Rule, path: str, lines: _Lines) -> Iterator[Loss]:
    """What of a rule's logic is lost; alternatives that are not are grouped."""
    match rule:
        case Fact():
            for number, example in enumerate(rule.includes):
                if not isinstance(example, Fact):
                    yield Loss(criterion.id, f"{path}.includes[{number}]", said(example), _WHY)
        case Not(of=Fact()):
            yield from _logic(criterion, rule.of, f"{path}.of", lines)
        case All():
            for number, member in enumerate(rule.of):
                yield from _logic(criterion, member, f"{path}.of[{number}]", lines)
        case Any_() if all(isinstance(member, Fact) for member in rule.of):
            ids = [lines.concepts.get((criterion.id, f"{path}.of[{n}]")) for n in range(len(rule.of))]
            if None not in ids:
                lines.group([id_ for id_ in ids if id_])
            else:
                yield Loss(criterion.id, path, said(rule), _WHY)
            for number, member in enumerate(rule.of):
                yield from _logic(criterion, member, f"{path}.of[{number}]", lines)
        case _:
            yield Loss(criterion.id, path, said(rule), _WHY)


def configuration() -> str:
    """The labels of the annotations, as brat reads them from `annotation.conf`."""
    domains = [domain.capitalize() for domain in get_args(Domain)]
    either = "|".join(domains)
    relations = [f"Has_{part.lower()}\tArg1:{either}, Arg2:{part}" for part in _PARTS]
    relations += [f"Has_example\tArg1:{either}, Arg2:{either}"]
    relations += [f"OR\tArg1:{either}, Arg2:{either}, <REL-TYPE>:symmetric-transitive"]
    others = [one for one in get_args(Experiencer) if one != "patient"]
    attributes = [f"Negated\tArg:{either}", f"Excluded\tArg:{either}"]
    attributes += [f"Role\tArg:{either}, Value:{'|'.join(_ROLES)}"]
    attributes += [f"Experiencer\tArg:{either}, Value:{'|'.join(others)}"]
    sections = {
        "entities": [*domains, *_PARTS, "Unread"],
        "relations": relations,
        "events": [],
        "attributes": attributes,
    }
    return "\n".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items())


EXPORTER = Exporter("brat", "the text and its annotations in brat's standoff format", ".ann", _make)
