"""The target `cql`: criteria as a library of Clinical Quality Language (HL7 CQL 1.5) over FHIR 4.0.1.

In: a `Document`. Out: the text of a library with a definition for each criterion, named by its id, and with
"Inclusion", "Exclusion" and "Eligible", which together say who may take part; `Eligible: GROUP` for each group.

A definition is true, false or null. What CQL or FHIR cannot say is null where it stands, with its words in a comment,
so that it never decides anything; a criterion that was not understood as a whole never lets anybody in. Concepts
without a code are value sets to fill in, events are parameters, and the codes of a concept mean themselves alone.

>>> from protoparse import parse
>>> library = EXPORTER.make(parse("Inclusion Criteria:\\n* Adults aged 18 to 65 years"), name="a").payload
>>> [line for line in library.splitlines() if "AgeIn" in line]
['  (AgeInYears() in Interval[18, 65])']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protoparse.export.cql.facts import Facts
from protoparse.export.cql.library import Library
from protoparse.export.cql.writing import UNKNOWN, aside, comment, identifier
from protoparse.export.exporting import Exporter, Loss, Result
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Comparison,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Rule,
)

_UNREAD = "the text was not read"
_GROUP = "who is of a group is not on record"
_KIND = "whether it lets in or shuts out is not said"


def _make(document: Document, *, name: str) -> Result:
    made = _Writer(document, name)
    return Result("\n".join(made.lines()) + "\n", tuple(made.losses))


class _Writer:
    def __init__(self, document: Document, name: str) -> None:
        self.document, self.name = document, name
        self.library = Library()
        self.losses: list[Loss] = []
        self._criterion: str | None = None
        self.facts = Facts(
            self.library, lambda path, lost, why: self.losses.append(Loss(self._criterion, path, lost, why))
        )

    def lines(self) -> Iterator[str]:
        """The lines of the library."""
        fixed = {key: self.library.named(key) for key in ("Inclusion", "Exclusion", "Eligible")}
        registry = list(self._registry())
        body: list[str] = []
        names = [self._define(criterion, body) for criterion in self.document.criteria]
        body += self._totals(fixed, names, registry)
        trial = self.document.trial
        yield from comment(" · ".join(x for x in (trial.id, trial.title) if x) or self.name)
        yield f"library {identifier(self.name)} version '1'"
        yield ""
        yield "using FHIR version '4.0.1'"
        yield ""
        yield "include FHIRHelpers version '4.0.1' called FHIRHelpers"
        yield ""
        yield from self.library.declarations()
        yield "context Patient"
        yield from body
        yield from self.library.functions()

    # -------------------------------------------------------------- criteria

    def _define(self, criterion: Criterion, body: list[str]) -> str:
        """Write the definition of a criterion behind those of its children; its name."""
        children = [(child, self._define(child, body)) for child in criterion.children]
        self._criterion = criterion.id
        name = self.library.named(criterion.id or criterion.kind)
        rule = None if criterion.rule is None else self._rule(criterion.rule, "$", 1)
        whole = self._combined(criterion, rule, children)
        text = self.document.text
        unread = [text[slice(*span)] for span in criterion.unparsed]
        if whole is None:
            whole = UNKNOWN
            if not unread:
                self.losses.append(Loss(criterion.id, "$", text[slice(*criterion.span)], _UNREAD))
        elif unread:
            # what is not understood never lets anybody in
            whole = f"({whole}\n    {'or' if criterion.kind == 'exclusion' else 'and'} {UNKNOWN})"
        self.losses += [Loss(criterion.id, "$", words, _UNREAD) for words in unread]
        body.append("")
        own = min([child.span[0] for child in criterion.children], default=criterion.span[1])
        body += comment(text[criterion.span[0] : max(own, criterion.span[0])])
        for words in unread:
            body += comment(f"not read: {' '.join(words.split())}")
        body += [f"define {name}:", f"  {whole}"]
        return name

    def _combined(
        self, criterion: Criterion, rule: str | None, children: Sequence[tuple[Criterion, str]]
    ) -> str | None:
        """A criterion's whole meaning: its rule and its children; None where it has neither."""
        if not children:
            return rule
        how = criterion.combine or ("any" if criterion.kind == "exclusion" else "all")
        held = [self._held(child, name, required=how in ("all", "then")) for child, name in children]
        match how:
            case AtLeastChildren():
                least = min(max(how.at_least, -(2**31)), 2**31 - 1)
                together = self.library.call("At Least", str(least), f"{{ {', '.join(held)} }}")
            case "any" | "except":
                together = _joined("or", held, 1)
            case _:
                together = _joined("and", held, 1)
        if rule is None:
            return f"(not {together})" if how == "except" else together
        if how == "then":
            return f"({rule}\n    implies {together})"
        return f"({rule}\n    and {'not ' if how == 'except' else ''}{together})"

    def _held(self, child: Criterion, name: str, *, required: bool) -> str:
        """A child as its parent asks for it: nobody knows whether one of a group counts."""
        if child.group is None:
            return name
        self.losses.append(Loss(child.id, "$", f"only for {child.group}", _GROUP))
        return f"({name} {'or' if required else 'and'} {UNKNOWN} {aside(f'only for {child.group}')})"

    # -------------------------------------------------------------- rules

    def _rule(self, rule: Rule, path: str, depth: int) -> str:
        """A rule as an expression that may stand anywhere."""
        match rule:
            case Fact():
                made = self.facts.expression(rule, path)
                examples = [self._rule(one, f"{path}.includes[{n}]", depth + 1) for n, one in enumerate(rule.includes)]
                return _joined("or", [made, *examples], depth) if examples else made
            case All() | Any_():
                parts = [self._rule(one, f"{path}.of[{n}]", depth + 1) for n, one in enumerate(rule.of)]
                return _joined("and" if isinstance(rule, All) else "or", parts, depth)
            case Not():
                return f"(not {self._rule(rule.of, f'{path}.of', depth)})"
            case AtLeast():
                checks = ", ".join(self._rule(one, f"{path}.of[{n}]", depth + 1) for n, one in enumerate(rule.of))
                return self.library.call("At Least", str(min(rule.count, 2**31 - 1)), f"{{ {checks} }}")
            case If():
                condition = self._rule(rule.condition, f"{path}.condition", depth + 1)
                return _joined("implies", [condition, self._rule(rule.then, f"{path}.then", depth + 1)], depth)
            case Except():
                base = self._rule(rule.base, f"{path}.base", depth + 1)
                exceptions = [
                    self._rule(x, f"{path}.exceptions[{n}]", depth + 1) for n, x in enumerate(rule.exceptions)
                ]
                return _joined("and not", [base, _joined("or", exceptions, depth + 1)], depth)

    # -------------------------------------------------------------- the whole

    def _registry(self) -> Iterator[str]:
        """What the registry's own fields ask for."""
        trial = self.document.trial
        self._criterion = None
        for operator, age, field in (
            (">=", trial.minimum_age, "minimum_age"),
            ("<=", trial.maximum_age, "maximum_age"),
        ):
            if age is not None:
                value = Comparison(operator=operator, value=age.value, unit=age.unit)  # type: ignore[arg-type]
                fact = Fact(domain="person", concept=Concept(text="age", name="age"), value=value)
                yield self.facts.expression(fact, f"$.trial.{field}")
        if trial.sex in ("female", "male"):
            yield f"Patient.gender = '{trial.sex}'"
        if trial.healthy_volunteers is not None:
            lost = f"healthy volunteers: {'yes' if trial.healthy_volunteers else 'no'}"
            self.losses.append(Loss(None, "$.trial.healthy_volunteers", lost, "no record says who is healthy"))

    def _totals(self, fixed: dict[str, str], names: Sequence[str], registry: Sequence[str]) -> Iterator[str]:
        """The definitions of who may take part."""
        criteria = self.document.criteria
        groups = dict.fromkeys(criterion.group for criterion in criteria if criterion.group is not None)
        for title, name, word, none in (
            ("inclusion", fixed["Inclusion"], "and", "true"), ("exclusion", fixed["Exclusion"], "or", "false"),
        ):  # fmt: skip
            of = [n for c, n in zip(criteria, names, strict=True) if c.kind == title and c.group is None]
            yield from ("", f"define {name}:", f"  {_joined(word, of, 1) if of else none}")
        asked = [*registry, fixed["Inclusion"], f"not {fixed['Exclusion']}"]
        for criterion in criteria:
            if criterion.kind == "unspecified":
                self.losses.append(Loss(criterion.id, "$", criterion.id or criterion.kind, _KIND))
                asked.append(f"{UNKNOWN} {aside(f'{criterion.id}: {_KIND}')}")
        yield from ("", f"define {fixed['Eligible']}:", f"  {_joined('and', asked, 1)}")
        for group in groups:
            of = [fixed["Eligible"]]
            for criterion, name in zip(criteria, names, strict=True):
                if criterion.group == group and criterion.kind != "unspecified":
                    of.append(f"not {name}" if criterion.kind == "exclusion" else name)
            yield from ("", f"define {self.library.named(f'Eligible: {group}')}:", f"  {_joined('and', of, 1)}")


def _joined(word: str, parts: Sequence[str], depth: int) -> str:
    """Expressions with a word between them, a line each, as one that may stand anywhere."""
    if len(parts) == 1:
        return parts[0] if parts[0].startswith('"') or parts[0].startswith("(") else f"({parts[0]})"
    indent = "  " * (depth + 1)
    return f"({f'{chr(10)}{indent}{word} '.join(parts)})"


EXPORTER = Exporter("cql", "a library of Clinical Quality Language over FHIR R4", ".cql", _make)
