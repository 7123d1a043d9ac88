"""The target `ctml`: criteria as a match tree of MatchMiner's Clinical Trial Markup Language.

In: a `Document`. Out: a trial as JSON, which is YAML too: one step with a `match`, or an arm with one for each group
that criteria are for. Nodes are `and`, `or`, `clinical` (age_numerical, gender, oncotree_primary_diagnosis,
her2_status, er_status, pr_status, tmb_numerical) and `genomic` (hugo_symbol, variant_category, cnv_call,
protein_change, mmr_status, ms_status); a `!` negates.

The markup knows little else. What is left out never shuts anybody out: a requirement that it cannot say is dropped, an
alternative that it cannot say takes those beside it along, and an exclusion is only there where all of it can be said.

>>> from protoparse import parse
>>> trial = EXPORTER.make(parse("Inclusion Criteria:\\n* Melanoma\\n* Age ≥ 18 years"), name="a").payload
>>> trial["treatment_list"]["step"][0]["match"][0]["and"][1]
{'clinical': {'age_numerical': '>=18'}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from math import comb
from typing import Any, NamedTuple, TypeAlias

from protoparse.export.exporting import Exporter, Loss, Result
from protoparse.export.marks import said
from protoparse.lexicon import rows, spellings
from protoparse.model import (
    Age,
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Comparison,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Number,
    Rule,
    Window,
)
from protoparse.render import phrase

Node: TypeAlias = dict[str, Any]

_NO_FIELD = "the markup has no field for it"
_NO_PART = "the markup has no field for what narrows it"
_WIDER = "the name that the markup has is wider"
_BESIDE = "an alternative of it has no field, so none is asked for"
_UNREAD = "the text was not read"
_UNSURE = "it excludes, and not all of it can be said"
_KIND = "whether it lets in or shuts out is not said"
_MANY = "too many combinations"
MOST = 20
"""So many combinations stand for "k of n" at most."""


class _Leaf(NamedTuple):
    """A fact with its place."""

    criterion: str | None
    path: str
    fact: Fact


class _Gate(NamedTuple):
    """Where at least so many members hold; what it stands for, where it is lost."""

    least: int
    of: tuple[_Formula, ...]
    source: tuple[str | None, str, str]


class _Denied(NamedTuple):
    of: _Formula


class _Open(NamedTuple):
    """Something that nobody can decide."""


_Formula: TypeAlias = "_Leaf | _Gate | _Denied | _Open"


def _make(document: Document, *, name: str) -> Result:
    writer = _Writer(document)
    everybody = [*writer.registry(), *writer.nodes(None)]
    groups = dict.fromkeys(c.group for c in document.criteria if c.group is not None)
    arms = [
        {
            "arm_internal_id": number,
            "arm_code": group,
            "arm_description": group,
            "arm_suspended": "N",
            "dose_level": [],
            "match": [{"and": [*everybody, *writer.nodes(group)]}],
        }
        for number, group in enumerate(groups, start=1)
    ]
    step: Node = {"step_internal_id": 1, "step_code": "1", "step_type": "Registration", "arm": arms}
    if not arms:
        step["match"] = [{"and": everybody}] if everybody else []
    trial = document.trial
    payload = {
        "protocol_no": name,
        "nct_id": trial.id or "",
        "long_title": trial.title or "",
        "short_title": trial.title or "",
        "treatment_list": {"step": [step]},
    }
    return Result(payload, tuple(dict.fromkeys(writer.losses)))


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.losses: list[Loss] = []

    # -------------------------------------------------------------- criteria

    def registry(self) -> Iterator[Node]:
        """What the registry's own fields ask for."""
        trial = self.document.trial
        for operator, age in ((">=", trial.minimum_age), ("<=", trial.maximum_age)):
            if isinstance(age, Age):
                value = Comparison(operator=operator, value=age.value, unit=age.unit)  # type: ignore[arg-type]
                fact = Fact(domain="person", concept=Concept(text="age", name="age"), value=value)
                node = self._node(_Leaf(None, "$.trial", fact), False)
                yield from [] if node is None else [node]
        if trial.sex in ("female", "male"):
            yield {"clinical": {"gender": trial.sex.capitalize()}}
        if trial.healthy_volunteers is not None:
            lost = f"healthy volunteers: {'yes' if trial.healthy_volunteers else 'no'}"
            self.losses.append(Loss(None, "$.trial.healthy_volunteers", lost, _NO_FIELD))

    def nodes(self, group: str | None) -> Iterator[Node]:
        """What the criteria for everybody, or for a group, ask for."""
        for criterion in self.document.criteria:
            if criterion.group != group:
                continue
            if criterion.kind == "unspecified":
                self.losses.append(Loss(criterion.id, "$", criterion.id or criterion.kind, _KIND))
                continue
            node = self._node(self._criterion(criterion), criterion.kind == "exclusion")
            if node is not None:
                yield node

    def _criterion(self, criterion: Criterion) -> _Formula:
        """A criterion's whole meaning, with what nobody can decide where text was not read."""
        source = (criterion.id, "$", criterion.id or criterion.kind)
        text = self.document.text
        members: list[_Formula] = [] if criterion.rule is None else [self._rule(criterion.rule, criterion.id, "$")]
        unread = [text[slice(*span)] for span in criterion.unparsed]
        if criterion.rule is None and not criterion.children and not unread:
            unread = [text[slice(*criterion.span)]]
        for words in unread:
            self.losses.append(Loss(criterion.id, "$", " ".join(words.split()), _UNREAD))
            members.append(_Open())
        if criterion.children:
            how = criterion.combine or ("any" if criterion.kind == "exclusion" else "all")
            children = tuple(self._child(child) for child in criterion.children)
            any_child, all_children = _Gate(1, children, source), _Gate(len(children), children, source)
            match how:
                case AtLeastChildren():
                    members.append(_Gate(how.at_least, children, source))
                case "any":
                    members.append(any_child)
                case "except":
                    members.append(_Denied(any_child))
                case "then" if members:
                    return _Gate(1, (_Denied(_Gate(len(members), tuple(members), source)), all_children), source)
                case _:
                    members.append(all_children)
        return _Gate(len(members), tuple(members), source)

    def _child(self, child: Criterion) -> _Formula:
        if child.group is None:
            return self._criterion(child)
        self.losses.append(Loss(child.id, "$", f"only for {child.group}", _NO_FIELD))
        return _Open()

    def _rule(self, rule: Rule, id_: str, path: str) -> _Formula:
        match rule:
            case Fact():
                fact = _Leaf(id_, path, rule)
                examples = [self._rule(x, id_, f"{path}.includes[{n}]") for n, x in enumerate(rule.includes)]
                return _Gate(1, (fact, *examples), (id_, path, said(rule))) if examples else fact
            case Not():
                return _Denied(self._rule(rule.of, id_, f"{path}.of"))
            case If():
                unless = _Denied(self._rule(rule.condition, id_, f"{path}.condition"))
                return _Gate(1, (unless, self._rule(rule.then, id_, f"{path}.then")), (id_, path, said(rule)))
            case Except():
                base = self._rule(rule.base, id_, f"{path}.base")
                but = [_Denied(self._rule(x, id_, f"{path}.exceptions[{n}]")) for n, x in enumerate(rule.exceptions)]
                return _Gate(1 + len(but), (base, *but), (id_, path, said(rule)))
            case All() | Any_() | AtLeast():
                of = tuple(self._rule(x, id_, f"{path}.of[{n}]") for n, x in enumerate(rule.of))
                least = rule.count if isinstance(rule, AtLeast) else len(of) if isinstance(rule, All) else 1
                return _Gate(least, of, (id_, path, said(rule)))

    # -------------------------------------------------------------- nodes

    def _node(self, formula: _Formula, denied: bool) -> Node | None:
        """A formula, or its denial, as a node that is true wherever the formula is; None where only "true" is."""
        match formula:
            case _Open():
                return None
            case _Denied():
                return self._node(formula.of, not denied)
            case _Leaf():
                return self._leaf(formula, denied)
        count = len(formula.of)
        least = count - formula.least + 1 if denied else formula.least
        if least <= 0:
            return None
        if least > count:
            self.losses.append(Loss(*formula.source, _NO_FIELD))
            return None
        found = [self._node(one, denied) for one in formula.of]
        if least == count:
            return _joined("and", [node for node in found if node is not None])
        held = [node for node in found if node is not None]
        if len(held) < count:
            if held:
                self.losses.append(Loss(*formula.source, _BESIDE))
            return None
        if least == 1:
            return _joined("or", held)
        if comb(count, least) > MOST:
            self.losses.append(Loss(*formula.source, _MANY))
            return None
        return _joined("or", [{"and": list(some)} for some in combinations(held, least)])

    def _leaf(self, leaf: _Leaf, denied: bool) -> Node | None:
        fact = leaf.fact
        made = _field(fact) if fact.experiencer == "patient" else None
        if made is None:
            self.losses.append(Loss(leaf.criterion, leaf.path, said(fact), _NO_FIELD))
            return None
        narrowing = [(f".modifiers[{n}]", phrase(modifier)) for n, modifier in enumerate(fact.modifiers)]
        narrowing += [(f".{part}", phrase(x)) for part, x in (("count", fact.count), ("dose", fact.dose)) if x]
        if fact.time is not None and not _is_now(fact.time):
            narrowing.append((".time", phrase(fact.time)))
        if denied and (narrowing or made.wider):
            self.losses.append(Loss(leaf.criterion, leaf.path, said(fact), _UNSURE))
            return None
        self.losses += [Loss(leaf.criterion, leaf.path + step, words, _NO_PART) for step, words in narrowing]
        if made.wider:
            self.losses.append(Loss(leaf.criterion, leaf.path, fact.concept.text, _WIDER))
        return made.denied() if denied else made.node


