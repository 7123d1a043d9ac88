"""Gold: what it builds and refuses, what it is drafted as, what is doubted in it, and its commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from protoparse import model
from protoparse.evaluate.gold.building import GoldError, build, build_folder
from protoparse.evaluate.gold.doubting import doubts
from protoparse.evaluate.gold.drafting import draft
from protoparse.evaluate.gold.notation import WIDTH
from protoparse.parsing import Parser, parse
from protoparse.sources import read
from running import Run

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDERS = sorted(p.parent for p in CORPUS.glob("*/criteria.yaml"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)

# ------------------------------------------------------------------ what is built and refused

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


def test_a_text_may_have_no_items() -> None:
    assert build("criteria: []", TEXT).criteria == ()


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


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        (SEPSIS % "{domain: condition,\n  concept: sep}", "line 2: exclusion 'Sepsis': not in the text: 'sep'"),
        (STROKE + "\n" + SEPSIS % "{domain: x, concept: Sepsis}", "line 3: exclusion 'Sepsis': Invalid enum value 'x'"),
        ("- {kind: inclusion, starts: ECOG,\n   kind: exclusion}", "line 3: 'kind' is given twice"),
        ("- {kind: inclusion, starts: [}", "line 2: not YAML: "),
        ("- {kind: inclusion}", "line 2: inclusion item: it has no 'starts'"),
        (SEPSIS % "{domain: condition, concept: [Sepsis, 2]}", "'Sepsis' stands 1 times in the text, not 2"),
        (SEPSIS % "{domain: condition, concept: [Sepsis, two]}", "which of its places"),
    ],
)
def test_an_error_names_line_item_and_cause(items: str, cause: str) -> None:
    with pytest.raises(GoldError) as caught:
        of_yaml(items)
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_quote_may_say_which_of_its_places_is_meant() -> None:
    text = "ALT ≤ 3 or AST ≤ 3, ALT again, 10mg"
    fact = "{domain: measurement, concept: [ALT, 2], value: {op: '<=', value: 3, quote: ['≤ 3', 2]}}"
    [criterion] = build(f"criteria:\n- {{kind: inclusion, starts: ALT, rule: {fact}}}", text).criteria
    assert isinstance(criterion.rule, model.Fact)
    assert criterion.rule.concept.span == (20, 23)
    assert criterion.rule.value is not None
    assert criterion.rule.value.span == (15, 18)
    # within a word, too
    fact = "{domain: drug, concept: ['mg', 1]}"
    [criterion] = build(f"criteria:\n- {{kind: inclusion, starts: ALT, rule: {fact}}}", text).criteria
    assert isinstance(criterion.rule, model.Fact)
    assert criterion.rule.concept.span == (33, 35)


def test_items_without_words_of_their_own_begin_with_their_first_child() -> None:
    children = '[{starts: "No stroke", label: "1."}, {starts: "ECOG", label: "2."}]'
    sepsis = '- {kind: exclusion, starts: "Sepsis"}'
    criterion, _ = of_yaml(f"- {{kind: inclusion, combine: any, children: {children}}}", sepsis).criteria
    assert TEXT[slice(*criterion.span)] == "1. No stroke within 6 months\n2. ECOG 0-1"
    assert [c.id for c in criterion.children] == ["inclusion.1.1", "inclusion.1.2"]


def test_an_event_may_be_named_by_the_lead_in() -> None:
    text = "Before the first infusion:\n* Sepsis"
    fact = "{domain: condition, concept: Sepsis, time: {end: [first_dose, null, first infusion]}}"
    item = f"{{starts: Sepsis, rule: {fact}}}"
    document = build(f"criteria:\n- {{kind: exclusion, starts: Before, combine: any, children: [{item}]}}", text)
    rule = document.criteria[0].children[0].rule
    assert isinstance(rule, model.Fact)
    assert rule.time is not None
    assert isinstance(rule.time.end, model.Bound)
    assert rule.time.end.anchor == model.Anchor(event="first_dose", text="first infusion")


# ------------------------------------------------------------------ drafts


def sayable(value: Any) -> Any:
    """What the YAML can say: no codes, confidence, places of rules, and nothing unread in an item that has a rule."""
    if isinstance(value, msgspec.Struct):
        fields = {name: sayable(getattr(value, name)) for name in value.__struct_fields__}
        if isinstance(value, model.Criterion):
            fields["unparsed"] = ()
        if isinstance(value, model.Criterion | model.Fact):
            fields["confidence"] = msgspec.UNSET
        if isinstance(value, model.Rule):
            fields["span"] = None
        if isinstance(value, model.Concept):
            fields["codes"] = ()
        return replace(value, **fields)
    return tuple(map(sayable, value)) if isinstance(value, tuple) else value


def assert_lawful(document: model.Document) -> None:
    yaml = draft(document)
    assert sayable(build(yaml, document.text).criteria) == sayable(document.criteria)
    assert max(map(len, yaml.split("\n"))) <= WIDTH + 20


@each_folder
def test_drafted_gold_builds_to_itself(folder: Path) -> None:
    assert_lawful(build_folder(folder))


@each_folder
def test_drafted_parses_build_to_themselves(folder: Path) -> None:
    [listing] = read(next(folder.glob("source.*")))
    assert_lawful(Parser().parse(listing))


def test_drafts_of_whatever_is_parsed_build_to_it() -> None:
    """The texts of the case files, as one listing each."""
    parser = Parser()
    for file in sorted((Path(__file__).parent / "cases").glob("*.txt"))[::4]:
        rows = re.findall(r"^> (.+)$", file.read_text("utf-8"), re.M)[:30]
        if file.stem != "outline":
            assert_lawful(parser.parse("Exclusion Criteria:\n\n" + "\n".join(f"* {row}" for row in rows)))


def test_a_draft_shows_the_words_and_what_was_unread() -> None:
    text = 'Exclusion Criteria:\n\n1. Grumbling that frobnicates\n2. Gout, or gout of the knee "as told"'
    gouts = "{any: [{domain: condition, concept: Gout}, {domain: condition, concept: [gout, 1]}]}"
    twice = build(
        "criteria:\n- {kind: exclusion, starts: Grumbling, label: '1.'}\n"
        f"- {{kind: exclusion, starts: Gout, label: '2.', rule: {gouts}}}",
        text,
    )
    last = replace(twice.criteria[1], unparsed=((68, 79),))
    assert draft(replace(twice, criteria=(twice.criteria[0], last))).split("\n") == [
        "criteria:",
        "",
        "# 1. Grumbling that frobnicates",
        "# unread: all of it",
        "- kind: exclusion",
        '  label: "1."',
        '  starts: "Grumbling"',
        "",
        '# 2. Gout, or gout of the knee "as told"',
        "# unread: of the knee",
        "- kind: exclusion",
        '  label: "2."',
        '  starts: "Gout"',
        "  rule:",
        "    any:",
        '    - {domain: condition, concept: "Gout"}',
        '    - {domain: condition, concept: "gout"}',
        "",
    ]


@pytest.mark.parametrize(
    "words", ["yes", 'the "so-called" sign', r"\\< 5%", "a: b", "# 3", "it's", "x\u200by", "caf\u00e9", "-"]
)
def test_any_words_can_be_quoted(words: str) -> None:
    text = f"* Start {words} end"
    at = text.index(words)
    concept = model.Concept(text=words, span=(at, at + len(words)), name="x  y")
    rule = model.Fact(domain="other", concept=concept)
    document = model.Document(
        text=text,
        criteria=(model.Criterion(id="inclusion.1", kind="inclusion", span=(2, len(text)), group="no", rule=rule),),
    )
    assert_lawful(document)


# ------------------------------------------------------------------ doubts

DOUBTED = {
    "uncovered": ("Stroke\n* Gout", "Gout", "{domain: condition, concept: Gout}"),
    "marked": ("Gout\n* Stroke", "Gout", "{domain: condition, concept: Gout}"),
    "number-unread": ("Bilirubin above 3 mg/dL", "Bilirubin", None),
    "limit-unsaid": ("Bilirubin above 3 mg/dL", "Bilirubin", "{domain: measurement, concept: Bilirubin}"),
    "time-unsaid": ("History of gout", "History", "{domain: condition, concept: gout}"),
    "examples-unsaid": ("Arthritis such as gout", "Arthritis", "{domain: condition, concept: Arthritis}"),
    "denied": ("Gout", "Gout", "{not: {domain: condition, concept: Gout}}"),
    "not-denied": ("Without gout", "Without", "{domain: condition, concept: gout}"),
    "joined": (
        "ALT/AST > 3 x ULN",
        "ALT",
        "{all: [{domain: measurement, concept: ALT, value: {op: '>', value: 3, ref: ULN}},"
        " {domain: measurement, concept: AST, value: {op: '>', value: 3, ref: ULN}}]}",
    ),
    "twice": ("Gout", "Gout", "{any: [{domain: condition, concept: Gout}, {domain: condition, concept: Gout}]}"),
    "wide-concept": (
        "Pain in the left knee that wakes one up at night",
        "Pain",
        "{domain: condition, concept: Pain in the left knee that wakes one up at night}",
    ),
    "concept-opening": ("The gout", "The", "{domain: condition, concept: The gout}"),
    "known": ("Known gout", "Known", "{domain: condition, concept: gout, modifiers: [[certainty, Known]]}"),
    "unit": (
        "Score over 3 points",
        "Score",
        "{domain: measurement, concept: Score, value: {op: '>', value: 3, unit: points}}",
    ),
    "empty-range": (
        "ALT ≥ 2 or ALT ≤ 3",
        "ALT",
        "{any: [{domain: measurement, concept: ALT, value: {op: '>=', value: 2}},"
        " {domain: measurement, concept: ALT, value: {op: '<=', value: 3}}]}",
    ),
}


@pytest.mark.parametrize("code", DOUBTED)
def test_what_is_doubted(code: str) -> None:
    words, starts, rule = DOUBTED[code]
    rule = "" if rule is None else f", rule: {rule}"
    document = build(f"criteria:\n- {{kind: exclusion, starts: {starts}{rule}}}", f"Exclusion Criteria:\n\n* {words}")
    assert code in [doubt.code for doubt in doubts(document)]


@each_folder
def test_little_of_the_corpus_is_doubted(folder: Path) -> None:
    document = build_folder(folder)
    found = doubts(document)
    assert len(found) <= 3
    assert {note.code for note in found} <= {"concept-opening", "examples-unsaid", "uncovered"}
    assert all(note.span is not None and note.span[1] <= len(document.text) for note in found)


# ------------------------------------------------------------------ the commands


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys, "gold")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "gold" / "stroke"
    made.mkdir(parents=True)
    (made / "source.txt").write_text(TEXT, "utf-8")
    (made / "criteria.yaml").write_text(f"criteria:\n{STROKE}\n", "utf-8")
    return made


def test_folders_are_checked_and_built(run: Run, folder: Path) -> None:
    run("check", folder)
    assert (run.code, run.err) == (1, f"protoparse: {folder}/criteria.json: not built yet: protoparse gold build\n")
    assert run("build", folder.parent).code == 0
    assert model.load((folder / "criteria.json").read_bytes()).text == TEXT
    run("check", folder.parent)
    assert (run.code, run.err) == (0, "")
    assert run.out.endswith("1 checked, 0 errors, 2 warnings\n")
    assert f"{folder}/criteria.yaml: line 2: inclusion.1: warning: 'within 6 months' is printed" in run.out
    assert run("check", folder, "--strict").code == 1
    (folder / "source.txt").write_text(TEXT + "\n* Gout", "utf-8")
    assert run("check", folder).code == 1
    assert run.err == f"protoparse: {folder}/criteria.json: out of date: protoparse gold build\n"


def test_yaml_that_does_not_build_is_one_line(run: Run, folder: Path) -> None:
    yaml = folder / "criteria.yaml"
    yaml.write_text("criteria:\n" + SEPSIS % "{domain: condition,\n  concept: gout}", "utf-8")
    for command in ("build", "check"):
        run(command, folder)
        assert run.code == 1
        assert run.err == f"protoparse: {yaml}: line 2: exclusion 'Sepsis': not in the text: 'gout'\n"
    yaml.write_bytes(b"\xff")
    assert run("build", folder).err.count("\n") == 1
    yaml.write_text("criteria: [", "utf-8")
    assert "line 1: not YAML" in run("build", folder).err
    (folder / "source.md").write_text("more")
    assert "one source.* is wanted, there are 2" in run("build", folder).err


def test_loose_files(run: Run, folder: Path, tmp_path: Path) -> None:
    yaml, source, out = folder / "criteria.yaml", folder / "source.txt", tmp_path / "out.json"
    assert run("build", yaml, "--text", source, "--out", out).code == 0
    assert run("build", yaml, "--text", source).out.encode() == out.read_bytes()
    assert model.load(out.read_bytes()) == build_folder(folder)
    assert run("check", yaml, "--text", source).code == 0
    assert run("build", folder, yaml, "--text", source).code == 2
    assert run("build", folder, "--out", out).code == 2
    assert "goes with --text" in run("build", yaml).err
    assert "no such folder" in run("check", tmp_path / "nothing").err
    command = [sys.executable, "-m", "protoparse", "gold", "build", "-", "--text", str(source)]
    done = subprocess.run(command, input=yaml.read_bytes(), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, out.read_bytes())


def test_a_draft_is_laid_beside_its_source(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "a trial.txt", tmp_path / "gold"
    source.write_text(TEXT, "utf-8")
    assert run("new", source, "--out", out).code == 0
    made = out / "a_trial"
    assert sorted(f.name for f in made.iterdir()) == ["criteria.yaml", "source.txt"]
    assert sayable(build_folder(made).criteria) == sayable(parse(TEXT).criteria)
    (made / "criteria.yaml").write_text("mine", "utf-8")
    run("new", source, "--out", out)
    assert (run.code, run.err) == (1, f"protoparse: {source}: {made}/criteria.yaml is there already\n")
    assert (made / "criteria.yaml").read_text("utf-8") == "mine"
    assert run("new", source).out == draft(parse(TEXT))


def test_criteria_json_is_drafted_as_it_is(run: Run, tmp_path: Path) -> None:
    [given] = [folder for folder in FOLDERS if folder.name == "solid-tumour"]
    assert run("new", given / "criteria.json").out == draft(build_folder(given))
    assert run("new", given / "criteria.json", "--out", tmp_path).code == 0
    assert build_folder(tmp_path / "criteria").text == build_folder(given).text


def test_one_of_several_trials_keeps_its_number(run: Run, tmp_path: Path) -> None:
    study = (
        '{"protocolSection": {"identificationModule": {"nctId": "NCT0000000%d"},'
        ' "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\\n\\n* Gout"}}}'
    )
    source = tmp_path / "studies.jsonl"
    source.write_text(f"{study % 1}\n{study % 2}\n", "utf-8")
    assert "several trials: give --out" in run("new", source).err
    out = tmp_path / "gold"
    assert run("new", source, "--out", out).code == 0
    assert build_folder(out / "NCT00000002").trial.id == "NCT00000002"


# ------------------------------------------------------------------ the guide

GUIDE = (Path(__file__).parents[1] / "docs" / "gold.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```text\n(.*?)^```\n\n```yaml\n(.*?)^```", GUIDE, re.M | re.S)


def test_every_example_of_the_guide_is_run() -> None:
    assert len(EXAMPLES) == GUIDE.count("```yaml") == GUIDE.count("```text") > 20


@pytest.mark.parametrize(("text", "yaml"), EXAMPLES, ids=[text[:40].strip() for text, _ in EXAMPLES])
def test_the_guides_examples_build_and_are_not_doubted(text: str, yaml: str) -> None:
    from protoparse.check import check

    document = build(yaml if "criteria:" in yaml else f"criteria:\n{yaml}", text)
    assert check(model.dump(document)) == []
    assert doubts(document) == []
    assert_lawful(document)


@pytest.mark.parametrize("mark", ["2.", r"2\.", r"* 2\.", r"\(2\)", r"\-", "<!-- -->\n\n*", "B2.", "* B2)"])
def test_bullets_and_numbers_are_marks(mark: str) -> None:
    text = f"Inclusion Criteria:\n\n1. Stroke\n{mark} Sepsis"
    document = build('criteria: [{kind: inclusion, starts: "Stroke"}, {kind: inclusion, starts: "Sepsis"}]', text)
    assert [text[slice(*c.span)] for c in document.criteria] == ["Stroke", "Sepsis"]
