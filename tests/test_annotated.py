"""Folders of brat annotations: what is read, what it means by a label map, what is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protoparse.errors import InputError
from protoparse.evaluate.spans.brat import Group, Link, Standoff, read_standoff
from protoparse.evaluate.spans.corpus import findings_of, read_corpus
from protoparse.evaluate.spans.findings import Findings, Thing
from protoparse.evaluate.spans.labels import LabelMap, label_map
from protoparse.evaluate.spans.wording import read_lengths, read_quantity


class Annotator:
    """Marks words of a text, one after the other; gives the lines of its `.ann` file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] = []

    def mark(self, label: str, *pieces: str) -> str:
        places = [(self.text.index(piece), self.text.index(piece) + len(piece)) for piece in pieces]
        offsets = ";".join(f"{start} {end}" for start, end in places)
        return self._add("T", f"{label} {offsets}\t{' '.join(pieces)}")

    def event(self, label: str, words: str, **arguments: str) -> str:
        trigger = self.mark(label, words)
        roles = "".join(f" {role.replace('_', '-')}:{id_}" for role, id_ in arguments.items())
        return self._add("E", f"{label}:{trigger}{roles}")

    def relate(self, label: str, one: str, other: str) -> str:
        return self._add("R", f"{label} Arg1:{one} Arg2:{other}")

    def attribute(self, label: str, id_: str, value: str) -> str:
        return self._add("A", f"{label} {id_} {value}")

    def group(self, label: str, *ids: str) -> None:
        self.lines.append(f"*\t{label} {' '.join(ids)}")

    def _add(self, kind: str, rest: str) -> str:
        id_ = f"{kind}{len(self.lines) + 1}"
        self.lines.append(f"{id_}\t{rest}")
        return id_

    def standoff(self) -> Standoff:
        return read_standoff("\n".join(self.lines) + "\n", self.text, source="a.ann")

    def findings(self, labels: str | LabelMap, name: str = "a") -> Findings:
        names = labels if isinstance(labels, LabelMap) else label_map(labels)
        return findings_of(self.standoff(), names, self.text, name=name)

    def words(self, things: tuple[Thing, ...]) -> list[str]:
        return [self.text[slice(*thing.span)] for thing in things]


# ------------------------------------------------------------------ standoff


