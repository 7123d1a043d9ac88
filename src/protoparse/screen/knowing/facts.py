"""One fact against one patient on one day: true, false, or not known, and why.

In: a `Patient`, the day of screening, `Fact`s. Out: a `Decision` for each.

>>> from protoparse.model import Concept
>>> woman = Patient(id="p1", sex="female", birth="1961-05", events=(
...     Event(domain="condition", name="Essential hypertension", start="2004-02", ongoing=True),))
>>> known = Known(woman, date(2024, 6, 1))
>>> asthma, hypertension = (Fact(domain="condition", concept=Concept(text=t)) for t in ("asthma", "hypertension"))
>>> known.decide(hypertension).truth, known.decide(asthma).truth, known.decide(asthma).why
(True, None, 'no-data')

Conditions, drugs, procedures are existential: one event that surely meets the fact makes it true, and what a record
does not hold makes it false only where the record is complete, or says that it was not. So further knowledge never
turns true into false or false into true; two records that contradict each other leave it unknown. Of a measurement the
latest value decides: a newer one is another state of the patient, not more knowledge of the same, and may turn it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from protoparse import lexicon
from protoparse.concepts.terms import TermSource
from protoparse.concepts.wording import normal, words
from protoparse.days import Days, plus
from protoparse.model import INDEX_EVENTS, All, Anchor, Any_, Bound, Fact, Rule, Window, facts
from protoparse.screen.knowing.amounts import Amount, Found, meets
from protoparse.screen.knowing.counting import between, more_than_none
from protoparse.screen.knowing.implying import implied
from protoparse.screen.knowing.matching import AGE, SEX, UNRECORDED, Key, Matcher, Reading, group_of
from protoparse.screen.knowing.measuring import TELLING, Series, measured
from protoparse.screen.knowing.names import listed
from protoparse.screen.knowing.narrowing import ahead, happened, localized, names_field, narrowed, narrowing, passes
from protoparse.screen.knowing.others import kind, other
from protoparse.screen.knowing.persons import decide_person, other_sex, other_years, person_events
from protoparse.screen.knowing.times import ANY, Frame, Held, frames, lasted, overlaps
from protoparse.screen.patient import Event, Patient, days
from protoparse.screen.verdicts import Decision, Truth, Why

_LATER: Final = frozenset({"study_end", "last_dose", "discharge"})
_ACTS: Final = ("procedure", "measurement")
"""What is over on the day on which it is done."""
_NEVER: Final = date.max
_EVER: Final = Window(end=Bound(anchor=Anchor(event="screening")))


@cache
def _shared() -> Matcher:
    return Matcher()


_Present: TypeAlias = Sequence[tuple[Event, Reading]]


class _Met(NamedTuple):
    """What a record says under some keys: that it was, that it was not, and the values that were measured."""

    present: _Present
    absent: tuple[Event, ...]
    series: Series


class _Windows(NamedTuple):
    """Windows of time, what was found of each event in them, and the events of which something was."""

    frames: tuple[Frame, ...]
    told: dict[tuple[int, bool], Found]
    near: dict[int, list[tuple[Event, Reading, Found]]]


_Said: TypeAlias = dict[tuple[str, tuple[str, ...], bool | None], Found]
"""Whether what an event is called, and what narrows it, is what narrows a fact."""


def keys_of(fact: Fact, *, matcher: Matcher | None = None) -> frozenset[Key]:
    """The keys under which a patient's record may say something of a fact or of its examples.

    Where `Known.keys` holds none of them, the decision is "no-data", or "complete" in a complete record; only where a
    record is incomplete in all domains need such a fact not be asked at all.
    """
    using = matcher or _shared()
    if not fact.includes:
        return using.asked(fact)
    return frozenset().union(*[using.asked(one) for one in facts(fact)])


class Known:
    """What is known of a patient on a day, ready to be asked for many facts.

    `anchors` are days of a trial's events ("randomization"), which are else on `day`; `recent`: for how many days a
    measurement without a window counts; `terms` or a `matcher` made of them: a user's vocabularies. `keys` are all
    under which the record says something: a fact with none of `keys_of` among them needs no further look.
    """

    def __init__(
        self,
        patient: Patient,
        day: date,
        *,
        anchors: Mapping[str, date] | None = None,
        recent: int = 180,
        terms: TermSource | None = None,
        matcher: Matcher | None = None,
    ) -> None:
        self.patient, self.day, self.recent = patient, day, recent
        self.anchors = dict(anchors or {})
        self.matcher = matcher or (_shared() if terms is None else Matcher(terms))
        self.birth = days(patient.birth) if patient.birth else None
        self.born = self.birth[0] if self.birth else date.min
        self._present: dict[Key, list[tuple[int, Reading]]] = {}
        self._absent: dict[Key, list[int]] = {}
        self._met: dict[frozenset[Key], _Met] = {}
        self._of_group: dict[str, list[tuple[Event, Reading]]] = {}
        self._events = sorted(dict.fromkeys(patient.events), key=lambda event: event.start or "")
        for n, event in enumerate(self._events):
            for reading in self.matcher.readings(event):
                self._enter(n, event, reading)
        for event in implied(self._present, self._events, self.birth, (day, day)):
            self._events.append(event)
            for reading in self.matcher.readings(event):
                self._enter(len(self._events) - 1, event, reading)
        always = {UNRECORDED} | ({AGE} if self.birth else set()) | ({SEX} if patient.sex else set())
        self.keys: frozenset[Key] = frozenset(self._present.keys() | self._absent.keys() | always)
        self._decided: dict[tuple[int, ...], tuple[object, Decision]] = {}
        self._asked: dict[tuple[tuple[Frame, ...], bool, bool], _Windows] = {}
        self._held: dict[tuple[int, bool, bool], Held] = {}
        self._untimed = (Frame((day, day), (day, day)),), (Frame(None, (day, day)),)

    def _enter(self, n: int, event: Event, reading: Reading) -> None:
        if reading.absent != event.absent:
            if not reading.family:
                for group, form in reading.own:
                    self._absent.setdefault((f"-{group}", form), []).append(n)
            return
        if event.absent:
            return  # "no asthma" was not so: nobody knows what is meant
        self._of_group.setdefault(group_of(event.domain), []).append((event, reading))
        for group, form in reading.keys:
            key = (f"family {group}", form) if reading.family else (group, form)
            self._present.setdefault(key, []).append((n, reading))

    def touches(self, fact: Fact) -> bool:
        """Whether the record may say something of a fact."""
        return not self.keys.isdisjoint(keys_of(fact, matcher=self.matcher))

    def decide(self, fact: Fact, without: tuple[Fact, ...] = ()) -> Decision:
        """What is known of a fact, or of what the facts of `without` leave of its events: of malignancies but one kind.

        Kept for as long as this lives, by the facts' identity: to compare costs more.
        """
        key = (id(fact), *map(id, without)) if without else (id(fact),)
        kept = self._decided.get(key)
        if kept is not None:
            return kept[1]
        truth, why, events = self._left(fact, without) if without else self._decision(fact)
        if why == "decided" and not events:
            events = person_events(fact, self.patient)
        made = Decision(fact=fact, truth=truth, why=why, events=events, without=without)
        self._decided[key] = (fact, without), made
        return made

    # ------------------------------------------------------------------ one fact

    def _left(self, fact: Fact, without: tuple[Fact, ...]) -> tuple[Truth, Why, tuple[Event, ...]]:
        """What exceptions leave of a fact: the whole of it where there is nothing of theirs."""
        whole = self.decide(fact)
        if whole.truth is False:
            return whole.truth, whole.why, whole.events
        if whole.truth and all(self._decision(_whenever(thing))[0] is False for thing in without):
            return whole.truth, whole.why, whole.events
        return self._decision(fact, without)

    def _decision(self, fact: Fact, without: tuple[Fact, ...] = ()) -> tuple[Truth, Why, tuple[Event, ...]]:
        keys = self.matcher.asked(fact)
        found: tuple[Truth, Why, tuple[Event, ...]]
        if self.keys.isdisjoint(keys):
            found = self._silent(fact)
        elif fact.experiencer == "patient" and fact.domain == "person" and (AGE in keys or SEX in keys):
            return decide_person(fact, self.patient, self._on(fact), self._frames(fact))
        elif fact.experiencer == "patient" and SEX in keys and other_sex(fact, self.patient):
            return False, "decided", ()
        else:
            found = self._matched(fact, keys, without)
        if found[0] is None and SEX in keys and other_years(fact, self.patient, self._frames(fact)):
            return False, "decided", ()
        if fact.includes and found[0] is None and fact.count is None:
            for example in fact.includes:
                truth, events = self._example(example, fact, without)
                if truth:
                    return True, "decided", events
        if found[0] is False and found[1] == "complete" and self._doubtful(fact):
            return None, "no-data", found[2]
        return found

    def _matched(
        self, fact: Fact, keys: frozenset[Key], without: tuple[Fact, ...]
    ) -> tuple[Truth, Why, tuple[Event, ...]]:
        met = self._meeting(keys)
        windows = self._windows(fact, self._frames(fact))
        if fact.domain == "measurement":
            return measured(fact, met.series, windows.frames)
        truth, why, events = self._existing(fact, met.present, windows, without)
        denied = tuple(e for e in met.absent if self._denies(e, fact, windows.frames))
        if denied:
            if truth:
                return None, "disagree", (*events, *denied)
            if fact.count is None or more_than_none(fact):
                return False, "absent", denied
        if truth is None and not met.present:
            return (*self._silent(fact)[:2], met.absent)
        return truth, why, events

    def _meeting(self, keys: frozenset[Key]) -> _Met:
        """What the record says under some keys, by its days; kept, as facts by the thousand ask for the same."""
        said = keys & self.keys
        found = self._met.get(said)
        if found is None:
            present: dict[int, Reading] = {}
            for key in sorted(said):
                present.update(self._present.get(key, ()))
            absent = sorted({n for key in said for n in self._absent.get(key, ())})
            # what is implied stands behind all that the record says, and is of the day of its own
            by_day = sorted(present, key=lambda n: (self._events[n].start or "", n))
            pairs = [(self._events[n], present[n]) for n in by_day]
            series = Series([event for event, _ in pairs], self.day, born=self.born, recent=self.recent)
            found = self._met[said] = _Met(pairs, tuple([self._events[n] for n in absent]), series)
        return found

    def _silent(self, fact: Fact) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Nothing of the kind in the record. A quantity that was never measured has a value all the same."""
        if fact.experiencer != "patient" or fact.domain in ("consent", "study", "other"):
            return None, "not-in-records", ()
        if any(ahead(modifier) for modifier in fact.modifiers):
            return None, "not-said", ()
        if fact.domain in self.patient.complete and fact.domain not in ("measurement", "person"):
            if fact.count is None or more_than_none(fact):
                return False, "complete", ()
            return True, "complete", ()
        return None, "no-data", ()

    def _doubtful(self, fact: Fact) -> bool:
        """Whether a complete record may hold a member of a field under a name of its own: "cancer", "steroids"."""
        there = self._of_group.get(group_of(fact.domain), ())
        if there and fact.includes:
            return True
        drugs = fact.domain == "drug" and not any(c.system == "DrugBank" for c in fact.concept.codes)
        if not drugs and not names_field(fact):
            return False
        asked = self.matcher.asked(fact)
        return any(r.keys.isdisjoint(asked) and not other(event, r, fact, self.matcher) for event, r in there)

    def _example(self, rule: Rule, fact: Fact, without: tuple[Fact, ...]) -> tuple[Truth, tuple[Event, ...]]:
        """What is known of an example, which is meant under all that is said of what it exemplifies."""
        if isinstance(rule, Fact):
            theirs, ours = group_of(rule.domain), group_of(fact.domain)
            measure = ours == "condition" and theirs == "measurement" and rule.value is not None
            if not (theirs == ours or measure) or (ours == "condition" and not names_field(fact)):
                return None, ()
            meant = replace(
                rule,
                time=rule.time or fact.time,
                modifiers=rule.modifiers or fact.modifiers,
                dose=rule.dose or fact.dose,
                value=rule.value or fact.value,
                experiencer=fact.experiencer,
            )
            found = self._decision(meant, without)
            return found[0], found[2]
        if isinstance(rule, All | Any_):
            several = [self._example(one, fact, without) for one in rule.of]
            told = [events for truth, events in several if truth]
            if len(told) == len(rule.of) or (told and isinstance(rule, Any_)):
                return True, tuple(dict.fromkeys(e for events in told for e in events))
        return None, ()

    # ------------------------------------------------------------------ what was, or was not

    def _existing(
        self, fact: Fact, met: _Present, windows: _Windows, without: tuple[Fact, ...]
    ) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Whether an event, or as many as are counted, surely meets a fact."""
        sure: list[Event] = []
        unsure: list[tuple[Why, Event]] = []
        said: _Said = {}
        for event, reading, timed in self._near(fact, met, windows):
            truth, why = self._meets(fact, event, timed, said)
            if without and truth is not False:
                truth, why = self._spared(fact, event, reading, without, (truth, why))
            if truth:
                sure.append(event)
            elif truth is None:
                unsure.append((why, event))
        if fact.count is not None:
            return self._counted(fact, sure, unsure, met)
        if sure:
            return True, "decided", tuple(sure)
        if unsure:
            why = min((why for why, _ in unsure), key=TELLING.index)
            return None, why, tuple(event for w, event in unsure if w == why)
        silent = self._silent(fact)
        return silent[0], silent[1], tuple([event for event, _ in met])

    def _near(self, fact: Fact, met: _Present, windows: _Windows) -> list[tuple[Event, Reading, Found]]:
        """The events that were, or may have been, when a fact asks for them: few, where it asks of the last weeks."""
        near = windows.near.get(id(met))
        if near is None:
            found = ((event, reading, self._timed(fact, event, reading, windows)) for event, reading in met)
            near = windows.near[id(met)] = [one for one in found if one[2][0] is not False]
        return near

    def _counted(
        self, fact: Fact, sure: list[Event], unsure: list[tuple[Why, Event]], met: _Present
    ) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Occurrences: the record may hold too few of them, never too many; twice on a day is written down twice."""
        assert fact.count is not None
        if fact.count.unit is not None and fact.count.unit.ucum is not None:
            return None, "not-said", tuple(sure)
        least = len({(e.start, normal(e.name)) for e in sure if e.start}) or bool(sure)
        closed = fact.domain in self.patient.complete and not unsure and all(e.start for e in sure)
        most = least if closed else None
        truth = between(fact.count, least, most)
        if truth is None:
            return None, "no-data", tuple(sure)
        shown = sure or [event for event, _ in met if all(event is not other for _, other in unsure)]
        return truth, "complete" if closed and not between(fact.count, least) else "decided", tuple(shown)

    def _meets(self, fact: Fact, event: Event, timed: Found, said: _Said) -> Found:
        """Whether one event is what a fact asks for in all respects; `said` is kept for other events of the fact."""
        if timed[0] is False:
            return timed
        key = event.name, event.status, event.ongoing
        words = said.get(key)
        if words is None:
            told = [narrowed(m, event) for m in narrowing(fact)]
            if localized(fact, event):
                told.append((None, "not-said"))
            words = said[key] = _worst(told)
        if fact.value is None and fact.dose is None:
            return words if timed[0] else timed if words[0] else _worst((timed, words))
        found = [timed, words]
        if fact.value is not None:
            found.append(
                (None, "no-value")
                if event.value is None
                else meets(fact.value, Amount(event.value, event.unit, event.low, event.high))
            )
        if fact.dose is not None:
            found.append(
                (None, "no-value") if event.dose is None else meets(fact.dose, Amount(event.dose, event.dose_unit))
            )
        return _worst(found)

    def _spared(self, fact: Fact, event: Event, reading: Reading, without: tuple[Fact, ...], met: Found) -> Found:
        """Whether an event that meets a fact, or may, still does where exceptions take what they name."""
        for thing in without:
            taken = self._takes(thing, event, reading)
            if taken:
                return False, "no-data"
            if taken is None or not kind(thing, fact, self.matcher):
                met = None, "excepted"
        return met

    def _takes(self, thing: Fact, event: Event, reading: Reading) -> Truth:
        """Whether an event is what an exception names, which is meant at any time unless it says when."""
        windows = self._windows(thing, self._frames(thing) if thing.time is not None else (Frame(None, None),))
        timed = self._timed(thing, event, reading, windows)
        if not reading.keys.isdisjoint(self.matcher.asked(thing)):
            return self._meets(thing, event, timed, {})[0]
        if timed[0] is False or other(event, reading, thing, self.matcher):
            return False
        return None

    # ------------------------------------------------------------------ when

    def _anchored(self, anchor: Anchor) -> Days | None:
        """The day of an anchor, None where it is not known."""
        if anchor.event in self.anchors:
            day = self.anchors[anchor.event]
            return day, day
        if anchor.event in INDEX_EVENTS:
            return self.day, self.day
        if anchor.event == "birth":
            return self.birth
        if anchor.event in _LATER or not anchor.text or lexicon.fold(anchor.text) in listed("bare"):
            return None
        # an event of the patient's own, where there is only one that it can be
        form = normal(anchor.text)
        found = {
            self._events[n].start
            for group in ("condition", "procedure", "drug", "visit")
            for n, _ in self._present.get((group, form), ())
        }
        [only] = found if len(found) == 1 else [None]
        return days(only) if only is not None else None

    def _on(self, fact: Fact) -> Days | None:
        """The day on which a person is asked for: that of screening, or of what a window says."""
        if fact.time is None:
            return self.day, self.day
        [frame, *more] = self._frames(fact)
        if more or not frame.anchored or frame.duration is not None:
            return None
        ends = [end for end in (frame.start, frame.end) if end is not None]
        return ends[0] if ends and all(end == ends[0] for end in ends) else None

    def _frames(self, fact: Fact) -> tuple[Frame, ...]:
        """The windows of a fact; one without is of the day, or of all the past where it names an act."""
        [bare] = untimed = self._untimed[fact.domain in _ACTS]
        if fact.time is None:
            return untimed
        found = tuple(frames(fact.time, self._anchored))
        if all(frame.start is frame.end is None for frame in found):  # "for at least 3 months": up to now
            return tuple([frame._replace(start=bare.start, end=bare.end) for frame in found])
        return found

    def _windows(self, fact: Fact, frames: tuple[Frame, ...]) -> _Windows:
        """Windows as a fact asks for them: the same ones for all facts that ask the same of time."""
        key = frames, fact.time is None, fact.domain == "drug"
        kept = self._asked.get(key)
        if kept is None:
            kept = self._asked[key] = _Windows(frames, {}, {})
        return kept

    def _timed(self, fact: Fact, event: Event, reading: Reading, windows: _Windows) -> Found:
        """Whether an event was when a fact asks for it; many facts ask the same of the same event."""
        key = id(event), reading.past
        found = windows.told.get(key)
        if found is None:
            found = windows.told[key] = self._when(fact, event, reading, windows.frames)
        return found

    def _when(self, fact: Fact, event: Event, reading: Reading, windows: tuple[Frame, ...]) -> Found:
        presumed = fact.time is None and fact.domain != "drug"
        key = id(event), reading.past, presumed
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = self._holding(event, reading, presumed)
        if held.start[0] > self.day and all(f.end is not None and f.end[1] <= self.day for f in windows):
            return False, "no-data"
        best: Found = (False, "no-data")
        for frame in windows:
            truth = overlaps(held, frame)
            if truth is not False and frame.duration is not None:
                last = lasted(held, frame.duration, self.day)
                truth = False if last is False else truth if last else None
            if truth:
                return True, "decided"
            if truth is None:
                best = None, "undated" if frame.anchored else "no-anchor"
        if fact.time is None and happened(event):
            return None, "over"
        return best

    def _holding(self, event: Event, reading: Reading, presumed: bool) -> Held:
        """From when to when an event held. `presumed`: what was never said to be over still holds."""
        end = days(event.end) if event.end else None
        start = days(event.start) if event.start else (self.born, end[1] if end else self.day)
        if end is not None and end[1] < start[0]:
            end = None  # bad data: nobody knows which of the two is wrong
        if reading.past:
            return Held((self.born, start[1]), (self.born, start[1]))
        if end is not None:
            return Held(start, (max(end[0], start[0]), end[1]))
        if event.domain in _ACTS:
            return Held(start, start)
        if event.ongoing:
            return Held(start, (_NEVER, _NEVER))
        if event.ongoing is False:
            return Held(start, (start[0], max(start[1], self.day)))
        if presumed and not (passes(event) and start[0] < plus(self.day, -self.recent)):
            return Held(start, (_NEVER, _NEVER))
        return Held(start, (start[0], _NEVER))

    def _denies(self, event: Event, fact: Fact, windows: tuple[Frame, ...]) -> bool:
        """Whether a record that something was not speaks of all of a fact and of all its time.

        With an end it speaks of the days between; without one of all before its day, and for as long as is `recent`.
        """
        if fact.experiencer != "patient" or any(frame.duration is not None for frame in windows):
            return False
        said = {w for m in fact.modifiers for w in words(m.text)}
        if any(not set(words(s)) <= said for s in event.status):
            return False
        if event.start is None and event.end is None:
            return all(f.end is None or f.end[1] <= self.day for f in windows) and all(f.end for f in windows)
        start = days(event.start) if event.start else ANY
        for frame in windows:
            last = frame.end[1] if frame.end is not None else _NEVER
            if event.end is not None:
                first = frame.start[0] if frame.start is not None else date.min
                if not (start[1] <= first and last <= days(event.end)[0]):
                    return False
            elif not (last <= self.day and start[0] >= plus(last, -self.recent) and start[0] <= self.day):
                return False
        return True


def _worst(found: Sequence[Found]) -> Found:
    """What several answers come to that must all be yes: the first no, else the unknown that tells most."""
    unknown: Why | None = None
    for truth, why in found:
        if truth is False:
            return False, why
        if truth is None and (unknown is None or TELLING.index(why) < TELLING.index(unknown)):
            unknown = why
    return (True, "decided") if unknown is None else (None, unknown)


def _whenever(thing: Fact) -> Fact:
    """A fact at any time up to now, unless it says when."""
    return thing if thing.time is not None else replace(thing, time=_EVER)