def _joined(word: str, nodes: list[Node]) -> Node | None:
    return nodes[0] if len(nodes) == 1 else {word: nodes} if nodes else None


def _is_now(window: Window) -> bool:
    """Whether a window is the day on which a patient is matched."""
    bounds = (window.start, window.end)
    return not isinstance(window.duration, Comparison) and all(
        isinstance(b, Bound) and b.offset is None and b.anchor.event in ("screening", "unspecified", "enrollment")
        for b in bounds
    )


# ------------------------------------------------------------------ fields

_OPPOSITES = {
    "<": ">=", "<=": ">", ">": "<=", ">=": "<", "Positive": "Negative", "Negative": "Positive", "Male": "Female",
    "Female": "Male", "MMR-Deficient": "MMR-Proficient", "MMR-Proficient": "MMR-Deficient",
}  # fmt: skip
_BOUND = re.compile(r"([<>]=?)([\d.]+)")
_PROTEIN = re.compile(r"\b(?:p\.)?([A-Z]\d{1,4}[A-Z*])\b")
_VARIANTS = tuple(
    (re.compile(rf"\b(?:{words})\b", re.I), fields)
    for words, fields in (
        ("fusions?|rearrange(?:d|ments?)|translocat(?:ed|ions?)", {"variant_category": "Structural Variation"}),
        (
            "amplif(?:ied|ications?)",
            {"variant_category": "Copy Number Variation", "cnv_call": "High Amplification"},
        ),
        ("mutat(?:ed|ions?)|mutants?", {"variant_category": "Mutation"}),
    )
)


