"""The corpus: its sources read, its gold is built and sound, and the parser reaches its floors on it."""

import json
from pathlib import Path

import pytest

from protoparse import model
from protoparse.evaluate import MEASURES, Evaluation, compare
from protoparse.evaluate.gold import GoldError, build, build_folder, main

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDERS = sorted(p.parent for p in CORPUS.glob("*/criteria.yaml"))
FLOORS = json.loads((CORPUS / "floors.json").read_text("utf-8"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def gold(folder: Path) -> model.Document:
    return model.load((folder / "criteria.json").read_bytes())


def rules(document: model.Document) -> list[model.Rule]:
    return [c.rule for c in model.walk(document.criteria) if c.rule is not None]


def test_every_folder_has_floors() -> None:
    assert [f.name for f in FOLDERS] == sorted(FLOORS)


@each_folder
def test_gold_is_up_to_date(folder: Path) -> None:
    assert build_folder(folder) == (folder / "criteria.json").read_bytes()


@each_folder
def test_gold_loads_and_dumps_identically(folder: Path) -> None:
    data = (folder / "criteria.json").read_bytes()
    assert model.dump(model.load(data), indent=1) + b"\n" == data


@each_folder
def test_gold_is_sound(folder: Path) -> None:
    from protoparse.check import check

    assert check((folder / "criteria.json").read_bytes()) == []


@each_folder
def test_concepts_stand_in_their_places(folder: Path) -> None:
    document = gold(folder)
    for fact in (f for rule in rules(document) for f in model.facts(rule)):
        assert fact.concept.span is not None
        assert document.text[slice(*fact.concept.span)] == fact.concept.text


@each_folder
def test_rules_survive_canonical_english(folder: Path) -> None:
    from protoparse.grammar import canonical
    from protoparse.render import render

    for rule in rules(gold(folder)):
        back = canonical.read(render(rule))
        assert model.without_spans(back) == model.without_spans(rule)


@each_folder
def test_gold_agrees_with_itself(folder: Path) -> None:
    document = gold(folder)
    assert {rate.f1 for rate in compare(document, document).figures().values()} == {1.0}


@each_folder
def test_parser_reaches_the_floors(folder: Path) -> None:
    from protoparse.parsing import Parser
    from protoparse.sources import read

    [listing] = read(next(folder.glob("source.*")))
    case = compare(gold(folder), Parser().parse(listing))
    figures = Evaluation(cases=(case,), measures=MEASURES).figures()
    below = {
        name: f"{figures[name].f1:.3f} < {floor:.3f}"
        for name, floor in FLOORS[folder.name].items()
        if figures[name].f1 < floor
    }
    assert not below


# ------------------------------------------------------------------ what gold refuses

TEXT = "Inclusion Criteria:\n\n1. No stroke within 6 months\n2. ECOG 0-1\n\nExclusion Criteria:\n\n* Sepsis (grade 3)"
STROKE = '- {kind: inclusion, starts: "No stroke", rule: {not: {domain: condition, concept: "stroke"}}}'
SEPSIS = '- {kind: exclusion, starts: "Sepsis", rule: %s}'


def of_yaml(*items: str) -> model.Document:
    return build("criteria:\n" + "\n".join(items), TEXT)


def test_items_end_before_what_follows_them() -> None:
    document = of_yaml(STROKE, '- {kind: inclusion, starts: "ECOG"}', '- {kind: exclusion, starts: "Sepsis"}')
    assert [TEXT[slice(*c.span)] for c in document.criteria] == [
        "No stroke within 6 months",
        "ECOG 0-1",
        "Sepsis (grade 3)",
    ]
    assert [c.id for c in document.criteria] == ["inclusion.1", "inclusion.2", "exclusion.1"]
    assert [bool(c.unparsed) for c in document.criteria] == [False, True, True]


def test_run_on_items_end_before_the_next_number() -> None:
    text = "* (1) Age over 18. (2) ECOG 0-1 (PS); 3. grade below 3. Consent (ICF) signed."
    document = build(
        "criteria:\n"
        + "\n".join(f'- {{kind: inclusion, starts: "{s}"}}' for s in ("Age", "ECOG", "grade", "Consent", "signed")),
        text,
    )
    assert [text[slice(*c.span)] for c in document.criteria] == [
        "Age over 18.",
        "ECOG 0-1 (PS);",
        "grade below 3.",
        "Consent (ICF)",
        "signed.",
    ]


def test_a_label_is_part_of_its_item() -> None:
    [criterion] = of_yaml('- {kind: inclusion, starts: "ECOG", ends: "0-1", label: "2."}').criteria
    assert TEXT[slice(*criterion.span)] == "2. ECOG 0-1"


def test_a_fact_spans_all_that_it_says() -> None:
    fact = (
        "{domain: condition, concept: stroke, time: {start: [unspecified, '-6 mo'], end: unspecified,"
        " quote: within 6 months}}"
    )
    [criterion] = of_yaml(f'- {{kind: inclusion, starts: "No stroke", ends: months, rule: {{not: {fact}}}}}').criteria
    assert criterion.rule is not None
    assert criterion.rule.span == (TEXT.index("stroke"), TEXT.index(" months") + len(" months"))


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        ('- {kind: inclusion, starts: "Any stroke"}', "not in the text: 'Any stroke'"),
        ('- {starts: "No stroke"}', "has no kind"),
        ('- {kind: maybe, starts: "No stroke"}', "Invalid enum value 'maybe'"),
        ('- {kind: inclusion, starts: "No stroke", rul: {}}', "unknown key 'rul'"),
        ('- {kind: inclusion, starts: "No stroke", combine: all}', "combine"),
        (SEPSIS % "{domain: condition, concept: sep}", "not in the text: 'sep'"),
        (SEPSIS % "{domain: condition, concept: ECOG}", "not in the text: 'ECOG'"),
        (SEPSIS % "{domain: disease, concept: Sepsis}", "Invalid enum value 'disease'"),
        (SEPSIS % "{concept: Sepsis}", "no 'domain'"),
        (SEPSIS % "{domain: condition, concept: Sepsis, values: {op: '<', value: 1}}", "unknown key 'values'"),
        (SEPSIS % "{domain: condition, concept: Sepsis, value: {op: '=>', value: 1}}", "Invalid enum value '=>'"),
        (SEPSIS % "{domain: condition, concept: Sepsis, value: {op: '<', low: 1}}", "operator '<' takes value"),
        (SEPSIS % "{domain: condition, concept: Sepsis, value: {op: '=', value: yes}}", "got `bool`"),
        (SEPSIS % "{domain: condition, concept: Sepsis, time: {start: [birth, soon]}}", "no offset: 'soon'"),
        (SEPSIS % "{domain: condition, concept: Sepsis, modifiers: [severe]}", "a modifier is"),
        (SEPSIS % "{any: [{domain: condition, concept: Sepsis}]}", "2 members or more"),
        (
            SEPSIS % "{if: {domain: condition, concept: Sepsis}, then: {domain: measurement, concept: grade}}",
            "an if only where something is required",
        ),
    ],
)
def test_what_gold_refuses(items: str, cause: str) -> None:
    with pytest.raises(GoldError) as caught:
        of_yaml(items)
    assert cause in str(caught.value)


