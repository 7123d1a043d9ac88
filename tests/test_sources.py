"""Registry containers → `Listing`: the text, the fields, and what is refused."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from protoparse.errors import InputError
from protoparse.model import Age, Trial, Unit
from protoparse.sources import CONTAINERS, Listing, listings, read, recognise

ROOT = Path(__file__).parent
FIXTURES = ROOT / "fixtures" / "sources"
INVALID = ROOT.parent / "corpus" / "invalid"
MEGABYTES = 5_000_000


def years(value: int) -> Age:
    return Age(value=value, unit=Unit(text="Years", ucum="a"))


def one(data: bytes | str, container: str = "auto") -> Listing:
    data = data.encode() if isinstance(data, str) else data
    [listing] = listings(data, name="x", container=container)
    return listing


def fixture(name: str) -> Listing:
    [listing] = read(FIXTURES / name)
    return listing


def refusal(data: bytes | str, container: str = "auto") -> str:
    with pytest.raises(InputError) as caught:
        one(data, container)
    return str(caught.value)


def study(text: str, number: str | None = None) -> str:
    identity = {"nctId": number} if number else {}
    protocol = {"identificationModule": identity, "eligibilityModule": {"eligibilityCriteria": text}}
    return json.dumps({"protocolSection": protocol})


# ------------------------------------------------------------------ page text


def test_page_section_is_verbatim_between_its_explanation_and_the_age_label():
    listing = fixture("page.txt")
    whole = (FIXTURES / "page.txt").read_text(encoding="utf-8")
    start = whole.index("Inclusion Criteria")
    assert listing.text == whole[start : whole.index("\n\nMinimum Eligible Age")]
    assert "<!-- -->" in listing.text
    assert r"Ferritin \> 15" in listing.text


def test_page_fields():
    assert fixture("page.txt").trial == Trial(
        id="NCT99990001",
        registry="ClinicalTrials.gov",
        title="Blue Light for Tired Nurses",
        conditions=("Shift Work Disorder", "Insomnia"),
        minimum_age=years(21),
        maximum_age=None,
        sex="female",
        healthy_volunteers=True,
    )


def test_page_with_crlf_line_ends_gives_the_same():
    unix = (FIXTURES / "page.txt").read_bytes()
    dos = one(unix.replace(b"\n", b"\r\n"))
    assert dos.trial == fixture("page.txt").trial
    assert dos.text.replace("\r\n", "\n") == fixture("page.txt").text
    assert not dos.text.endswith("\r")


def test_page_whose_summary_names_the_section_too():
    page = (FIXTURES / "page.txt").read_text(encoding="utf-8")
    changed = page.replace("Nurses on night duty", "Eligibility Criteria\n\nare below.\n\nNurses on night duty")
    assert one(changed).text == fixture("page.txt").text


def test_page_without_an_explanation_keeps_the_first_line():
    assert one("T\n\nEligibility Criteria\n\nInclusion Criteria\n\nAdult\n\nEligible Sex\n\nALL\n").text == (
        "Inclusion Criteria\n\nAdult"
    )
    assert one("T\n\nEligibility Criteria\n\n* Adult\n* Walks\n\nEligible Sex\n\nALL\n").text == "* Adult\n* Walks"


def test_page_label_without_a_value_is_missing():
    page = "T\n\nEligibility Criteria\n\nWho.\n\nAdults\n\nMinimum Eligible Age\n\nMaximum Eligible Age\n\n9 Weeks\n"
    trial = one(page).trial
    assert trial.minimum_age is None
    assert trial.maximum_age == Age(value=9, unit=Unit(text="Weeks", ucum="wk"))


# ------------------------------------------------------------------ HTML


def test_html_page_section():
    assert fixture("page.html").text == (
        "Inclusion Criteria:\n\n"
        "* Works at least 4 night shifts a month\n"
        "* Neutrophils ≥ 1.5 × 10^9/L and CO2 normal\n"
        "  * AST <ULN and ALT >3\n"
        "  * bilirubin < 2\n\n"
        "Exclusion Criteria:\n\n"
        "1. Any retinal disease\n   of either eye\n2. Pregnancy\n   a. known\n   b. planned"
    )


def test_html_page_fields():
    assert fixture("page.html").trial == Trial(
        id="NCT99990001",
        registry="ClinicalTrials.gov",
        title="Blue Light for Tired Nurses",
        minimum_age=years(21),
        maximum_age=years(60),
        sex="all",
        healthy_volunteers=False,
    )


def test_html_table_joins_separate_fields_under_the_standard_headings():
    listing = fixture("table.html")
    assert listing.text == (
        "Inclusion Criteria:\n\n1. Operated within 7 days\n2. Walks 10 m with a stick\n\n"
        "Exclusion Criteria:\n\n1. MMSE < 20\n2. Second fracture"
    )
    assert listing.trial == Trial(
        id="ISRCTN99990002",
        registry="ISRCTN",
        title="Walking after a hip operation",
        conditions=("Hip fracture",),
        minimum_age=Age(value=65, unit=Unit(text="Year", ucum="a")),
        maximum_age=Age(value=90, unit=Unit(text="Year", ucum="a")),
        sex="male",
        healthy_volunteers=False,
    )


def test_html_definition_list():
    listing = fixture("definitions.html")
    assert listing.text == (
        "Inclusion Criteria:\n\nDrinks tea daily.\n\nSleeps under 6 hours.\n\nExclusion Criteria:\n\nAllergy to tea"
    )
    assert (listing.trial.id, listing.trial.registry, listing.trial.sex) == ("DRKS99990003", "DRKS", "female")
    assert listing.trial.minimum_age == Age(value=6, unit=Unit(text="Months", ucum="mo"))


def test_html_fragment():
    assert fixture("fragment.html").text == (
        "Inclusion:\n1) platelets > 100 × 10^9/L\n2) the 2nd dose <12 weeks ago\n\n"
        "Exclusion:\n\n* AST <ULN and ALT >3\n* heart rate below 50"
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>AST <ULN and ALT >3</p>", "AST <ULN and ALT >3"),
        ("<p>weight <b>50 kg or <b and >5</p>", "weight 50 kg or <b and >5"),
        ("<p>p<0.05, x<y>z, a < b > c</p>", "p<0.05, x<y>z, a < b > c"),
        ("<p>5 <!-- a note -->kg</p>", "5 kg"),
        ("<p>never closed <!-- here</p>", "never closed <!-- here"),
        ('<p class="a > b" title=\'x <y\'>kept</p>', "kept"),
        ("<p>10<sup>9</sup>/L, m<sup>2</sup>, s<sup>-1</sup>, 3<sup>rd</sup>, H<sub>2</sub>O</p>",
         "10^9/L, m^2, s^-1, 3rd, H2O"),
        ("<p>&lt; 5 &amp; &ge; 2&nbsp;&micro;g &#8804; 7</p>", "< 5 & ≥ 2 µg ≤ 7"),
        ("<div>one</div><div>two<br/>three</div>", "one\ntwo\nthree"),
        ("<p>one\r\n   two</p>", "one two"),
        ("<pre>one\n  two</pre>", "one\n  two"),
        ("<ol start='3'><li>three<li>four</ol>", "3. three\n4. four"),
        ("<ol><li>a<ul><li>b<ol type='i'><li>c</ol></ul></ol>", "1. a\n   * b\n     i. c"),
        ("<ol><li>a<li><ol type='a'><li>b<li>c</ol></ol>", "1. a\n2. a. b\n   b. c"),
        ("<ul><li><p>one</p><p>more</p></li><li>two</li></ul>", "* one\n  more\n* two"),
        ("<p>non<o:p>-smoker</o:p></p><script>x < 1</script>", "non-smoker"),
    ],
)  # fmt: skip
def test_html_rendering(markup: str, text: str):
    assert one(markup).text == text


def test_html_headings_of_inclusion_and_exclusion_without_one_above():
    page = (
        "<html><body><h1>Tea</h1><h2>Summary</h2><p>On tea.</p><h2>Inclusion Criteria</h2><p>Adults</p>"
        "<h2>Exclusion Criteria</h2><p>Coffee</p><h2>Sponsor</h2><p>A house</p></body></html>"
    )
    assert one(page).text == "Inclusion Criteria\n\nAdults\n\nExclusion Criteria\n\nCoffee"


def test_html_titles_in_bold_or_plain_lines():
    for title in ("<p><b>{}</b></p>", "<div class='label'>{}</div>"):
        page = (
            "<html><body><h1>Tea</h1><p>On tea.</p>"
            + title.format("Inclusion criteria:") + "<p>Adults</p>"
            + title.format("Exclusion criteria:") + "<p>Coffee</p><h2>Contacts</h2><p>Nobody</p></body></html>"
        )  # fmt: skip
        lines = [line for line in one(page).text.split("\n") if line]
        assert lines == ["Inclusion criteria:", "Adults", "Exclusion criteria:", "Coffee"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<table><tr><td>1.</td><td>Over 18</td></tr><tr><td>2.</td><td>Hb over 9</td></tr></table>",
         "1. Over 18\n2. Hb over 9"),
        ("<h2>Eligibility</h2><table><tr><td>Haemoglobin</td><td>&ge; 9 g/dL</td></tr></table>",
         "Haemoglobin ≥ 9 g/dL"),
        ("<h2>Eligibility</h2><dl><dt>Age</dt><dd>as the physician sees fit</dd></dl>",
         "Age as the physician sees fit"),
        ("<h2>Eligibility</h2><p>Adults</p><dl><dt>Age</dt><dd>18 Years and older</dd></dl>", "Adults"),
        ("<table><tr><th>Inclusion</th><th>Exclusion</th></tr><tr><td>Adults<br>Walks</td><td>Pregnant</td></tr></table>",
         "Inclusion Criteria:\n\nAdults\nWalks\n\nExclusion Criteria:\n\nPregnant"),
        ("<table><tr><th colspan=2>Eligibility</th></tr><tr><td colspan=2>Adults<ul><li>who walk</ul></td></tr>"
         "<tr><td>Sex</td><td>All</td></tr></table>", "Adults\n\n* who walk"),
    ],
)  # fmt: skip
def test_html_tables_and_lists_inside_the_section(markup: str, text: str):
    assert one(f"<html><body>{markup}</body></html>" if "ligib" in markup or "nclus" in markup else markup).text == text


def test_html_in_a_declared_encoding():
    page = '<html><head><meta charset="iso-8859-7"></head><body><h2>Eligibility</h2><p>TNF-α</p></body></html>'
    assert one(page.encode("iso-8859-7")).text == "TNF-α"


def test_html_nested_beyond_any_page():
    assert one("<div>" * 5000 + "adults" + "</div>" * 5000).text == "adults"


# ------------------------------------------------------------------ ClinicalTrials.gov JSON


def test_study_json():
    listing = fixture("study.json")
    assert listing.name == str(FIXTURES / "study.json")
    assert (
        listing.text == "Inclusion Criteria:\n\n* Runs \\> 20 km a week\n\nExclusion Criteria:\n\n* Raynaud’s disease"
    )
    assert listing.trial == Trial(
        id="NCT99990004",
        registry="ClinicalTrials.gov",
        title="Cold water for runners",
        conditions=("Muscle Soreness", "Fatigue"),
        minimum_age=years(18),
        maximum_age=years(45),
        sex="male",
        healthy_volunteers=True,
    )


def test_older_full_studies_json():
    first, second = read(FIXTURES / "full-studies.json")
    assert first.trial == Trial(
        id="NCT99990005",
        registry="ClinicalTrials.gov",
        title="Bread in the morning",
        conditions=("Hunger",),
        minimum_age=Age(value=5, unit=Unit(text="Days", ucum="d")),
        sex="all",
        healthy_volunteers=True,
    )
    assert (second.text, second.trial.sex) == ("Exclusion Criteria:\n\nCoeliac disease", "female")
    assert second.name.endswith("full-studies.json#NCT99990006")


@pytest.mark.parametrize("form", ["[{}, {}]", '{{"studies": [{}, {}]}}', "{}\n{}\n", "\n{}\r\n\r\n{}", "\ufeff{}\n{}"])
def test_several_studies(form: str):
    data = form.format(study("* Adults", "NCT99990011"), study("* Children"))
    assert [(x.name, x.text) for x in listings(data.encode(), name="x")] == [
        ("x#NCT99990011", "* Adults"),
        ("x#" + ("2" if "\r" not in form else "4"), "* Children"),
    ]


@pytest.mark.parametrize("bad", ["{]", "oops", study(" ", "NCT99990012"), "[]", '{"a": "\\udc00"}', "7"])
def test_a_bad_line_is_named_after_the_good_ones_before_it(bad: str):
    data = "\n".join([study("first"), bad, study("third")]).encode()
    found = listings(data, name="x.ndjson")
    assert next(found).text == "first"
    with pytest.raises(InputError, match=r"^x\.ndjson: line 2: "):
        next(found)


def test_a_broken_first_line_does_not_hide_the_others():
    errors: list[InputError] = []
    data = "\n".join([study("first")[:-5], study("second"), study("third")]).encode()
    assert [x.text for x in listings(data, name="x", on_error=errors.append)] == ["second", "third"]
    assert [str(x).split(" at ")[0] for x in errors] == ["x: line 1: broken JSON"]


def test_bad_records_are_reported_and_reading_goes_on():
    errors: list[InputError] = []
    data = f"[{study('first')}, 7, {study(' ', 'NCT99990013')}, {study('last')}]".encode()
    assert [x.text for x in listings(data, name="x", on_error=errors.append)] == ["first", "last"]
    assert [str(x) for x in errors] == [
        "x: study 2: not a study of ClinicalTrials.gov",
        "x: study NCT99990013: no eligibility section",
    ]


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path):
    path = tmp_path / "many.ndjson"
    path.write_text((study("* Adults") + "\n") * 3 + "{broken\n", encoding="utf-8")
    found = read(path)
    assert [next(found).text for _ in range(3)] == ["* Adults"] * 3


def test_surrogate_pairs_are_read_and_escaped_backslashes_are_no_surrogates():
    assert one(r'{"eligibilityModule": {"eligibilityCriteria": "\ud83d\ude00 \\ud800 \u2265"}}').text == "😀 \\ud800 ≥"


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800\n", r"\ud800x\udc00", r"\\\ud800"])
def test_lone_surrogates_are_refused(escape: str):
    data = '{"eligibilityModule": {"eligibilityCriteria": "' + escape + '"}}'
    assert refusal(data).startswith("x: lone surrogate \\ud")


@pytest.mark.parametrize("wrong", ["null", "[]", "5", '"text"', '{"eligibilityModule": null}',
                                   '{"eligibilityModule": {"eligibilityCriteria": 5}}'])  # fmt: skip
def test_json_of_unexpected_types_is_refused(wrong: str):
    assert "eligibility" in refusal(f'{{"protocolSection": {wrong}}}') or "not a study" in refusal(
        f'{{"protocolSection": {wrong}}}'
    )


# ------------------------------------------------------------------ bare text


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria:\r\n\r\n* Age \\> 18\r\n<!-- -->\r\n",
        "  leading and trailing  \n\n",
        "AST <ULN and ALT >3, <b and >5, p < .05",
        "nothing that a trial would say",
        "\u200fגיל 18\u200e ומעלה\u200b",
        "[1] Age over 18\n[2] Consent",
        "[Inclusion] adults",
        "Eligibility Criteria\n\nAdults",
        "\x0bAge\x0c over 18",
    ],
)
def test_bare_text_is_kept_character_for_character(text: str):
    assert recognise(text) == "text"
    listing = one(text)
    assert listing == Listing(trial=Trial(), text=text, name="x")


def test_byte_order_marks_and_encodings():
    assert one("\ufeffTemperature ≥ 38 °C".encode()).text == "Temperature ≥ 38 °C"
    assert one("Temperature ≥ 38 °C".encode("utf-16")).text == "Temperature ≥ 38 °C"
    assert (
        one("Temperature over 38 °C ± 0.5 – “fever”".encode("cp1252")).text == "Temperature over 38 °C ± 0.5 – “fever”"
    )


# ------------------------------------------------------------------ detection


@pytest.mark.parametrize(
    ("name", "container"),
    [("page.txt", "page"), ("page.html", "html"), ("table.html", "html"), ("fragment.html", "html"),
     ("study.json", "json"), ("full-studies.json", "json")],
)  # fmt: skip
def test_the_container_is_recognised_by_content(name: str, container: str, tmp_path: Path):
    copy = tmp_path / "record.dat"
    copy.write_bytes((FIXTURES / name).read_bytes())
    assert recognise(copy.read_text(encoding="utf-8")) == container
    assert [x.text for x in read(copy)] == [x.text for x in read(FIXTURES / name)]
    assert [x.text for x in read(copy, container=container)] == [x.text for x in read(copy)]


def test_container_overrides_what_is_recognised():
    data = "<p>Adults</p>"
    assert one(data, "text").text == data
    assert one('{"a": 1}', "text").text == '{"a": 1}'
    assert refusal(data, "ctgov") == "x: broken JSON at line 1, column 1"
    assert refusal(data, "page") == 'x: no section "Eligibility Criteria" in the page'
    assert CONTAINERS[0] == "auto"
    with pytest.raises(ValueError, match="container 'odt' is none of"):
        read("x", container="odt")


def test_xhtml_is_html():
    page = '<?xml version="1.0"?>\n<html xmlns="x"><body><h2>Eligibility</h2><p>Adults</p></body></html>'
    assert one(page).text == "Adults"


def test_the_html_parser_is_loaded_for_html_alone():
    script = (
        "import sys; from protoparse.sources import listings; list(listings(b'Adults', name='x')); "
        "print('bs4' in sys.modules, 'lxml' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Adults \xe2\x89\xa5 18")))
    assert list(read("-")) == [Listing(trial=Trial(), text="Adults ≥ 18", name="<stdin>")]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("message", sorted(INVALID.glob("*.message")), ids=lambda path: path.stem)
def test_invalid_files_are_refused_with_their_message(message: Path):
    source = message.with_suffix("")
    with pytest.raises(InputError) as caught:
        list(read(source))
    assert str(caught.value) == f"{source}: {message.read_text(encoding='utf-8').rstrip()}"


def test_what_is_no_file(tmp_path: Path):
    for path, cause in ((tmp_path / "none", "no such file"), (tmp_path, "a directory, not a file")):
        with pytest.raises(InputError) as caught:
            list(read(path))
        assert str(caught.value) == f"{path}: {cause}"
    with pytest.raises(InputError, match="not a file name"):
        list(read("a\0b"))
    errors: list[InputError] = []
    assert list(read(tmp_path / "none", on_error=errors.append)) == []
    assert len(errors) == 1


# ------------------------------------------------------------------ size


@pytest.mark.parametrize(
    ("head", "body", "tail"),
    [
        ("", "Age > 18 and ", ""),
        ("x", " ", "x"),
        ("", "\n", "x"),
        ("", "<", ""),
        ("", "<b ", ""),
        ("", "<p a=", ""),
        ("", "{", ""),
        ("", "[", ""),
        ('{"eligibilityModule": {"eligibilityCriteria": "', "Age > 18 ", '"}}'),
        ('{"eligibilityModule": {"eligibilityCriteria": "', "Age > 18 ", ""),
        ("T\n\nEligibility Criteria\n\nWho.\n\n", "Age > 18 ", "\n\nMinimum Eligible Age\n\n18 Years\n"),
        ("<p>", "Age > 18 ", "</p>"),
        ("<p>", "AST <ULN ", "</p>"),
    ],
)
def test_a_single_line_of_five_megabytes(head: str, body: str, tail: str):
    data = (head + body * (MEGABYTES // len(body)) + tail).encode()
    start = time.process_time()
    list(listings(data, name="x", on_error=lambda _: None))
    assert time.process_time() - start < 4  # 2 s on an idle machine


# ------------------------------------------------------------------ real records

DATA = os.environ.get("PROTOPARSE_DATA")


@pytest.mark.skipif(not DATA, reason="PROTOPARSE_DATA names no folder of listings")
def test_real_records():
    folder = Path(DATA or "")
    unread = set((folder / "gold" / "unread.txt").read_text(encoding="utf-8").split())
    for path in (folder / "listings" / "ctgov-v2").glob("*.json"):
        if path.stem not in unread:
            [listing] = read(path)
            assert listing.trial.id == path.stem
            assert recognise(listing.text) == "text"
    [listing] = read(folder / "listings" / "NCT07280494.txt")
    assert listing.text == (folder / "gold" / "texts" / "NCT07280494.txt").read_text(encoding="utf-8").rstrip("\n")
