"""The stages whose time is measured: timers are put around them, and taken away again."""

from __future__ import annotations

from types import ModuleType

import pytest

from protoparse import parsing
from protoparse.parsing import Parser
from scripts import ROOT, script

TEXT = "Inclusion Criteria:\n\n* Age of 18 years or more\n* No history of stroke (CVA)\n* Gout\n* Gout\n"


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return script("benchmarks", "stages")


def test_every_stage_of_an_unseen_text_takes_time_and_a_known_one_is_not_read_again(stages: ModuleType) -> None:
    unseen, warm = stages.measured(Parser(concepts="lexicon"), [TEXT], 1)
    asleep = {"sources", "recogniser", "garbage collection"}
    assert {stage for stage in stages.STAGES if not unseen[stage]} <= asleep
    assert not warm["lexing"]
    assert not warm["grammar"]
    assert sum(unseen[stage] for stage in stages.STAGES) == pytest.approx(unseen["with timers"], rel=0.1)


def test_timers_change_nothing_and_are_taken_away(stages: ModuleType) -> None:
    parser, before = Parser(concepts="lexicon"), vars(parsing).copy()
    plain = parser.parse(TEXT)
    with stages.Clock().running():
        assert parser.parse(TEXT) == plain
        assert vars(parsing) != before
    assert vars(parsing) == before


def test_a_stage_that_was_moved_is_named(stages: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stages.STAGES, "grammar", ["protoparse.parsing:gone"])
    with pytest.raises(SystemExit, match=r"there is no protoparse\.parsing:gone"):
        stages.measured(Parser(concepts="lexicon"), [TEXT], 1)
