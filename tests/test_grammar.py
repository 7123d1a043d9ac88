"""The grammars: without conflicts, run as Lark runs them, and taking whatever a text may hold, in linear time."""

from __future__ import annotations

import gc
import random
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedToken

from protoparse.check import check
from protoparse.grammar import clauses, windows
from protoparse.grammar.facts import Cutter
from protoparse.grammar.files import fingerprint, grammar_text
from protoparse.grammar.islands import phrases as islands
from protoparse.grammar.naming import Words
from protoparse.grammar.shaping import MAX_BRACKETS, Shaper
from protoparse.grammar.tables import Premade, RefusedError, Table
from protoparse.lexing import lexer
from protoparse.model import Kind, dump
from protoparse.parsing import Parser, parse
from protoparse.render import render as canonical

SOURCES = {"clauses": clauses.grammar_source(), "phrases": windows.grammar_source()}
each_grammar = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
lenient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def declared(source: str) -> list[str]:
    """The terminals that a grammar declares."""
    return sorted(word for line in source.split("\n") if line.startswith("%declare ") for word in line.split()[1:])


# ------------------------------------------------------------------ the files


@each_grammar
def test_a_grammar_of_lexemes_has_no_conflict(source: str) -> None:
    Lark(source, parser="lalr", lexer=Premade, strict=True)


def test_the_canonical_grammar_has_no_conflict_and_no_ambiguous_terminals() -> None:
    pytest.importorskip("interegular")
    Lark(grammar_text("canonical"), parser="lalr", strict=True)


def test_a_conflict_would_be_told() -> None:
    with pytest.raises(Exception, match="collision"):
        Table("start: a | b\na: A\nb: A\n%declare A", Transformer())


@each_grammar
def test_every_terminal_that_is_declared_is_used(source: str) -> None:
    lark = Lark(source, parser="lalr", lexer=Premade)
    used = {symbol.name for rule in lark.rules for symbol in rule.expansion if symbol.is_term}
    assert declared(source) == sorted(used)


def test_every_alternative_has_its_meaning() -> None:
    """A rule of more than one symbol that the transformer does not know would come out as a tree."""
    for name, meaning in (("clauses", clauses._Meaning), ("phrases", windows._Meaning)):
        lark = Lark(SOURCES[name], parser="lalr", lexer=Premade)
        wanted = {str(r.alias or r.origin.name) for r in lark.rules if len(r.expansion) > 1}
        assert {rule for rule in wanted if not hasattr(meaning, rule)} == set()


def test_the_fingerprint_is_short_and_stays() -> None:
    assert fingerprint() == fingerprint()
    assert fingerprint().startswith("sha256:")
    assert len(fingerprint()) == 23


def test_a_grammar_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileNotFoundError):
        grammar_text("esperanto")


# ------------------------------------------------------------------ tables, beside Lark's own parser


class Spelt(Transformer):  # type: ignore[type-arg]
    """Every rule by name, with its children."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda children: (name, *children)


def as_lark(source: str) -> Lark:
    return Lark(source, parser="lalr", lexer=Premade)


def derived(lark: Lark, draw: random.Random) -> list[str]:
    """The terminals of a sentence of the grammar, drawn at random."""
    by_origin: dict[str, list[Any]] = {}
    for rule in lark.rules:
        by_origin.setdefault(rule.origin.name, []).append(rule)
    # The shortest way out of every symbol, for when enough is drawn.
    cost: dict[str, float] = {}
    while len(cost) < len(by_origin):
        for name, rules in by_origin.items():
            sizes = [
                sum(1 if s.is_term else cost[s.name] for s in r.expansion)
                for r in rules
                if all(s.is_term or s.name in cost for s in r.expansion)
            ]
            if sizes:
                cost[name] = min(sizes)

    def expand(name: str, depth: int) -> list[str]:
        rules = by_origin[name]
        if depth > 12:
            rules = [min(rules, key=lambda r: sum(1 if s.is_term else cost[s.name] for s in r.expansion))]
        rule = draw.choice(rules)
        return [t for s in rule.expansion for t in ([s.name] if s.is_term else expand(s.name, depth + 1))]

    return expand("start", 0)


PARSERS = {name: (as_lark(source), Table(source, Spelt())) for name, source in SOURCES.items()}
HANDING = {name: Table(source, Transformer()) for name, source in SOURCES.items()}
TERMINALS = {name: declared(source) for name, source in SOURCES.items()}


def spelt(tree: Any) -> Any:
    """Lark's tree, written as `Spelt` writes it."""
    return (str(tree.data), *map(spelt, tree.children)) if isinstance(tree, Tree) else tree


