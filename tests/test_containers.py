"""Each registry's container, as its registry writes it, with the listing that it must give beside it.

A file of `fixtures/sources` with a sibling `<file>.golden` is read into the listings there, one a line. All of them are
of trials that there never were. `python -m tests.test_containers --write` writes the siblings, for review.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import zipfile
from pathlib import Path

import docx
import msgspec
import pytest

from protoparse.errors import InputError
from protoparse.sources import CONTAINERS, listings, protocol, read
from protoparse.sources.records import records
from test_sources import FIXTURES, one, refusal

GOLDEN = sorted(FIXTURES.glob("*.golden"))
REGISTRY = {
    "ctgov.xml": "ctgov", "ctis.json": "ctis", "euctr.html": "euctr", "euctr.json": "euctr", "euctr.txt": "euctr",
    "isrctn.json": "isrctn", "isrctn.xml": "isrctn", "chictr.xml": "chictr", "cris.html": "html", "ictrp.csv": "ictrp",
    "ictrp.xml": "ictrp", "aact.txt": "aact", "protocol.pdf": "pdf", "protocol.docx": "docx",
}  # fmt: skip


def shown(source: Path | bytes, container: str = "auto") -> list[dict[str, object]]:
    data = source if isinstance(source, bytes) else source.read_bytes()
    found = [
        {"name": x.name.removeprefix("x"), **msgspec.to_builtins(x.trial), "text": x.text.split("\n")}
        for x in listings(data, name="x", container=container)
    ]
    return json.loads(json.dumps(found))


def golden(source: Path) -> list[dict[str, object]]:
    return json.loads(source.with_name(source.name + ".golden").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", REGISTRY)
def test_a_container_gives_its_golden_listings(name: str, tmp_path: Path):
    source = FIXTURES / name
    assert shown(source) == golden(source)
    copy = tmp_path / "record.dat"  # the name says nothing
    copy.write_bytes(source.read_bytes())
    assert shown(copy, REGISTRY[name]) == golden(source)


def test_every_container_has_a_golden_case():
    assert {path.name.removesuffix(".golden") for path in GOLDEN} == set(REGISTRY)
    assert set(CONTAINERS) - set(REGISTRY.values()) == {"auto", "text", "page", "json", "xml", "table"}


@pytest.mark.parametrize(
    ("name", "container"),
    [("ctis.json", "isrctn"), ("isrctn.json", "ctis"), ("ictrp.csv", "aact"), ("ctgov.xml", "chictr"),
     ("euctr.txt", "ctis"), ("cris.html", "ictrp"), ("protocol.pdf", "ctgov"), ("aact.txt", "euctr")],
)  # fmt: skip
def test_what_is_not_of_the_registry_that_was_named_is_refused(name: str, container: str):
    with pytest.raises(InputError, match=r"^x: "):
        list(listings((FIXTURES / name).read_bytes(), name="x", container=container))


@pytest.mark.parametrize("name", ["ctis.json", "euctr.json"])
def test_records_of_any_registry_come_one_a_line(name: str):
    line = json.dumps(json.loads((FIXTURES / name).read_bytes())).encode()
    found = list(listings(line + b"\noops\n" + line, name="x", on_error=lambda e: None))
    assert [x.text.split("\n") for x in found] == [golden(FIXTURES / name)[0]["text"]] * 2
    assert found[0].name == f"x#{found[0].trial.id}"


def test_an_archived_version_of_a_record():
    version = (
        "<clinical_study>\n<study_id>\n<nct_id>\n  NCT99990022\n</nct_id>\n</study_id>\n"
        "<brief_title>\n<textblock>\n  Soup,\n  once more\n</textblock>\n</brief_title>\n"
        "<condition>\n  Cold Hands\n</condition>\n<eligibility>\n<criteria>\n<textblock>\n  Inclusion:\n   1. Adults\n"
        "</textblock>\n</criteria>\n<minimum_age>\n  18 Years\n</minimum_age>\n</eligibility>\n</clinical_study>\n"
    )
    found = one(version)
    assert (found.trial.id, found.trial.title, found.trial.conditions) == (
        "NCT99990022", "Soup, once more", ("Cold Hands",)
    )  # fmt: skip
    assert found.text == "Inclusion:\n 1. Adults"
    assert one(version.replace("NCT99990022", "")).trial.id is None


def test_line_ends_that_an_xml_record_writes_out_are_the_files():
    criteria = "&#xD;\n        Inclusion Criteria:&#xD;\n&#xD;\n          -  Adults&#xD;\n      "
    record = f"<clinical_study><eligibility><criteria><textblock>{criteria}</textblock></criteria></eligibility>"
    assert one(record + "</clinical_study>").text == "Inclusion Criteria:\n\n  -  Adults"


@pytest.mark.parametrize(
    ("all_bands", "finer", "limits"),
    [("23", ["5"], ("12 Years", "64 Years")), ("2", ["2", "3"], (None, "23 Months")), ("2", [], (None, "17 Years")),
     ("2", ["77"], (None, "17 Years")), ("4", ["7"], ("65 Years", None))],
)  # fmt: skip
def test_bands_of_children_in_ctis(all_bands: str, finer: list[str], limits: tuple[str | None, str | None]):
    record = json.loads((FIXTURES / "ctis.json").read_text(encoding="utf-8"))
    first = record.get("authorizedPartI") or record["authorizedApplication"]["authorizedPartI"]
    people = first["trialDetails"]["trialInformation"].setdefault("populationOfTrialSubjects", {})
    for end in ("", "Code"):
        people["ageRanges"] = [{f"ageRangeCategory{end}": band} for band in all_bands]
        people["ageRangeSecondaryIds"] = [
            {f"ageRangeCategory{end}": "2" if code != "7" else "4", f"ctAgeRange{end}": code} for code in finer
        ]
        trial = one(json.dumps(record)).trial
        found = tuple(age and f"{age.value} {age.unit.text}" for age in (trial.minimum_age, trial.maximum_age))
        assert found == limits


@pytest.mark.parametrize(
    ("form", "count"),
    [('{{"trial": {0}, "contact": []}}', 1), ('{{"fullTrial": {{"trial": {0}}}}}', 1),
     ('{{"allTrials": {{"@totalCount": "1", "fullTrial": {{"trial": {0}}}}}}}', 1),
     ('{{"allTrials": {{"fullTrial": [{{"trial": {0}}}, {{"trial": {0}}}]}}}}', 2)],
)  # fmt: skip
def test_json_that_was_made_of_isrctns_xml(form: str, count: int):
    [expected] = golden(FIXTURES / "isrctn.json")
    found = shown(form.format((FIXTURES / "isrctn.json").read_text(encoding="utf-8")).encode())
    assert [x | {"name": ""} for x in found] == [expected | {"name": ""}] * count
    data = form.format('{"isrctn": "1", "participants": {"inclusion": "Adults"}}').encode()
    assert len([x for x in records(io.BytesIO(data), name="x") if not x.error]) == count


def test_criteria_in_a_list_are_a_line_each():
    row = {"id": "OWN-1", "inclusion_criteria": ["Adults", "Gout"], "exclusion_criteria": ["Dialysis"]}
    assert one(json.dumps(row)).text == "Inclusion Criteria:\n\nAdults\nGout\n\nExclusion Criteria:\n\nDialysis"


@pytest.mark.parametrize("name", ["ctis.json", "isrctn.json", "euctr.json"])
def test_a_title_is_on_one_line(name: str):
    [expected, *_] = golden(FIXTURES / name)
    title = str(expected["title"])
    broken = (FIXTURES / name).read_text(encoding="utf-8").replace(title, title.replace(" ", " \\n "))
    assert one(broken).trial.title == title


# ------------------------------------------------------------------ tables


def test_rows_are_records_of_a_batch():
    for name in ("ictrp.csv", "aact.txt"):
        data = (FIXTURES / name).read_bytes()
        found = [one(record.content, "json") for record in records(io.BytesIO(data), name=name)]
        assert [x.text.split("\n") for x in found] == [x["text"] for x in golden(FIXTURES / name)]


def test_a_table_is_read_as_it_is_asked_for():
    class Endless(io.RawIOBase):
        rows = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            self.rows += 1
            row = b"nct_id|criteria|gender\n" if self.rows == 1 else b"NCT9999%04d|Age > 5|All\n" % (self.rows % 10_000)
            buffer[: len(row)] = row
            return len(row)

    found = records(io.BufferedReader(Endless()), name="x")
    assert [json.loads(next(found).content)["criteria"] for _ in range(3)] == ["Age > 5"] * 3


def test_bad_rows_are_named_by_line_and_reading_goes_on():
    errors: list[InputError] = []
    table = 'nct_id,criteria,gender\nA,"two\nlines",All\nB,short\n\nC," ",All\nD,"quoted"badly,All\nE,last,Female\n'
    assert [x.text for x in listings(table.encode(), name="x", on_error=errors.append)] == ["two\nlines", "last"]
    assert [str(x).split(": ")[1:] for x in errors] == [
        ["line 4", "a row of 2 columns, where 3 have a name"],
        ["line 6", "study C", "no eligibility section"],
        ["line 7", "broken row", "',' expected after '\"'"],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_in_their_encodings(encoding: str):
    table = "nct_id\tcriteria\tgender\nA\tTemperature ± 0.5 °C\tAll\n"
    assert one(table.encode(encoding)).text == "Temperature ± 0.5 °C"


def test_a_table_of_ones_own():
    assert one("id;title;text\nNCT99990099;Own;Age > 5; or less\n".replace("; or less", "")).trial.title == "Own"


def test_text_with_delimiters_is_text():
    for text in ("Inclusion, exclusion\n1, 2", "a|b\n", "Criteria; number\nAge > 5"):
        assert one(text).text == text


# ------------------------------------------------------------------ markup of the registries


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("a<br>b<br/>c<br />d", "a\nb\nc\nd"),
        ("a\n<br>b\r\n<br>c", "a\nb\nc"),
        ("a <br/ ><br>b", "a\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("<br>   - a<br>     b", "- a\n  b"),
        ("AST <ULN and ALT >3, p<0.05", "AST <ULN and ALT >3, p<0.05"),
        ("&lt; 5 &amp; &#8805; 2", "< 5 & ≥ 2"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("10<sup>9</sup>/L", "10^9/L"),
        ("AST <u>&lt;</u> 5, ALT <u>></u>3, <u>weight</u>", "AST ≤ 5, ALT ≥3, weight"),
    ],
)
def test_markup_of_the_portal(field: str, text: str):
    row = json.dumps({"TrialID": "ACTRN99999999999999", "Inclusion_Criteria": field, "Exclusion_Criteria": "NULL"})
    assert one(row).text == "Inclusion Criteria:\n\n" + text


@pytest.mark.parametrize(
    ("field", "value"),
    [("18", 18), ("18 Years", 18), ("18Y", 18), ("19(Year)", 19), ("19 Year(s)", 19), (">= 20age old", 20),
     ("20years-old", 20), ("NA", None), ("N/A", None), ("no limit", None), ("No maximum age", None), ("0", None),
     ("0 N/A (No limit)", None), ("Not applicable", None), ("Days", None), ("99999999999999999999", None)],
)  # fmt: skip
def test_ages_as_the_registries_write_them(field: str, value: int | None):
    found = one(json.dumps({"trial_id": "A", "inclusion": "Adults", "agemin": field})).trial.minimum_age
    assert (found and found.value) == value
    assert found is None or found.unit.ucum == "a"


@pytest.mark.parametrize(
    ("field", "conditions"),
    [
        ("Health Condition 1: M545- Low back pain", ["Low back pain"]),
        ("COVID-19. <br>Covid-19;U07.1", ["COVID-19"]),
        ("-B342 Cold, unspecified", ["Cold, unspecified"]),
        (";J96.11 - [generalization J96.1: Chronic failure]", ["Chronic failure"]),
        ("B12 deficiency;HIV-1", ["B12 deficiency", "HIV-1"]),
        ("Angina <br>MedDRA version: 1 Term: Angina;Therapeutic area: Hearts", ["Angina"]),
        ("gout;A00-B99", ["gout"]),
        ("NA", []),
    ],
)
def test_conditions_as_the_registries_write_them(field: str, conditions: list[str]):
    row = json.dumps({"trial_id": "A", "inclusion": "Adults", "conditions": field})
    assert list(one(row).trial.conditions) == conditions


@pytest.mark.parametrize(
    ("number", "registry"),
    [("EUCTR2099-000045-41-Outside-EU/EEA", "EU Clinical Trials Register"), ("JPRN-jRCTc999999999", "jRCT"),
     ("jRCTs999999999", "jRCT"), ("NL9999", "Dutch Trial Register"), ("PER-999-99", "REPEC"),
     ("RPCEC99999999", "RPCEC"), ("LBCTR9999999999", "LBCTR"), ("XYZ1", "XYZ")],
)  # fmt: skip
def test_registries_of_the_network_by_their_numbers(number: str, registry: str):
    row = {"TrialID": number, "Source_Register": "XYZ", "Inclusion_Criteria": "Adults"}
    assert one(json.dumps(row)).trial.registry == registry


# ------------------------------------------------------------------ hostile input

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<clinical_study><eligibility><criteria><textblock>&b;</textblock></criteria></eligibility></clinical_study>"
)
FILE = BOMB.replace('"ha"', 'SYSTEM "file:///etc/hostname"')


@pytest.mark.parametrize("text", [BOMB, FILE, BOMB.replace("[<!ENTITY a", "\n[ <!ENTITY a")])
def test_xml_that_declares_entities_is_refused(text: str):
    assert refusal(text) == "x: XML that declares entities or a grammar of its own, which is not read"


def test_an_external_grammar_is_not_fetched():
    text = BOMB.partition("<!DOCTYPE")[0] + '<!DOCTYPE clinical_study SYSTEM "http://127.0.0.1:9/x.dtd">'
    study = (
        "<clinical_study><eligibility><criteria><textblock>Age</textblock></criteria></eligibility></clinical_study>"
    )
    assert one(text + study).text == "Age"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("<clinical_study><eligibility>", "broken XML at line 1, column "),
        ("<?xml version='1.0'?>\n<a>\n<b></a>", "broken XML at line 2, column "),
        ("<clinical_study>" + "<a>" * 5000, "broken XML at line 1, column "),
        ("<clinical_study>&nbsp;</clinical_study>", "broken XML at line 1, column "),
        ("<?xml version='1.0'?><tea/>", "XML that is not read: <tea> is the element of no registry that is known"),
        ("<clinical_study><id_info><nct_id>NCT99990001</nct_id></id_info></clinical_study>",
         "study NCT99990001: no eligibility section"),
        ("<trials></trials>", "XML that is not read"),
        ("EudraCT", None),
        ("Summary\nEudraCT Number: 2099-000001-11\nE.3 Principal inclusion criteria:\nE.5 End points\n",
         "study 2099-000001-11: no eligibility section"),
        ('{"isrctn": 5, "participants": {"inclusion": 5}}', "study without a number: no eligibility section"),
        ('{"isrctn": "1", "participants": {"inclusion": []}}', "study ISRCTN1: no eligibility section"),
        ('{"ctNumber": null, "authorizedPartI": []}', "study without a number: no eligibility section"),
        ('{"ctNumber": "1", "authorizedPartI": {"trialDetails": {"trialInformation": {"eligibilityCriteria": '
         '{"principalInclusionCriteria": {"number": 1e400}}}}}}', None),
        ('{"a2_eudract_number": {}, "e3_principal_inclusion_criteria": 5}', "study without a number: no eligibility"),
        ('{"trial_id": 5, "inclusion": {"a": 1}}', "study without a number: no eligibility section"),
        ('{"nct_id": [], "criteria": "", "gender": 1}', "study without a number: no eligibility section"),
        ('{"isrctn": ' + "[" * 50_000, "JSON nested too deep"),
        ('{"isrctn": "1", "participants": {"inclusion": "a\\cb"', "broken JSON at line 1, column "),
    ],
)  # fmt: skip
def test_hostile_records_are_refused_in_a_line(text: str, cause: str | None):
    errors: list[InputError] = []
    list(listings(text.encode(), name="x", on_error=errors.append))
    if cause is not None:
        [error] = errors
        assert str(error).startswith(f"x: {cause}")
    assert all("\n" not in str(error) for error in errors)


@pytest.mark.parametrize("number", ["1", "1" + "0" * 400, "9" * 4000, "1e308", "true", '"one"', "null", "-1", "1.5"])
def test_numbers_of_criteria_that_are_none(number: str):
    criteria = f'[{{"number": {number}, "principalInclusionCriteria": "Age"}}, 7, null, {{"number": 2}}]'
    record = (
        '{"ctNumber": "1", "authorizedPartI": {"trialDetails": {"trialInformation": {"eligibilityCriteria": '
        '{"principalInclusionCriteria": ' + criteria + "}" * 5
    )
    assert one(record).text == "Inclusion Criteria:\n\nAge"


@pytest.mark.parametrize("name", REGISTRY)
def test_files_that_are_cut_short_or_spoiled(name: str):
    data = (FIXTURES / name).read_bytes()
    for cut in {len(data) * n // 23 for n in range(1, 23)}:
        for broken in (data[:cut], data[:cut] + b"\xff\x00\xfe" + data[cut:], data[:cut] + data[cut + 7 :]):
            for container in ("auto", REGISTRY[name]):
                errors: list[InputError] = []
                list(listings(broken, name="x", container=container, on_error=errors.append))
                assert all(str(error).startswith("x: ") and "\n" not in str(error) for error in errors)


def test_an_underlined_sign_of_a_docx_is_at_least():
    document = docx.Document()
    document.add_heading("5.1 Inclusion Criteria", 2)
    paragraph = document.add_paragraph("Weight ")
    paragraph.add_run(">").underline = True
    paragraph.add_run(" 50 kg, height > 1 m")
    packed = io.BytesIO()
    document.save(packed)
    assert one(packed.getvalue()).text == "Inclusion Criteria:\n\nWeight ≥ 50 kg, height > 1 m"


def test_a_docx_that_unpacks_to_more_than_any_protocol():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b" " * (65 * 2**20))
    assert refusal(packed.getvalue()) == "x: a DOCX that unpacks to more than 64 MB"


def pdf(*lines: tuple[int, int, str], rules: tuple[tuple[int, int, int], ...] = ()) -> bytes:
    """A page with each text at its place from the left and from the foot; `rules` are thin lines: from, to, height."""
    shown = "".join(
        f"BT /F{2 if text.endswith('Criteria') else 1} 11 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n"
        for x, y, text in (*lines, (72, 80, "6.2. Exclusion Criteria"), (72, 60, "Gout"))
    )
    shown += "".join(f"{left} {height} {right - left} 0.5 re f\n" for left, right, height in rules)
    stream = shown.replace("(", "\\(").replace(")", "\\)").replace("Tm \\(", "Tm (").replace("\\) Tj", ") Tj")
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R "
        "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    body = "".join(f"{n} 0 obj\n{made}\nendobj\n" for n, made in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}trailer << /Root 1 0 R >>\n%%EOF\n".encode("latin-1")


def printed(*lines: tuple[int, int, str], rules: tuple[tuple[int, int, int], ...] = ()) -> list[str]:
    """The lines that a page gives below its heading."""
    text = one(pdf((72, 700, "6.1. Inclusion Criteria"), *lines, rules=rules)).text
    return [line.strip() for line in text.partition("\n\nExclusion")[0].split("\n")[2:]]


def test_an_underlined_sign_of_a_pdf_is_at_least_or_at_most():
    # a letter of this font is 6.6 points wide, and the sign is the eleventh
    assert printed((72, 680, "1. Weight > 50 kg"), rules=((138, 145, 678),)) == ["1. Weight ≥ 50 kg"]
    assert printed((72, 680, "1. Weight > 50 kg")) == ["1. Weight > 50 kg"]
    assert printed((72, 680, "1. Weight > 50 kg"), rules=((72, 200, 678),)) == ["1. Weight > 50 kg"]


def test_text_of_a_pdf_without_height_is_read():
    lines = ((72, 700, "6.1. Inclusion Criteria"), (72, 680, "1. Weight over 50 kg"), (72, 666, "2. Gout"))
    flat = pdf(*lines).replace(b" 1 0 0 1 ", b" 1 0 0 0 ")
    assert one(flat).text == "Inclusion Criteria:\n\n1. Weight over 50 kg\n2. Gout\n\nExclusion Criteria:\n\nGout"


def test_a_list_of_a_pdf_that_is_indented_on_both_sides_is_joined():
    assert printed(
        (72, 680, "What follows is asked of every single person who takes part"),
        (100, 650, "1. Slept for less than five hours in each of the"),
        (120, 637, "last four weeks before the screening visit"),
        (100, 610, "2. Has a body mass index anywhere of 18.5 to"),
        (120, 597, "35.0 kg per square metre at screening visit"),
        (100, 570, "3. Was seen at the National Institute of"),
        (120, 557, "Slumber for a whole night before first dose"),
        (100, 530, "4. Takes tea as the guidelines have it"),
        (120, 517, "(Teapot, 2003), with or without any milk"),
    )[1:] == [
        "1. Slept for less than five hours in each of the last four weeks before the screening visit",
        "2. Has a body mass index anywhere of 18.5 to 35.0 kg per square metre at screening visit",
        "3. Was seen at the National Institute of Slumber for a whole night before first dose",
        "4. Takes tea as the guidelines have it (Teapot, 2003), with or without any milk",
    ]


def test_a_topic_of_a_pdf_that_stands_off_is_a_line_of_its_own():
    assert printed(
        (72, 680, "1. Slept for less than five hours in each of the last weeks, which"),
        (92, 667, "the sleeper wrote down in his own book every day for the physician."),
        (72, 648, "Prior/Concomitant/Planned Treatments"),
        (72, 629, "2. Takes no sleeping pill, nor anything else that is taken against it,"),
        (92, 616, "on more than two days a week, as the physician who treats him at home"),
        (92, 603, "and the nurse who sees him there have both been told by word of mouth"),
    ) == [
        "1. Slept for less than five hours in each of the last weeks, which the sleeper wrote down in his own book "
        "every day for the physician.",
        "Prior/Concomitant/Planned Treatments",
        "2. Takes no sleeping pill, nor anything else that is taken against it, on more than two days a week, as the "
        "physician who treats him at home and the nurse who sees him there have both been told by word of mouth",
    ]


def test_topics_that_look_like_titles_are_inside_the_inclusions():
    lines = ["Inclusion Criteria", "Age", "1. Adults", "Illness", "2. Gout", "Exclusion Criteria", "3. Dialysis"]
    found = protocol.read([protocol.Line(line, level=0 if line[0].isdigit() else 2) for line in lines])
    assert found.text == "Inclusion Criteria:\n\nAge\n1. Adults\nIllness\n2. Gout\n\nExclusion Criteria:\n\n3. Dialysis"
    topics = [protocol.Line("Inclusion Criteria", level=1), protocol.Line("Age", level=2), protocol.Line("1. Adults"),
              protocol.Line("Visits", level=1), protocol.Line("Four")]  # fmt: skip
    assert protocol.read(topics).text == "Inclusion Criteria:\n\nAge\n1. Adults"


def test_protocols_without_the_sections_or_without_text():
    data = (FIXTURES / "protocol.pdf").read_bytes()
    assert refusal(data.replace(b"clusion Criteria", b"klusion Kriteria")) == (
        "x: no section on inclusion or exclusion criteria in the protocol"
    )
    assert refusal(data.replace(b" Tj ", b" -- ")).startswith("x: a PDF without text")


@pytest.mark.parametrize(
    "text",
    [
        "Summary\nEudraCT Number: 1\nE.3 Principal inclusion criteria: " + "E.3 x\n" * 400_000,
        "<clinical_study>" + "<condition>a</condition>" * 100_000 + "</clinical_study>",
        "nct_id|criteria|gender\n" + '"' * 2_000_000,
        '{"trial_id": "A", "inclusion": "' + "<br>" * 500_000 + '"}',
        '{"trial_id": "A", "inclusion": "a", "conditions": "' + "- " * 200_000 + '"}',
        '{"nct_id": "A", "gender": "", "criteria": "' + "~ " * 500_000 + '"}',
    ],
)
def test_long_records_take_linear_time(text: str):
    start = time.process_time()
    list(listings(text.encode(), name="x", on_error=lambda _: None))
    assert time.process_time() - start < 5  # 1 s on an idle machine


# ------------------------------------------------------------------ real records

DATA = os.environ.get("PROTOPARSE_DATA")


@pytest.mark.skipif(not DATA, reason="PROTOPARSE_DATA names no folder of listings")
def test_every_real_record_is_read():
    folder = Path(DATA or "") / "listings"
    counted = {
        name: sum(1 for path in sorted((folder / name).rglob("*.*")) for _ in read(path))
        for name in ("ctgov-xml", "ctis", "euctr", "isrctn", "html", "xml", "versions")
    }
    assert all(counted.values())
    lines = (folder / "ictrp.jsonl").read_bytes().count(b"\n")
    assert sum(1 for _ in read(folder / "ictrp.jsonl")) == lines
    assert all(x.text for path in (Path(DATA or "") / "protocols").glob("*.pdf") for x in read(path))


if __name__ == "__main__" and "--write" in sys.argv:
    for source in (FIXTURES / name for name in REGISTRY):
        text = json.dumps(shown(source), ensure_ascii=False, indent=1)
        source.with_name(source.name + ".golden").write_text(text + "\n", encoding="utf-8")
