"""Annotations, tags, spans and highlights: read back by those who read them, places exact, nothing run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from playwright.sync_api import Browser
from spacy.tokens import Doc, DocBin

import factories as f
from browser import Visit, chromium
from protoparse.evaluate.spans.brat import Standoff, read_standoff
from protoparse.export import export, export_all
from protoparse.export.brat import configuration
from protoparse.export.marks import tokens
from protoparse.model import Any_, Concept, Criterion, Document, Fact, Modifier, Not, Trial, Window, load
from protoparse.parsing import Parser, parse
from test_export import CORPUS
from test_report_page import CONTRAST

LISTING = """Inclusion Criteria:

* Serum creatinine ≤ 1.5 × ULN

Exclusion Criteria:

* No stroke or severe asthma within 6 months before screening
* Lung cancer, such as small cell lung cancer
* Family history of gout
"""


def standoff(document: Document) -> tuple[str, Standoff]:
    files = export(document, "brat", name="a").payload
    text = files["a.txt"].decode()
    assert text == document.text
    return text, read_standoff(files["a.ann"], text, source="a.ann")


# ------------------------------------------------------------------ brat


def test_brat_annotates_names_and_what_is_said_of_them() -> None:
    text, found = standoff(parse(LISTING))
    marks = {(mark.label, text[slice(*mark.span)]) for mark in found.marks.values()}
    assert marks >= {
        ("Measurement", "Serum creatinine"),
        ("Value", "≤ 1.5 × ULN"),
        ("Condition", "stroke"),
        ("Condition", "asthma"),
        ("Modifier", "severe"),
        ("Window", "within 6 months before screening"),
        ("Condition", "small cell lung cancer"),
    }
    said = {
        (link.label, text[slice(*found.span(link.source) or (0, 0))], text[slice(*found.span(link.target) or (0, 0))])
        for link in found.links
    }
    assert said >= {
        ("Has_value", "Serum creatinine", "≤ 1.5 × ULN"),
        ("Has_window", "stroke", "within 6 months before screening"),
        ("Has_window", "asthma", "within 6 months before screening"),
        ("Has_modifier", "asthma", "severe"),
        ("Has_example", "Lung cancer", "small cell lung cancer"),
    }
    by_words = {text[slice(*found.span(id_) or (0, 0))]: flags for id_, flags in found.attributes.items()}
    assert by_words["stroke"] == {"Negated": "", "Excluded": ""}
    assert by_words["small cell lung cancer"] == {"Excluded": "", "Role": "example"}
    assert by_words["gout"] == {"Excluded": "", "Experiencer": "family"}


def test_brat_groups_alternatives_and_loses_what_is_deeper() -> None:
    text, found = standoff(parse("Inclusion Criteria:\n* Stroke or gout"))
    assert [[text[slice(*found.span(x) or (0, 0))] for x in group.members] for group in found.groups] == [
        ["Stroke", "gout"]
    ]
    deeper = export(parse("Exclusion Criteria:\n* Lung cancer, except small cell lung cancer"), "brat")
    [loss] = deeper.losses
    assert loss.path == "$"
    assert loss.why == "annotations hold facts side by side, alternatives and negation, no deeper logic"


def test_an_annotation_over_two_lines_has_a_piece_for_each() -> None:
    document = Document(
        text="lung\ncancer",
        criteria=(
            Criterion(
                id="inclusion.1", kind="inclusion", span=(0, 11),
                rule=Fact(domain="condition", concept=Concept(text="lung\ncancer", span=(0, 11))),
            ),
        ),
    )  # fmt: skip
    assert export(document, "brat", name="a").payload["a.ann"].splitlines()[0] == "T1\tCondition 0 4;5 11\tlung cancer"


@pytest.mark.parametrize("document", CORPUS, ids=lambda d: d.trial.id)
def test_brat_reads_the_corpus_back_word_by_word(document: Document) -> None:
    text, found = standoff(document)
    for mark in found.marks.values():
        assert " ".join(text[slice(*mark.span)].split()) == " ".join(mark.words.split())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_brat_reads_any_document_back(document: Document) -> None:
    files = export(document, "brat", name="a").payload
    read_standoff(files["a.ann"], files["a.txt"].decode(), source="a.ann")


def test_the_labels_are_declared() -> None:
    sections = configuration()
    for document in CORPUS:
        _, found = standoff(document)
        labels = {mark.label for mark in found.marks.values()} | {link.label for link in found.links}
        labels |= {label for flags in found.attributes.values() for label in flags}
        for label in labels:
            assert f"\n{label}" in sections


# ------------------------------------------------------------------ spaCy


def docs(data: bytes) -> list[Doc]:
    return list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))


def test_a_docbin_has_groups_of_exact_spans() -> None:
    document = parse(LISTING)
    [doc] = docs(export(document, "spacy", name="a").payload)
    assert doc.text == document.text
    groups = {name: [(span.text, span.label_) for span in group] for name, group in doc.spans.items()}
    assert ("stroke", "condition") in groups["concepts"]
    assert groups["negated"] == [("stroke", "condition"), ("asthma", "condition")]
    assert ("≤ 1.5 × ULN", "value") in groups["values"]
    assert ("severe", "severity") in groups["modifiers"]
    assert ("within 6 months before screening", "window") in groups["windows"]
    assert [label for _, label in groups["criteria"]] == ["inclusion", "exclusion", "exclusion", "exclusion"]
    [creatinine] = [span for span in doc.spans["concepts"] if span.text == "Serum creatinine"]
    assert creatinine.kb_id_.startswith("LOINC:")
    assert creatinine.id_ == "inclusion.1 $"


def test_a_docbin_holds_the_whole_criteria_json() -> None:
    named = [(f"document-{n}", document) for n, document in enumerate(CORPUS)]
    for doc, (name, document) in zip(docs(export_all(named, "spacy").payload), named, strict=True):
        assert doc.user_data["name"] == name
        assert load(doc.user_data["criteria"]) == document


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_a_docbin_keeps_any_text_and_place(document: Document) -> None:
    [doc] = docs(export(document, "spacy", name="a").payload)
    assert len(doc.text) == len(document.text)
    assert doc.text == document.text.replace("\ud800", "\ufffd")
    places = {(span.start_char, span.end_char) for span in doc.spans["criteria"]}
    found = [c for top in document.criteria for c in (top, *top.children)]
    assert places == {c.span for c in found if 0 <= c.span[0] < c.span[1] <= len(document.text)}


# ------------------------------------------------------------------ CoNLL


def conll(text: str) -> list[list[list[str]]]:
    """Sentences of tokens of columns."""
    lines = [line for line in text.split("\n") if not line.startswith("# document = ")]
    found: list[list[list[str]]] = [[]]
    for line in lines:
        if line:
            found[-1].append(line.split("\t"))
        elif found[-1]:
            found.append([])
    return [sentence for sentence in found if sentence]


def test_tags_say_what_kind_of_thing_a_word_is() -> None:
    sentences = conll(export(parse("Exclusion Criteria:\n* No severe renal failure within 6 months"), "conll").payload)
    assert [(token, concept, part) for token, _, _, concept, part in sentences[1]] == [
        ("*", "O", "O"),
        ("No", "O", "O"),
        ("severe", "O", "B-severity"),
        ("renal", "B-condition", "O"),
        ("failure", "I-condition", "O"),
        ("within", "O", "B-window"),
        ("6", "O", "I-window"),
        ("months", "O", "I-window"),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_any_tags_are_iob2_over_the_words_of_the_text(document: Document) -> None:
    text = document.text.replace("\ud800", "\ufffd")
    made = export(document, "conll", name="a\n# document = b").payload
    assert made.split("\n")[0] == "# document = a # document = b"
    words = []
    for sentence in conll(made):
        before = ["O", "O"]
        for token, start, end, *tags in sentence:
            assert text[int(start) : int(end)] == token
            words.append(token)
            for tag, last in zip(tags, before, strict=True):
                assert tag[:2] in ("O", "B-", "I-")
                assert not tag.startswith("I-") or last[2:] == tag[2:] or start in ("0",) or last == "O"
            before = tags
    assert "".join("".join(words).split()) == "".join(text.split())


def test_overlapping_names_are_a_loss() -> None:
    text = "renal failure"
    inner = Fact(domain="other", concept=Concept(text="renal", span=(0, 5)))
    outer = Fact(domain="condition", concept=Concept(text=text, span=(0, 13)))
    rule = Any_(of=(inner, outer))
    document = Document(text=text, criteria=(Criterion(id="inclusion.1", kind="inclusion", span=(0, 13), rule=rule),))
    assert [loss.lost for loss in export(document, "conll").losses if "one tag" in loss.why] == ["concept renal"]


def test_tokens_are_cut_where_a_span_ends() -> None:
    assert tokens("CD33+ AML", [(0, 4)]) == [(0, 4), (4, 5), (5, 6), (6, 9)]


# ------------------------------------------------------------------ HTML

OVERLAP = """Inclusion Criteria:
1. No chronic kidney disease stage 3 or worse, <b>bold</b> & \u202eevil <script>alert(1)</script>"""


def overlapping() -> Document:
    """Marks that lie within one another and across."""

    def at(words: str) -> tuple[int, int]:
        return OVERLAP.index(words), OVERLAP.index(words) + len(words)

    def named(words: str, **fields: Any) -> Fact:
        return Fact(domain="condition", concept=Concept(text=words, span=at(words)), **fields)

    stage = Modifier(type="stage", text="stage 3 or worse", span=at("stage 3 or worse"))
    facts = (named("chronic kidney disease stage 3", modifiers=(stage,)), named("kidney disease", time=Window()))
    parsed = Parser(codes=False).parse(OVERLAP)
    rule = Not(of=Any_(of=facts))
    return replace(
        parsed,
        criteria=(replace(parsed.criteria[0], rule=rule, unparsed=(at("evil"),)),),
        trial=Trial(id="NCT00000001", title="<script>alert(2)</script>"),
    )


class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_no_text_becomes_an_element_of_a_page(document: Document) -> None:
    page = Elements()
    page.feed(export(document, "html").payload)
    assert not {"script", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(export(overlapping(), "html").payload, "utf-8")
    return path


def test_a_page_runs_nothing_and_asks_for_nothing(browser: Browser, page: Path) -> None:
    with Visit(browser, page) as visit:
        assert visit.complaints == []
        assert visit.requests == [page.as_uri()]
        assert visit.page.title() == "NCT00000001 · <script>alert(2)</script>"


def test_marks_that_overlap_have_lines_of_their_own(browser: Browser, page: Path) -> None:
    with Visit(browser, page) as visit:
        bottoms = visit.page.evaluate(
            "() => [...document.querySelectorAll('.words .mark')]"
            ".map(m => [m.className.split(' ')[1], m.textContent, Math.round(m.getBoundingClientRect().bottom)])"
        )
        lines = {
            words.replace("condition", "").strip(): bottom for kind, words, bottom in bottoms if kind == "is-concept"
        }
        assert lines["kidney disease"] < next(bottom for words, bottom in lines.items() if words.startswith("stage 3"))
        assert visit.page.locator(".is-modifier", has_text="or worse").count() == 1
        assert visit.page.locator(".is-unread").nth(1).text_content() == "evil"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_their_highlights(browser: Browser, page: Path, scheme: Any) -> None:
    with Visit(browser, page, scheme=scheme) as visit:
        assert visit.page.evaluate(CONTRAST.replace("mark,", ".mark, .tag, .english span,")) == []


def test_a_narrow_page_does_not_scroll_sideways(browser: Browser, page: Path) -> None:
    with Visit(browser, page, width=360) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_shows_rule_notes_and_the_registry() -> None:
    listing = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000002", "briefTitle": "A trial"},
            "eligibilityModule": {
                "eligibilityCriteria": "Inclusion Criteria:\n\n* Any of the following:\n  * Gout\n  * Asthma",
                "sex": "FEMALE",
                "minimumAge": "18 Years",
                "healthyVolunteers": False,
            },
        }
    }
    from protoparse.sources import listings

    [one] = listings(json.dumps(listing).encode(), name="a.json")
    html = export(parse(one), "html").payload
    assert "from 18 Years · female · healthy volunteers: no · 3 criteria, 0 with text that was not read" in html
    assert "any of these" in html
