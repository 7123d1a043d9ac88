"""How sure a parse is of its facts and criteria: that it says so, where, and what it does not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from factories import all_, any_, except_, fact, if_, not_
from protoparse.check import check
from protoparse.confidence.features import Piece, fact_features, placed
from protoparse.confidence.scoring import Weights, scored, shipped
from protoparse.errors import DocumentError
from protoparse.model import (
    FORMAT,
    SCORED,
    Concept,
    Document,
    Fact,
    dump,
    facts,
    load,
    walk,
    without_confidence,
    without_spans,
)
from protoparse.parsing import Parser, parse

CORPUS = Path(__file__).parents[1] / "corpus"

TEXT = """Inclusion Criteria:

* Adults aged 18 years or older
* Platelets ≥ 90 x 10^9/L within 10 days before enrollment
* For patients with liver metastases: AST ≤ 5 × ULN

Exclusion Criteria:

* History of stroke, unless it was more than 2 years ago
* Any of the following:
  * Pregnancy
  * NSAIDs such as ibuprofen
"""


def all_facts(of: Document) -> list[Fact]:
    return [f for c in walk(of.criteria) for f in facts(c.rule)]


def sure(text: str) -> float:
    """The confidence of the only fact of a text."""
    [found] = all_facts(parse(text))
    assert found.confidence is not UNSET
    return found.confidence


# ------------------------------------------------------------------ what a parse carries


def test_every_fact_and_every_criterion_with_a_rule_has_one() -> None:
    made = parse(TEXT)
    assert made.format == SCORED
    told = [f.confidence for f in all_facts(made)]
    assert len(told) == 7
    assert all(c is not UNSET and 0 < c < 1 and round(c, 3) == c for c in told)
    for c in walk(made.criteria):
        assert (c.confidence is not UNSET) == (c.rule is not None)
        assert c.confidence is UNSET or (0 < c.confidence < 1 and round(c.confidence, 3) == c.confidence)


def test_it_can_be_left_out() -> None:
    plain = Parser(confidence=False).parse(TEXT)
    assert plain.format == FORMAT
    assert b"confidence" not in dump(plain)
    full = Parser().parse(TEXT)
    assert plain.criteria == without_confidence(full.criteria)
    assert plain.criteria != full.criteria
    assert plain.notes == full.notes


def test_it_is_the_same_wherever_the_words_stand_and_whatever_was_read_before() -> None:
    once = Parser().parse(TEXT)
    parser = Parser()
    parser.parse("Exclusion Criteria:\n\n* Gout\n* Pregnancy\n")
    assert parser.parse(TEXT) == parser.parse(TEXT) == once
    moved = parser.parse(TEXT.replace("* Adults", "* Written informed consent\n* Adults"))
    assert [f.confidence for f in all_facts(moved)][1:] == [f.confidence for f in all_facts(once)]


def test_codes_do_not_change_it() -> None:
    without = Parser(codes=False).parse(TEXT)
    assert [f.confidence for f in all_facts(without)] == [f.confidence for f in all_facts(parse(TEXT))]


def test_what_says_nothing_has_none() -> None:
    for text in ("", "Inclusion Criteria:\n"):
        assert parse(text).format == FORMAT
    spoken = parse("condition [gout]{gout}")
    assert spoken.format == FORMAT
    assert [f.confidence for f in all_facts(spoken)] == [UNSET]


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in CORPUS.glob("*/criteria.json")))
def test_what_is_written_by_hand_has_none(folder: str) -> None:
    gold = load((CORPUS / folder / "criteria.json").read_bytes())
    assert gold.format == FORMAT
    assert without_confidence(gold) == gold


def test_a_clean_sentence_is_surer_than_a_garbled_one() -> None:
    clean = sure("Exclusion Criteria:\n\n* Type 2 diabetes mellitus\n")
    assert clean > 0.9
    assert clean > sure(
        "Exclusion Criteria:\n\n* zorb of Type 2 diabetes mellitus quux which pending frob the wibble\n"
    )
    assert clean > sure("Exclusion Criteria:\n\n* abnormal circumstances of situation\n")


def test_a_plain_criterion_is_surer_than_a_long_winded_one() -> None:
    made = parse(
        "Exclusion Criteria:\n\n* Pregnancy\n* Patients, or those who, whether or not treated earlier elsewhere under "
        "another name, had gout, asthma or stroke unless resolved, or migraine with aura, of which frobs were not\n"
    )
    plain, winded = (c.confidence for c in made.criteria)
    assert plain is not UNSET
    assert winded is not UNSET
    assert plain > winded


# ------------------------------------------------------------------ the format


def test_both_formats_are_read_and_written() -> None:
    for made in (parse(TEXT), parse(TEXT, confidence=False)):
        assert load(dump(made)) == made
        assert dump(load(dump(made))) == dump(made)
        assert load(dump(made, indent=2)) == made
        assert check(dump(made)) == []
        assert check(dump(made), reparse=True) == []


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "high", None])
def test_it_lies_between_0_and_1(wrong: Any) -> None:
    tree = msgspec.json.decode(dump(parse(TEXT)))
    tree["criteria"][0]["rule"]["confidence"] = wrong
    with pytest.raises(DocumentError, match="confidence"):
        load(msgspec.json.encode(tree))


def test_check_tells_formats_apart() -> None:
    made = parse(TEXT)
    assert check(dump(replace(made, format=FORMAT)))[0] == f"document: {FORMAT} has no confidence, {SCORED} has"
    bare = replace(made, criteria=without_confidence(made.criteria))
    assert check(dump(bare)) == [f"document: without any confidence its format is {FORMAT}"]


def test_it_is_no_part_of_what_is_said() -> None:
    one, other = replace(fact("gout"), confidence=0.4), fact("gout")
    assert one != other
    assert without_spans(one) == without_spans(other) == without_confidence(one) == other
    made = parse("Exclusion Criteria:\n\n* Gout\n* Asthma, or a wibbling frob\n* gout\n")
    assert [n.code for n in made.notes if n.code == "duplicate"] == ["duplicate"]


# ------------------------------------------------------------------ scores


def test_scores_go_to_facts_in_the_order_of_the_model() -> None:
    rule = all_(
        if_(fact("a"), any_(fact("b"), not_(fact("c", includes=(fact("d"), fact("e")))))),
        except_(fact("f"), fact("g"), fact("h")),
    )
    given = scored(rule, iter([k / 10 for k in range(8)]))
    assert [f.confidence for f in facts(given)] == [k / 10 for k in range(8)]
    assert without_confidence(given) == rule
    assert [f for f, _ in placed(rule)] == list(facts(rule))


def test_a_share_is_read_off_the_curve() -> None:
    curved = Weights(bias=1, weights={"a": 2, "b": -0.5}, curve=((0, 0.1), (2, 0.5), (4, 0.9)))
    assert curved.sum(["a", "b", "unknown"]) == 2.5
    assert curved.weighed({"a": 0.5, "b": 2, "unknown": 3}) == 1
    assert [curved.share(t) for t in (-5, 0, 1, 2, 3.5, 4, 9)] == [0.1, 0.1, 0.3, 0.5, 0.8, 0.9, 0.9]
    assert [Weights(bias=0, weights={}).share(t) for t in (-9999, 0, 9999)] == [0, 0.5, 1]


def test_the_table_fits_the_features() -> None:
    model = shipped()
    shares = [share for _, share in model.fact.curve]
    assert shares == sorted(shares)
    rule = not_(fact(Concept(text="gout", span=(3, 7))))
    [found] = fact_features(placed(rule), Piece("No gout", 0, 7, "inclusion", (), {(3, 7): "term"}))
    assert {"condition,term", "condition,words=0", "only=gout", "under=not", "directly=not", "unread=0"} <= set(found)
    assert {"condition,term", "under=not"} <= set(model.fact.weights)