class _Field(NamedTuple):
    """A node for a fact, whether it takes in more than the fact does, and what of it a denial turns."""

    node: Node
    turned: str
    wider: bool = False

    def denied(self) -> Node | None:
        """The node for everybody else."""
        if self.turned == "both":
            # not between two ages is below or above them
            return {"or": [_turned(one) for one in self.node["and"]]}
        return _turned(self.node, self.turned)


def _turned(node: Node, key: str = "age_numerical") -> Node:
    [(kind, fields)] = node.items()
    value = str(fields[key])
    if bound := _BOUND.fullmatch(value):
        value = _OPPOSITES[bound[1]] + bound[2]
    else:
        value = _OPPOSITES.get(value) or (value[1:] if value.startswith("!") else f"!{value}")
    return {kind: {**fields, key: value}}


def _field(fact: Fact) -> _Field | None:
    """The field that says a fact; None where the markup has none."""
    name = " ".join((fact.concept.name or fact.concept.text).lower().split())
    match fact.domain:
        case "person":
            return _person(name, fact.value)
        case "condition" if fact.value is None:
            printed = _named("diagnosis").get(" ".join(fact.concept.text.lower().split()))
            row = printed or _named("diagnosis").get(name)
            if row is None:
                return None
            field = {"oncotree_primary_diagnosis": row["ctml"]}
            # what is printed may say more than the name does: "metastatic melanoma"
            return _Field({"clinical": field}, "oncotree_primary_diagnosis", printed is None or bool(row["wider"]))
        case "measurement":
            return _measured(name, fact)
    return None


