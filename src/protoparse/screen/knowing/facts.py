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

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Final

from msgspec.structs import replace

from protoparse import lexicon
from protoparse.concepts.terms import TermSource
from protoparse.concepts.wording import normal, words
from protoparse.days import Days, plus
from protoparse.model import INDEX_EVENTS, All, Anchor, Any_, Fact, Rule, facts
from protoparse.screen.knowing.amounts import Amount, Found, holds, meets
from protoparse.screen.knowing.matching import AGE, SEX, UNRECORDED, Key, Matcher, Reading, group_of
from protoparse.screen.knowing.measuring import TELLING, measured
from protoparse.screen.knowing.names import listed
from protoparse.screen.knowing.narrowing import names_field, narrowed, passes
from protoparse.screen.knowing.persons import decide_person, other_sex
from protoparse.screen.knowing.times import ANY, Frame, Held, frames, lasted, overlaps
from protoparse.screen.patient import Event, Patient, days
from protoparse.screen.verdicts import Decision, Truth, Why

_LATER: Final = frozenset({"study_end", "last_dose", "discharge"})
_ACTS: Final = ("procedure", "measurement")
"""What is over on the day on which it is done."""
_NEVER: Final = date.max


@cache
def _shared() -> Matcher:
    return Matcher()


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
        self._present: dict[Key, list[tuple[Event, Reading]]] = {}
        self._absent: dict[Key, list[Event]] = {}
        self._groups: set[str] = set()
        for event in dict.fromkeys(patient.events):
            for reading in self.matcher.readings(event):
                self._enter(event, reading)
        always = {UNRECORDED} | ({AGE} if self.birth else set()) | ({SEX} if patient.sex else set())
        self.keys: frozenset[Key] = frozenset(self._present.keys() | self._absent.keys() | always)
        self._decided: dict[int, tuple[Fact, Decision]] = {}

    def _enter(self, event: Event, reading: Reading) -> None:
        if reading.absent != event.absent:
            if not reading.family:
                for group, form in reading.own:
                    self._absent.setdefault((f"-{group}", form), []).append(event)
            return
        if event.absent:
            return  # "no asthma" was not so: nobody knows what is meant
        self._groups.add(group_of(event.domain))
        for group, form in reading.keys:
            key = (f"family {group}", form) if reading.family else (group, form)
            self._present.setdefault(key, []).append((event, reading))

    def touches(self, fact: Fact) -> bool:
        """Whether the record may say something of a fact."""
        return not self.keys.isdisjoint(keys_of(fact, matcher=self.matcher))

    def decide(self, fact: Fact) -> Decision:
        """What is known of a fact. Kept for as long as this lives, by the fact's identity: to compare costs more."""
        kept = self._decided.get(id(fact))
        if kept is not None:
            return kept[1]
        truth, why, events = self._decision(fact)
        made = Decision(fact=fact, truth=truth, why=why, events=events)
        self._decided[id(fact)] = fact, made
        return made

    # ------------------------------------------------------------------ one fact

    def _decision(self, fact: Fact) -> tuple[Truth, Why, tuple[Event, ...]]:
        keys = self.matcher.asked(fact)
        found: tuple[Truth, Why, tuple[Event, ...]]
        if self.keys.isdisjoint(keys):
            found = self._silent(fact)
        elif fact.experiencer == "patient" and fact.domain == "person" and (AGE in keys or SEX in keys):
            return decide_person(fact, self.patient, self._on(fact))
        elif fact.experiencer == "patient" and SEX in keys and other_sex(fact, self.patient):
            return False, "decided", ()
        else:
            found = self._matched(fact, keys)
        if fact.includes and found[0] is None and fact.count is None:
            for example in fact.includes:
                truth, events = self._example(example, fact)
                if truth:
                    return True, "decided", events
        if found[0] is False and found[1] == "complete" and self._doubtful(fact):
            return None, "no-data", found[2]
        return found

    def _matched(self, fact: Fact, keys: frozenset[Key]) -> tuple[Truth, Why, tuple[Event, ...]]:
        pairs: dict[int, tuple[Event, Reading]] = {}
        for key in keys & self._present.keys():
            for event, reading in self._present[key]:
                pairs[id(event)] = event, reading
        denials = {id(e): e for key in keys & self._absent.keys() for e in self._absent[key]}
        met = sorted(pairs.values(), key=lambda pair: pair[0].start or "")
        if fact.domain == "measurement":
            values = [event for event, _ in met]
            return measured(fact, values, self._frames(fact), self.day, born=self.born, recent=self.recent)
        windows = self._frames(fact)
        truth, why, events = self._existing(fact, met, windows)
        denied = tuple(e for e in denials.values() if self._denies(e, fact, windows))
        if denied:
            if truth:
                return None, "not-said", (*events, *denied)
            if fact.count is None or _more_than_none(fact):
                return False, "absent", denied
        if truth is None and not pairs:
            return (*self._silent(fact)[:2], tuple(denials.values()))
        return truth, why, events

    def _silent(self, fact: Fact) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Nothing of the kind in the record. A quantity that was never measured has a value all the same."""
        if fact.experiencer != "patient" or fact.domain in ("consent", "study", "other"):
            return None, "not-in-records", ()
        if fact.domain in self.patient.complete and fact.domain not in ("measurement", "person"):
            if fact.count is None or _more_than_none(fact):
                return False, "complete", ()
            return True, "complete", ()
        return None, "no-data", ()

    def _doubtful(self, fact: Fact) -> bool:
        """Whether a complete record may hold a member of a field under a name of its own: "cancer", "steroids"."""
        if group_of(fact.domain) not in self._groups:
            return False
        if fact.domain == "drug" and not any(c.system == "DrugBank" for c in fact.concept.codes):
            return True
        return bool(fact.includes) or names_field(fact)

    def _example(self, rule: Rule, fact: Fact) -> tuple[Truth, tuple[Event, ...]]:
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
            found = self._decision(meant)
            return found[0], found[2]
        if isinstance(rule, All | Any_):
            several = [self._example(one, fact) for one in rule.of]
            told = [events for truth, events in several if truth]
            if len(told) == len(rule.of) or (told and isinstance(rule, Any_)):
                return True, tuple(dict.fromkeys(e for events in told for e in events))
        return None, ()

    # ------------------------------------------------------------------ what was, or was not

    def _existing(
        self, fact: Fact, met: Iterable[tuple[Event, Reading]], windows: list[Frame]
    ) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Whether an event, or as many as are counted, surely meets a fact."""
        sure: list[Event] = []
        unsure: list[tuple[Why, Event]] = []
        far: list[Event] = []
        for event, reading in met:
            truth, why = self._meets(fact, event, reading, windows)
            if truth:
                sure.append(event)
            elif truth is None:
                unsure.append((why, event))
            else:
                far.append(event)
        if fact.count is not None:
            return self._counted(fact, sure, unsure, far)
        if sure:
            return True, "decided", tuple(sure)
        if unsure:
            why = min((why for why, _ in unsure), key=TELLING.index)
            return None, why, tuple(event for w, event in unsure if w == why)
        silent = self._silent(fact)
        return silent[0], silent[1], tuple(far)

    def _counted(
        self, fact: Fact, sure: list[Event], unsure: list[tuple[Why, Event]], far: list[Event]
    ) -> tuple[Truth, Why, tuple[Event, ...]]:
        """Occurrences: the record may hold too few of them, never too many; twice on a day is written down twice."""
        assert fact.count is not None
        if fact.count.unit is not None and fact.count.unit.ucum is not None:
            return None, "not-said", tuple(sure)
        least = len({(e.start, normal(e.name)) for e in sure if e.start}) or bool(sure)
        closed = fact.domain in self.patient.complete and not unsure and all(e.start for e in sure)
        most = least if closed else None
        truth = _between(fact, least, most)
        if truth is None:
            return None, "no-data", tuple(sure)
        return truth, "complete" if closed and not _between(fact, least, None) else "decided", tuple(sure or far)

    def _meets(self, fact: Fact, event: Event, reading: Reading, windows: list[Frame]) -> Found:
        """Whether one event is what a fact asks for in all respects."""
        found: list[Found] = [self._timed(fact, event, reading, windows)]
        if found[0][0] is False:
            return found[0]
        found += [narrowed(m, event) for m in fact.modifiers]
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
        for truth, why in found:
            if truth is False:
                return False, why
        unknown = [why for truth, why in found if truth is None]
        return (None, min(unknown, key=TELLING.index)) if unknown else (True, "decided")

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
            event.start
            for group in ("condition", "procedure", "drug", "visit")
            for event, _ in self._present.get((group, form), ())
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

    def _frames(self, fact: Fact) -> list[Frame]:
        """The windows of a fact; one without is of the day, or of all the past where it names an act."""
        today = self.day, self.day
        if fact.time is not None:
            found = frames(fact.time, self._anchored)
            if all(frame.start is frame.end is None for frame in found):  # "for at least 3 months": up to now
                return [frame._replace(start=None if fact.domain in _ACTS else today, end=today) for frame in found]
            return found
        return [Frame(None if fact.domain in _ACTS else today, today)]

    def _timed(self, fact: Fact, event: Event, reading: Reading, windows: list[Frame]) -> Found:
        presumed = fact.time is None and fact.domain != "drug"
        held = self._held(event, reading, presumed)
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
        return best

    def _held(self, event: Event, reading: Reading, presumed: bool) -> Held:
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

    def _denies(self, event: Event, fact: Fact, windows: list[Frame]) -> bool:
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


# ------------------------------------------------------------------ counting, passing


def _between(fact: Fact, least: int, most: int | None) -> Truth:
    """Whether a number of which the least, and perhaps the most, is known is what a count asks for."""
    assert fact.count is not None
    top = most if most is not None else least + 1000
    told = {holds(fact.count, n) for n in range(least, top + 1)}
    return told.pop() if len(told) == 1 else None


def _more_than_none(fact: Fact) -> bool:
    """Whether what is counted has to be there at all."""
    return fact.count is not None and _between(fact, 0, 0) is False
