"""What two criteria documents say differently: gained, lost, changed in meaning, reworded, moved, and which way.

In: an old and a new document, over one text (two versions of a parser) or over two (two versions of a trial). Out: a
`Diff`.

>>> from protoparse.parsing import parse
>>> old = parse("Exclusion Criteria:\\n\\n* Bilirubin > 3 x ULN\\n* Gout")
>>> new = parse("Exclusion Criteria:\\n\\n* Pregnancy\\n* Bilirubin ≥ 3 x ULN\\n* Gout.")
>>> for d in diff(old, new).differences:
...     print(d.status, d.new, *(f"{c.what} {c.old} → {c.new}" for c in d.changes), d.direction)
gained exclusion.1 tightened
changed exclusion.2 comparator > → ≥ tightened
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import count
from typing import Literal, TypeAlias

from msgspec.structs import replace

from protoparse.alignment import Couple, align, name_of, words_of
from protoparse.errors import UnitError
from protoparse.evaluate import keys, words
from protoparse.evaluate.keys import Key
from protoparse.evaluate.logic import skeleton
from protoparse.evaluate.meaning import same_meaning
from protoparse.evaluate.pairing import Item, Placed
from protoparse.lexicon import fold
from protoparse.model import Age, Comparison, Concept, Document, Fact, Kind, Record, Rule, Span, Trial, facts
from protoparse.render import phrase
from protoparse.strictness import OPPOSITE, Direction, directions
from protoparse.units import convert

Status: TypeAlias = Literal["lost", "gained", "changed", "recoded", "reworded", "moved"]
"""`lost` and `gained`: a criterion, or all that was read of one; `changed`: it says something else; `recoded`: it says
the same under other names or codes; `reworded`: it says the same in other words, or in another shape; `moved`: all that
is different is where it stands."""

STATUSES: tuple[Status, ...] = ("lost", "gained", "changed", "recoded", "reworded", "moved")
_CALLED = ("name", "codes")


class Change(Record, frozen=True, kw_only=True):
    """One thing that differs: what it is, of which fact where it is one's, and what stood and stands there."""

    what: str
    of: str | None = None
    old: str | None = None
    new: str | None = None


class FieldChange(Change, frozen=True, kw_only=True):
    """A registry's own field that differs, and which way that changes whom the trial takes."""

    direction: Direction | None = None


class Difference(Record, frozen=True, kw_only=True):
    """A criterion that differs: its ids, places, words and rules in English, before and after, and what changed.

    `direction`: whether the trial takes fewer people by it (`tightened`), more (`loosened`), or the `same`; None where
    that cannot be told.
    """

    status: Status
    kind: Kind
    old: str | None = None
    new: str | None = None
    old_span: Span | None = None
    new_span: Span | None = None
    old_words: str | None = None
    new_words: str | None = None
    old_rule: str | None = None
    new_rule: str | None = None
    changes: tuple[Change, ...] = ()
    direction: Direction | None = None


class Diff(Record, frozen=True, kw_only=True):
    """All differences of two documents, in the order of the new one, and how many criteria are the same.

    `trial`: which of the registry's own fields differ. Criteria that only have another number count as the same.
    """

    name: str | None
    same: int
    trial: tuple[FieldChange, ...]
    differences: tuple[Difference, ...]

    def counts(self) -> dict[Status, int]:
        """How many differences there are of each status."""
        return {status: sum(d.status == status for d in self.differences) for status in STATUSES}

    def directions(self) -> dict[Direction | None, int]:
        """How many differences there are of each direction, the registry's fields with them."""
        return Counter((*(d.direction for d in self.differences), *(change.direction for change in self.trial)))

    @property
    def direction(self) -> Direction | None:
        """Which way the trial as a whole was changed; None where its changes go both ways, or one cannot be told."""
        found = self.directions().keys() - {"same"}
        return found.pop() if len(found) == 1 else None if found else "same"


def diff(old: Document, new: Document) -> Diff:
    """What was gained, lost and changed from one document to the next; raises `NestingError` as `render` does."""
    same_text = old.text == new.text
    couples = align(old, new)
    found = [
        replace(d, direction=direction)
        for couple, direction in zip(couples, directions(old, new, couples), strict=True)
        if (d := _difference(couple, old.text, new.text, same_text=same_text)) is not None
    ]
    return Diff(
        name=new.trial.id or old.trial.id,
        same=sum(couple.old is not None and couple.new is not None for couple in couples)
        - sum(d.old is not None and d.new is not None for d in found),
        trial=tuple(_trial(old.trial, new.trial)),
        differences=tuple(found),
    )


_NAMING = ("id", "registry", "title", "conditions")
"""The fields that say of nobody whether the trial takes him."""


def _trial(old: Trial, new: Trial) -> Iterator[FieldChange]:
    for field in old.__struct_fields__:
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            direction = "same" if field in _NAMING else _field(field, was, now) if old.id and new.id else None
            yield FieldChange(what=field, old=_said(was), new=_said(now), direction=direction)