def test_every_kind_of_line() -> None:
    a = Annotator("pale or icteric skin")
    pale, icteric = a.mark("Sign", "pale", "skin"), a.mark("Sign", "icteric")
    a.group("OR", pale, icteric)
    seen = a.event("Finding", "skin", Name2=pale)
    a.relate("same", pale, seen)
    a.attribute("Certain", pale, "very much")
    a.lines += ["#1\tAnnotatorNotes T1\twhatever", "N1\tReference T1 UMLS:1\tx", "A9\t", "M1\tNegated T2", ""]
    standoff = a.standoff()
    assert standoff.marks[pale][:2] == ("Sign", (0, 20))
    assert not standoff.marks[pale].whole
    assert standoff.groups == (Group("OR", (pale, icteric)),)
    assert standoff.links == (Link("Name", seen, pale, True), Link("same", pale, seen))
    assert standoff.attributes == {pale: {"Certain": "very much"}, "T2": {"Negated": ""}}
    assert (standoff.label(seen), standoff.span(seen)) == ("Finding", (16, 20))
    assert standoff.label("T99") is standoff.span("T99") is None


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("T1\tSign 0 40\tpale", "ends at 40 in a text of 4 characters"),
        ("T1\tSign 0-4\tpale", "not LABEL START END"),
        ("T1\tSign 2 2\t", "an empty place"),
        ("E1\tFinding:T7", "the trigger T7 is nowhere"),
        ("E1\tFinding", "not LABEL:TRIGGER ROLE:ANNOTATION …"),
        ("R1\tsame T1 T2", "not LABEL Arg1:ANNOTATION Arg2:ANNOTATION"),
        ("T9\tSign 0 1\tp", "T9 again, as in line 1"),
        ("pale skin", "neither T, E, R, A, M, N, * nor # begins the line"),
        ("*\t", "an empty group"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_its_number(line: str, cause: str) -> None:
    with pytest.raises(InputError) as error:
        read_standoff(f"T9\tSign 0 1\tp\n\n{line}\n", "pale", source="x.ann")
    assert str(error.value) == f"x.ann:3: {cause}: {line!r}"


WORDS = "under 2 mg per 3 L"
IDS = st.sampled_from(["T1", "T2", "T3", "T4", "E1", "E2", "T9"])
TRIGGERS = st.sampled_from(["T1", "T2", "T3", "T4"])
ROLES = st.sampled_from(
    ["Numeric-Filter", "Value", "Value2", "Unit", "Per", "Temporal-Unit", "Temporality", "Name", "Stage"]
)
LABELS = st.sampled_from(["Condition", "Age", "Eq-Comparison", "Eq-Unit", "Eq-Value", "Negation", "Other"])
RELATIONS = st.sampled_from(["Or", "And", "Abbrev-Of", "Before", "Example-Of"])
LINES = (
    *(st.builds(f"T{i}\t{{}} {{}} 18\t".format, LABELS, st.integers(0, 17)) for i in range(1, 5)),
    *(
        st.builds(f"E{i}\t{{}}:{{}} {{}}:{{}} {{}}:{{}}".format, LABELS, TRIGGERS, ROLES, IDS, ROLES, IDS)
        for i in (1, 2)
    ),
    *(st.builds(f"R{i}\t{{}} Arg1:{{}} Arg2:{{}}".format, RELATIONS, IDS, IDS) for i in (1, 2, 3)),
    st.builds("A1\tEq-Temporal-Unit-Value {} week".format, IDS),
    st.builds("*\tOr {} {} {}".format, IDS, IDS, IDS),
)


@given(st.tuples(*LINES).map("\n".join), st.sampled_from(["lct", "chia"]))
def test_whatever_hangs_together_is_read(annotations: str, labels: str) -> None:
    findings = findings_of(read_standoff(annotations, WORDS, source="a.ann"), label_map(labels), WORDS)
    for found in (*findings.concepts, *findings.limits, *findings.periods, *findings.neutral):
        assert 0 <= found.span[0] < found.span[1] <= len(WORDS)


@given(
    st.lists(st.sampled_from(["T1", "E1", "R1", "*", "#1", "\t", " ", "Or", "0", "4", ";", ":", "é", "\n"])).map(
        "".join
    )
)
def test_any_line_is_read_or_refused(annotations: str) -> None:
    with suppress(InputError):
        assert set(read_standoff(annotations, "gout", source="a.ann").marks) <= {"T1"}


# ------------------------------------------------------------------ events, as in LCT


def test_events_say_what_is_compared() -> None:
    a = Annotator("serum iron (SI) of 50 to 70 ug per dL; age at least twenty years")
    low, high = a.mark("Eq-Value", "50"), a.mark("Eq-Value", "70")
    above, below = a.mark("Eq-Unit", "ug"), a.mark("Eq-Unit", "dL")
    comparison = a.event("Eq-Comparison", "50 to 70 ug per dL", Value=low, Value2=high, Unit=above, Per=below)
    iron = a.event("Observation", "serum iron", Numeric_Filter=comparison)
    a.relate("Abbrev-Of", a.event("Observation", "SI"), iron)
    least, years = a.mark("Eq-Operator", "at least"), a.mark("Eq-Temporal-Unit", "years")
    a.attribute("Eq-Operator-Value", least, "GTEQ")
    a.attribute("Eq-Temporal-Unit-Value", years, "year")
    old = a.event(
        "Eq-Comparison",
        "at least twenty years",
        Value=a.mark("Eq-Value", "twenty"),
        Operator=least,
        Temporal_Unit=years,
    )
    a.event("Age", "age", Numeric_Filter=old)
    found = a.findings("lct")
    assert [(x.number, x.sign, x.unit, x.time, x.age) for x in found.limits] == [
        (50.0, "from", "ug/dl", None, False),
        (70.0, "to", "ug/dl", None, False),
        (20.0, ">=", "", "a", True),
    ]
    assert [a.text[slice(*span)] for span in found.limits[0].subjects[0].spans] == ["serum iron", "SI"]
    assert a.words(found.concepts) == ["serum iron", "SI"]
    assert found.neutral == ()
    assert found.domains == {"condition", "drug", "procedure", "observation"}


def test_a_comparison_that_nothing_owns_or_that_stages_is_neutral() -> None:
    a = Annotator("grade 3 injury, 4 visits, shortly before 5 days of rest")
    a.event("Condition", "injury", Stage=a.event("Eq-Comparison", "grade 3", Value=a.mark("Eq-Value", "3")))
    a.event("Eq-Comparison", "4 visits", Value=a.mark("Eq-Value", "4"))
    days = a.mark("Eq-Temporal-Unit", "days")
    a.attribute("Eq-Temporal-Unit-Value", days, "day")
    rest = a.event("Eq-Comparison", "5 days", Value=a.mark("Eq-Value", "5"), Temporal_Unit=days)
    a.relate("Before", rest, a.event("Procedure", "rest"))
    found = a.findings("lct")
    assert [neutral.number for neutral in found.neutral] == [3.0, 4.0, 5.0]
    assert found.limits == ()
    assert [(x.number, x.time, x.targets) for x in found.periods] == [(5.0, "d", ())]


def test_events_of_time_negation_exception_and_example() -> None:
    a = Annotator("no ulcers for 2 weeks unless healed ulceration, e.g. a scar")
    weeks = a.mark("Eq-Temporal-Unit", "weeks")
    a.attribute("Eq-Temporal-Unit-Value", weeks, "week")
    lasting = a.event("Eq-Comparison", "for 2 weeks", Value=a.mark("Eq-Value", "2"), Temporal_Unit=weeks)
    ulcers = a.event("Condition", "ulcers", Duration=lasting)
    healed, scar = a.event("Condition", "healed ulceration"), a.event("Observation", "scar")
    a.event("Negation", "no", Negates=ulcers)
    a.event("Exception", "unless", Except=healed, From=ulcers)
    a.relate("Example-Of", scar, healed)
    found = a.findings("lct")
    assert [(x.number, x.time, a.words(x.targets)) for x in found.periods] == [(2.0, "wk", ["ulcers"])]
    assert (a.words(found.negated), a.words(found.excepted)) == (["ulcers"], ["healed ulceration"])
    assert [a.words((e.whole, e.part)) for e in found.examples] == [["healed ulceration", "scar"]]


def test_male_or_female_joins_nothing() -> None:
    a = Annotator("men or women with gout or lupus")
    men, women = a.mark("Life-Stage-And-Gender", "men"), a.mark("Life-Stage-And-Gender", "women")
    gout, lupus = a.event("Condition", "gout"), a.event("Condition", "lupus")
    a.relate("Or", men, women)
    a.relate("Or", gout, lupus)
    a.relate("And", women, gout)
    found = a.findings("lct")
    assert [(j.connective, [a.words(m) for m in j.members]) for j in found.junctions] == [
        ("or", [["gout"], ["lupus"]]),
        ("and", [["women"], ["gout"]]),
    ]


# ------------------------------------------------------------------ entities and relations, as in Chia


def test_values_and_times_in_one_piece_are_read() -> None:
    a = Annotator("Women aged over 30 years, sodium = 140 mmol/L, stroke within 2 weeks or a month of entry")
    aged, sodium, stroke = a.mark("Person", "aged"), a.mark("Measurement", "sodium"), a.mark("Condition", "stroke")
    a.mark("Person", "Women")
    a.relate("Has_value", aged, a.mark("Value", "over 30 years"))
    a.relate("Has_value", sodium, a.mark("Value", "= 140 mmol/L"))
    a.relate("Has_temporal", stroke, a.mark("Temporal", "within 2 weeks or a month of entry"))
    found = a.findings("chia", name="trial_exc")
    assert [(x.number, x.sign, x.unit, x.time, x.age) for x in found.limits] == [
        (30.0, None, "years", "a", True),
        (140.0, None, "mmol/l", None, False),
    ]
    assert [a.text[slice(*x.span)] for x in found.periods] == ["2"]
    assert [(x.number, x.time, a.words(x.targets)) for x in found.periods] == [(2.0, "wk", ["stroke"])]
    assert [(x.span, x.kind) for x in found.sections] == [((0, len(a.text)), "exclusion")]
    assert a.words(found.concepts) == ["sodium", "stroke"]


def test_values_that_cannot_be_read_or_hang_on_nothing_are_neutral() -> None:
    a = Annotator("sodium as the doctor likes; 7 points")
    a.relate("Has_value", a.mark("Measurement", "sodium"), a.mark("Value", "as the doctor likes"))
    a.mark("Value", "7 points")
    found = a.findings("chia")
    assert found.limits == ()
    assert [a.text[slice(*x.span)] for x in found.neutral] == ["as the doctor likes", "7 points"]


def test_a_cue_of_exception_excepts_and_any_other_negates() -> None:
    a = Annotator("without anaemia; tumours except naevi; naevi such as halo naevi")
    a.relate("Has_negation", a.mark("Condition", "anaemia"), a.mark("Negation", "without"))
    naevi = a.mark("Condition", "naevi")
    a.relate("Has_negation", naevi, a.mark("Negation", "except"))
    a.relate("Subsumes", naevi, a.mark("Condition", "halo naevi"))
    found = a.findings("chia")
    assert (a.words(found.negated), a.words(found.excepted)) == (["anaemia"], ["naevi"])
    assert [a.words((e.whole, e.part)) for e in found.examples] == [["naevi", "halo naevi"]]


def test_a_group_joins_neighbours() -> None:
    a = Annotator("gout, asthma or ulcers")
    ulcers, gout, asthma = (a.mark("Condition", words) for words in ("ulcers", "gout", "asthma"))
    a.group("OR", ulcers, gout, asthma, a.mark("Qualifier", "or"))
    found = a.findings("chia")
    assert [[a.words(member) for member in j.members] for j in found.junctions] == [
        [["gout"], ["asthma"]],
        [["asthma"], ["ulcers"]],
    ]


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ("18 years or older", [(18.0, ">=")]),
        ("no more than 3 x ULN", [(3.0, "<=")]),
        ("between 4 and 9", [(4.0, ">="), (9.0, "<=")]),
        ("as low as can be", []),
        ("9" * 400, []),
    ],
)
def test_a_value_is_read_with_its_comparator(words: str, limits: list[tuple[float, str]]) -> None:
    age = words.startswith("18")
    assert [(x.number, x.sign) for x in read_quantity(words, age=age)] == limits
    assert all(0 <= x.span[0] < x.span[1] <= len(words) for x in read_quantity(words, age=age))


