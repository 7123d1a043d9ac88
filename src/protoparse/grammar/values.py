"""Where the values and windows of a statement go: a fact's value, count, dose or duration, or a fact of their own.

In: a `Draft` and the values printed beside it. Out: the draft with them, several drafts where they are alternatives;
"older than 18 years with asthma" gives an age and a disease.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from protoparse.grammar.amending import RATES
from protoparse.grammar.drafts import Draft, Node, Tree, apart, around, drafts
from protoparse.grammar.implying import OLD, Implier
from protoparse.grammar.measures import (
    DAILY,
    TIME_CODES,
    dated,
    given,
    lasting,
    lifetime,
    since_made,
    whole,
    whole_study,
)
from protoparse.grammar.periods import either
from protoparse.grammar.phrases import Phrase, Times, Value, merge
from protoparse.grammar.terms import GIVEN, domain_of
from protoparse.model import Bound, Comparison, Unit, Window

# What has a time as its value rather than lasting for it.
_TIMED = re.compile(r"expect|surviv|life|prognosis|interval|\btime\b|\bage\b")
_PROGNOSIS = re.compile(r"expectancy|expected|surviv|prognosis")
_LONG = ("duration", "length", "period")
# What is counted, behind its number: a noun, and no word that goes on with something else.
_COUNTING = re.compile(r"\s*\(?(?!(?:in|on|at|by|for|with|within|and|or|to|who|as|using|if|is|are)\b)[A-Za-z]")
_FAR = 12
_TENSE = re.compile(r"\bhyp(?:er|o)tensi|\bblood pressure", re.IGNORECASE)
PRESSURES = ("systolic blood pressure", "diastolic blood pressure")
_COUNTED = ("drug", "procedure", "condition", "study", "visit", "device", "allergy", "consent")
_SIZE = re.compile(r"\s+(?:out\s+of\s+\d|on\s+a\s+scale\b)")
_PER = re.compile(r"\s*(?:\bper\b|/|\ba\b|\beach\b|\bweekly\b|\bdaily\b|\bmonthly\b)")


_DAYS = ("d", "wk", "mo", "a")
_LASTING = ("condition", "procedure", "drug", "observation")
_PERIODS = ("study_start", "treatment")


class Valuer(Implier):
    """Gives an item's drafts their values and windows."""

    def _add_window(self, draft: Draft, phrase: Phrase) -> None:
        window = phrase.meaning
        if isinstance(window, Value):
            return
        if isinstance(window, Times):
            draft.again = window.windows[1:]
            for other in draft.again:
                if other.span:
                    draft.cover(*other.span)
            window = window.windows[0]
        self._fill_window(draft, window)
        if draft.time is not None and draft.time.span and window.span and draft.time.span[1] < window.span[1]:
            self.carry(phrase.first, phrase.last)  # said of the same time again

    def _fill_window(self, draft: Draft, window: Window) -> None:
        if window.span:
            draft.cover(*window.span)
        if draft.concept and draft.value is None and _PROGNOSIS.search(self.text[slice(*draft.concept)].lower()):
            draft.value, rest = lifetime(window)
            if rest is None:
                return
            window = rest
        old = draft.time
        if old is None or (whole_study(old) and window.start and window.end):
            draft.time = window  # "during the study, from screening until the last dose": the second says which part
        elif isinstance(old.any_of, tuple) or isinstance(window.any_of, tuple):
            return
        elif window.start is not None and window.start == window.end and (old.start or old.end):
            return  # "within 2 weeks before the first dose on day 1"
        elif old.start and old.end and isinstance(window.start, Bound) and window.start.anchor.event in _PERIODS:
            draft.time = either(old, window)  # "4 weeks before the study, during it and for 4 weeks after it"
        else:
            # "for at least 3 months before screening" in two pieces, or a point and a stretch: what is open is filled.
            draft.time = replace(
                old,
                start=old.start or window.start,
                end=old.end or window.end,
                duration=old.duration or window.duration,
                span=around(old.span, window.span),
            )

    def elapsed(self, first: int, last: int, windows: list[Phrase]) -> bool:
        """Whether words only say that time went by since an event ("the interval from surgery to consent")."""
        times = [w.meaning.start for w in windows if isinstance(w.meaning, Window)]
        return any(isinstance(s, Bound) and s.anchor.event == "event" for s in times) and all(
            "elapsed" in self.entries[i].roles or self.code(i) in "dO" for i in range(first, last)
        )

    def possible(self, draft: Draft, behind: int, window: Phrase) -> bool:
        """Whether a window is of what may come of a thing ("a disease that could worsen during the study")."""
        meaning = window.meaning
        if draft.domain not in (None, "condition", "measurement", "other") or not isinstance(meaning, Window):
            return False
        if not isinstance(meaning.start, Bound) or meaning.start.anchor.event not in ("study_start", "treatment"):
            return False
        if not any("possible" in self.entries[i].roles for i in range(behind, window.first)):
            return False
        self.leave(window.first, window.last)
        return True

    def _values(self, draft: Draft, values: list[tuple[Value, int, int]], behind: bool) -> Tree | None:
        """The draft with its values, several drafts where they are alternatives."""
        if not values:
            return draft
        joined: list[tuple[Value, int, int]] = []
        for phrase in values:
            near = bool(joined) and (joined[-1][0].fronted or phrase[1] - joined[-1][2] <= 1)
            whole = merge(joined[-1][0], phrase[0]) if near else None
            if whole is not None:
                joined[-1] = (whole, joined[-1][1], phrase[2])
            else:
                joined.append(phrase)
        said: list[Tree] = []
        main: Draft | None = None
        for value, begin, end in joined:
            value = self._long(draft, value, end)
            either = value.connective == "any" or (
                self.kind == "exclusion"
                and (value.connective == "pair" or (len(value.comparisons) == 2 and apart(*value.comparisons)))
            )
            subject = self._implied(draft, value, behind, begin, end)
            if subject is not None and (draft.concept is None or draft.name == "age" or draft.domain == "person"):
                subject.time = draft.time  # "40 years or over at screening"
                if draft.domain == "person" and draft.name != "age":
                    draft.time = None  # "children under 5 years at diagnosis"
            if subject is None and main is not None and main.value is not None and lasting(value, main.value):
                self._fill_window(main, Window(duration=value.comparisons[0], span=value.comparisons[0].span))
                continue  # "viral load ≤ 200 copies/mL since at least 6 months"
            if subject is None and main is not None and main.value is not None and _aside(value, main):
                self.leave(begin, end)
                continue  # "eGFR < 60 mL/min 1.73 m²"
            made = self._of(subject, value) if subject is not None else self._used(draft, value, behind)
            if not made:
                self.leave(begin, end)
            elif subject is None and main is not None and len(made) == 1 and _fill(main, made[0], draft):
                pass
            else:
                main = made[0] if subject is None and len(made) == 1 else main
                said.append(made[0] if len(made) == 1 else Node("any" if either else "all", list(made)))
        if (
            main is None
            and draft.concept is not None
            and draft.name != "age"
            and not any(d.concept == draft.concept for tree in said for d in drafts(tree))
        ):
            said.append(draft)
        if not said:
            return draft
        return said[0] if len(said) == 1 else Node("all", said)

    def _long(self, draft: Draft, value: Value, end: int) -> Value:
        """A time that nothing compares, in front of what lasts it ("12 months of amenorrhea", "a 6-month history")."""
        (comparison, *more) = value.comparisons
        timed = comparison.unit is not None and comparison.unit.ucum in _DAYS
        if not value.bare or more or comparison.operator != "=" or not timed:
            return value
        if not draft.concept:
            since = self.kind != "exclusion" and self.at(end) == "S"  # "…, or 8 weeks since radiotherapy"
            return value._replace(comparisons=(replace(comparison, operator=">="),), bare=False) if since else value
        ahead = comparison.span is not None and comparison.span[1] < draft.concept[0]
        lasts = self.at(end) == "H" or (self.at(end) == "O" and draft.domain in _LASTING and draft.known)
        if not ahead or not lasts:
            return value
        return value._replace(comparisons=(replace(comparison, operator=">="),), bare=False)

    def _of(self, subject: Draft, value: Value) -> list[Draft]:
        """A fact for each comparison of a value that says itself what it is of."""
        made = []
        for comparison in value.comparisons:
            one = subject.copy()
            one.value = comparison
            one.concept = one.concept or comparison.span
            if comparison.span:
                one.cover(*comparison.span)
            made.append(one)
        return made

    def _degree(self, words: str, comparison: Comparison) -> bool:
        """Whether a number behind a disease can only be its degree ("spondylolisthesis > 2"): nothing is counted."""
        if words.endswith("s") and not words.endswith(("sis", "itis", "us", "ss")):
            return False
        numbers = [n for n in (comparison.value, comparison.low) if isinstance(n, int)]
        if not comparison.span or not numbers or numbers[0] > 100 or "episode" in words:
            return False
        return _COUNTING.match(self.text, comparison.span[1]) is None

    def _on_scale(self, comparison: Comparison) -> bool:
        """Whether a number is one of a scale whose size follows: "pain of at least 5 out of 10"."""
        return comparison.span is not None and _SIZE.match(self.text, comparison.span[1]) is not None

    def _of_another(self, draft: Draft, comparison: Comparison) -> bool:
        """Whether a number further on counts what follows it ("a cataract that costs the sight 3 or more lines")."""
        if not draft.concept or not comparison.span or comparison.span[0] - draft.concept[1] < _FAR:
            return False
        return _COUNTING.match(self.text, comparison.span[1]) is not None

    def counted_in(self, draft: Draft, value: Value) -> None:
        """Name what a rate counts, where nothing else is named: "more than 3 seizures per month"."""
        comparison = value.comparisons[0]
        unit, span = comparison.unit, comparison.span
        if unit is None or unit.ucum not in RATES or span is None or value.bare:
            return
        words = _PER.split(unit.text or "")[0]
        start = self.text.find(unit.text or "", *span)
        if not words or "bout" in self.roles(words) or start < 0:
            return
        draft.concept = start, start + len(words)
        draft.cover(*draft.concept)
        draft.domain = domain_of(words.lower().split())

    def _used(self, draft: Draft, value: Value, behind: bool) -> list[Draft]:
        """The draft with each comparison of a value that it has a place for."""
        made: list[Draft] = []
        if draft.term is not None and draft.term.name == "age":
            return made
        for comparison in value.comparisons:
            one = draft.copy()
            self._value(one, comparison, value, behind)
            if one.value is not draft.value or one.count or one.dose or one.time is not draft.time:
                if comparison.span:
                    one.cover(*comparison.span)
                made.append(one)
        if value.connective == "pair" and "blood pressure" in (draft.term.name if draft.term else ""):
            for one, name in zip(made, PRESSURES, strict=False):
                one.name, one.term = name, None
        elif value.connective == "pair" and self.tense(draft):
            return [pressure(c, name) for c, name in zip(value.comparisons, PRESSURES, strict=False)]
        return made

    def tense(self, draft: Draft) -> bool:
        """Whether a fact is of a disease of the blood pressure."""
        return draft.concept is not None and _TENSE.search(self.text, *draft.concept) is not None

    def _value(self, draft: Draft, comparison: Comparison, value: Value, behind: bool) -> Draft:
        """Where a comparison goes: value, count, dose, duration, age."""
        unit = comparison.unit
        code = unit.ucum if unit else None
        timely = code in TIME_CODES or (unit is not None and "half" in (unit.text or ""))
        numeric = not isinstance(comparison.value, str)
        if value.bare and comparison.operator == "=" and comparison.reference is not None:
            comparison = replace(comparison, operator="<=" if self.kind != "exclusion" else ">=")
        lower = self.text[slice(*draft.concept)].lower() if draft.concept else ""
        if (
            timely
            and draft.domain != "measurement"
            and not _TIMED.search(lower)
            and (code not in ("s", "min") or draft.domain == "condition")
        ):
            # "30-day readmission", "4-7 days": a time that nothing compares is no duration of the thing, nor is
            # what two things may differ by ("matched for age (± 5 years)")
            if not value.bare and not value.loose and comparison.reference != "baseline":
                made = OLD.search(self.text, *comparison.span) if comparison.span else None
                lasting = Window(duration=comparison, span=comparison.span)
                self._fill_window(draft, since_made(comparison) if made else lasting)
            return draft
        treated = draft.domain in GIVEN and not behind
        if treated and unit is not None and code is None and "countable" in self.roles(unit.text or ""):
            comparison = replace(comparison, unit=None)  # "no more than 2 courses of chemotherapy"
            unit = None
        plain = unit is None and comparison.reference is None
        measured = draft.domain == "measurement"
        if plain and not behind and draft.concept and self.text[draft.concept[0]] == "%":
            comparison = replace(comparison, unit=Unit(text="%", ucum="%"))  # "> 5 %TBSA"
            unit, code, plain = comparison.unit, "%", False
        if plain and comparison.span and self.text[slice(*comparison.span)].lower().endswith(("once", "twice")):
            if not value.bare and draft.concept is not None:
                draft.count = comparison
            return draft
        hyphened = comparison.span is not None and "-" in self.text[slice(*comparison.span)]
        if timely and measured and value.bare and not behind and hyphened:
            return draft  # "mean 24-h systolic pressure": how long it was measured
        lengthy = _TIMED.search(lower) or "duration" in lower or code in ("s", "min")
        if timely and measured and value.bare and draft.term is not None and not lengthy:
            return draft  # "FSH after 12 months", "a 24 h clearance"
        if timely and measured and draft.term is None and lower.endswith("duration"):
            self._fill_window(draft, Window(duration=comparison, span=comparison.span))
            return draft
        if timely and measured and comparison.span and code not in ("s", "min") and not _TIMED.search(lower):
            words = self.text[slice(*comparison.span)].lower()
            if OLD.search(words) or (behind and words.startswith("over ") and not lower.endswith(_LONG)):
                return draft  # "a scan older than 3 months with …", "measured daily over 2 weeks"
        taken = given(comparison)
        told = (unit.text or "").lower() if unit else ""
        if draft.concept is not None and not measured and (code in RATES or "countable" in self.roles(told)):
            draft.count = comparison  # "more than 3 times a week", "2-4 cycles"
            return draft
        if draft.domain == "observation" and (code or "").startswith("{"):
            taken = False  # "10 cigarettes a day" is how much, not what is taken against a disease
        if draft.domain is None and draft.concept is not None and not value.bare and DAILY.fullmatch(code or ""):
            draft.domain = "drug"  # "somemab ≤ 20 mg/day"
        if draft.domain in ("drug", "procedure", "observation") and taken and draft.concept is not None:
            if not value.bare or not behind:
                draft.dose = comparison
            return draft
        if draft.concept is not None and not measured:
            counted = not behind or draft.domain in _COUNTED
            if plain and numeric and whole(comparison) and behind and draft.domain == "condition":
                if self._of_another(draft, comparison) or dated(comparison):
                    return draft
                counted = not (self._degree(lower, comparison) or self._on_scale(comparison))
            if plain and numeric and whole(comparison) and counted:
                # "≥ 2 prior lines": how many, not how much
                if not value.bare:
                    draft.count = comparison
                return draft
            narrowed = draft.domain == "condition" and code == "%" and behind  # "stenosis 70%"
            if value.bare and (plain or draft.domain in _COUNTED) and not narrowed:
                return draft
        if value.bare and not behind and (plain or not measured) and draft.concept is not None:
            return draft
        ranked = draft.term is not None and draft.term.kind == "ordinal"
        if (
            measured
            and plain
            and numeric
            and whole(comparison)
            and not behind
            and not (draft.known and value.bare)
            and not ranked
        ):
            if not value.bare:
                draft.count = comparison
            return draft
        draft.value = comparison
        draft.bare_value = value.bare
        if draft.domain in (None, "condition", "procedure", "drug") and draft.concept is not None:
            draft.domain = "measurement"
        return draft


def pressure(comparison: Comparison, name: str) -> Draft:
    """One of the two blood pressures, named by its limit: "hypertension (> 160/100 mmHg)"."""
    one = Draft()
    one.value, one.concept, one.domain, one.name, one.known = comparison, comparison.span, "measurement", name, True
    one.first, one.last = comparison.span or (0, 0)
    return one


def _aside(value: Value, main: Draft) -> bool:
    """Whether a second number that nothing compares is no value of what has one, in another unit, already."""
    if not value.bare or main.bare_value or main.value is None:
        return False
    codes = {c.unit.ucum if c.unit else None for c in (*value.comparisons, main.value)}
    return len(codes) > 1 and None not in codes


def _fill(main: Draft, more: Draft, bare: Draft) -> bool:
    """Put into a fact what a second value says of the same thing: a dose, then for how long; False where it clashes."""
    for slot in ("value", "count", "dose", "time"):
        said = getattr(more, slot)
        if said is not getattr(bare, slot):
            if getattr(main, slot) is not getattr(bare, slot):
                return False
            setattr(main, slot, said)
    main.cover(more.first, more.last)
    return True