@pytest.mark.parametrize("connective", ["any", "not", "except"])
def test_an_if_stands_under_alls_alone(connective: str) -> None:
    stroke = "{domain: condition, concept: stroke}"
    guard = f"{{if: {stroke}, then: {stroke}}}"
    rule = {"any": f"{{any: [{guard}, {stroke}]}}", "not": f"{{not: {guard}}}"}.get(
        connective, f"{{base: {stroke}, except: {guard}}}"
    )
    item = '- {kind: inclusion, starts: "No stroke", rule: %s}'
    with pytest.raises(GoldError, match="an if only"):
        of_yaml(item % rule)
    assert of_yaml(item % f"{{all: [{guard}, {stroke}]}}").criteria[0].rule is not None


def test_the_trial_is_the_sources() -> None:
    with pytest.raises(GoldError, match="NCT00000001"):
        build("trial: NCT00000001\ncriteria: []", TEXT, trial=model.Trial(id="NCT00000002"))


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "source.txt").write_text(TEXT, "utf-8")
    (tmp_path / "criteria.yaml").write_text("criteria:\n" + STROKE, "utf-8")
    assert main(["--check", str(tmp_path)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    assert gold(tmp_path).text == TEXT


# ------------------------------------------------------------------ what the figures count


def figures_of(predicted: str) -> dict[str, float]:
    """The F1 of each measure; 1 where there is nothing to measure."""
    right = of_yaml(
        '- {kind: exclusion, starts: "Sepsis", rule: {all: [{domain: condition, concept: Sepsis},'
        " {domain: measurement, concept: grade, value: {op: '=', value: 3}, time: {end: screening}}]}}"
    )
    case = compare(right, of_yaml(f'- {{kind: exclusion, starts: "Sepsis", rule: {predicted}}}'))
    figures = Evaluation(cases=(case,), measures=MEASURES).figures()
    return {name: round(rate.f1, 2) for name, rate in figures.items()}


def test_order_and_roman_numbers_do_not_count() -> None:
    swapped = (
        "{all: [{domain: measurement, concept: grade, value: {op: '=', value: III}, time: {end: screening}},"
        " {domain: condition, concept: Sepsis}]}"
    )
    assert set(figures_of(swapped).values()) == {1.0}


def test_a_wrong_tree_has_right_facts() -> None:
    figures = figures_of(
        "{any: [{domain: condition, concept: Sepsis},"
        " {domain: measurement, concept: grade, value: {op: '=', value: 3}, time: {end: screening}}]}"
    )
    assert (figures["fact"], figures["value"], figures["rule logic"], figures["rule exact"]) == (1, 1, 0, 0)
    assert figures["meaning"] == 0


def test_another_tree_may_mean_the_same() -> None:
    figures = figures_of(
        "{not: {any: [{not: {domain: condition, concept: Sepsis}},"
        " {not: {domain: measurement, concept: grade, value: {op: '=', value: 3}, time: {end: screening}}}]}}"
    )
    assert (figures["rule logic"], figures["rule exact"], figures["meaning"]) == (0, 0, 1)


def test_what_is_said_twice_means_what_it_means_once() -> None:
    grade = "{domain: measurement, concept: grade, value: {op: '=', value: 3}, time: {end: screening}}"
    figures = figures_of(
        "{all: [{domain: condition, concept: Sepsis},"
        f" {{any: [{grade}, {{all: [{grade}, {{domain: condition, concept: Sepsis}}]}}]}}]}}"
    )
    assert figures["rule logic"] == 0
    assert figures["meaning"] == 1


def test_a_wrong_field_spoils_the_exact_rule_alone() -> None:
    figures = figures_of("{all: [{domain: condition, concept: Sepsis}, {domain: condition, concept: grade}]}")
    assert (figures["fact"], figures["domain"], figures["rule logic"], figures["rule exact"]) == (1, 0.5, 1, 0)
    assert (figures["value"], figures["window"]) == (0, 0)


def test_a_missing_fact_costs_recall() -> None:
    figures = figures_of("{domain: condition, concept: Sepsis}")
    assert (figures["fact"], figures["rule logic"], figures["outline"]) == (0.67, 0, 1)


def test_cases_add_up() -> None:
    document = gold(FOLDERS[0])
    once = compare(document, document, name="a")
    twice = Evaluation(cases=(once, compare(document, document, name="b")), measures=MEASURES).figures()
    assert tuple(twice) == MEASURES
    assert twice["fact"].gold == 2 * once.figures()["fact"].gold


def test_texts_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="different texts"):
        compare(model.Document(text="a"), model.Document(text="b"))