def test_lengths_are_numbers_with_their_units() -> None:
    assert [(n, unit) for n, unit, _ in read_lengths("six weeks, a 12-month course, 3 tablets, 48 hours")] == [
        (6.0, "wk"),
        (12.0, "mo"),
        (48.0, "h"),
    ]


# ------------------------------------------------------------------ folders


def write(folder: Path, name: str, text: str, annotations: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for ending, body in ((".txt", text), (".ann", annotations)):
        (folder / f"{name}{ending}").write_bytes(body.encode())


def test_a_folder_is_read_in_order_with_line_ends_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, "b", "one\r\ngout", "T1\tCondition 5 9\tgout\r\n")
    write(tmp_path, "a/z", "gout", "T1\tCondition 0 4\tgout\n")
    read = list(read_corpus(tmp_path, "chia"))
    wanted = [("a/z", "gout", (0, 4)), ("b", "one\r\ngout", (5, 9))]
    assert [(a.name, a.text, a.findings.concepts[0].span) for a in read] == wanted
    (tmp_path / "b.txt").unlink()
    assert list(read_corpus(tmp_path, "chia", texts={"b": "one\r\ngout"})) == read


def test_a_folder_that_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder$"):
        list(read_corpus(tmp_path / "none", "lct"))
    with pytest.raises(InputError, match=r"no \.ann file$"):
        list(read_corpus(tmp_path, "lct"))
    write(tmp_path, "a", "gout", "T1\tSickness 0 4\tgout\n")
    with pytest.raises(InputError, match=r"no annotation has a label of the map lct$"):
        list(read_corpus(tmp_path, "lct"))
    (tmp_path / "a.txt").write_bytes(b"g\xf6ut")
    with pytest.raises(InputError, match=r"a\.txt: not UTF-8 at byte 2$"):
        list(read_corpus(tmp_path, "lct"))
    (tmp_path / "a.txt").unlink()
    with pytest.raises(InputError, match=r"a\.ann: no a\.txt beside it$"):
        list(read_corpus(tmp_path, "lct"))