def _field(field: str, was: object, now: object) -> Direction | None:
    """Which way a registry's field was changed; where a record has none, it limits nobody."""
    if field == "healthy_volunteers":
        return None if None in (was, now) else "loosened" if now else "tightened"
    if field == "sex":
        before, after = ("all" if sex is None else sex for sex in (was, now))
        return "same" if before == after else "tightened" if before == "all" else "loosened" if after == "all" else None
    ages = [was, now]
    if None in ages:
        return "tightened" if was is None else "loosened"
    limits = [_months(age) for age in ages if isinstance(age, Age)]
    if None in limits:
        return None
    before_, after_ = limits
    assert before_ is not None
    assert after_ is not None
    higher: Direction = "tightened" if field == "minimum_age" else "loosened"
    return "same" if before_ == after_ else higher if after_ > before_ else OPPOSITE[higher]


def _months(age: Age) -> Fraction | None:
    try:
        return convert(age.value, age.unit.ucum or "", "mo")
    except UnitError:
        return None


def _said(value: object) -> str | None:
    match value:
        case None | ():
            return None
        case tuple():
            return ", ".join(map(str, value))
        case Record():
            said = (getattr(value, name) for name in value.__struct_fields__)
            return " ".join(filter(None, (x.text if isinstance(x, Record) else str(x) for x in said)))  # type: ignore[attr-defined]
    return str(value)


# ------------------------------------------------------------------ criteria


def _difference(couple: Couple, old_text: str, new_text: str, *, same_text: bool) -> Difference | None:
    """What differs in a couple; None where nothing does, but perhaps its number."""
    old, new = couple.old, couple.new
    before = None if old is None else words_of(old, old_text)
    after = None if new is None else words_of(new, new_text)
    if same_text and old is not None and new is not None and old.start == new.start:
        before = after  # where its own words end is a matter of the outline
    told = _told(couple, before, after, old_text, new_text)
    if old is None or new is None:
        if not (before or after or couple.facts):
            return None  # a lead-in without words: its children tell that they have moved
        return told("gained" if old is None else "lost", ())
    was, now = old.criterion.rule, new.criterion.rule
    changes = [*_outline(old, new)]
    if was is None or now is None:
        if was is not now:
            whole = Change(what="rule", old=words.rule(was), new=words.rule(now))
            return told("gained" if was is None else "lost", (whole, *changes))
        shape = False
    else:
        of_rule = list(_changes(was, now, couple))
        changes += of_rule
        alike = _names(couple)
        shape = _tree(was, alike) != _tree(now, alike)
        if shape and not any(c.what in ("fact", "polarity") for c in of_rule):
            same = same_meaning(was, now, alike)
            if not same:
                changes.append(Change(what="logic", old=words.logic(was), new=words.logic(now)))
    if same_text and (unread := _unread(old, old_text)) != (still := _unread(new, new_text)):
        changes.append(Change(what="unread", old=unread, new=still))
    place = (Change(what="place", old=old.id, new=new.id),) if couple.moved else ()
    if changes:
        recoded = all(change.what in _CALLED for change in changes)
        return told("recoded" if recoded else "changed", (*changes, *place))
    if shape or fold(before or "").rstrip(".;,") != fold(after or "").rstrip(".;,"):
        return told("reworded", place)
    return told("moved", place) if place else None


def _told(
    couple: Couple, before: str | None, after: str | None, old_text: str, new_text: str
) -> Callable[[Status, tuple[Change, ...]], Difference]:
    old, new = couple.old, couple.new
    item = new or old
    assert item is not None

    def told(status: Status, changes: tuple[Change, ...]) -> Difference:
        return Difference(
            status=status,
            kind=item.criterion.kind,
            old=old.id if old else None,
            new=new.id if new else None,
            old_span=_place(old, old_text) if old else None,
            new_span=_place(new, new_text) if new else None,
            old_words=before,
            new_words=after,
            old_rule=words.rule(old.criterion.rule) if old else None,
            new_rule=words.rule(new.criterion.rule) if new else None,
            changes=changes,
        )

    return told


def _place(item: Item, text: str) -> Span:
    """Where a criterion's own words stand, behind bullet and number."""
    return item.start, item.start + len(text[item.start : item.own[1]].rstrip())


def _outline(old: Item, new: Item) -> Iterator[Change]:
    one, other = old.criterion, new.criterion
    if one.kind != other.kind and None in (old.parent, new.parent):  # else it is their parents'
        yield Change(what="section", old=one.kind, new=other.kind)
    if one.combine != other.combine:
        yield Change(what="combine", old=words.combine(one), new=words.combine(other))
    if keys.phrase_key(one.group) != keys.phrase_key(other.group):
        yield Change(what="group", old=one.group, new=other.group)


