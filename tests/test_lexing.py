"""Lexemes: how a text is cut, what the vocabulary says of each piece, and that every piece keeps its place."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from protoparse import lexicon
from protoparse.lexing import CODES, CONCEPTS, STANDING, Entry, Lexemes, lexer, number, words

lenient = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def lex(text: str) -> Lexemes:
    return lexer().lex(text, [(0, len(text))])


def codes(text: str) -> str:
    return lex(text).codes.removesuffix("\n")


def printed(text: str) -> list[str]:
    """What stands in the text at the place of each lexeme."""
    found = lex(text)
    return [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)][:-1]


def only(text: str) -> Entry:
    """The entry of a text that is one lexeme."""
    [entry, end] = lex(text).entries
    assert end.code == "\n"
    return entry


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18", 18), ("0", 0), ("007", 7), ("0.125", 0.125), (".5", 0.5), ("0,5", 0.5), ("18,5", 18.5),
        ("7·35", 7.35), ("1,500", 1500), ("12,345,678", 12345678), ("1,234.5", 1234.5), ("50.000", 50000),
        ("0.000", 0), ("0,125", 0.125), ("2E6", 2000000), ("1e3", 1000), ("10.25", 10.25), ("100.0", 100),
    ],
)  # fmt: skip
def test_a_printed_number(text: str, value: float) -> None:
    assert number(text.lower()) == value
    assert type(number(text.lower())) is type(value)
    found = only(text)
    assert (found.code, found.roles["number"]) == ("n", value)


@pytest.mark.parametrize(("text", "value"), [("one", 1), ("Twice", 2), ("THREE", 3), ("٣", 3), ("１８", 18)])
def test_number_words_and_other_digits(text: str, value: int) -> None:
    assert only(text).roles["number"] == value


def test_a_number_without_end_is_a_word() -> None:
    assert only("9" * 40).code == "w"


@pytest.mark.parametrize("text", ["1e400", "9e999", "1e309"])
def test_a_number_is_always_finite(text: str) -> None:
    for entry in lex(text).entries:
        assert math.isfinite(entry.roles.get("number", 0))


# ------------------------------------------------------------------ units


@pytest.mark.parametrize(
    ("text", "ucum"),
    [
        ("10^9/L", "10*9/L"), ("x 10^9/L", "10*9/L"), ("×109/L", "10*9/L"), ("X10e9/L", "10*9/L"),
        ("*10*9/L", "10*9/L"),
        ("x 10(9)/l", "10*9/L"), ("x10⁹ / L", "10*9/L"), ("10^3/µL", "10*3/uL"), ("10^3/uL", "10*3/uL"),
        ("× 10^3 cells/mm3", "10*3/mm3"), ("10³/mm³", "10*3/mm3"), ("10**6/kg", "10*6/kg"), ("x 10¹²/L", "10*12/L"),
        ("10^6/mL", "10*6/mL"), ("10^3/dL", "10*3/dL"), ("x 10 9/L", "10*9/L"), ("x 10 to the 9th power/L", "10*9/L"),
        ("10E3/uL", "10*3/uL"), ("x 10 3 / mm 3", "10*3/mm3"), ("x 10^9 per liter", "10*9/L"), ("×10~9/L", "10*9/L"),
        ("x 10^4 copies/mL", "10*4.{copies}/mL"), ("×10⁴ IU/mL", "10*4.[IU]/mL"), ("x 10^6 cells/kg", "10*6/kg"),
        ("x 10^3/mmc", "10*3/mm3"), ("x 10^8", "10*8"), ("x10^6 cells", "10*6"),
    ],
)  # fmt: skip
def test_a_power_of_ten_in_a_unit(text: str, ucum: str) -> None:
    assert lexicon.unit_code(text) == ucum
    found = only(text)
    assert (found.code, found.roles["unit"]) == ("u", ucum)


def test_a_scale_stands_behind_its_number() -> None:
    assert printed("ANC ≥ 1.5 x 10^9/L") == ["ANC", "≥", "1.5", "x 10^9/L"]
    assert codes("ANC ≥ 1.5 x 10^9/L") == "M<nu"
    assert printed("WBC 4 103/µL") == ["WBC", "4", "103/µL"]
    assert printed("platelets>100×109/L") == ["platelets", ">", "100", "×109/L"]


def test_a_power_behind_a_limit_is_the_number() -> None:
    assert [e.roles.get("number") for e in lex("HBV DNA ≥ 10^4 IU/mL").entries][2] == 10_000
    assert [e.roles.get("number") for e in lex("more than 10⁶ copies/mL").entries][1] == 1_000_000
    assert codes("platelets (10^9/L)") == "M(u)"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("7.0 mM", "mmol/L"), ("7.0 mm", "mm"), ("7.0 MM", "mm"), ("150 µM", "umol/L"), ("150 µm", "um"),
        ("-6.00 D", "[diop]"), ("6D", "[diop]"), ("2.50D", "[diop]"),
    ],
)  # fmt: skip
def test_a_capital_tells_units_apart_behind_a_number(text: str, unit: str) -> None:
    assert lex(text).entries[-2].roles["unit"] == unit


@pytest.mark.parametrize("text", ["vitamin D", "6 d", "1D", "3D", "2D", "type D"])
def test_a_capital_alone_is_no_dioptre(text: str) -> None:
    assert not any(entry.roles.get("unit") == "[diop]" for entry in lex(text).entries)


@pytest.mark.parametrize(
    "text", ["10 L", "10/12", "100/L", "103/µL", "< 105 cells/mm3", "> 104 IU/mL", "10 litres", "110/70"]
)
def test_what_only_resembles_a_scale(text: str) -> None:
    assert len(printed(text)) > 1
    assert not any((entry.roles.get("unit") or "").startswith("10*") for entry in lex(text).entries)


def test_a_unit_alone_is_a_word_and_keeps_its_role() -> None:
    assert only("mg").code == "w"
    assert only("mg").roles["unit"] == "mg"
    assert only("%").code == "u"
    assert only("weeks").code == "t"
    assert only("weeks").roles["time_unit"] == "wk"
    assert only("half-lives").roles["time_unit"] is None


# ------------------------------------------------------------------ glued signs


@pytest.mark.parametrize(
    ("text", "pieces", "shape"),
    [
        ("≥18", ["≥", "18"], "<n"),
        (">=18years", [">=", "18", "years"], "<nt"),
        ("> = 18", ["> =", "18"], "<n"),
        ("=>18", ["=>", "18"], "<n"),
        ("2.5xULN", ["2.5", "x", "ULN"], "nxL"),
        ("2.5×ULN", ["2.5", "×", "ULN"], "nxL"),
        ("3xLLN", ["3", "x", "LLN"], "nxL"),
        ("Hb<9g", ["Hb", "<", "9", "g"], "M<nw"),
        ("age>18", ["age", ">", "18"], "K<n"),
        ("than18", ["than", "18"], None),
        ("aged18", ["aged", "18"], None),
        ("0-2", ["0", "-", "2"], "n-n"),
        ("60–80%", ["60", "–", "80", "%"], "n-nu"),
        ("&lt;5", ["&lt;", "5"], "<n"),
        ("&ge;5", ["&ge;", "5"], "<n"),
        ("5+", ["5", "+"], "n>"),
        ("hemoglobin/platelets", ["hemoglobin", "/", "platelets"], "M/M"),
        ("(n=2)", ["(", "n", "=", "2", ")"], None),
    ],
)
def test_signs_glued_to_words_and_numbers(text: str, pieces: list[str], shape: str | None) -> None:
    assert printed(text) == pieces
    assert shape is None or codes(text) == shape


@pytest.mark.parametrize("text", ["CD19", "HbA1c", "T790M", "COVID19", "patient's", "Crohn’s", "xenograft", "xylitol"])
def test_what_stays_one_word(text: str) -> None:
    assert printed(f"{text} .")[0] == text


# ------------------------------------------------------------------ what is no word


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (r"AST \< 5", ["AST", "<", "5"]),
        (r"AST \>= 5", ["AST", ">=", "5"]),
        (r"\[mild\]", ["[", "mild", "]"]),
        ("**stroke** or TIA", ["stroke", "or", "TIA"]),
        ("stroke<!-- or TIA -->s", ["stroke", "s"]),
        ("<!-- two\nlines --> fever", ["fever"]),
        ("\u200ffever\u202c \u2060cough\ufeff", ["fever", "cough"]),
        ("fever\u00a0\u2003\tcough\r\nchills", ["fever", "cough", "chills"]),
        ("", []),
        (" \n ", []),
        ("a \\ b", ["a", "\\", "b"]),
    ],
)
def test_escapes_comments_and_marks_are_skipped(text: str, pieces: list[str]) -> None:
    assert printed(text) == pieces


def test_a_comment_without_end_is_text() -> None:
    assert printed("<!-- a") == ["<", "!", "-", "-", "a"]


def test_case_is_folded_without_moving_anything() -> None:
    # "İ" has a lower form of two characters
    assert printed("İİ STROKE, Iİ") == ["İİ", "STROKE", ",", "Iİ"]
    assert lex("İİ STROKE").entries[1].text == "stroke"


# ------------------------------------------------------------------ the vocabulary


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("history of stroke", ["history of", "stroke"]),
        ("past history of heart failure", ["past history of", "heart failure"]),
        ("type 2 diabetes mellitus", ["type 2 diabetes mellitus"]),
        ("less than or equal to 5", ["less than or equal to", "5"]),
        ("10 times the upper limit of normal", ["10", "times", "the", "upper limit of normal"]),
        ("including, but not limited to, asthma", ["including, but not limited to", ",", "asthma"]),
        ("with the exception of asthma", ["with the exception of", "asthma"]),
        ("whichever is longer", ["whichever is longer"]),
        ("less than 10 or greater than 90", ["less than", "10", "or", "greater than", "90"]),
        ("18 years or older", ["18", "years", "or older"]),
    ],
)
def test_the_longest_phrase_wins(text: str, pieces: list[str]) -> None:
    assert printed(text) == pieces


@pytest.mark.parametrize(
    ("text", "role", "value"),
    [
        ("no", "not", True), ("such as", "include", "example"), ("i.e.", "include", "same"),
        ("E.g.", "include", "example"), ("unless", "except", True), ("whichever is longer", "whichever", "longest"),
        ("Whichever comes first", "whichever", "shortest"), ("at least", "before_number", ">="),
        ("or younger", "after_number", "<="), ("ULN", "reference", "ULN"), ("apheresis", "anchor", "apheresis"),
        ("severe", "modifier", ("severity", "severe")), ("positive", "qualitative", "positive"),
        ("III", "ordinal", "III"),
    ],
)  # fmt: skip
def test_a_cue_keeps_its_role(text: str, role: str, value: Any) -> None:
    assert only(text).roles[role] == value


@pytest.mark.parametrize("name", ["Alzheimer's disease", "Crohn's disease", "Parkinson's disease"])
def test_either_apostrophe_is_one(name: str) -> None:
    assert only(name.replace("'", "’")).roles == only(name).roles
    assert only(name).code == "K"


def test_a_term_knows_what_it_is() -> None:
    term = only("Hgb").roles["measurement"]
    assert (term.domain, term.name, term.kind) == ("measurement", "hemoglobin", "number")
    assert [(c.system, c.code) for c in term.codes] == [("LOINC", "718-7")]
    assert only("warfarin").roles["concept"].domain == "drug"
    assert only("long-acting insulin").roles == only("long acting insulin").roles


PHRASES = [
    (name, spelling)
    for name, column in [
        *((name, "spellings") for name, _ in CONCEPTS), ("measurements", "spellings"), ("cues", "phrases"),
        ("comparators", "spellings"), ("references", "spellings"), ("anchors", "spellings"), ("numbers", "words"),
        ("modifiers", "spellings"), ("units", "spellings"),
    ]
    for row in lexicon.rows(name)
    for spelling in lexicon.spellings(row[column])
]  # fmt: skip
# Powers of ten are read by their pattern, whatever the table spells out; what is counted ("doses") is no unit.
POWER = re.compile(r"•|[x×*]? ?10(?:e|\*\*)")
COUNTED = {"count", "dose", "radiation", "volume", "length"}
FREE = {s for r in lexicon.rows("units") if r["kind"] in COUNTED for s in lexicon.spellings(r["spellings"])}


@pytest.mark.parametrize("table", sorted({name for name, _ in PHRASES}))
def test_every_spelling_can_be_met_in_a_text(table: str) -> None:
    unmet = []
    for name, spelling in PHRASES:
        if spelling.startswith(STANDING) or (name == "persons" and " or " in spelling):
            continue  # when, and which of two, is for the grammar to read
        if name == "units" and lexicon.cased(spelling):
            assert lex(f"1.5 {spelling}").entries[1].roles["unit"] == lexicon.unit_code(spelling)
            continue
        if name == table and not (name == "units" and (POWER.match(spelling) or spelling in FREE)):
            first, *rest = lex(spelling).entries
            if len(rest) != 1 or not first.roles:
                unmet.append(spelling)
    assert unmet == []


def test_the_tokens_of_a_phrase_are_those_of_a_text() -> None:
    assert words("Type 2 diabetes") == ["type", "2", "diabetes"]
    assert words("60-80 mL/min") == ["60", "-", "80", "ml", "/", "min"]
    assert words("Crohn’s disease") == ["crohn's", "disease"]


# ------------------------------------------------------------------ pieces


def test_pieces_are_read_one_by_one() -> None:
    text = "no stroke * informed consent"
    found = lexer().lex(text, [(0, 9), (12, 20), (21, 28)])
    assert found.codes.count("\n") == len(found.breaks) == 3
    assert [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)] == [
        "no", "stroke", " ", "informed", " ", "consent", "",
    ]  # fmt: skip
    # "informed consent" is a phrase; parted it is none
    assert "informed consent" not in {entry.text for entry in found.entries}
    assert only("informed consent").text == "informed consent"


def test_no_pieces_no_lexemes() -> None:
    assert lexer().lex("stroke", []) == Lexemes("", [], [], [], [], [], [], [])
    assert lexer().lex("", [(0, 0)]).codes == "\n"


FRAGMENTS = [
    "no", "history of", "stroke", "type 2 diabetes", "AST", "≥18", "2.5xULN", "x 10^9/L", "×109/L", "1,500", "18,5",
    ".5", "2E6", "mg/dL", "half-lives", "within 4 weeks", "e.g.", "i.e", "less than", "or greater", "Crohn's", "’s",
    "\\<", "\\[", "**", "*", "<!--", "-->", "<!-- x -->", "&lt;", "&ge;=", "+/-", "İ", "ß", "ŉ", "é", "e\u0301",
    "\u200f", "\u2060", "\ufeff", "\u00a0", "\u2028", "\x1c", "\x85", "²", "½", "٣", "①", "𝔸", "一", "\n", "\t", "_",
    "__", "\\", "'", "-", "–", "10", "10^", "x", "/", "(", ")", ",", ";", ".", "e", "I", "iv", "CD19+", "than18",
    "\x00", "🙂",
]  # fmt: skip
odd = st.characters(exclude_categories=("Cs",))
texts = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(odd, max_size=3)), max_size=12).flatmap(
    lambda parts: st.sampled_from([" ", "", "  "]).map(lambda gap: gap.join(parts))
)
SKIPPED = re.compile(r"<!--.*?-->|\\(?=[^\w\s])|\*\*|[\u200b-\u200f\u202a-\u202e\u2060\ufeff]", re.DOTALL)


def squeezed(text: str) -> str:
    """Without white space and what is skipped, each character in its lower form where that is one character."""
    text = "".join(c.lower() if len(c.lower()) == 1 else c for c in SKIPPED.sub("", text))
    text = re.sub(
        "[\u2160-\u217f]", lambda m: unicodedata.normalize("NFKC", m[0]).lower(), text
    )  # "Ⅲ" is looked up as iii
    return "".join(text.split()).replace("’", "'").replace("ς", "σ")


@lenient
@given(texts)
@example("İ<!-- İ -->≥18\\<5")
@example("ΣΑΣ ΑΣ")
@example("Ⅰ Ⅳ")
@example("no_0")
def test_every_lexeme_keeps_its_place(text: str) -> None:
    found = lex(text)
    assert len(found.codes) == len(found.entries) == len(found.starts) == len(found.ends)
    end = 0
    for code, entry, start, stop in zip(found.codes, found.entries, found.starts, found.ends, strict=True):
        assert entry.code == code
        assert code in CODES.values()
        assert end <= start
        if code != "\n":
            assert squeezed(text[start:stop]) == squeezed(entry.text)
            assert start < stop
            assert not text[start].isspace()
            assert not text[stop - 1].isspace()
            end = stop
    # and between two lexemes nothing stands but what is skipped
    rest, at = [], 0
    for start, stop in zip(found.starts[:-1], found.ends[:-1], strict=True):
        rest.append(text[at:start])
        at = stop
    assert not re.search(r"[^\W_]", SKIPPED.sub(" ", "".join([*rest, text[at:]])))


@lenient
@given(st.lists(texts, min_size=1, max_size=4))
def test_pieces_are_independent(parts: list[str]) -> None:
    # a comment or an escape is the text's, wherever its pieces end
    parts = [re.sub(r"<!--|-->|[\\*]", "", part) for part in parts]
    text = "|".join(parts)
    pieces, at = [], 0
    for part in parts:
        pieces.append((at, at + len(part)))
        at += len(part) + 1
    together = lexer().lex(text, pieces)
    first = 0
    for part, (begin, _), last in zip(parts, pieces, together.breaks, strict=True):
        alone = lex(part)
        assert together.codes[first : last + 1] == alone.codes
        assert together.entries[first:last] == alone.entries[:-1]
        assert [a - begin for a in together.starts[first:last]] == list(alone.starts[:-1])
        assert [b - begin for b in together.ends[first:last]] == list(alone.ends[:-1])
        first = last + 1
    assert first == len(together.codes)


@lenient
@given(texts)
def test_lexing_twice_gives_the_same(text: str) -> None:
    assert lex(text) == lex(text)


def test_composed_and_decomposed_letters_keep_their_length() -> None:
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "Sjögren and Ménière")
        assert "".join(printed(text)) == text.replace(" ", "")