# ------------------------------------------------------------------ label maps

HEADER = "on\tlabel\tmeans\tvalue\twords\n"


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ("label\tmeans\n", "1: no column 'on' in the header"),
        (HEADER + "mark\tSign\tconcept\tillness\n", "2: concept takes one of "),
        (HEADER + "mark\tSign\tsymptom\n", "2: a mark cannot mean 'symptom'"),
        (HEADER + "\n# note\nentity\tSign\tconcept\n", "4: 'entity' is none of mark, link, attribute, file"),
        (HEADER + "attribute\tSign Up\toperator\tmore\n", "2: operator takes one of <, <=, "),
        (HEADER + "file\t_x\tsection\tboth\n", "2: section takes one of inclusion, "),
        (HEADER + "mark\ta\tage\t\t\t\t\n", "2: 7 cells in 5 columns"),
    ],
)
def test_a_map_that_cannot_be_is_refused_with_its_line(tmp_path: Path, rows: str, cause: str) -> None:
    (tmp_path / "map.tsv").write_text(rows, "utf-8")
    with pytest.raises(InputError) as error:
        label_map(tmp_path / "map.tsv")
    assert str(error.value).startswith(f"{tmp_path / 'map.tsv'}:{cause}")


def test_a_map_that_is_nowhere() -> None:
    with pytest.raises(InputError, match="no file, and no label map of ours"):
        label_map("nowhere.tsv")


def test_the_first_row_whose_words_fit_counts(tmp_path: Path) -> None:
    (tmp_path / "map.tsv").write_text(
        HEADER + "mark\tEntity\tconcept\tdrug\tpill|tablet\nmark\tEntity\tconcept\tcondition\n", "utf-8"
    )
    a = Annotator("gout, Pills")
    a.mark("Entity", "gout")
    a.mark("Entity", "Pills")
    assert [thing.domain for thing in a.findings(label_map(tmp_path / "map.tsv")).concepts] == ["condition", "drug"]
