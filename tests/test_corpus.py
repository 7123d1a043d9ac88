"""The corpus: its sources read, and its gold is built and sound. `tests/regression.py` holds the parser to it."""

from pathlib import Path

import pytest

from protoparse import model
from protoparse.evaluate import MEASURES, Evaluation, compare
from protoparse.evaluate.gold.building import build, build_folder

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDERS = sorted(p.parent for p in CORPUS.glob("*/criteria.yaml"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def gold(folder: Path) -> model.Document:
    return model.load((folder / "criteria.json").read_bytes())


def rules(document: model.Document) -> list[model.Rule]:
    return [c.rule for c in model.walk(document.criteria) if c.rule is not None]


@each_folder
def test_gold_is_up_to_date(folder: Path) -> None:
    assert model.dump(build_folder(folder), indent=1) + b"\n" == (folder / "criteria.json").read_bytes()


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


# ------------------------------------------------------------------ what the figures count

TEXT = "Inclusion Criteria:\n\n1. No stroke within 6 months\n2. ECOG 0-1\n\nExclusion Criteria:\n\n* Sepsis (grade 3)"


def of_yaml(*items: str) -> model.Document:
    return build("criteria:\n" + "\n".join(items), TEXT)


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


def test_an_item_without_words_of_its_own_is_not_its_first_child() -> None:
    text = "Inclusion Criteria:\n\n1. Stroke OR\n2. Sepsis\n"
    child = "{{starts: {0}, ends: {0}, rule: {{domain: condition, concept: {0}}}}}"
    children = ", ".join(map(child.format, ("Stroke", "Sepsis")))
    one, other = (
        build(f'criteria: [{{kind: inclusion, starts: "1. Stroke", combine: {how}, children: [{children}]}}]', text)
        for how in ("any", "all")
    )
    assert compare(one, one).figures()["outline"].right == 3
    assert compare(one, one).figures()["combine"].f1 == 1
    assert compare(one, other).figures()["combine"].f1 == 0


def test_cases_add_up() -> None:
    document = gold(FOLDERS[0])
    once = compare(document, document, name="a")
    twice = Evaluation(cases=(once, compare(document, document, name="b")), measures=MEASURES).figures()
    assert tuple(twice) == MEASURES
    assert twice["fact"].gold == 2 * once.figures()["fact"].gold


def test_texts_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="different texts"):
        compare(model.Document(text="a"), model.Document(text="b"))
