"""Gold criteria: a reader's YAML, which quotes the text, becomes a `Document` with every place looked up.

In: YAML, a list of items in reading order, each with its first words and what it says; the eligibility text.
Out: the document. Nobody writes an offset, and a quote that is not in the text is refused.

>>> document = build('''
... criteria:
... - kind: inclusion
...   starts: "Age 18"
...   rule: {domain: person, concept: "Age", value: {op: ">=", value: 18, ucum: a}}
... ''', "Inclusion Criteria:\\n\\n* Age 18 or older")
>>> document.criteria[0].id, document.criteria[0].rule.concept.span
('inclusion.1', (23, 26))

`docs/gold.md` tells how the YAML is written; `protoparse gold` does this for folders of gold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from protoparse.errors import InputError
from protoparse.evaluate.gold.notation import GoldError, Shape, keys, line_of, listed, read
from protoparse.evaluate.gold.quotes import find, read_rule
from protoparse.model import AtLeastChildren, Criterion, Document, Trial, limit_depth

__all__ = ["MARK", "GoldError", "build", "build_folder", "build_over", "lines", "own_end", "source_of"]


def build(yaml_text: str, text: str, *, trial: Trial | None = None) -> Document:
    """The document that hand-written YAML describes; raises `GoldError` where it cannot stand.

    `trial` is what the source says of the trial; the YAML's own trial id is kept where the source has none.
    """
    top = keys(read(yaml_text), "the file", required={"criteria"}, optional={"trial"})
    named = top.get("trial")
    trial = Trial() if trial is None else trial
    if trial.id is None:
        trial = msgspec.structs.replace(trial, id=None if named is None else str(named))
    elif named is not None and named != trial.id:
        raise GoldError(f"the YAML is for the trial {named}, the source for {trial.id}")
    places: list[_Item] = []
    items = _place(listed(top["criteria"], "criteria"), text, places, parent=None)
    for item, following in zip_longest(places, places[1:]):
        item.end = _end(item, text, following.start if following else len(text))
    counts: dict[str, int] = {}
    criteria = []
    for item in items:
        kind = item.kind
        counts[kind] = counts.get(kind, 0) + 1
        criteria.append(_criterion(item, text, f"{kind}.{counts[kind]}"))
    limit_depth(criteria)
    return Document(trial=trial, text=text, criteria=tuple(criteria))


def lines(yaml_text: str) -> dict[str, int]:
    """In which line each item of YAML that builds begins, by the id that it gets."""
    found: dict[str, int] = {}

    def take(shapes: list[Shape], above: str) -> None:
        counts: dict[str, int] = {}
        for position, shape in enumerate(shapes, 1):
            kind = shape.get("kind", "")
            counts[kind] = counts.get(kind, 0) + 1
            path = f"{above}.{position}" if above else f"{kind}.{counts[kind]}"
            found[path] = line_of(shape) or 1
            take(shape.get("children") or [], path)

    take(read(yaml_text)["criteria"], "")
    return found


# ------------------------------------------------------------------ places in the text


_NUMBER = r"(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]\d{1,2}|[A-Za-z]|[ivxIVX]{2,5})"
MARK = re.compile(rf"(?:\\?[*•·‣▪●○◦–—-]|<!--\s*-->|\\?[(\[]?{_NUMBER}\\?[.)\]]+|\s)*")
"""The bullets and numbers before an item's first words, Markdown's escapes and white space included."""
# in a run-on line, "(3)" is a number; a bare "3." only behind a sentence, for behind a word it may end one ("below 3.")
_RUN_ON_MARK = re.compile(rf"(?:\s*(?:(?:(?<=[.;:,；]\s)|(?<=\bOR\s))[(\[]?{_NUMBER}[.)\]]+|\({_NUMBER}\)|[*•]))?\s*$")
_HEADING = re.compile(r"[\s*#_]*(?:\w+ ){0,3}(?:inclusion|exclusion) criteria\b[^.]{0,60}", re.IGNORECASE)


@dataclass(kw_only=True)
class _Item:
    """An item of the YAML with the place of its own text, which ends where the next item's mark or heading begins."""

    shape: Shape
    kind: Any
    group: str | None
    start: int = 0
    end: int = 0
    children: list[_Item] = field(default_factory=list)


_ITEM = {"starts", "kind", "group", "label", "ends", "combine", "rule", "children"}


def _place(shapes: list[Any], text: str, places: list[_Item], *, parent: _Item | None) -> list[_Item]:
    """The items at the places of their first words, kind and group handed down; `places` takes all in reading order.

    One without words of its own begins where its first child does, and is not among the `places`.
    """
    items = []
    for raw in shapes:
        shape = keys(raw, "an item", required=set(), optional=_ITEM)
        kind = shape.get("kind", parent.kind if parent else None)
        item = _Item(shape=shape, kind=kind, group=shape.get("group", parent.group if parent else None))
        if kind is None:
            raise _at(item, "it has no kind")
        children = listed(shape.get("children", []), "children")
        if "starts" in shape:
            try:
                item.start = find(text, shape["starts"], places[-1].start + 1 if places else 0, len(text))[0][0]
            except GoldError as error:
                raise _at(item, f"{error.cause} behind the item before it") from None
            places.append(item)
        elif not children or shape.get("rule") is not None:
            raise _at(item, "it has no 'starts': only an item that has children alone may begin with the first of them")
        item.children = _place(children, text, places, parent=item)
        if "starts" not in shape:
            item.start = item.end = item.children[0].start
        items.append(item)
    return items


