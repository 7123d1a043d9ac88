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

`python -m protoparse.evaluate.gold FOLDER…` writes `criteria.json` from each folder's `criteria.yaml` and `source.*`;
with `--check` it only says which are out of date. `corpus/README.md` tells how the YAML is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from protoparse.errors import InputError, ProtoparseError
from protoparse.evaluate.quotes import GoldError, Shape, find, keys, listed, read_rule
from protoparse.model import AtLeastChildren, Criterion, Document, Trial, dump, limit_depth

__all__ = ["MARK", "GoldError", "build", "build_folder", "main"]


def build(yaml_text: str, text: str, *, trial: Trial | None = None) -> Document:
    """The document that hand-written YAML describes; raises `GoldError` where it cannot stand.

    `trial` is what the source says of the trial; without it, only the YAML's own trial id is kept.
    """
    top = keys(_read(yaml_text), "the file", required={"criteria"}, optional={"trial"})
    named = top.get("trial")
    if trial is None:
        trial = Trial(id=None if named is None else str(named))
    elif named is not None and named != trial.id:
        raise GoldError(f"the YAML is for the trial {named}, the source for {trial.id}")
    places: list[_Item] = []
    items = _place(listed(top["criteria"], "criteria"), text, places, parent=None)
    for item, following in zip(places, [*places[1:], None], strict=True):
        item.end = _end(item, text, following.start if following else len(text))
    counts: dict[str, int] = {}
    criteria = []
    for item in items:
        kind = item.kind
        counts[kind] = counts.get(kind, 0) + 1
        criteria.append(_criterion(item, text, f"{kind}.{counts[kind]}"))
    limit_depth(criteria)
    return Document(trial=trial, text=text, criteria=tuple(criteria))


def _read(yaml_text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise GoldError("gold needs PyYAML: pip install 'protoparse[gold]'") from None
    try:
        return yaml.safe_load(yaml_text)
    except yaml.YAMLError as error:
        raise GoldError("not YAML: " + " ".join(str(error).split())) from None


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
    kind: str
    group: str | None
    start: int
    end: int = 0
    children: list[_Item] = field(default_factory=list)


_ITEM = {"kind", "group", "label", "ends", "combine", "rule", "children"}


def _place(shapes: list[Any], text: str, places: list[_Item], *, parent: _Item | None) -> list[_Item]:
    """The items at the places of their first words, kind and group handed down; `places` takes all in reading order."""
    items = []
    for raw in shapes:
        shape = keys(raw, "an item", required={"starts"}, optional=_ITEM)
        kind = shape.get("kind", parent.kind if parent else None)
        if kind is None:
            raise GoldError(f"{shape['starts']!r} has no kind")
        try:
            start, _ = next(find(text, shape["starts"], places[-1].start + 1 if places else 0, len(text)))
        except GoldError as error:
            raise GoldError(f"starts: {error} behind the item before it") from None
        item = _Item(shape=shape, kind=kind, group=shape.get("group", parent.group if parent else None), start=start)
        places.append(item)
        item.children = _place(listed(shape.get("children", []), "children"), text, places, parent=item)
        items.append(item)
    return items


def _end(item: _Item, text: str, limit: int) -> int:
    """Where an item's own text ends: before the mark of the next item and the headings above that."""
    if "ends" in item.shape:
        try:
            return list(find(text, item.shape["ends"], item.start, limit))[-1][1]
        except GoldError as error:
            raise _at(item, error) from None
    lines = text[item.start : limit].split("\n")
    if len(lines) > 1 and (limit == len(text) or MARK.fullmatch(lines[-1])):
        while len(lines) > 1 and (MARK.fullmatch(lines[-1]) or _HEADING.fullmatch(lines[-1])):
            lines.pop()
    elif limit < len(text):
        lines[-1] = _RUN_ON_MARK.sub("", lines[-1])
    return item.start + len("\n".join(lines).rstrip())


def _at(item: _Item, error: object) -> GoldError:
    return GoldError(f"{item.kind} {item.shape['starts']!r}: {error}")


# ------------------------------------------------------------------ criteria


def _criterion(item: _Item, text: str, path: str) -> Criterion:
    children = tuple(_criterion(child, text, f"{path}.{i}") for i, child in enumerate(item.children, 1))
    shape = item.shape
    try:
        rule = None
        if shape.get("rule") is not None:
            rule = read_rule(shape["rule"], text, item.start, item.end, required=item.kind == "inclusion")
        made = Criterion(
            id=path,
            kind=item.kind,  # type: ignore[arg-type]
            group=item.group,
            label=shape.get("label"),
            span=(_label_start(shape.get("label"), text, item.start), max(item.end, *(c.span[1] for c in children), 0)),
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


def _label_start(label: Any, text: str, start: int) -> int:
    """Where the label begins that is printed before an item's first words."""
    if label is None:
        return start
    before = text[:start].rstrip()
    if not before.endswith(label):
        raise GoldError(f"the label {label!r} is not printed before it")
    return len(before) - len(label)


def _combine(shape: Shape, children: bool, rule: bool) -> Any:
    combine = shape.get("combine")
    if children != (combine is not None):
        raise GoldError("combine says how children count: with children only, and always")
    if combine in ("except", "then") and not rule:
        raise GoldError(f"combine {combine!r} needs a rule of the item's own")
    if isinstance(combine, dict):
        return AtLeastChildren(**keys(combine, "combine", required={"at_least"}))
    return combine


# ------------------------------------------------------------------ the command


def build_folder(folder: Path) -> bytes:
    """What `criteria.json` of a corpus folder has to hold, from its `source.*` and `criteria.yaml`."""
    from protoparse.sources import read

    found = sorted(folder.glob("source.*"))
    if len(found) != 1:
        raise InputError(f"{folder}: one source.* is wanted, there are {len(found)}")
    listings = list(read(found[0]))
    if len(listings) != 1:
        raise InputError(f"{folder}: one trial is wanted, the source has {len(listings)}")
    listing = listings[0]
    try:
        document = build((folder / "criteria.yaml").read_text("utf-8"), listing.text, trial=listing.trial)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{folder}: {error}") from None
    return dump(document, indent=1) + b"\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or with `--check` compare, the `criteria.json` of each folder; 1 where one failed or is out of date."""
    import argparse
    import sys

    parser = argparse.ArgumentParser(prog="python -m protoparse.evaluate.gold", description="Build gold criteria.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing, say which criteria.json is out of date")
    options = parser.parse_args(arguments)
    status = 0
    for folder in options.folders:
        target = folder / "criteria.json"
        try:
            made = build_folder(folder)
            if not options.check:
                target.write_bytes(made)
            elif not target.exists() or target.read_bytes() != made:
                raise GoldError("criteria.json is out of date")
        except ProtoparseError as error:
            sys.stderr.write(f"{folder}: {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main())