def _person(name: str, value: Comparison | None) -> _Field | None:
    sexes = {n: row["sex"] for row in rows("sexes") if row["said"] == "whole" for n in spellings(row["names"])}
    if value is None:
        sex = sexes.get(name)
        return _Field({"clinical": {"gender": sex.capitalize()}}, "gender") if sex in ("male", "female") else None
    if name != "age" or value.reference is not None:
        return None
    ucum = value.unit.ucum if value.unit else "a"
    if value.operator in _OPPOSITES and (years := _years(value.value, ucum)):
        return _Field({"clinical": {"age_numerical": f"{value.operator}{years}"}}, "age_numerical")
    low, high = _years(value.low, ucum), _years(value.high, ucum)
    if value.operator == "between" and low and high:
        ends = (
            (">" if value.low_inclusive is False else ">=") + low,
            ("<" if value.high_inclusive is False else "<=") + high,
        )
        return _Field({"and": [{"clinical": {"age_numerical": end}} for end in ends]}, "both")
    return None


def _years(value: object, ucum: str | None) -> str | None:
    """An age in years; the markup counts whole months, as thousandths of a year."""
    if not isinstance(value, int | float) or not 0 <= value < 1000:
        return None
    months = value * 12 if ucum == "a" else value if ucum == "mo" else None
    if months is None or months != int(months):
        return None
    return f"{round(months / 12, 3):g}"


def _measured(name: str, fact: Fact) -> _Field | None:
    """Receptors, the burden of mutations, repair of mismatches, genes."""
    value, text = fact.value, fact.concept.text
    word = value.value if value is not None and value.operator == "=" and value.reference is None else None
    if (
        name in ("tumor mutational burden", "tumour mutational burden", "tmb")
        and value
        and value.operator in _OPPOSITES
    ):
        if not isinstance(value.value, int | float) or value.value < 0:
            return None
        return _Field({"clinical": {"tmb_numerical": f"{value.operator}{_plain(value.value)}"}}, "tmb_numerical")
    if name in ("mismatch repair", "dna mismatch repair") and word in ("deficient", "proficient"):
        return _Field({"genomic": {"mmr_status": f"MMR-{str(word).capitalize()}"}}, "mmr_status")
    if name == "microsatellite instability" and word in ("high", "low", "stable"):
        status = {"high": "MSI-H", "low": "MSI-L", "stable": "MSS"}[str(word)]
        return _Field({"genomic": {"ms_status": status}}, "ms_status")
    variant = next((dict(fields) for pattern, fields in _VARIANTS if pattern.search(text)), None)
    protein = _PROTEIN.search(text)
    if word in ("positive", "negative") and variant is None and not protein and (row := _named("status").get(name)):
        return _Field({"clinical": {row["ctml"]: str(word).capitalize()}}, row["ctml"])
    gene = _named("gene").get(name)
    if gene is None or word not in ("positive", "negative", "wild-type", "mutated", "mutant", "present", "absent"):
        return None
    if word == "wild-type" or (word in ("mutated", "mutant") and variant is None):
        variant = {"variant_category": "Mutation"}
    fields = {
        "hugo_symbol": gene["ctml"],
        **(variant or {"variant_category": "Mutation" if protein else "Any Variation"}),
    }
    if protein:
        fields["protein_change"] = f"p.{protein[1]}"
    field = _Field({"genomic": fields}, "variant_category")
    return (
        field._replace(node=_turned(field.node, "variant_category"))
        if word in ("negative", "wild-type", "absent")
        else field
    )


def _plain(value: Number) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


@cache
def _named(kind: str) -> Mapping[str, Mapping[str, str]]:
    """The rows of a kind by every name."""
    return {name: row for row in rows("ctml") if row["kind"] == kind for name in spellings(row["names"])}


EXPORTER = Exporter("ctml", "a match tree of MatchMiner's Clinical Trial Markup Language", ".json", _make)