def collapsed(tree: Any) -> Any:
    """The same without nodes of one child that name a rule, not an alternative of one."""
    if not isinstance(tree, Tree):
        return tree
    children = [collapsed(child) for child in tree.children]
    return children[0] if len(children) == 1 else (str(tree.data), *children)


def lexemes(types: list[str]) -> list[Token]:
    return [Token(kind, f"{kind}{i}", i) for i, kind in enumerate(types)]


def sentences(name: str) -> st.SearchStrategy[list[str]]:
    """Sentences of a grammar, some with a terminal lost, changed or put in."""

    @st.composite
    def drawn(draw: st.DrawFn) -> list[str]:
        types = derived(PARSERS[name][0], random.Random(draw(st.integers(0, 10**6))))[:40]
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(0, len(types)))
            stranger = draw(st.sampled_from(TERMINALS[name]))
            types[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from([[], [stranger]]))
        return types

    return drawn()


def agree(name: str, types: list[str]) -> bool:
    """Whether the types are a sentence; fails where Lark and the table say otherwise."""
    lark, table = PARSERS[name]
    tokens = lexemes(types)
    try:
        tree = lark.parse(tokens)  # type: ignore[arg-type]
    except UnexpectedToken as error:
        place = len(types) if error.token.type == "$END" else error.token.start_pos
        for other in (table, HANDING[name]):
            with pytest.raises(RefusedError) as refused:
                other.run(tokens)
            assert refused.value.place == place
        return False
    assert table.run(tokens) == spelt(tree)
    assert collapsed(HANDING[name].run(tokens)) == collapsed(tree)
    return True


@lenient
@given(sentences("clauses"))
def test_clauses_run_as_lark_runs_them(types: list[str]) -> None:
    agree("clauses", types)


@lenient
@given(sentences("phrases"))
def test_phrases_run_as_lark_runs_them(types: list[str]) -> None:
    agree("phrases", types)


@lenient
@given(sentences("phrases"))
def test_what_a_table_accepts_is_its_longest_prefix(types: list[str]) -> None:
    table = PARSERS["phrases"][1]

    def runs(size: int) -> bool:
        try:
            table.run(lexemes(types[:size]))
        except RefusedError:
            return False
        return True

    assert table.accepts(types) == max((n for n in range(1, len(types) + 1) if runs(n)), default=0)


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_no_sentence(name: str) -> None:
    assert not agree(name, [])
    assert PARSERS[name][1].accepts([]) == 0


def test_derived_sentences_are_sentences() -> None:
    for name in SOURCES:
        for seed in range(200):
            assert agree(name, derived(PARSERS[name][0], random.Random(seed))), seed


def test_a_terminal_that_the_grammar_does_not_know_is_refused_where_it_stands() -> None:
    with pytest.raises(RefusedError) as refused:
        PARSERS["phrases"][1].run(lexemes(["NUMBER", "PLANET"]))
    assert refused.value.place == 1


# ------------------------------------------------------------------ shaping


def shaped(text: str, kind: Kind = "exclusion") -> list[Any]:
    """The clauses of a text that is one item."""
    found = lexer().lex(text, [(0, len(text))])
    last = found.breaks[0]
    islets, codes = islands(text, found, 0, last)
    cutter = Cutter(text, found.entries, codes, 0, found.starts, found.ends, kind)
    return Shaper(cutter, islets, 0, last, kind).clauses()


