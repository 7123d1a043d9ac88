"""The parser as a whole: the same in gives the same out, wherever a wording stands and whatever was read before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protoparse import __version__, model
from protoparse.check import check
from protoparse.errors import InputError, NestingError
from protoparse.grammar.files import fingerprint
from protoparse.model import (
    Age,
    Criterion,
    Document,
    Fact,
    Not,
    Trial,
    Unit,
    Window,
    dump,
    facts,
    load,
    walk,
    without_spans,
)
from protoparse.parsing import Parser, parse
from protoparse.render import render
from protoparse.sources import Listing, read

CORPUS = sorted(p.parent for p in (Path(__file__).parents[1] / "corpus").glob("*/criteria.json"))
each_folder = pytest.mark.parametrize("folder", CORPUS, ids=lambda folder: folder.name)

TEXT = """Inclusion Criteria:

1. Age 18 years or older
2. ECOG 0-1
3. No stroke within 6 months before screening

Exclusion Criteria:

* Severe asthma (except occupational asthma)
* AST or ALT > 3 x ULN
"""


def listing(folder: Path) -> Listing:
    [found] = read(next(folder.glob("source.*")))
    return found


def quotes(text: str, value: Any) -> None:
    """Every concept, modifier and anchor of a record stands in its place."""
    if isinstance(value, tuple):
        for member in value:
            quotes(text, member)
    for field in getattr(value, "__struct_fields__", ()):
        quotes(text, getattr(value, field))
    if getattr(value, "text", None) is not None and getattr(value, "span", None) is not None:
        assert text[slice(*value.span)] == value.text


# ------------------------------------------------------------------ what a document holds


def test_a_text_becomes_a_document() -> None:
    document = parse(TEXT)
    assert document.text == TEXT
    assert [c.id for c in document.criteria] == [
        "inclusion.1", "inclusion.2", "inclusion.3", "exclusion.1", "exclusion.2",
    ]  # fmt: skip
    assert [c.label for c in document.criteria] == ["1.", "2.", "3.", "*", "*"]
    assert [n.message for n in document.notes if n.code == "heading"] == ["Inclusion Criteria:", "Exclusion Criteria:"]
    age, ecog, stroke, asthma, liver = (c.rule for c in document.criteria)
    assert isinstance(age, Fact)
    assert (age.domain, age.concept.text) == ("person", "Age")
    assert age.value is not None
    assert (age.value.operator, age.value.value, age.value.unit) == (">=", 18, Unit(text="years", ucum="a"))
    assert isinstance(ecog, Fact)
    assert ecog.value is not None
    assert (ecog.value.low, ecog.value.high) == (0, 1)
    assert isinstance(stroke, Not)
    assert isinstance(stroke.of, Fact)
    assert isinstance(stroke.of.time, Window)
    assert isinstance(asthma, model.Except)
    assert isinstance(liver, model.Any_)
    assert [f.concept.text for f in model.facts(liver)] == ["AST", "ALT"]
    assert {f.value.reference for f in model.facts(liver) if f.value} == {"ULN"}
    quotes(TEXT, document.criteria)
    assert check(dump(document)) == []


def test_a_document_says_what_made_it() -> None:
    info = parse("stroke").parser
    assert info is not None
    assert (info.name, info.version, info.grammar) == ("protoparse", __version__, fingerprint())


@pytest.mark.parametrize("text", ["", " ", "\n\n\t \r\n", "\u00a0"])
def test_a_text_of_nothing_has_no_criteria(text: str) -> None:
    document = parse(text)
    assert (document.criteria, document.text) == ((), text)
    assert check(dump(document)) == []


def test_a_text_of_headings_has_no_criteria() -> None:
    text = "Inclusion Criteria:\n\nExclusion Criteria:\n"
    document = parse(text)
    assert document.criteria == ()
    assert [text[slice(*n.span)] for n in document.notes if n.span and n.code == "heading"] == [
        "Inclusion Criteria:",
        "Exclusion Criteria:",
    ]
    assert check(dump(document)) == []


def test_a_long_heading_is_cut_in_its_note() -> None:
    text = "Inclusion Criteria for all participants " + "of this part of the trial " * 8 + ":\n* stroke"
    assert all(len(note.message) <= 120 for note in parse(text).notes if note.code in ("heading", "preamble"))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Platelets ≥ 100 x109/L", ["x109/L"]),
        ("Platelets ≥ 100 x 10 9/L, neutrophils ≥ 1.5×109 / L", ["x 10 9/L", "×109 / L"]),
        ("WBC 4 x 103/µL", ["x 103/µL"]),
        ("CD34 cells ≥ 2 x 106 cells/kg", ["x 106 cells/kg"]),
        ("Platelets ≥ 100 109/L", ["109/L"]),
        ("Platelets ≥ 100 x 10^9/L, × 10⁹/L, 10e9/L, 10(9)/L, 10*9/L", []),
        ("Platelets ≥ 109/L", []),
        ("Hemoglobin ≥ 110/L, 1,109/L, blood pressure 109/60", []),
    ],
)
def test_a_lost_superscript_is_noted(text: str, places: list[str]) -> None:
    found = [note for note in parse(text).notes if note.code == "lost-superscript"]
    assert [text[slice(*note.span)] for note in found if note.span] == places
    for note, place in zip(found, places, strict=True):
        assert note.message.startswith(f"'{place}' is read as a power of ten")


def test_what_is_not_understood_is_kept() -> None:
    document = parse("Inclusion Criteria:\n* Able to zorble the quux, in the opinion of no one")
    [criterion] = document.criteria
    assert check(dump(document)) == []
    covered = [*criterion.unparsed, *([criterion.rule.span] if criterion.rule and criterion.rule.span else [])]
    assert covered


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("severe asthma (except exercise-induced)", "exercise-induced"),
        ("stroke unless severe", "severe"),
        ("stroke if severe", "severe"),
        ("stroke (including mild)", "mild"),
        ("asthma except within 3 weeks", "within 3 weeks"),
        ("chemotherapy (other than 5 mg)", "5 mg"),
        ("men or women with asthma", "asthma"),
        ("male and female patients with stroke", "stroke"),
    ],
)
@pytest.mark.parametrize("heading", ["Inclusion Criteria:\n* ", "Exclusion Criteria:\n* "])
def test_what_qualifies_is_read_or_marked_as_unread(heading: str, text: str, word: str) -> None:
    criterion = only(parse(heading + text))
    start = len(heading) + text.index(word)
    places = [*criterion.unparsed, *(place for place in said(criterion.rule))]
    assert any(a <= start and start + len(word) <= b for a, b in places)


def said(value: Any) -> Iterator[tuple[int, int]]:
    """The places of all that a rule says: its concepts, modifiers, comparisons, windows and anchors."""
    if isinstance(value, tuple):
        for member in value:
            yield from said(member)
    for field in getattr(value, "__struct_fields__", ()):
        yield from said(getattr(value, field))
    if isinstance(value, model.Concept | model.Modifier | model.Comparison | Window | model.Anchor) and value.span:
        yield value.span


def test_an_item_that_only_introduces_others_has_no_rule() -> None:
    text = "Exclusion Criteria:\n1. Any of the following:\n   a) asthma\n   b) COPD\n"
    [parent] = parse(text).criteria
    assert (parent.rule, parent.combine) == (None, "any")
    assert [c.id for c in parent.children] == ["exclusion.1.1", "exclusion.1.2"]
    assert [c.rule.concept.text for c in parent.children if isinstance(c.rule, Fact)] == ["asthma", "COPD"]


def test_nesting_without_end_is_refused() -> None:
    text = "Inclusion Criteria:\n" + "".join(f"{'  ' * n}* level {n}:\n" for n in range(model.MAX_DEPTH + 20))
    with pytest.raises(NestingError, match="deeper than"):
        parse(text)


def test_nesting_within_the_limit_is_read() -> None:
    text = "Inclusion Criteria:\n" + "".join(f"{'  ' * n}* stroke {n}:\n" for n in range(20))
    assert check(dump(parse(text))) == []


def test_what_tells_kinds_of_things_is_the_model_unless_said() -> None:
    with pytest.raises(ValueError, match="'x'"):
        Parser(concepts="x")
    assert Parser(concepts="model").parse("stroke") == parse("stroke")
    assert Parser(concepts="lexicon").parse("stroke").criteria == parse("stroke").criteria


# ------------------------------------------------------------------ listings


def test_the_registry_s_fields_are_carried_over() -> None:
    trial = Trial(
        id="NCT00000000",
        registry="ClinicalTrials.gov",
        title="A Trial of Nothing",
        conditions=("Asthma", "COPD"),
        minimum_age=Age(value=3, unit=Unit(text="Years", ucum="a")),
        sex="female",
        healthy_volunteers=False,
    )
    document = parse(Listing(trial=trial, text=TEXT, name="made up"))
    assert document.trial == trial
    assert document.text == TEXT
    assert document.criteria == parse(TEXT).criteria
    assert load(dump(document)) == document


def test_a_bare_text_has_no_fields() -> None:
    assert parse(TEXT).trial == Trial()


@each_folder
def test_a_listing_of_the_corpus_is_sound(folder: Path) -> None:
    document = parse(listing(folder))
    assert document.trial == listing(folder).trial
    assert document.criteria
    assert check(dump(document), reparse=True) == []
    quotes(document.text, document.criteria)


# ------------------------------------------------------------------ same in, same out


@each_folder
def test_two_parsers_agree(folder: Path) -> None:
    source = listing(folder)
    first, second = Parser(), Parser()
    once = dump(first.parse(source))
    assert once == dump(second.parse(source))
    assert once == dump(first.parse(source)), "a reading that is remembered is another"
    second.known.clear()
    assert once == dump(second.parse(source))


def test_what_was_read_before_does_not_matter() -> None:
    warm = Parser()
    for folder in CORPUS:
        warm.parse(listing(folder))
    for folder in reversed(CORPUS):
        assert dump(warm.parse(listing(folder))) == dump(Parser().parse(listing(folder)))


PIECES = [
    "stroke", "no stroke or TIA within 6 months", "AST and ALT ≤ 2.5 x ULN", "severe asthma, except if stable",
    "Hb < 9 g/dL", "NSAIDs (e.g. ibuprofen)", "for women, hemoglobin > 12 g/dL", "pregnant", "İ stroke",
    "\\< 5 % blasts",
    "stroke <!-- of any kind\n-->", "zorble", "age 18 to 75 years", "prior chemotherapy is allowed",
    "Any of the following:",
]  # fmt: skip
outlines = st.lists(
    st.one_of(
        st.sampled_from(["Inclusion Criteria:", "Exclusion Criteria:", "", "Part B"]),
        st.tuples(st.sampled_from(["* ", "1. ", "  * ", "a) ", "- ", ""]), st.sampled_from(PIECES)).map("".join),
    ),
    max_size=8,
).map("\n".join)
shared_parser = Parser()


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(outlines)
def test_a_remembered_reading_is_the_reading(text: str) -> None:
    document = shared_parser.parse(text)
    assert document == Parser().parse(text)
    assert document == shared_parser.parse(text)
    quotes(text, document.criteria)


def only(document: Document) -> Criterion:
    [criterion] = document.criteria
    return criterion


def test_a_wording_moved_keeps_its_meaning_and_finds_its_place() -> None:
    parser = Parser()
    wording = "severe asthma or stroke (hemorrhagic) within 4 weeks before screening, zorble"
    here = only(parser.parse(f"Exclusion Criteria:\n* {wording}"))
    text = f"Exclusion Criteria:\n\n\n\n   *    {wording}\n\n"
    assert len(parser.known) == 1
    there = only(parser.parse(text))
    assert len(parser.known) == 1
    assert there == only(Parser().parse(text))
    assert there.rule is not None
    assert here.rule is not None
    assert without_spans(there.rule) == without_spans(here.rule)
    by = text.index(wording) - len("Exclusion Criteria:\n* ")
    assert there.rule == model.moved(here.rule, by)
    assert there.unparsed == tuple((a + by, b + by) for a, b in here.unparsed)
    quotes(text, there)


def test_a_wording_twice_in_a_text_has_two_places() -> None:
    text = "Exclusion Criteria:\n* severe asthma\n* stroke\n* severe asthma\n"
    first, _, last = parse(text).criteria
    assert first.rule is not None
    assert last.rule is not None
    assert without_spans(first.rule) == without_spans(last.rule)
    assert first.rule.span == (22, 35)
    assert last.rule.span == (47, 60)


@pytest.mark.parametrize("wording", ["stroke, TIA", "if zorble of the quux, stroke", "if pregnant, stroke"])
def test_the_same_wording_may_mean_other_things_in_inclusion_and_exclusion(wording: str) -> None:
    parser = Parser()
    document = parser.parse(f"Inclusion Criteria:\n* {wording}\nExclusion Criteria:\n* {wording}\n")
    assert set(parser.known) == {("inclusion", wording, ()), ("exclusion", wording, ())}
    required, excluding = (c.rule for c in document.criteria)
    assert required is not None
    assert excluding is not None
    assert without_spans(required) != without_spans(excluding)


def test_only_the_latest_readings_are_kept() -> None:
    class Forgetful(Parser):
        KEPT = 5

    parser = Forgetful()
    for n in range(12):
        parser.parse(f"asthma of type number {n} of all")
        assert len(parser.known) <= 5
    assert [text.split()[4] for _, text, _ in parser.known] == ["7", "8", "9", "10", "11"]
    many = "Exclusion Criteria:\n" + "".join(f"* stroke of person {chr(97 + n)}\n" for n in range(20))
    assert parser.parse(many) == Parser().parse(many)
    assert len(parser.known) == 5
    assert 1000 < Parser.KEPT < 10**6


def test_what_is_refused_leaves_the_parser_as_good_as_new() -> None:
    parser = Parser()
    with pytest.raises(NestingError):
        parser.parse("".join(f"{'  ' * n}* level {n}:\n" for n in range(model.MAX_DEPTH + 20)))
    assert parser.parse(TEXT) == Parser().parse(TEXT)


def test_a_rule_too_deep_for_the_stack_is_refused_as_such() -> None:
    with pytest.raises(NestingError, match="deeper than"):
        parse("* " + "if stroke, gout unless " * 3000)


# ------------------------------------------------------------------ canonical English


@pytest.mark.parametrize("margin", ["", "\n  "])
def test_canonical_english_is_one_criterion(margin: str) -> None:
    text = f"{margin}not (condition [stroke] or condition [TIA]) and person [age] ≥ 18 years{margin}"
    criterion = only(parse(text))
    assert (criterion.id, criterion.kind, criterion.unparsed) == ("unspecified.1", "unspecified", ())
    assert text[slice(*criterion.span)] == text.strip()
    assert criterion.rule is not None
    assert render(criterion.rule) == text.strip()
    assert check(dump(parse(text))) == []


def test_what_nearly_is_canonical_english_is_read_as_a_text() -> None:
    text = "condition [stroke] and TIA, unless minor"
    assert only(parse(text)).rule != only(parse("condition [stroke]")).rule
    assert check(dump(parse(text))) == []


@each_folder
def test_gold_rules_survive_their_english(folder: Path) -> None:
    gold = load((folder / "criteria.json").read_bytes())
    for criterion in walk(gold.criteria):
        if criterion.rule is not None:
            again = only(parse(render(criterion.rule))).rule
            assert again is not None
            assert without_spans(again) == without_spans(criterion.rule)


@each_folder
def test_rules_that_were_parsed_survive_their_english(folder: Path) -> None:
    for criterion in walk(parse(listing(folder)).criteria):
        if criterion.rule is not None:
            again = only(parse(render(criterion.rule))).rule
            assert again is not None
            assert without_spans(again) == without_spans(criterion.rule)


# ------------------------------------------------------------------ spaCy


def test_a_spacy_pipeline_gives_the_criteria() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("protoparse")
    assert nlp.pipe_names == ["protoparse"]
    assert nlp(TEXT)._.criteria == parse(TEXT)
    documents = list(nlp.pipe(["stroke", "", TEXT]))
    assert [len(doc._.criteria.criteria) for doc in documents] == [1, 0, 5]
    assert [doc.text for doc in documents] == ["stroke", "", TEXT]


def test_two_pipelines_stand_side_by_side() -> None:
    first, second = spacy.blank("en"), spacy.blank("de")
    first.add_pipe("protoparse")
    second.add_pipe("protoparse")
    assert first("no stroke")._.criteria == second("no stroke")._.criteria
    assert spacy.blank("en")("no stroke")._.criteria is None


def test_half_a_character_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^half a character \(a lone surrogate\) at 2$"):
        Parser().parse("ab\ud800")


# ------------------------------------------------------------------ abbreviations


def named(document: Document) -> set[tuple[str, str | None, str]]:
    found = [f for c in walk(document.criteria) for f in model.facts(c.rule)]
    return {(f.concept.text, f.concept.name, f.domain) for f in found}


@pytest.mark.parametrize(
    ("long", "use", "expected"),
    [
        # the vocabulary knows the long form
        ("A zinc deficiency (ZD)", "Untreated ZD", ("ZD", "zinc deficiency", "condition")),
        ("A narrow angle glaucoma (NAG)", "Untreated NAG", ("NAG", "narrow-angle glaucoma", "condition")),
        # only its last word says what it is
        ("Chronic widget syndrome (CWS)", "Severe CWS", ("CWS", "chronic widget syndrome", "condition")),
        ("Chronic widget syndrome (hereafter 'CWS')", "Severe CWS", ("CWS", "chronic widget syndrome", "condition")),
        ("Widget uptake test（WUT）", "Positive WUT", ("WUT", "widget uptake test", "measurement")),
        # the listing's meaning goes before the vocabulary's
        ("Acute lupus syndrome (ALS)", "Prior ALS", ("ALS", "acute lupus syndrome", "condition")),
        # other letters, another case
        ("Chronic widget syndrome (ZQX)", "Severe ZQX", None),
        ("Chronic widget syndrome (CWS)", "Severe cws", None),
    ],
)  # fmt: skip
def test_an_abbreviation_means_what_the_listing_says(
    long: str, use: str, expected: tuple[str, str, str] | None
) -> None:
    alone = named(parse(f"Exclusion Criteria:\n* {use}\n"))
    defined = parse(f"Exclusion Criteria:\n* {long}\n* {use}\n")
    assert named(replace(defined, criteria=defined.criteria[1:])) == ({expected} if expected else alone)
    assert expected not in alone


def test_an_event_may_be_abbreviated() -> None:
    define, use = "Surgery before the first administration of study drug (FASD)", "Fever within 7 days before FASD"
    text = f"Exclusion Criteria:\n* {define}\n* {use}\n"
    fever = parse(text).criteria[1].rule
    assert isinstance(fever, Fact)
    assert fever.time is not None
    assert isinstance(fever.time.end, model.Bound)
    assert (fever.time.end.anchor.event, fever.time.end.anchor.text) == ("first_dose", "FASD")


def test_definitions_of_one_listing_are_no_others() -> None:
    use = "Exclusion Criteria:\n* Severe CWS\n"
    listings = [use, use + "* Chronic widget syndrome (CWS)\n", use + "* Complete widget surgery (CWS)\n", use]
    warm = Parser()
    first = [dump(warm.parse(text)) for text in listings]
    assert first == [dump(Parser().parse(text)) for text in listings]
    assert first == [dump(warm.parse(text)) for text in listings]
    assert [("CWS", "chronic widget syndrome", "condition") in named(load(data)) for data in first] == [
        False, True, False, False,
    ]  # fmt: skip


def test_two_meanings_are_noted_and_neither_is_taken() -> None:
    text = "Exclusion Criteria:\n* Chronic widget syndrome (CWS)\n* Complete widget surgery (CWS)\n* Severe CWS\n"
    document = parse(text)
    [note] = [n for n in document.notes if n.code == "abbreviation-ambiguous"]
    assert note.message == "CWS is defined as 'chronic widget syndrome' and as 'complete widget surgery'"
    assert note.span is not None
    assert text[slice(*note.span)] == "(CWS)"
    assert "CWS" in {words for words, name, _ in named(document) if name == "cws"}


def test_capitals_are_no_leukaemia() -> None:
    text = "Exclusion Criteria:\n* Acute lymphoblastic leukemia (ALL)\n* ALL OF THE FOLLOWING: asthma\n* Relapsed ALL\n"
    *_, shouted, relapsed = [named(replace(parse(text), criteria=(c,))) for c in parse(text).criteria]
    assert not any("leukemia" in (name or "") for _, name, _ in shouted)
    assert any("acute lymphoblastic leukemia" in (name or "") for _, name, _ in relapsed)


# ------------------------------------------------------------------ many listings

DATA = Path(os.environ.get("PROTOPARSE_DATA", "")) / "bulk" / "eligibility.jsonl"


@pytest.mark.skipif("PROTOPARSE_DATA" not in os.environ or not DATA.exists(), reason="PROTOPARSE_DATA is not set")
def test_a_warm_parser_gives_the_bytes_of_a_cold_one() -> None:
    with DATA.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 0, 3000, 10)]
    warm, cold = Parser(), Parser()
    for text in texts:
        warm.parse(text)
    for text in reversed(texts):
        cold.known.clear()
        assert dump(warm.parse(text)) == dump(cold.parse(text))


def test_the_window_of_a_lead_in_keeps_the_promises_of_the_format() -> None:
    text = "Exclusion Criteria:\n\n1. Any of the following within 5 months:\n   - Stroke\n   - Major bleeding\n"
    document = parse(text, codes=False)
    assert [render(c.rule) for c in document.criteria[0].children if c.rule] == [
        "condition [Stroke] in the 5 months before unspecified",
        "condition [bleeding] (severity: Major = major) in the 5 months before unspecified",
    ]
    assert check(dump(document)) == []


@pytest.mark.parametrize("words", ["A, B, C; ", "II or ", "U.S. ", "Y/N; "])
def test_single_words_without_end_say_nothing_but_what_is_known_among_them(words: str) -> None:
    head, text = "Exclusion Criteria:\n\n* ", words * 100
    [unread] = parse(head + text).criteria
    assert unread.rule is None
    assert unread.unparsed[0][0] == len(head)
    [read] = parse(f"{head}{text}, asthma, {text}").criteria
    assert "asthma" in [fact.concept.name for fact in facts(read.rule)]


def test_a_genus_and_its_species_are_one_name_in_the_longest_list() -> None:
    [criterion] = parse("Exclusion Criteria:\n\n* " + "K. k. l. " * 40).criteria
    assert {fact.concept.text for fact in facts(criterion.rule)} == {"K. k"}
