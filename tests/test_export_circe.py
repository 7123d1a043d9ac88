"""Cohort expressions of Circe: their form, what is lost, and what comes back of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

import clinic
from cohorts import fill
from factories import (
    all_,
    any_,
    at,
    at_least,
    at_most,
    before,
    between,
    bound,
    comparison,
    criterion,
    document,
    except_,
    fact,
    if_,
    modifier,
    not_,
    offset,
    one_of,
    rules,
    unit,
    window,
)
from protoparse import ProtoparseError
from protoparse.errors import ExportError
from protoparse.export.circe import Vocabulary, from_circe, make, problems
from protoparse.export.circe.describing import merged
from protoparse.export.circe.expressing import numbered
from protoparse.export.circe.sets import clean
from protoparse.export.exporting import Result
from protoparse.grammar import canonical
from protoparse.model import Age, Code, Document, Fact, Offset, Rule, Trial, walk, without_spans
from protoparse.parsing import parse
from protoparse.registered import registered
from protoparse.render import render

DAY = date(2021, 12, 31)
MAPPING = "its concept set awaits mapping: no vocabulary was given"


def made(rule: Rule | None, kind: str = "inclusion", **options: Any) -> Result:
    """A document of one criterion, exported."""
    one = document(criterion(rule, kind=kind, id=f"{kind}.1"))
    return make(one, name="trial", **{"index_date": DAY, **options})


def lost(result: Result) -> list[tuple[str, str, str]]:
    """What was lost beside concepts that await mapping."""
    return [(loss.path, loss.lost, loss.why) for loss in result.losses if loss.why != MAPPING]


def asked(result: Result) -> Any:
    """The only member of the only rule."""
    [rule] = result.payload["InclusionRules"]
    [one] = [x for k in ("CriteriaList", "DemographicCriteriaList", "Groups") for x in rule["expression"][k]]
    return one


def bare(result: Result) -> Any:
    """An expression without descriptions, which says no more than it asks."""
    rules = [{k: v for k, v in rule.items() if k != "description"} for rule in result.payload["InclusionRules"]]
    return result.payload | {"InclusionRules": rules}


def back(result: Result) -> list[str]:
    """What an expression asks, read back as criteria."""
    return [render(c.rule) for c in from_circe(bare(result)).criteria if c.rule is not None]


def days(*criteria: str) -> list[str]:
    """The same, of plain text."""
    return back(make(parse("Inclusion Criteria:\n" + "\n".join(f"* {c}" for c in criteria)), name="x", index_date=DAY))


# ------------------------------------------------------------------ form


def test_a_criterion_is_an_inclusion_rule_called_by_its_id_and_its_text() -> None:
    result = make(parse("Inclusion Criteria:\n1. Women\n\nExclusion Criteria:\n1. Gout"), name="x", index_date=DAY)
    rules = result.payload["InclusionRules"]
    assert [rule["name"] for rule in rules] == ["inclusion.1: Women", "exclusion.1: Gout"]
    assert [rule["description"].split(" — ")[0] for rule in rules] == ["Women", "Gout"]
    assert problems(result.payload) == []
    assert [str(loss) for loss in result.losses] == [
        f"exclusion.1 $.concept: {result.payload['ConceptSets'][0]['name']}: {MAPPING}"
    ]


def test_a_registrys_fields_are_rules_of_their_own() -> None:
    years = unit("Years")
    assert years is not None
    trial = Trial(minimum_age=Age(value=18, unit=years), maximum_age=Age(value=65, unit=years), sex="female")
    result = make(Document(text="", trial=trial), name="x", index_date=DAY)
    assert [rule["name"] for rule in result.payload["InclusionRules"]] == ["registry.age", "registry.sex"]
    assert back(result) == ["person [age] ≥ 18 years and person [age] ≤ 65 years", "person [female]"]


@pytest.mark.parametrize(
    ("time", "start", "end"),
    [
        (None, None, ("EndWindow", None)),
        (before(4, "weeks", "randomization"), -28, ("EndWindow", 0)),
        (before(6, "months", "screening"), -184, ("EndWindow", 0)),
        (window(None, bound("screening", offset(-1, "years"), inclusive=False)), None, ("EndWindow", -366)),
        (window(bound("screening"), bound("screening", offset(2, "weeks"))), 0, ("EndWindow", 14)),
    ],
)
def test_windows_are_days_about_the_index_day(time: Any, start: int | None, end: tuple[str, int | None]) -> None:
    one = asked(made(fact("warfarin", "drug", time=time)))
    signed = lambda e: None if "Days" not in e else e["Coeff"] * e["Days"]  # noqa: E731
    if time is None:
        assert (signed(one["EndWindow"]["Start"]), signed(one["StartWindow"]["End"])) == (0, 0)
        return
    assert signed(one["StartWindow"]["End"]) == end[1]
    assert ("EndWindow" in one) == (start is not None)
    if start is not None:
        assert signed(one["EndWindow"]["Start"]) == start


def test_the_last_measurement_is_the_one_behind_which_there_is_none() -> None:
    result = made(fact("HbA1c", "measurement", value=at_most(7, "%")))
    body = asked(result)["Criteria"]["Measurement"]
    assert body["ValueAsNumber"] == {"Value": 7, "Op": "lte"}
    within = {"Value": "2021-07-04", "Extent": "2021-12-31", "Op": "bt"}
    assert body["OccurrenceStartDate"] == within
    [later] = body["CorrelatedCriteria"]["CriteriaList"]
    assert later["Criteria"] == {"Measurement": {"CodesetId": body["CodesetId"], "OccurrenceStartDate": within}}
    assert later["Occurrence"] == {"Type": 0, "Count": 0}
    assert lost(result) == []


@pytest.mark.parametrize(
    ("value", "field", "wanted"),
    [
        (at_most(1.5, reference="ULN"), "RangeHighRatio", {"Value": 1.5, "Op": "lte"}),
        (comparison(">=", 2, reference="LLN"), "RangeLowRatio", {"Value": 2, "Op": "gte"}),
        (between(4, 6, "mmol/L"), "ValueAsNumber", {"Value": 4, "Extent": 6, "Op": "bt"}),
        (comparison("=", "abnormal"), "Abnormal", True),
        (comparison("!=", 3), "ValueAsNumber", {"Value": 3, "Op": "!eq"}),
    ],
)
def test_values(value: Any, field: str, wanted: object) -> None:
    result = made(fact("potassium", "measurement", value=value))
    assert asked(result)["Criteria"]["Measurement"][field] == wanted
    assert lost(result) == []


def test_counts_are_counts_of_days() -> None:
    result = made(fact("gout flare", count=comparison(">", 2)))
    assert asked(result)["Occurrence"] == {"Type": 2, "Count": 3, "IsDistinct": True, "CountColumn": "START_DATE"}


def test_an_exclusion_of_one_thing_is_an_occurrence_of_nought() -> None:
    assert asked(made(fact("gout"), "exclusion"))["Occurrence"] == {"Type": 0, "Count": 0}


def test_without_an_index_day_people_enter_at_a_visit() -> None:
    [primary] = made(fact("gout"), index_date=None).payload["PrimaryCriteria"]["CriteriaList"]
    assert primary == {"VisitOccurrence": {}}


# ------------------------------------------------------------------ what comes back

GOUT, AGED = fact("gout"), fact("age", "person", value=comparison(">=", 18, "years"))
ASTHMA = fact("asthma", time=before(2, "weeks", "screening"))


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (GOUT, "condition [gout] until screening"),
        (ASTHMA, "condition [asthma] in the 14 days before screening"),
        (all_(AGED, GOUT), "person [age] ≥ 18 years and condition [gout] until screening"),
        (all_(GOUT, AGED), "condition [gout] until screening and person [age] ≥ 18 years"),
        (if_(AGED, GOUT), "not person [age] ≥ 18 years or condition [gout] until screening"),
        (except_(AGED, GOUT), "person [age] ≥ 18 years and not condition [gout] until screening"),
        (not_(any_(AGED, GOUT)), "not (person [age] ≥ 18 years or condition [gout] until screening)"),
        (not_(not_(GOUT)), "not (not condition [gout] until screening)"),
        (
            at_least(2, AGED, GOUT, fact("male", "person")),
            "at least 2 of (person [age] ≥ 18 years; condition [gout] until screening; person [male])",
        ),
        (
            fact("ALT", "measurement", value=at_most(3, reference="ULN"), time=at("baseline")),
            "measurement [ALT] ≤ 3 × ULN in the 180 days before screening",
        ),
        (
            fact("HBsAg", "measurement", value=comparison("=", "positive"), time=window(None, bound("screening"))),
            "measurement [HBsAg] = positive until screening",
        ),
        (
            fact("gout", count=between(1, 3)),
            "condition [gout] count ≥ 1 until screening and condition [gout] count ≤ 3 until screening",
        ),
        (fact("gout", count=comparison("=", 0)), "not condition [gout] until screening"),
        (
            fact("score", "observation", value=one_of(1, 2)),
            "observation [score] = 1 until screening or observation [score] = 2 until screening",
        ),
        (
            fact("triptan", "drug", includes=(fact("sumatriptan", "drug"),)),
            "drug [triptan] at screening or drug [sumatriptan] at screening",
        ),
        (fact("gout", modifiers=(modifier("certainty", "documented"),)), "condition [gout] until screening"),
        (fact("age", "person", value=comparison("<", 24, "months")), "person [age] ≤ 1 years"),
        (fact("women", "person"), "person [female]"),
        (fact("penicillin", "allergy"), "allergy [penicillin] until screening"),
    ],
)  # fmt: skip
def test_a_rule_comes_back_as_what_it_means(rule: Rule, wanted: str) -> None:
    for kind in ("inclusion", "exclusion"):
        result = made(rule, kind)
        assert lost(result) == []
        assert back(result) == [wanted]
        assert from_circe(json.dumps(result.payload)).criteria[0].kind == kind


def test_children_are_part_of_their_criterion() -> None:
    rule = "Inclusion Criteria:\n* At least two of the following:\n  - Gout\n  - Asthma\n  - Migraine"
    [said] = back(make(parse(rule), name="x", index_date=DAY))
    assert said.startswith("at least 2 of (condition [Gout]")


def test_concepts_keep_their_names_and_codes() -> None:
    codes = (Code(system="ICD-10-CM", code="M10.9", version="2026"), Code(system='own ; } "', code="a b"))
    rule = fact(replace(fact("Gout").concept, name="gouty arthritis", codes=codes))
    [read] = from_circe(made(rule).payload).criteria
    assert isinstance(read.rule, Fact)
    assert (read.rule.concept.name, read.rule.concept.codes) == ("gouty arthritis", codes)


def same(one: Document, day: date | None) -> tuple[int, int, list[str]]:
    """How many criteria a document has, how many lose nothing, and those of the latter that come back otherwise."""
    result = make(one, name="x", index_date=day)
    assert problems(result.payload) == []
    read: dict[str, list[Any]] = {}
    for found in from_circe(json.dumps(result.payload)).criteria:
        read.setdefault(found.id, []).append(without_spans(found.rule))
    lossy = {loss.criterion for loss in result.losses if loss.why != MAPPING}
    total, wrong, kept = 0, [], 0
    for asking in [*numbered(one.criteria), *registered(one.trial)]:
        rule = merged(asking)
        if rule is None:
            continue
        total += 1
        if lossy.isdisjoint(c.id for c in walk([asking])):
            kept += 1
            if rule not in read.get(asking.id, []):
                wrong.append(f"{asking.id}: {render(rule)}")
    return total, kept, wrong


def test_all_that_loses_nothing_comes_back() -> None:
    listed = [
        line for line in CRITERIA.read_text(encoding="utf-8").splitlines() if line[:1] in "+-" and line[1:2] == " "
    ]
    inclusions = "\n".join(f"* {line[2:]}" for line in listed)
    total, kept, wrong = same(parse(f"Inclusion Criteria:\n{inclusions}"), DAY)
    assert (wrong, total) == ([], len(listed))
    assert kept > 0.9 * total
    assert same(parse(f"Exclusion Criteria:\n{inclusions}"), None)[2] == []


CRITERIA = Path(__file__).parent / "fixtures" / "cohorts" / "criteria.txt"


@settings(max_examples=150, deadline=None)
@given(rules)
def test_any_rule_gives_a_valid_expression_that_is_read(rule: Rule) -> None:
    for kind, day in (("inclusion", DAY), ("exclusion", None)):
        result = made(rule, kind, index_date=day)
        assert problems(result.payload) == []
        assert len(from_circe(json.dumps(result.payload)).criteria) == len(result.payload["InclusionRules"])


# ------------------------------------------------------------------ what is lost

SEVERE = fact("asthma", modifiers=(modifier("severity", "severe"),))


def test_what_cannot_be_said_takes_more_people_in_never_fewer() -> None:
    wide = made(SEVERE)
    assert lost(wide) == [("$.modifiers[0]", "severe", "Circe asks for no severity: asked without it")]
    assert back(wide) == ["condition [asthma] until screening"]
    narrow = made(SEVERE, "exclusion")
    assert lost(narrow) == [
        ("$.modifiers[0]", "severe", "Circe asks for no severity: left out"),
        ("$", "", "left out as a whole"),
    ]
    assert narrow.payload["InclusionRules"] == []
    assert back(made(not_(SEVERE))) == []
    assert back(made(not_(not_(SEVERE)))) == ["not (not condition [asthma] until screening)"]
    assert back(made(any_(GOUT, SEVERE), "exclusion")) == ["condition [gout] until screening"]
    assert back(made(all_(GOUT, not_(SEVERE)))) == ["condition [gout] until screening"]
    assert back(made(at_least(2, GOUT, AGED, fact("will", "consent")))) == [
        "at least 1 of (condition [gout] until screening; person [age] ≥ 18 years)"
    ]


@pytest.mark.parametrize(
    ("one", "path", "why"),
    [
        (fact("gout", experiencer="family"), "$.experiencer", "a cohort asks of the person alone: left out"),
        (fact("gout", time=at("diagnosis")), "$.time", "Circe counts from the index day alone: left out"),
        (fact("informed consent", "consent"), "$.domain", "no table of OMOP holds what is about consent: left out"),
        (fact("race", "person"), "$.concept", "Circe asks of a person age in years and sex alone: left out"),
        (fact("gout", value=comparison(">", 3)), "$.value",
         "a ConditionOccurrence of Circe's has no value: asked without it"),
        (fact("statin", "drug", dose=comparison(">", 10, "mg")), "$.dose", "Circe asks for no dose: asked without it"),
        (fact("x", "measurement", value=at_most(80, reference="predicted")), "$.value",
         "Circe knows no predicted but multiples of ULN and LLN: asked without it"),
        (fact("gout", time=window(duration=comparison(">=", 3, "months"))), "$.time.duration",
         "Circe asks for no duration: asked without it"),
    ],
)  # fmt: skip
def test_losses_name_place_and_cause(one: Fact, path: str, why: str) -> None:
    assert lost(made(all_(AGED, one)))[0][::2] == (path.replace("$", "$.of[1]"), why)


def test_half_lives_are_the_days_that_they_surely_are() -> None:
    wash = Offset(longest_of=(offset(-4, "weeks"), offset(-5, "half-lives")))
    drug = fact("study drug", "drug", time=window(bound("screening", wash), bound("screening")))
    assert back(made(drug, "exclusion")) == ["drug [study drug] in the 28 days before screening"]
    assert back(made(drug)) == ["drug [study drug] until screening"]
    assert "the shortest that it may be" in lost(made(drug, "exclusion"))[0][2]


def test_a_month_is_as_many_days_as_it_may_be() -> None:
    gout = fact("gout", time=before(6, "months", "screening"))
    assert back(made(gout, index_date=None)) == ["condition [gout] in the 184 days before screening"]
    assert back(made(gout, "exclusion", index_date=None)) == ["condition [gout] in the 181 days before screening"]
    assert back(made(gout)) == ["condition [gout] in the 184 days before screening"]
    assert lost(made(gout)) == []


def test_age_is_exact_on_the_last_day_of_a_year_alone() -> None:
    age = fact("age", "person", value=between(18, 65, "years"))
    assert back(made(age)) == ["person [age] between 18 and 65 years"]
    assert back(made(age, index_date=date(2021, 6, 1))) == ["person [age] between 18 and 66 years"]
    assert back(made(age, "exclusion", index_date=None)) == ["person [age] between 19 and 65 years"]
    assert "by the year of birth" in lost(made(age, index_date=None))[0][2]


def test_without_an_index_day_any_value_or_all_stand_for_the_last() -> None:
    low = fact("platelets", "measurement", value=comparison("<", 50, "10*9/L"))
    assert back(made(low, index_date=None)) == ["measurement [platelets] < 50 10*9/L in the 180 days before screening"]
    [rule] = made(low, "exclusion", index_date=None).payload["InclusionRules"]
    [both] = rule["expression"]["Groups"]
    assert rule["expression"]["Type"] == "AT_MOST"
    assert [x["Criteria"]["Measurement"]["ValueAsNumber"]["Op"] for x in both["CriteriaList"]] == ["lt", "gte"]


def test_criteria_of_one_arm_and_what_was_not_understood_are_losses() -> None:
    arm = criterion(GOUT, id="inclusion.1", group="Part B")
    text = "gout mumbled"
    odd = criterion(GOUT, id="inclusion.2", span=(0, 12), unparsed=((5, 12),))
    result = make(document(arm, odd, text=text), name="x", index_date=DAY)
    assert [(x.criterion, x.lost, x.why) for x in result.losses if x.why != MAPPING] == [
        ("inclusion.1", "Part B", "is asked of some alone, and a cohort has no parts: left out"),
        ("inclusion.2", "mumbled", "not understood: left out"),
    ]
    assert back(result) == ["condition [gout] until screening"]


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"index_date": "yesterday"}, "circe: Invalid isoformat string: 'yesterday'"),
        ({"index_date": date(1, 1, 2)}, "circe: index_date is 0001-01-02, not between 1900 and 2100"),
        ({"recent": "x"}, "circe: invalid literal for int"),
        ({"recent": -1}, "circe: recent is -1, not between 0 and 36,500 days"),
        ({"vocabulary": "/nowhere/at/all"}, "/nowhere/at/all: "),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], cause: str) -> None:
    with pytest.raises(ProtoparseError) as raised:
        made(GOUT, **options)
    assert str(raised.value).startswith(cause)
    assert "\n" not in str(raised.value)


# ------------------------------------------------------------------ vocabulary


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clinic.write(tmp_path_factory.mktemp("cdm"))


def concepts(result: Result) -> dict[str, list[int]]:
    """The concepts of each set."""
    return {
        one["name"]: [item["concept"]["CONCEPT_ID"] for item in one["expression"]["items"]]
        for one in result.payload["ConceptSets"]
    }


@pytest.mark.parametrize("kind", ["folder", "file", "connection", "vocabulary"])
def test_a_vocabulary_gives_standard_concepts(folder: Path, tmp_path: Path, kind: str) -> None:
    connection = duckdb.connect(str(tmp_path / "clinic.duckdb"))
    fill(connection, folder, "?")
    source: Any = folder
    if kind == "file":
        connection.close()
        source = tmp_path / "clinic.duckdb"
    elif kind == "connection":
        connection.execute("DROP TABLE cdm.person")
        source = connection
    elif kind == "vocabulary":
        source = Vocabulary.read(folder)
    coded = fact(replace(fact("low blood").concept, codes=(Code(system="ICD-10-CM", code="D64.9"),)))
    rule = all_(
        coded,
        fact("metformin", "drug"),
        fact("raised blood lipids"),
        fact("hospitalization", "visit"),
        fact("ALT", "measurement", value=at_most(40, "U/L")),
        fact("HBsAg", "measurement", value=comparison("=", "detected")),
        fact(replace(fact("HBsAg").concept, name="hepatitis b surface antigen"), "measurement", value=at_most(1)),
    )
    result = made(rule, vocabulary=source)
    found = concepts(result)
    assert found["condition [low blood]{low blood; ICD-10-CM D64.9}"] == [12]
    assert found["drug [metformin]"] == [36]
    assert found["condition [raised blood lipids]"] == [18]
    assert found["visit [hospitalization]"] == [9201]
    assert [c for name, c in found.items() if "hepatitis b" in name] == [[clinic.HBSAG]]
    assert [path for path, _, why in lost(result) if "no standard concept" in why] == [
        "$.of[4].concept",
        "$.of[5].concept",
    ]
    assert result.payload["ConceptSets"][0]["expression"]["items"][0]["includeDescendants"] is True


def test_what_the_vocabulary_lacks_is_left_out_not_asked_of_nobody(folder: Path) -> None:
    assert back(made(fact("scurvy"), vocabulary=folder)) == []
    wrong_unit = fact(replace(fact("weight").concept, name="body weight"), "measurement", value=at_most(90, "spoons"))
    assert "a unit that is no UCUM" in lost(made(wrong_unit, vocabulary=folder))[0][2]


def test_concepts_are_asked_for_where_they_are_recorded(folder: Path) -> None:
    result = made(fact("lives alone"), vocabulary=folder)
    assert list(asked(result)["Criteria"]) == ["Observation"]
    assert back(result) == ["condition [lives alone] until screening"]


# ------------------------------------------------------------------ checking and reading


def broken(change: Any) -> Any:
    result = made(fact("ALT", "measurement", value=between(1, 2, "U/L"))).payload
    change(result, result["InclusionRules"][0]["expression"])
    return result


def end(group: Any) -> Any:
    return group["CriteriaList"][0]["StartWindow"]["End"]


def value(group: Any) -> Any:
    return group["CriteriaList"][0]["Criteria"]["Measurement"]["ValueAsNumber"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda x, _: x.update(ConceptSets=[]), "no concept set 0"),
        (lambda x, _: x["ConceptSets"].append(x["ConceptSets"][0]), "number 0 stands twice"),
        (lambda x, _: x.update(Mood="good"), "$.Mood: not known here"),
        (lambda x, _: x.pop("PrimaryCriteria"), "no PrimaryCriteria"),
        (lambda _, g: g.update(Type="SOME"), "'SOME' is no joined"),
        (lambda _, g: g.update(Type="AT_LEAST", Count=9), "at least 9 of 1"),
        (lambda _, g: g.update(CriteriaList=[]), "a group of nothing"),
        (lambda _, g: end(g).update(Days=900, Coeff=-1), "the window ends before it begins"),
        (lambda _, g: end(g).update(Days=-2), "-2 is no whole"),
        (lambda _, g: value(g).update(Extent=0), "1 is more than 0"),
        (lambda _, g: value(g).update(Op="gt"), "an Extent is for bt alone"),
        (lambda _, g: g["CriteriaList"][0]["Criteria"].update(Wish={}), "Measurement, Wish is not known here"),
        (lambda _, g: g["CriteriaList"][0]["Occurrence"].update(Type=3), "3 is no counted"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_expression_is_told(change: Any, problem: str) -> None:
    wrong = broken(change)
    assert any(problem in told for told in problems(wrong)), problems(wrong)
    with pytest.raises(ExportError, match=r"^circe: \$") as raised:
        from_circe(wrong)
    assert "\n" not in str(raised.value)


def foreign(**criteria: Any) -> Any:
    one = {"Criteria": criteria} | {"Occurrence": {"Type": 2, "Count": 1}}
    rule = {"name": "theirs", "expression": {"Type": "ALL", "CriteriaList": [one]}}
    sets = [{"id": 7, "name": "My gout set", "expression": {"items": [{"concept": {"CONCEPT_ID": 440674}}]}}]
    return {"ConceptSets": sets, "PrimaryCriteria": {}, "InclusionRules": [rule]}


def test_anothers_expression_is_read_as_far_as_it_is_known() -> None:
    [one] = from_circe(foreign(ConditionOccurrence={"CodesetId": 7})).criteria
    assert (one.id, one.kind) == ("inclusion.1", "inclusion")
    assert render(one.rule) == "condition [My gout set]{my gout set; OMOP 440674} at any time"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("{", "circe: no JSON: "),
        ("[]", "circe: $: [] is no object"),
        (b"\xff", "circe: no JSON: "),
        ("[" * 100_000, "circe: no JSON: "),
        (foreign(ConditionEra={}), "circe: $.InclusionRules[0].expression.CriteriaList[0].Criteria: ConditionEra is"),
        (
            foreign(VisitOccurrence={}),
            "circe: $.InclusionRules[0].expression.CriteriaList[0]: a VisitOccurrence of any",
        ),
    ],
)
def test_what_is_not_read_is_one_line(given: Any, cause: str) -> None:
    with pytest.raises(ExportError) as raised:
        from_circe(given)
    assert str(raised.value).startswith(cause)
    assert "\n" not in str(raised.value)


HOSTILE = [
    "gout'; DROP TABLE cdm.person; --",
    'gout" ; DELETE FROM cdm.cohort; "',
    "@cdm_database_schema.person @target_cohort_id",
    "{1 == 1}?{gout}:{none} {@x}?{y}",
    "gout \\' \\\\ \x00\x01\x1b[31m\u2028\u202e \ud800".encode("utf-8", "replace").decode(),
    "*/ gout /* -- #Codesets",
    "gout " * 400,
    "]»⟧ [gout] «⟦",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_but_names(name: str) -> None:
    one = document(criterion(fact(name), id="inclusion.1", span=(0, len(name))), text=name)
    result = make(one, name=name, index_date=DAY)
    text = json.dumps(result.payload, ensure_ascii=False)
    assert problems(result.payload) == []
    assert all(c.isprintable() for c in text)
    [rule] = result.payload["InclusionRules"]
    assert len(rule["name"]) <= 255
    [read] = from_circe(text).criteria
    assert isinstance(read.rule, Fact)
    if len(name) < 200:
        assert read.rule.concept.text == clean(name)


def test_canonical_lines_of_the_fixture_are_rules() -> None:
    for line in CRITERIA.read_text(encoding="utf-8").splitlines():
        if line[1:2] == "=":
            assert canonical.read(line[3:]) is not None, line


# ------------------------------------------------------------------ what was said


def test_what_asks_the_same_comes_back_as_it_was_said() -> None:
    text = "Exclusion Criteria:\n* Stroke within 6 months before randomization — or gout, except if female"
    document = parse(text)
    result = make(document, name="x", index_date=DAY)
    assert lost(result) == []
    assert "184 days before screening" in back(result)[0]
    [read] = from_circe(json.dumps(result.payload)).criteria
    assert read.rule == merged(document.criteria[0])


def test_an_expression_that_was_changed_is_read_as_it_stands() -> None:
    result = made(parse("Inclusion Criteria:\n* Stroke in the last 6 months").criteria[0].rule)
    written = json.dumps(result.payload)
    assert '"Days": 184' in written
    [read] = from_circe(written.replace('"Days": 184', '"Days": 30')).criteria
    assert "in the 30 days before screening" in render(read.rule)


def test_a_rule_that_a_description_has_no_room_for_is_a_loss() -> None:
    names = [f"a disease that has the rather long name of {'very ' * 10}rare number {n}" for n in range(12)]
    result = made(any_(*(fact(name) for name in names)))
    assert [why for _, _, why in lost(result)] == ["no room for it in a description: it comes back in days"]
    assert all(len(rule["description"]) <= 1000 for rule in result.payload["InclusionRules"])