@pytest.mark.parametrize(
    ("text", "kind", "types"),
    [
        ("stroke", "exclusion", "ATOM"),
        ("stroke or TIA", "exclusion", "ATOM OR ATOM"),
        ("stroke, TIA and sepsis", "inclusion", "ATOM AND ATOM AND ATOM"),
        ("stroke, TIA or sepsis", "inclusion", "ATOM OR ATOM OR ATOM"),
        ("stroke, TIA, sepsis", "exclusion", "ATOM OR ATOM OR ATOM"),
        ("stroke, TIA, sepsis", "inclusion", "ATOM AND ATOM AND ATOM"),
        ("no stroke or TIA", "inclusion", "NOT ATOM OR ATOM SCOPE_END"),
        ("no stroke or TIA, but sepsis", "inclusion", "NOT ATOM OR ATOM SCOPE_END AND ATOM"),
        ("stroke; TIA", "exclusion", "ATOM STOP ATOM"),
        ("stroke unless TIA", "exclusion", "ATOM EXCEPT ATOM"),
        ("no stroke except TIA", "inclusion", "NOT ATOM EXCEPT ATOM SCOPE_END"),
        ("NSAIDs such as ibuprofen", "exclusion", "ATOM INCLUDE ATOM"),
        ("NSAIDs (such as ibuprofen)", "exclusion", "ATOM OPEN INCLUDE ATOM CLOSE"),
        ("NSAIDs (except ibuprofen)", "exclusion", "ATOM OPEN EXCEPT ATOM CLOSE"),
        ("if pregnant, stroke", "inclusion", "IF ATOM THEN ATOM"),
        ("stroke if pregnant", "inclusion", "ATOM IF ATOM"),
        ("stroke if", "inclusion", "ATOM"),
        ("no", "inclusion", ""),
        ("and or , ;", "inclusion", ""),
        ("() ( ( ) ) stroke ()", "inclusion", "ATOM"),
        ("stroke (sepsis", "inclusion", "ATOM OPEN ATOM CLOSE"),
        ("stroke) sepsis", "inclusion", "ATOM"),
        ("at least one of: stroke, TIA", "inclusion", "QUORUM ATOM AND ATOM SCOPE_END"),
        ("gout and 2 of these: stroke; TIA.", "inclusion", "ATOM AND QUORUM ATOM STOP ATOM SCOPE_END"),
        ("gout (two signs: stroke, TIA)", "inclusion", "ATOM OPEN QUORUM ATOM AND ATOM SCOPE_END CLOSE"),
        ("(no stroke) or TIA", "inclusion", "OPEN NOT ATOM SCOPE_END CLOSE OR ATOM"),
        ("no (stroke or TIA", "inclusion", "NOT OPEN ATOM OR ATOM CLOSE SCOPE_END"),
        ("and stroke and or", "inclusion", "ATOM"),
    ],
)
def test_clauses_of_a_text(text: str, kind: Kind, types: str) -> None:
    assert " ".join(clause.type for clause in shaped(text, kind)) == types


def test_brackets_nested_too_deep_are_words() -> None:
    types = [clause.type for clause in shaped("(" * 40 + "stroke" + ")" * 40)]
    assert types.count("OPEN") == types.count("CLOSE") <= MAX_BRACKETS


FRAGMENTS = [
    "no", "not", "without", "except", "unless", "other than", "(", ")", "[", "]", "if", "when", "for patients",
    "for women", "in patients with", "for", ",", ";", ":", ".", "and", "or", "and/or", "but", "/", "-", "≥ 5", "< 10 %",
    "2.5xULN", "within 3 weeks", "within 4 weeks before screening", "before apheresis", "during the study",
    "at screening", "until 2 years after", "for at least 3 months", "more than 1 year ago", "or 5 half-lives",
    "whichever is longer", "must", "should", "e.g.", "such as", "including", "i.e.", "not allowed", "is allowed",
    "are excluded", "permitted", "history of", "prior", "current", "known", "family history of", "stroke", "TIA", "AST",
    "ALT", "hemoglobin", "renal", "impairment", "warfarin", "ECOG", "NYHA class", "II", "III", "0-1", "grade 3",
    "surgery", "age", "male", "female", "women", "18 years or older", "severe", "moderate", "positive", "HBsAg",
    "due to", "defined as", "using", "who", "that", "the", "of", "in", "to", "between", "from", "18", "75", "years",
    "mg/dL", "x 10^9/L", "\\<", "\\[", "**", "\u200f", "İ", "ß", "²", "\n", "\n\n* ", "\n1. ", "\na) ", "\t",
    "\nInclusion Criteria:\n", "\nExclusion Criteria:\n", "any of the following:", "at least two of the following:",
    "1,500", "0.5", "=", ">", "<", "±", "+", "allergy to", "penicillin", "investigator", "type 2", "diabetes", "twice",
    "COVID-19", "then", "than", "x", "times", "ULN", "of predicted", "normal", "patients", "both", "either", "neither",
    "nor", "as well as", "plus", "in the opinion of the investigator", "Child-Pugh", "B", "%", "_", "'", "&lt;", "|",
]  # fmt: skip
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(" ".join)


@settings(lenient, max_examples=400)
@given(texts)
@example("no (")
@example("severe but until 2 years after not allowed")
@example("if for women , ; must")
@example("except such as unless ( if ) and/or e.g.")
def test_whatever_a_text_holds_is_parsed_and_accounted_for(text: str) -> None:
    assert check(dump(parse(text)), reparse=False) == []


