from __future__ import annotations

import ast
import doctest
import importlib
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
import spacy

from protoparse import cli
from protoparse.check import check
from protoparse.concepts import RECOGNISERS
from protoparse.concepts.forms import BUCKETS, form
from protoparse.concepts.recogniser import Name, Recogniser, judge, piece, runs
from protoparse.concepts.tagging import tagger
from protoparse.lexing import lexer
from protoparse.model import dump, facts, load, walk
from protoparse.parsing import Parser
from scripts import ROOT, script

TRAINING = ROOT / "training"
# Names that no table has, so that only the tagger can tell what they are.
TEXT = """Inclusion Criteria:
- Confirmed diagnosis of Quellmann-Zorn syndrome
- Age 18 to 65 years and ANC ≥ 1.5 x 10^9/L

Exclusion Criteria:
- Use of fenotrivir tablets within 4 weeks before screening
- Prior subtotal hepatoplexy"""


PIECES = [match.span(1) for match in re.finditer(r"^- (.+)$", TEXT, re.MULTILINE)]


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser(concepts="model")


def _named(parser: Parser, text: str) -> dict[str, str]:
    found = parser.parse(text)
    return {f.concept.text: f.domain for c in walk(found.criteria) for f in facts(c.rule)}


def test_names_that_no_table_has(parser: Parser) -> None:
    named = _named(parser, f"{TEXT}\n\nInclusion Criteria:\n- Confirmed glioneural dysembryonia\n- Prior hepatoplexy")
    assert named["glioneural dysembryonia"] == "condition"
    assert named["hepatoplexy"] == "procedure"
    assert named["Quellmann-Zorn syndrome"] == "condition"
    assert named["fenotrivir tablets"] == "drug"
    assert named["ANC"] == "measurement"


def test_a_document_keeps_its_promises(parser: Parser) -> None:
    document = parser.parse(TEXT)
    assert document.parser is not None
    assert document.parser.model is not None
    assert document.parser.model.startswith("tagger-")
    assert check(dump(document), reparse=True) == []
    assert load(dump(document)) == document
    assert dump(Parser(concepts="model").parse(TEXT)) == dump(document)


def test_names_have_the_places_of_their_words() -> None:
    lexemes = lexer().lex(TEXT, PIECES)
    found = Recogniser().names(TEXT, lexemes)
    assert len(found) == len(PIECES)
    assert [(TEXT[n.start : n.end], n.label) for n in found[2]] == [("fenotrivir tablets", "drug")]
    for (start, end), names in zip(PIECES, found, strict=True):
        assert all(start <= n.start < n.end <= end for n in names)
        assert all(a.end <= b.start for a, b in pairwise(names))
    back = lexer().lex(TEXT, PIECES[::-1])  # pieces in another order than that of the text
    assert Recogniser().names(TEXT, back) == found[::-1]
    some = list(runs(lexemes))[2:]
    assert Recogniser().names(TEXT, lexemes, some) == found[2:]


def test_a_piece_is_tagged_alone_as_among_others() -> None:
    lexemes = lexer().lex(TEXT, PIECES)
    sequences = [piece(TEXT, lexemes, first, last)[:2] for first, last in runs(lexemes)]
    together = tagger().tag(sequences)
    assert together == [tagger().tag([s])[0] for s in sequences]
    assert any(together)
    assert tagger().tag([([], []), sequences[0], ([], [])]) == [[], together[0], []]
    assert tagger().tag([]) == []


def test_what_comes_again_is_tagged_again() -> None:
    lexemes = lexer().lex(TEXT, PIECES)
    words, classes = piece(TEXT, lexemes, *list(runs(lexemes))[2])[:2]
    size, times = len(words), 2000 // len(words)
    [found] = tagger().tag([([*words] * times, [*classes] * times)])
    inside = [t for t in found if 2 * size <= t.first < (times - 2) * size]
    again = {(t.first % size, t.last - t.first, t.label) for t in inside}
    assert again
    assert len(inside) == len(again) * (times - 4)


def test_words_of_pieces_are_printed_and_classed() -> None:
    text = "Severe heart failure, NYHA class III"
    lexemes = lexer().lex(text, [(0, len(text)), (0, 0)])
    whole, none = (piece(text, lexemes, first, last) for first, last in runs(lexemes))
    assert list(whole.words) == ["Severe", "heart", "failure", ",", "NYHA", "class", "III"]
    assert whole.classes[1:3] == ["Kcond-", "Kcond+"]
    assert [text[a:b] for a, b in zip(whole.starts, whole.ends, strict=True)] == list(whole.words)
    assert none.words == ()


def test_a_guess_is_judged() -> None:
    text = "severe hepatoplexy outside world, fenotrivir use"
    names = [Name(0, 6, "modifier"), Name(7, 18, "procedure"), Name(34, 44, "drug")]
    assert judge(text, [(0, 18)], names, "inclusion") == {(0, 18): "procedure"}
    assert judge(text, [(19, 32), (34, 48)], names, "inclusion") == {(19, 32): None, (34, 48): "drug"}
    assert judge(text, [(0, 6), (19, 32)], names, "exclusion") == {(0, 6): None, (19, 32): "other"}