def _end(item: _Item, text: str, limit: int) -> int:
    """Where an item's own text ends: with the words that `ends` quotes, else where `own_end` says."""
    if "ends" not in item.shape:
        return own_end(text, item.start, limit)
    try:
        return find(text, item.shape["ends"], item.start, limit)[-1][1]
    except GoldError as error:
        raise _at(item, error) from None


def own_end(text: str, start: int, limit: int) -> int:
    """Where the text of an item ends, the next beginning at `limit`: before its mark and the headings above that."""
    lines = text[start:limit].split("\n")
    if len(lines) > 1 and (limit == len(text) or MARK.fullmatch(lines[-1])):
        while len(lines) > 1 and (MARK.fullmatch(lines[-1]) or _HEADING.fullmatch(lines[-1])):
            lines.pop()
    elif limit < len(text):
        lines[-1] = _RUN_ON_MARK.sub("", lines[-1])
    return start + len("\n".join(lines).rstrip())


def _at(item: _Item, error: object) -> GoldError:
    """The error with the item that it is about, and the line: the fact's where it has one, else the item's."""
    line, cause = (error.line, error.cause) if isinstance(error, GoldError) else (None, str(error))
    name = (
        f"{item.kind or 'an item'} {item.shape['starts']!r}" if "starts" in item.shape else f"{item.kind or 'an'} item"
    )
    return GoldError(f"{name}: {cause}", line=line or line_of(item.shape))


# ------------------------------------------------------------------ criteria


def _criterion(item: _Item, text: str, path: str) -> Criterion:
    children = tuple(_criterion(child, text, f"{path}.{i}") for i, child in enumerate(item.children, 1))
    shape = item.shape
    try:
        rule = None
        if shape.get("rule") is not None:
            rule = read_rule(shape["rule"], text, item.start, item.end, required=item.kind != "exclusion")
        made = Criterion(
            id=path,
            kind=item.kind,
            group=item.group,
            label=shape.get("label"),
            span=(_begin(item, children, text), max(item.end, *(c.span[1] for c in children), 0)),
            combine=_combine(shape, bool(children), bool(rule)),
            rule=rule,
            # what restricts nobody is kept as text
            unparsed=((item.start, item.end),) if rule is None and not children else (),
        )
        # the YAML's words are checked against the format here, where the item that holds them can be named
        checked = msgspec.convert(msgspec.to_builtins(made), Criterion)
    except (GoldError, msgspec.ValidationError, ValueError, TypeError) as error:
        raise _at(item, error) from None
    return msgspec.structs.replace(checked, children=children)


def _begin(item: _Item, children: Sequence[Criterion], text: str) -> int:
    """Where an item begins: with its label, else its first words, else its first child."""
    start = item.start if "starts" in item.shape else children[0].span[0]
    return _label_start(item.shape.get("label"), text, start)


_BLANK = re.compile(r"(?:\s|<!--\s*-->)+$")
_BULLET = re.compile(r"(?<![^\n ])(?:[*•·‣▪●○◦–—-][ \t]+)+$")
_NEAR = 200


def _label_start(label: Any, text: str, start: int) -> int:
    """Where the label begins that is printed before an item's first words, with a bullet before it ("* (1)")."""
    if label is None:
        return start
    before = _BLANK.sub("", text[max(0, start - _NEAR) : start])
    if not isinstance(label, str) or not before.endswith(label):
        raise GoldError(f"the label {label!r} is not printed before it")
    at = start - len(text[max(0, start - _NEAR) : start]) + len(before) - len(label)
    bullet = _BULLET.search(text, max(0, at - _NEAR), at)
    return bullet.start() if bullet else at


def _combine(shape: Shape, children: bool, rule: bool) -> Any:
    combine = shape.get("combine")
    if children != (combine is not None):
        raise GoldError("combine says how children count: with children only, and always")
    if combine in ("except", "then") and not rule:
        raise GoldError(f"combine {combine!r} needs a rule of the item's own")
    if isinstance(combine, dict):
        return AtLeastChildren(**keys(combine, "combine", required={"at_least"}))
    return combine


# ------------------------------------------------------------------ files


def build_folder(folder: Path) -> Document:
    """The gold of a corpus folder, from its `source.*` and `criteria.yaml`.

    Raises `GoldError` where the YAML is wrong, `InputError` where a file cannot be read.
    """
    source = source_of(folder)
    file = folder / "criteria.yaml"
    try:
        yaml_text = file.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    return build_over(yaml_text, source)


def build_over(yaml_text: str, source: Path, *, container: str = "auto") -> Document:
    """The gold of YAML over the one trial of a source; raises as `build_folder`."""
    from protoparse.sources import read as listings

    found = list(listings(source, container=container))
    if len(found) != 1:
        raise InputError(f"{source}: one trial is wanted, there are {len(found)}")
    return build(yaml_text, found[0].text, trial=found[0].trial)


def source_of(folder: Path) -> Path:
    """The one `source.*` of a corpus folder; raises `InputError` where there is none, or more."""
    found = sorted(folder.glob("source.*"))
    if len(found) != 1:
        raise InputError(f"{folder}: one source.* is wanted, there are {len(found)}")
    return found[0]
