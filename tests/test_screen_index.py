"""One patient against many trials: the answers are those of screening each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import all_, any_, criterion, document, fact, not_
from protoparse.model import Concept, Document, Domain, Fact, Trial, facts, load, walk
from protoparse.parsing import parse
from protoparse.screen import index as indexing
from protoparse.screen.index import Answers, Index
from protoparse.screen.logic import EXACT
from protoparse.screen.patient import Event, Patient
from protoparse.screen.screening import screen, screened
from protoparse.screen.verdicts import Decision, Truth
from test_screen import DAY, NAMES, lenient, random_document, seeds, truths

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*/criteria.json"))


class Chart:
    """A patient of whom the truth of facts is known, by what they are about; all else is unknown."""

    def __init__(self, known: Mapping[str, Truth], silent: Truth = None, domains: tuple[Domain, ...] = ()) -> None:
        self.known = known
        self.keys = frozenset(known)
        self.asked: list[Fact] = []
        self._silent = silent
        self._domains = domains

    def decide(self, asked: Fact, without: tuple[Fact, ...] = ()) -> Decision:
        self.asked.append(asked)
        silent = self._silent if asked.domain in self._domains else None
        value = self.known.get(asked.concept.text, silent)
        return Decision(fact=asked, truth=value, why="no-data" if value is None else "decided")


def keys_of(asked: Fact) -> list[str]:
    return [asked.concept.text]


def answers(documents: list[Document], chart: Chart, patient: Patient | None = None) -> Answers:
    return Index.keyed(documents, keys_of).screened(patient or Patient(id="p"), chart, day=DAY)


@lenient
@given(st.lists(seeds, min_size=1, max_size=12), truths)
def test_random_trials(randoms: list[Random], known: dict[str, Truth]) -> None:
    documents = [random_document(random, deep=True) for random in randoms]
    made = answers(documents, Chart(known))
    for n, doc in enumerate(documents):
        alone = screened(doc, Patient(id="p"), Chart(known), day=DAY)
        assert made.answers[n] == alone.answer
        assert made.details(n) == alone


def corpus() -> list[Document]:
    gold = [load(path.read_bytes()) for path in CORPUS]
    return [*gold, *[parse(doc.text) for doc in gold]]


def test_listings_of_the_corpus() -> None:
    documents = corpus()
    index = Index.keyed(documents, keys_of)
    named = sorted({x.concept.text for doc in documents for c in walk(doc.criteria) for x in facts(c.rule)})
    random, seen = Random(5), set()
    for share in (0.0, 0.05, 0.3, 0.9, 1.0):
        known = {name: random.random() < 0.5 for name in named if random.random() < share}
        made = index.screened(Patient(id="p"), Chart(known), day=DAY)
        assert [made.details(n).answer for n in range(len(documents))] == list(made.answers)
        seen |= set(made.answers)
    assert seen >= {"undetermined", "ineligible"}


def test_only_what_the_record_touches_is_decided() -> None:
    chart = Chart({"a": True})
    documents = [document(criterion(all_(fact("a"), any_(fact("b"), fact("c"))))), document(criterion(not_(fact("a"))))]
    made = answers(documents, chart)
    assert made.answers == ("undetermined", "ineligible")
    assert chart.asked == [fact("a")]


def test_a_complete_record_speaks_of_all_of_a_domain() -> None:
    documents = [document(criterion(fact("a"), kind="exclusion")), document(criterion(fact("b", "drug")))]
    chart = Chart({}, silent=False, domains=("condition",))
    made = answers(documents, chart, Patient(id="p", complete=("condition",)))
    assert made.answers == ("eligible", "undetermined")


@pytest.mark.parametrize("death", [None, "2024-02-01", "2024", "2030"])
def test_who_has_died_takes_part_in_nothing(death: str | None) -> None:
    documents = [document(criterion(fact("a"))), document(criterion(fact("b")))]
    patient = Patient(id="p", death=death)
    made = answers(documents, Chart({"a": True, "b": False}), patient)
    assert made.answers == tuple(made.details(n).answer for n in range(2))
    assert made.answers[0] == {"2024-02-01": "ineligible", "2024": "undetermined"}.get(death or "", "eligible")


def test_trials_keep_their_order_and_ids() -> None:
    documents = [Document(text="", trial=Trial(id=f"T{n}"), criteria=(criterion(fact(n)),)) for n in "cab"]
    made = answers(documents, Chart({"a": True, "b": False}))
    assert list(zip(made.trials, made.answers, strict=True)) == [
        ("Tc", "undetermined"), ("Ta", "eligible"), ("Tb", "ineligible")
    ]  # fmt: skip
    assert made.details(1).trial == "Ta"


@pytest.mark.parametrize("documents", [[], [document(text="See the site.")], [document(criterion(None))]])
def test_trials_that_ask_nothing(documents: list[Document]) -> None:
    made = answers(documents, Chart({}))
    assert list(made.answers) == [screened(doc, Patient(id="p"), Chart({}), day=DAY).answer for doc in documents]


def test_one_unknown_in_two_places() -> None:
    a = fact("a")
    tautology = any_(a, not_(a))
    many = [any_(fact(f"x{n}"), not_(fact(f"x{n}"))) for n in range(EXACT + 1)]
    documents = [
        document(criterion(tautology)),
        document(criterion(not_(tautology))),
        document(criterion(all_(tautology, not_(not_(tautology))), kind="exclusion")),
        document(criterion(all_(*many[:EXACT]))),
        document(criterion(all_(*many))),
        # by criteria, not by the whole trial: what one asks for and another excludes is asked for
        document(criterion(a), criterion(a, kind="exclusion")),
    ]
    assert answers(documents, Chart({})).answers == (
        "eligible", "ineligible", "ineligible", "eligible", "undetermined", "undetermined"
    )  # fmt: skip


def test_a_rule_within_another_is_not_completed_in_its_place() -> None:
    """A rule and the same as a part of another are one formula, but only whole rules are completed."""
    a = fact("a")
    same = any_(a, not_(a))
    documents = [document(criterion(same)), document(criterion(all_(same, fact("b")))), document(criterion(same))]
    assert answers(documents, Chart({"b": True})).answers == ("eligible",) * 3
    assert answers(documents, Chart({"b": False})).answers == ("eligible", "ineligible", "eligible")


def test_the_best_trials_come_first() -> None:
    """The best answer, then the fewest facts that are unknown of criteria that are open by them."""
    a, b, c = fact("a"), fact("b"), fact("c")
    documents = [
        document(criterion(a, kind="exclusion")),
        document(criterion(any_(a, b, c)), criterion(all_(b, c))),
        document(criterion(all_(b, c)), criterion(b)),
        document(criterion(c)),
        document(criterion(any_(a, c))),
        document(criterion(b, criterion(c, id="1.1"), criterion(c, id="1.2"))),
    ]
    made = answers(documents, Chart({"a": True}))
    assert made.answers == ("ineligible", *["undetermined"] * 3, "eligible", "undetermined")
    assert made.waiting == (0, 2, 3, 1, 0, 2)
    assert made.ranked() == [4, 3, 1, 5, 2, 0]
    assert [screening.answer for screening in map(made.details, made.ranked())] == [
        made.answers[n] for n in made.ranked()
    ]


def test_alike_trials_are_evaluated_once() -> None:
    doc = document(criterion(all_(*[any_(fact(x), fact(y)) for x, y in pairwise(NAMES)])))
    one, many = (Index.keyed([doc] * n, keys_of) for n in (1, 50))
    assert evaluated(one) == evaluated(many)


def evaluated(index: Index) -> int:
    values = np.full(index._size, 1, np.uint8)
    for level in index._levels:
        indexing._evaluate(level, values)
    return len(values)


@pytest.mark.skipif(find_spec("protoparse.screen.knowing.facts") is None, reason="no facts are decided yet")
def test_patients_and_their_records() -> None:
    """With facts decided by a record, as everybody uses it: the index and screening one by one say the same."""
    documents = corpus()[: len(CORPUS)]
    index = Index(documents)
    for complete in ((), ("condition", "drug")):
        man = Patient(
            id="m",
            sex="male",
            birth="1950-02-03",
            complete=complete,
            events=(
                Event(domain="condition", name="Acute myeloid leukemia", start="2024-01-15", ongoing=True),
                Event(domain="condition", name="Type 2 diabetes mellitus", start="2011", ongoing=True),
                Event(domain="measurement", name="Platelets", start="2024-02-20", value=45, unit="10*9/L"),
                Event(domain="measurement", name="Creatinine", start="2024-02-20", value=0.9, unit="mg/dL"),
                Event(domain="drug", name="metformin", start="2015-03", ongoing=True),
                Event(domain="procedure", name="Appendectomy", start="1971"),
            ),
        )
        for patient in (man, Patient(id="w", sex="female", birth="1993", complete=complete), Patient(id="x")):
            made = index.screen(patient, day=DAY)
            alone = [screen(doc, patient, day=DAY) for doc in documents]
            assert list(made.answers) == [screening.answer for screening in alone]
            assert made.details(3) == alone[3]
            assert patient.id == "x" or "ineligible" in made.answers


def test_events_of_one_day_keep_the_order_of_the_record() -> None:
    """Whatever they are called: two runs say the same."""
    words = ("Acute bronchitis", "Chronic bronchitis", "Bronchitis", "Viral bronchitis", "Bronchitis, unspecified")
    events = [Event(domain="condition", name=name, start="2024-01-15", source=name) for name in words]
    asked = document(criterion(Fact(domain="condition", concept=Concept(text="bronchitis", name="bronchitis"))))
    patient = Patient(id="p", events=(*events, Event(domain="condition", name="Bronchitis", start="2011", source="0")))
    [verdict] = screen(asked, patient, day=DAY).verdicts
    told = [event.source for event in verdict.decisions[0].events]
    assert len(told) > 3
    assert told == sorted(told, key=["0", *words].index)