def test_what_the_tables_and_the_grammar_tell_is_not_asked() -> None:
    text = "Inclusion Criteria:\n- Type 2 diabetes\n- eGFR ≥ 60 mL/min/1.73 m2\n- Taking metformin for 3 months"
    plain, judged = (Parser(concepts=c).parse(text) for c in RECOGNISERS)
    assert plain.criteria == judged.criteria


def test_a_statement_that_names_nothing_stays_unread() -> None:
    text = "Inclusion Criteria:\n- The middle part of the week\n- Heart transplant unless the listing is suspended"
    (plain, _), (judged, limited) = (Parser(concepts=c).parse(text).criteria for c in RECOGNISERS)
    assert plain.rule is not None
    assert judged.rule is None
    assert [text[slice(*span)] for span in judged.unparsed] == ["The middle part of the week"]
    assert [f.domain for f in facts(limited.rule)] == ["procedure", "other"]  # without it, the rule would ask more


def test_styles(parser: Parser) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("protoparse_concepts")
    nlp.add_pipe("protoparse_concepts", name="wide", config={"style": "chia", "key": "wide"})
    doc = nlp(TEXT)
    assert ("fenotrivir tablets", "drug") in {(s.text, s.label_) for s in doc.spans["concepts"]}
    assert ("Quellmann-Zorn syndrome", "condition") in {(s.text, s.label_) for s in doc.spans["wide"]}
    assert [s.start for s in doc.spans["wide"]] == sorted(s.start for s in doc.spans["wide"])
    with pytest.raises(ValueError, match="'house', 'lct', 'chia' are known"):
        tagger("snomed")


def test_forms() -> None:
    assert form("Stroke", {"stroke": 3}).word == form("STROKE", {"stroke": 3}).word == 3
    assert form("Stroke", {}).word == 0
    assert form("Stroke", {}).shape != form("STROKE", {}).shape
    assert form("CD19", {"cd0": 5}).word == form("CD20", {"cd0": 5}).word == 5  # digits are one
    assert all(0 <= g < BUCKETS for g in form("pneumonoultramicroscopic", {}).groups)
    assert set(form("nephritis", {}).groups) & set(form("arthritis", {}).groups)  # what words have in common


@pytest.fixture(scope="module")
def corpora() -> ModuleType:
    return script("training", "corpora")


@pytest.mark.parametrize(
    ("corpus", "name", "text", "annotation", "spans"),
    [
        (
            "lct",
            "NCT00000001",
            "low potassium and mild gout",
            "T1\tObservation 4 13\tpotassium\nT2\tModifier 18 22\tmild\nT3\tCondition 23 27\tgout\n"
            "E1\tObservation:T1 \nE2\tModifier:T2 \nE3\tCondition:T3 Modifier:E2\nA1\tObservation-Type-Value E1 lab\n",
            ((4, 13, "measurement"), (18, 22, "modifier"), (23, 27, "condition")),
        ),
        (
            "chia",
            "NCT00000001_inc",
            "liver and heart failure, no stent",
            "T1\tCondition 0 5;16 23\tliver failure\nT2\tCondition 10 23\theart failure\nT3\tNegation 25 27\tno\n"
            "T4\tDevice 28 33\tstent\n",
            ((0, 5, "condition"), (10, 23, "condition"), (28, 33, "device")),
        ),
    ],
)
def test_a_corpus_gives_flat_spans(
    corpora: ModuleType, tmp_path: Path, corpus: str, name: str, text: str, annotation: str, spans: tuple[object, ...]
) -> None:
    (tmp_path / f"{name}.txt").write_text(text)
    (tmp_path / f"{name}.ann").write_text(annotation)
    (found,) = getattr(corpora, corpus)(tmp_path)
    assert found == (name, text, spans)
    assert found.trial == "NCT00000001"


@pytest.mark.parametrize("file", sorted(TRAINING.glob("*.py")), ids=lambda file: file.stem)
def test_training_finds_what_it_takes_from_the_package(file: Path) -> None:
    # torch is not there in every environment, so that nothing else would tell
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("protoparse"):
            module = importlib.import_module(node.module or "")
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_a_tenth_of_the_trials_is_held_out(corpora: ModuleType) -> None:
    held = sum(corpora.held_out(f"NCT{n:08}") for n in range(2000))
    assert 150 < held < 250
    assert doctest.testmod(corpora).failed == 0


def test_the_command_line_and_a_pipeline_of_spacy_take_the_tagger_too(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "trial.txt"
    file.write_text(TEXT, encoding="utf-8")
    assert cli.main(["parse", str(file)]) == 0
    written = load(capsysbinary.readouterr().out)
    nlp = spacy.blank("en")
    nlp.add_pipe("protoparse")
    assert written.criteria == nlp(TEXT)._.criteria.criteria
    assert cli.main(["parse", "--concepts", "lexicon", str(file)]) == 0
    plain = load(capsysbinary.readouterr().out)
    assert plain.parser is not None
    assert plain.parser.model is None
    assert plain.criteria != written.criteria