def _unread(item: Item, text: str) -> str | None:
    return " … ".join(" ".join(text[slice(*span)].split()) for span in item.criterion.unparsed) or None


# ------------------------------------------------------------------ rules


def _names(couple: Couple) -> dict[int, Key]:
    """What facts are called where logic is compared, by `id`: both of a couple alike."""
    number = count()
    return {id(placed.fact): n for both, n in zip(couple.facts, number, strict=False) for placed in both if placed}


def _tree(rule: Rule, names: Mapping[int, Key]) -> Key:
    return skeleton(rule, (names[id(fact)] for fact in facts(rule)))


def _changes(old: Rule, new: Rule, couple: Couple) -> Iterator[Change]:
    for one, other in couple.facts:
        if one is None or other is None:
            yield Change(what="fact", old=_stated(one), new=_stated(other))
        else:
            yield from _fact(one, other)
    tags = [type(rule).__struct_config__.tag for rule in (old, new)]
    if tags[0] != tags[1] and "fact" not in tags and any(None in both for both in couple.facts):
        yield Change(what="connective", old=str(tags[0]), new=str(tags[1]))


def _stated(placed: Placed | None) -> str | None:
    """A fact that the other side does not have, with what stands above it."""
    if placed is None:
        return None
    said = words.rule(replace(placed.fact, includes=()))
    return f"{words.path(placed.path)}: {said}" if placed.path else said


def _fact(one: Placed, other: Placed) -> Iterator[Change]:
    """What two facts say differently, part by part."""
    old, new = one.fact, other.fact
    of = new.concept.text

    def change(what: str, before: str | None, after: str | None) -> Change:
        return Change(what=what, of=of, old=before, new=after)

    if name_of(old.concept) != name_of(new.concept):
        if fold(old.concept.text) != fold(new.concept.text):
            yield change("concept", old.concept.text, new.concept.text)
        else:
            yield change("name", old.concept.name, new.concept.name)
    elif old.concept.codes != new.concept.codes:
        yield change("codes", _codes(old.concept), _codes(new.concept))
    if old.domain != new.domain:
        yield change("domain", old.domain, new.domain)
    for what, was, now in (
        ("value", old.value, new.value),
        ("count", old.count, new.count),
        ("dose", old.dose, new.dose),
    ):
        for part, before, after in _comparison(what, was, now):
            yield change(part, before, after)
    for part, before, after in _window(old, new):
        yield change(part, before, after)
    modifiers = [{keys.modifier_key(m): phrase(m) for m in fact.modifiers} for fact in (old, new)]
    gone = [modifiers[0][key] for key in modifiers[0] if key not in modifiers[1]]
    come = [modifiers[1][key] for key in modifiers[1] if key not in modifiers[0]]
    if gone or come:
        yield change("modifier", "; ".join(gone) or None, "; ".join(come) or None)
    if old.experiencer != new.experiencer:
        yield change("experiencer", old.experiencer, new.experiencer)
    if one.path != other.path:
        yield change("polarity", words.path(one.path), words.path(other.path))


def _codes(concept: Concept) -> str | None:
    return ", ".join(f"{code.system} {code.code}" for code in concept.codes) or None


_Part: TypeAlias = tuple[str, str | None, str | None]


def _comparison(what: str, old: Comparison | None, new: Comparison | None) -> Iterator[_Part]:
    """A comparison that came or went as a whole, else the parts of it that differ."""
    same = keys.count_key if what == "count" else keys.comparison_key
    if same(old) == same(new):
        return
    if old is None or new is None:
        yield what, words.compared(old), words.compared(new)
        return
    lead = "" if what == "value" else f"{what} "
    if keys.comparator_key(old) != keys.comparator_key(new):
        yield f"{lead}comparator", words.comparator(old), words.comparator(new)
    if keys.amount_key(old) != keys.amount_key(new):
        yield f"{lead}number", words.number(old), words.number(new)
    if what != "count" and keys.unit_key(old.unit) != keys.unit_key(new.unit):
        yield f"{lead}unit", words.unit(old), words.unit(new)
    if old.reference != new.reference:
        yield f"{lead}reference", old.reference, new.reference


def _window(old: Fact, new: Fact) -> Iterator[_Part]:
    if keys.window_key(old.time) == keys.window_key(new.time):
        return
    if old.time is None or new.time is None:
        yield "window", words.window(old.time), words.window(new.time)
        return
    if any("event" in (words.anchors(time) or "") for time in (old.time, new.time)):
        # what the event is called says more than that it is another
        yield "window", words.window(old.time), words.window(new.time)
        return
    parts = 0
    for part, key, say in (
        ("anchor", keys.anchor_key, words.anchors),
        ("offset", keys.shift_key, words.offsets),
        ("duration", keys.duration_key, words.duration),
    ):
        if key(old.time) != key(new.time):
            parts += 1
            yield f"window {part}", say(old.time), say(new.time)
    if not parts:
        yield "window", words.window(old.time), words.window(new.time)