@settings(lenient, max_examples=300)
@given(texts.map(lambda text: text.replace("\n", " ")), st.sampled_from(["inclusion", "exclusion", "unspecified"]))
def test_clauses_are_always_a_sentence(text: str, kind: Kind) -> None:
    made = shaped(text, kind)
    types = [clause.type for clause in made]
    assert not made or PARSERS["clauses"][1].accepts(types) == len(types)
    assert types.count("NOT") + types.count("QUORUM") == types.count("SCOPE_END")
    assert types.count("OPEN") == types.count("CLOSE")
    atoms = [c for c in made if c.type == "ATOM"]
    places = [(part.first, part.last) for c in atoms for part in c.value if isinstance(part, Words)]
    # "haemoglobin of women must …" is said of women first, but no lexeme is said twice
    assert all(one[1] <= other[0] for one, other in pairwise(sorted(places)))


@settings(lenient, max_examples=200)
@given(texts)
def test_phrases_stand_side_by_side(text: str) -> None:
    found = lexer().lex(text, [(0, len(text))])
    islets, codes = islands(text, found, 0, found.breaks[0])
    assert len(codes) == found.breaks[0]
    end = 0
    for phrase in islets:
        assert end <= phrase.first < phrase.last <= found.breaks[0]
        end = phrase.last


@settings(lenient, max_examples=100)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@example("<!-- a comment -->")
@example("stroke <!-- x -->")
@example("AST < 1e999 U/L")
@example("\x00")
def test_any_text_is_parsed_and_accounted_for(text: str) -> None:
    assert check(dump(parse(text)), reparse=False) == []


@pytest.mark.parametrize(
    "text",
    [
        "stroke; ",
        "if women, stroke; ",
        "stroke except TIA; ",
        "stroke including TIA; ",
        "stroke is allowed. TIA. ",
        "women must exercise. ",
        "hemoglobin > 13 for men and > 12 for women, ",
        "no (stroke ",
        "A or B and ",
    ],
)
def test_a_long_item_is_no_deep_one(text: str) -> None:
    assert check(dump(parse("Exclusion Criteria:\n* " + text * 700)), reparse=False) == []


# ------------------------------------------------------------------ time


def seconds(text: str) -> float:
    """The processor's time that a fresh parser takes, the best of three."""
    taken = []
    for _ in range(3):
        parser = Parser()
        gc.disable()
        try:
            start = time.process_time()
            parser.parse(text)
            taken.append(time.process_time() - start)
        finally:
            gc.enable()
    return min(taken)


@pytest.mark.parametrize(
    "text",
    [
        "1 ", "> 5 ", "within 3 days ", "no ", "(", ") ", "( ) ", "if ", "A or B and ", "for women ", "except ",
        "over 18, no stroke within 6 months, ",
        "5 mg/dL or ", "4 weeks or 5 weeks ", "history of stroke, ", "<!-- ", "\\", "e.g. ", "not (a ",
        "NYHA class II ", "until 2 weeks after ", "10^", "1. ", "* a\n", "and ", "stroke ", "severe ",
        "stroke or ", "stroke: ", "stroke except ", "stroke such as ", "two of the following: stroke, ", "Inclusion: ",
        "stroke, ", "stroke/", "U.S. ", "A: B; ", "A, B, C; ", "renal, ", "type 1 or ", "> 5 < 6 ", "[1] ", "体重，",
        "* no AST > 5\n* no AST < 9\n",
    ],
)  # fmt: skip
def test_time_grows_with_the_text_and_no_faster(text: str) -> None:
    parse("warm")
    small = seconds(text * 2000)
    # four times the text: sixteen times the time would be quadratic
    assert seconds(text * 8000) < 9 * small + 0.05


@pytest.mark.parametrize(
    "item", ["* AST > {0}\n", "* AST {0} to {1}\n", "* no AST {0} to {1}\n* AST {1} to {0}\n", "{0}. stroke\n"]
)
def test_time_grows_with_the_limits_and_no_faster(item: str) -> None:
    parse("warm")
    small, large = ("".join(item.format(n, n * 7919 % 10_007) for n in range(count)) for count in (500, 2000))
    assert seconds(large) < 9 * seconds(small) + 0.05


def test_words_may_go_on_behind_a_bracket_that_ends_a_denial() -> None:
    text = "If a biopsy is not feasible because of bleeding (e.g. hemophilia) we will ask again."
    (criterion,) = parse(text).criteria
    assert criterion.rule is not None
    assert canonical(criterion.rule).startswith("not procedure [biopsy]")
