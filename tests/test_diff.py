"""Two documents compared for what changed: which criterion is which, what is told of them, and the command."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

import protoparse
from protoparse import cli
from protoparse.alignment import align
from protoparse.diff import Diff, diff
from protoparse.evaluate import build
from protoparse.evaluate.gold.building import build_folder
from protoparse.model import Age, Document, Trial, Unit, dump
from protoparse.parsing import parse
from protoparse.sources import read

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDERS = sorted(path.parent for path in CORPUS.glob("*/criteria.yaml"))
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)

ITEMS = [
    "Bilirubin > 3 x ULN",
    "Creatinine > 3 x ULN",
    "Stroke within 4 weeks before screening",
    "Pregnancy",
    "Asthma and eczema requiring prednisone",
]


def listed(*items: str, heading: str = "Exclusion") -> Document:
    return parse(f"{heading} Criteria:\n\n" + "\n".join(f"* {item}" for item in items))


def told(found: Diff) -> list[tuple[str, str | None, str | None]]:
    return [(d.status, d.old, d.new) for d in found.differences]


def changes(found: Diff) -> list[tuple[str, str | None, str | None]]:
    return [(c.what, c.old, c.new) for d in found.differences for c in d.changes]


# ------------------------------------------------------------------ two versions of a text


def test_nothing_differs_from_itself() -> None:
    document = listed(*ITEMS)
    assert diff(document, document) == Diff(name=None, same=5, trial=(), differences=())


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("Bilirubin > 3 x ULN", "Bilirubin ≥ 3 x ULN", ("comparator", ">", "≥")),
        ("Bilirubin > 3 x ULN", "Bilirubin > 2.5 x ULN", ("number", "3", "2.5")),
        ("Bilirubin > 3 mg/dL", "Bilirubin > 3 mmol/L", ("unit", "mg/dL", "mmol/L")),
        (
            "Stroke within 4 weeks before screening",
            "Stroke within 6 weeks before screening",
            ("window offset", "4 weeks before to 0", "6 weeks before to 0"),
        ),
        (
            "Stroke within 4 weeks before screening",
            "Stroke within 4 weeks before randomization",
            ("window anchor", "screening", "randomization"),
        ),
        ("Severe asthma", "Asthma", ("modifier", "severity: Severe = severe", None)),
    ],
)
def test_what_changed_is_named(old: str, new: str, wanted: tuple[str, str | None, str | None]) -> None:
    found = diff(listed("Pregnancy", old), listed(new, "Pregnancy"))
    of_item = [d for d in found.differences if d.status == "changed"]
    assert [(c.what, c.old, c.new) for d in of_item for c in d.changes if c.what != "place"] == [wanted]


def test_logic_is_compared_by_meaning() -> None:
    text = "* Asthma or gout"
    both = "[{domain: condition, concept: Asthma}, {domain: condition, concept: gout}]"
    item = "criteria:\n- {kind: exclusion, starts: Asthma, rule: %s}"
    any_of, all_of = build(item % f"{{any: {both}}}", text), build(item % f"{{all: {both}}}", text)
    [d] = diff(any_of, all_of).differences
    words = "condition [Asthma] or condition [gout]"
    assert (d.status, [(c.what, c.old, c.new) for c in d.changes]) == (
        "changed",
        [("logic", words, words.replace("or", "and"))],
    )
    nots = "[{not: {domain: condition, concept: Asthma}}, {not: {domain: condition, concept: gout}}]"
    twice = build(item % f"{{not: {{any: {nots}}}}}", text)
    assert [c.what for d in diff(all_of, twice).differences for c in d.changes] == ["polarity", "polarity"]


def test_lost_and_gained() -> None:
    found = diff(listed(*ITEMS), listed(*ITEMS[:3], "Dialysis", ITEMS[4]))
    assert told(found) == [("lost", "exclusion.4", None), ("gained", None, "exclusion.4")]
    assert found.same == 4
    assert found.counts()["lost"] == 1


def test_another_number_is_no_difference() -> None:
    assert told(diff(listed(*ITEMS), listed("Dialysis", *ITEMS))) == [("gained", None, "exclusion.1")]


def test_moved() -> None:
    found = diff(listed(*ITEMS), listed(ITEMS[4], *ITEMS[:4]))
    assert told(found) == [("moved", "exclusion.5", "exclusion.1")]
    assert changes(found) == [("place", "exclusion.5", "exclusion.1")]


def test_reworded() -> None:
    found = diff(
        listed("Stroke within 4 weeks before screening", "Gout."),
        listed("Patients who had a stroke within 4 weeks prior to screening", "gout;"),
    )
    assert told(found) == [("reworded", "exclusion.1", "exclusion.1")]


def test_a_rare_word_tells_which_is_which() -> None:
    found = diff(listed("ALT > 3 x ULN", "Bilirubin > 3 x ULN"), listed("Bilirubin > 2 x ULN", "ALT > 5 x ULN"))
    assert sorted((c.of, c.old, c.new) for d in found.differences for c in d.changes if c.what == "number") == [
        ("ALT", "3", "5"),
        ("Bilirubin", "3", "2"),
    ]


def test_a_section_that_changes_is_a_change() -> None:
    found = diff(listed("Gout", "Stroke"), listed("Gout", "Stroke", heading="Inclusion"))
    assert told(found) == [("changed", f"exclusion.{n}", f"inclusion.{n}") for n in (1, 2)]
    assert set(changes(found)) == {("section", "exclusion", "inclusion")}


def test_the_registrys_fields() -> None:
    old, new = (
        replace(listed("Gout"), trial=Trial(id="NCT1", minimum_age=Age(value=n, unit=Unit(text="Years"))))
        for n in (18, 21)
    )
    found = diff(old, new)
    assert (found.name, found.differences) == ("NCT1", ())
    assert [(c.what, c.old, c.new) for c in found.trial] == [("minimum_age", "18 Years", "21 Years")]


# ------------------------------------------------------------------ two parses of a text


@each_folder
def test_two_parses_of_a_text(folder: Path) -> None:
    [listing] = read(next(folder.glob("source.*")))
    gold, parsed = build_folder(folder), parse(listing)
    for old, new in ((gold, parsed), (parsed, gold)):
        found = diff(old, new)
        assert all(d.status != "moved" for d in found.differences)
        both = [c for c in align(old, new) if c.old and c.new]
        assert all(c.old and c.new and c.old.start == c.new.start for c in both)


@each_folder
def test_every_criterion_and_fact_is_in_one_couple(folder: Path) -> None:
    document = build_folder(folder)
    some = random.Random(7)
    kept = tuple(c for c in document.criteria if some.random() < 0.7)
    other = replace(document, criteria=kept, text=document.text + "\n")
    for couples in (align(document, other), align(other, document)):
        for side in ("old", "new"):
            items = [getattr(c, side) for c in couples if getattr(c, side) is not None]
            assert len({(item.start, item.joins) for item in items}) == len(items)
        facts = [one for c in couples for one, _ in c.facts if one is not None]
        assert len({id(f.fact) for f in facts}) == len(facts)


def test_what_is_no_longer_read_is_lost() -> None:
    document = listed("Gout", "Stroke")
    first = document.criteria[0]
    unread = replace(first, rule=None, unparsed=(first.span,))
    worse = replace(document, criteria=(unread, document.criteria[1]))
    assert told(diff(document, worse)) == [("lost", "exclusion.1", "exclusion.1")]
    assert told(diff(worse, document)) == [("gained", "exclusion.1", "exclusion.1")]
    assert changes(diff(document, worse))[0] == ("rule", "condition [Gout]", None)


def test_other_codes_are_told_apart() -> None:
    plain = protoparse.Parser(codes=False).parse("Exclusion Criteria:\n\n* Gout")
    [d] = diff(plain, listed("Gout")).differences
    assert (d.status, d.changes[0].what, d.changes[0].old) == ("recoded", "codes", None)


def test_the_package_has_the_function() -> None:
    assert protoparse.diff is diff


# ------------------------------------------------------------------ the command


def write(path: Path, *documents: Document) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(map(dump, documents)))
    return path


def numbered(document: Document, number: int) -> Document:
    return replace(document, trial=Trial(id=f"NCT0000000{number}"))


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    for side, limit in (("old", ">"), ("new", "≥")):
        write(tmp_path / side / "a.json", numbered(listed(f"Bilirubin {limit} 3 x ULN", "Gout"), 1))
        write(tmp_path / side / "b.json", numbered(listed("Stroke"), 2))
    return tmp_path / "old", tmp_path / "new"


def test_it_reads_like_a_review(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", *map(str, sides)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "NCT00000001: 1 changed, 1 the same",
        "~ changed exclusion.1, tightened:",
        "    Bilirubin > 3 x ULN",
        "    Bilirubin ≥ 3 x ULN",
        "    - measurement [Bilirubin] > 3 × ULN",
        "    + measurement [Bilirubin] ≥ 3 × ULN",
        "      Bilirubin: comparator > → ≥",
        "",
        "1 of 2 trials changed: 1 tightened",
    ]


def test_no_difference_is_silence(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", str(sides[0]), str(sides[0])]) == 0
    assert capsys.readouterr() == ("", "")


def test_json(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", *map(str, sides), "--json", "-"]) == 1
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [(t["name"], t["counts"]["changed"], t["same"]) for t in trials] == [
        ("NCT00000001", 1, 1),
        ("NCT00000002", 0, 1),
    ]
    [difference] = trials[0]["differences"]
    assert difference["changes"] == [{"what": "comparator", "of": "Bilirubin", "old": ">", "new": "≥"}]


def test_a_page_that_asks_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = listed("Gout </script><script>alert(1)</script>", "Stroke")
    old = write(tmp_path / "old.json", numbered(listed("Stroke"), 1))
    new = write(tmp_path / "new.json", numbered(hostile, 1))
    made = tmp_path / "page.html"
    assert cli.main(["diff", str(old), str(new), "--html", str(made), "-q"]) == 1
    assert capsys.readouterr() == ("", "")
    page = made.read_text("utf-8")
    assert "<script>alert" not in page
    assert not re.search(r"https?://", page)
    [data] = re.findall(r'<script type="application/json" id="items-data">(.*?)</script>', page, re.S)
    packed = json.loads(data)
    assert [facet["key"] for facet in packed["facets"]] == ["status", "direction", "section", "what"]
    assert packed["facets"][0]["options"] == ["lost", "gained", "changed", "recoded", "reworded", "moved"]
    assert len(packed["items"]) == 1
    assert [document["name"] for document in packed["documents"]] == ["NCT00000001", "NCT00000001, before"]


def test_the_page_is_filtered_in_a_browser(sides: tuple[Path, Path], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from browser import Visit, chromium

    write(sides[1] / "b.json", numbered(listed("Stroke", "Dialysis"), 2))
    made = tmp_path / "page.html"
    assert cli.main(["diff", *map(str, sides), "--html", str(made), "-q"]) == 1
    with chromium() as browser, Visit(browser, made) as visit:
        count, entry = visit.page.locator("#count"), visit.page.locator("#list > li")
        expect(count).to_have_text("2 differences")
        visit.page.get_by_label("Difference", exact=True).select_option("gained")
        expect(entry).to_have_count(1)
        expect(entry).to_contain_text("[Dialysis]")
        visit.page.get_by_role("link", name="1", exact=True).first.click()  # in the table: what changed in the first
        expect(entry).to_contain_text("Bilirubin: comparator > → ≥")
        assert visit.requests == [made.as_uri()]
        assert visit.complaints == []


def test_arrays_lines_and_standard_input(sides: tuple[Path, Path], tmp_path: Path) -> None:
    documents = [numbered(listed(item), n) for n, item in enumerate(ITEMS[:3], 1)]
    lines = write(tmp_path / "all.ndjson", *documents)
    array = b"[" + b",\n".join(map(dump, documents)) + b"]"
    command = [sys.executable, "-m", "protoparse", "diff", str(lines), "-"]
    done = subprocess.run(command, input=array, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_gold_and_a_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [folder] = [f for f in FOLDERS if f.name == "type-2-diabetes"]
    assert cli.main(["parse", str(folder / "source.html"), "--out", str(tmp_path)]) == 0
    assert cli.main(["diff", str(folder), str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("NCT90000003: ")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b'{"format": "protoparse.criteria/1"}', "missing required field `text`"),
        (b'[{"format": "protoparse.criteria/1", "text": ""}, 3]', "document 2: "),
        (b"[", "truncated"),
        (b"", "truncated"),
    ],
)
def test_trouble_is_two_and_one_line(
    content: bytes, cause: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write(tmp_path / "good.json", listed("Gout")), tmp_path / "bad.json"
    bad.write_bytes(content)
    assert cli.main(["diff", str(good), str(bad)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    told, *others = err.splitlines()
    assert told.startswith(f"protoparse: {bad}: ")
    assert cause in told
    assert all(" is not in " in line for line in others)


def test_what_has_no_partner_is_trouble(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (sides[1] / "b.json").unlink()
    write(sides[1] / "c.json", numbered(listed("Gout"), 3))
    assert cli.main(["diff", *map(str, sides)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"protoparse: {sides[0]}/b.json: NCT00000002 is not in {sides[1]}",
        f"protoparse: {sides[1]}/c.json: NCT00000003 is not in {sides[0]}",
    ]
    assert cli.main(["diff", "-", "-"]) == 2
    assert "one side only" in capsys.readouterr().err
    assert cli.main(["diff", str(sides[0] / "nothing"), str(sides[1])]) == 2
    assert capsys.readouterr().err == f"protoparse: {sides[0]}/nothing: no such file or folder\n"
