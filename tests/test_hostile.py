"""What somebody who means harm, or a broken program, hands in: refused in a line or read, in little time and memory.

The first part are single inputs, each made to break something, read by a process that has little of anything. The
second are the targets of `fuzzing/`, a few cases each; `make fuzz` runs any number of them.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protoparse import dump, load, parse
from protoparse.batch import Limits, Options, convert, run
from protoparse.check import check
from protoparse.errors import DocumentError, InputError, ProtoparseError, TermsError
from protoparse.evaluate import compare
from protoparse.export import export
from protoparse.export.circe import problems
from protoparse.model import Comparison, Concept, Criterion, Document, Fact
from protoparse.sources import listings
from protoparse.sources.records import Record, records
from scripts import script

LEXICON = Options(concepts="lexicon")
MEGABYTES = 2500
"""So much memory the process may have that reads what is made to take all of it: spaCy and the parser are 700 of it."""
SECONDS = 5.0

# ------------------------------------------------------------------ bombs


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def nested(times: int) -> bytes:
    data = b"Age > 5 years"
    for _ in range(times):
        data = zipped(a=data)
    return data


def docx(document: bytes) -> bytes:
    """A DOCX whose text is this XML."""
    fixture = Path(__file__).parent / "fixtures" / "sources" / "protocol.docx"
    with zipfile.ZipFile(fixture) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return zipped(**files | {"word/document.xml": document})


def pages(kids: str, count: int) -> bytes:
    """A PDF whose tree of pages has these children."""
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ]
    made, places = b"%PDF-1.4\n", []
    for n, said in enumerate(objects, 1):
        places.append(len(made))
        made += f"{n} 0 obj{said}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        made
        + f"xref\n0 4\n0000000000 65535 f \n{table}trailer<</Size 4/Root 1 0 R>>\nstartxref\n{len(made)}\n%%EOF".encode()
    )


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
STUDY = "<clinical_study><eligibility><criteria><textblock>{}</textblock></criteria></eligibility></clinical_study>"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TEXT = {"id": "NCT00000001", "text": "Age > 5 years"}

BOMBS: dict[str, Callable[[], bytes]] = {
    "a billion laughs": lambda: f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{STUDY.format("&l9;")}'.encode(),
    "laughs behind a declaration": lambda: f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{STUDY.format("&l9;")}'.encode(),
    "one large entity many times": lambda: f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>{STUDY.format("&a;" * 50_000)}'.encode(),
    "a file as an entity": lambda: f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{STUDY.format("&a;")}'.encode(),
    "laughs in UTF-16": lambda: f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{STUDY.format("&l9;")}'.encode("utf-16"),
    "XML without end": lambda: b"<clinical_study>" + b"<a>" * 200_000,
    "JSON without end": lambda: b'{"text":' * 200_000,
    "JSON lists in lists": lambda: b'{"text":"x","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "HTML without end": lambda: b"<html><body><h2>Inclusion Criteria</h2>" + b"<div><ul><li>gout" * 20_000,
    "definitions in definitions": lambda: b"<html><body><dl>" + b"<dd>gout" * 20_000,
    "lists of definitions in one another": lambda: b"<html><body>" + b"<dl><dd>gout" * 10_000,
    "powers of powers": lambda: b"<html><body><p>10" + b"<sup>9" * 2_000,
    "heads over all rows": lambda: b"<html><body><table>" + b"<tr><th rowspan=9999>a</th><td>b</td></tr>" * 5_000,
    "numbers without end": lambda: json.dumps(TEXT | {"n": 1}).replace("1}", "9" * 100_000 + "}").encode(),
    "a DOCX bomb": lambda: docx(b"<a>" + b" " * (70 * 2**20) + b"</a>"),
    "laughs in a DOCX": lambda: docx(
        f'<!DOCTYPE w:document [<!ENTITY l0 "ha">{LAUGHS}]><w:document {W}><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p>'
        "</w:body></w:document>".encode()
    ),
    "a DOCX without a body": lambda: docx(b"<a/>"),
    "tables in tables": lambda: docx(f"<w:document {W}><w:body>{'<w:tbl><w:tr><w:tc>' * 60_000}".encode()),
    "a PDF that is its own page": lambda: pages("2 0 R", 2_000_000_000),
    "a PDF of more pages than there are": lambda: pages("3 0 R " * 2_500, 2_500),
    "gzip of nothing but noughts": lambda: gzip.compress(b"\0" * 2**24) * 20,
    "a zip of a file too large": lambda: zipped(a=b" " * (300 * 2**20)),
    "archives in archives": lambda: nested(40),
    "two encodings in one file": lambda: "Age ≥ 18".encode() + b"\xb3 5 " + "Gout ≥ 5".encode("utf-16-le"),
    "UTF-16 that nobody marked": lambda: "Inclusion Criteria:\n* Age ≥ 18 years".encode("utf-16-le"),
    "UTF-16 that breaks off": lambda: "Age ≥ 18 years".encode("utf-16")[:-1],
}  # fmt: skip

READ = """
import io, json, resource, sys, time
from pathlib import Path
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from protoparse.batch import Options, convert
from protoparse.sources.records import Record, records
parser = Options(concepts="lexicon").parser()
for warm in (b"Age > 5", b"<p>Age > 5</p>", b"<clinical_study/>", b"%PDF-1.4"):
    convert(Record("", warm), parser)
for path in sorted(Path(sys.argv[2]).iterdir()):
    begun, told = time.process_time(), []
    with path.open("rb") as file:
        for record in records(file, name="f"):
            told += [outcome.error for outcome in convert(record, parser)]
    print(json.dumps([path.name, told, time.process_time() - begun]), flush=True)
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str | None], float]]:
    """What a process with little memory makes of each bomb, and in what time."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, made in BOMBS.items():
        (folder / name).write_bytes(made())
    command = [sys.executable, "-c", READ, str(MEGABYTES), str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, env=dict(os.environ, OPENBLAS_NUM_THREADS="1")
    )
    assert done.returncode == 0, done.stderr
    return {name: (told, seconds) for name, told, seconds in map(json.loads, done.stdout.splitlines())}


CAUSES = {
    "laughs behind a declaration": "declares entities",
    "laughs in UTF-16": "declares entities",
    "a file as an entity": "declares entities",
    "XML without end": "broken XML",
    "JSON without end": "JSON",
    "a DOCX bomb": "unpacks to more than 64 MB",
    "a DOCX without a body": "a DOCX that cannot be opened",
    "tables in tables": "a DOCX that cannot be opened",
    "a PDF of more pages than there are": "a PDF without text",
    "gzip of nothing but noughts": "larger than 256 MB",
    "a zip of a file too large": "larger than 256 MB",
    "archives in archives": "it is packed more than 4 times",
    "UTF-16 that nobody marked": "binary data, not text",
    "UTF-16 that breaks off": "broken UTF-16",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused_in_little_time_and_memory(
    read: dict[str, tuple[list[str | None], float]], name: str
) -> None:
    told, seconds = read[name]
    assert len(told) == 1
    assert CAUSES.get(name, "") in (told[0] or "")
    assert name not in CAUSES or told[0] is not None
    for wrong in ("internal error", "not enough memory", "\n", "root:"):
        assert wrong not in (told[0] or "")
    assert seconds < SECONDS


# ------------------------------------------------------------------ what the fuzzers found


def test_what_lies_at_spoiled_places_of_an_archive_is_a_record_with_an_error() -> None:
    data = bytearray(zipped(a=b"Age > 5", b=b"Age > 6"))
    end = data.rfind(b"PK\x05\x06")
    data[end + 16 : end + 20] = b"\xff\xff\xff\x7f"
    told = {record.name: record.error or "" for record in records(io.BytesIO(bytes(data)), name="f")}
    assert list(told) == ["f/a", "f/b"]
    assert all(error.startswith("cannot be unpacked: ") for error in told.values())


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(InputError, match="no row below the names of the columns"):
        list(listings(b"nct_id|criteria\n", name="t"))


def test_a_field_of_spaces_is_read_in_linear_time() -> None:
    row = 'TrialID,Inclusion Criteria\nNCT99990071,"Gout' + " " * 200_000 + 'x"\n'
    begun = time.process_time()
    [listing] = listings(row.encode(), name="x")
    assert listing.text.endswith("x")
    assert time.process_time() - begun < SECONDS


def test_a_definition_in_a_definition_is_read_once() -> None:
    [found] = listings(b"<dl><dt>Inclusion criteria</dt><dd>Gout<dd>Asthma</dl>", name="d")
    assert found.text.count("Asthma") == 1


def test_a_vocabulary_with_a_column_twice_is_read_or_refused(tmp_path: Path) -> None:
    from protoparse.concepts.terms import TermSource

    head = '"LOINC_NUM","COMPONENT","LONG_COMMON_NAME","SHORTNAME","STATUS","STATUS"\n'
    (tmp_path / "loinc.csv").write_text(head + '"4548-4","Hemoglobin A1c","HbA1c","A1c","ACTIVE"\n')
    with pytest.raises(TermsError, match="5 columns where the header has 6"):
        TermSource.read(tmp_path / "loinc.csv")


@pytest.mark.parametrize(
    "number", ["000,000,000,000", "000.000.000", "1,000,000,000,000splant", "0,0,0.5.5", "9" * 400]
)
def test_numbers_that_nobody_writes_are_read_or_left(number: str) -> None:
    document = parse(f"Inclusion Criteria:\n* Platelets > {number} /L\n* Age > {number} years", concepts="lexicon")
    assert load(dump(document)) == document


@pytest.mark.parametrize(
    "text",
    [
        "gout for 24 (hr",
        "serbetween 5 and 3 um creatinine ≤ 1.4 mg/dL or 124 umol/L",
        "ALT ≤ 5 × ULN (upper lim" + ">  ULN (upper lim" * 30 + ">  ULN (per lim" * 500,
    ],
)
def test_words_that_make_no_sense_end_soon_and_check(text: str) -> None:
    document = parse(text, concepts="lexicon")
    assert check(dump(document)) == []


def test_a_line_that_only_says_that_more_criteria_follow_names_nobody() -> None:
    for line in ("In addition:", "Criteria of:", "Additional criteria for"):
        parse(f"{line}\n* Gout\n* Asthma\n\n{line}\n1. Stroke", concepts="lexicon")


def test_a_cause_is_one_line_whatever_it_quotes() -> None:
    record = json.dumps([{"id": "NCT1\n* \n* 2", "text": " "}, TEXT]).encode()
    causes: list[ProtoparseError] = []
    assert len(list(listings(record, name="f", on_error=causes.append))) == 1
    assert [str(cause) for cause in causes] == ["f: study NCT1 * * 2: no eligibility text"]
    with pytest.raises(DocumentError) as told:
        load('{"format": "protoparse.criteria/1", "text": "", "criteria": [{"kind": "x\\ny", "span": [0, 1]}]}')
    assert "\n" not in str(told.value)


def test_what_json_cannot_hold_is_refused_when_it_is_written() -> None:
    with pytest.raises(DocumentError, match=r"half a character \(a lone surrogate\) in 'Age \\ud800'"):
        dump(Document(text="Age \ud800"))


def test_integers_of_any_size_are_written_and_read() -> None:
    value = Comparison(operator=">", value=10**30)
    rule = Fact(domain="measurement", concept=Concept(text="x"), value=value)
    document = Document(text="x", criteria=(Criterion(kind="inclusion", span=(0, 1), rule=rule),))
    again = load(dump(document)).criteria[0].rule
    assert isinstance(again, Fact)
    assert again.value == value


@pytest.mark.parametrize("place", [-(10**30), 10**30])
def test_a_place_that_no_text_has_is_refused(place: int) -> None:
    data = b'{"format":"protoparse.criteria/1","text":"x","criteria":[{"kind":"inclusion","span":[%d,1]}]}' % place
    with pytest.raises(DocumentError, match=r"\$\.criteria\[0\]\.span\[0\]"):
        load(data)


@pytest.mark.parametrize("place", [-(2**53) + 1, -1, 2, 2**53 - 1])
def test_a_place_outside_the_text_is_told(place: int) -> None:
    criterion = Criterion(kind="inclusion", span=(min(place, 0), max(place, 1)))
    document = Document(text="x", criteria=(criterion,))
    assert check(dump(document))
    compare(document, document)


def test_a_window_of_a_cohort_whose_sign_is_text_is_told() -> None:
    made = export(parse("Exclusion Criteria:\n* Stroke within 6 months", concepts="lexicon"), "circe", name="x").payload
    spoiled = json.loads(
        json.dumps(made).replace('"Coeff": -1', f'"Coeff": "{"-" * 99}"').replace('"Days": ', f'"Days": {"9" * 9}')
    )
    assert problems(spoiled)


# ------------------------------------------------------------------ limits of a document

HEAVY = "Exclusion Criteria:\n\n" + "\n".join(
    f"* History of grade {n} stroke, gout or asthma within {n} days before the first dose" for n in range(12_000)
)


def own(n: int, text: str = "Inclusion Criteria:\n* Age ≥ 18 years") -> bytes:
    return json.dumps({"id": f"NCT{n:08}", "text": text + f" {n}"}).encode() + b"\n"


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "index.ndjson").read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        (Limits(seconds=0.4, megabytes=0), "took more than 0.4 s, the limit of a document"),
        (Limits(seconds=0, megabytes=15), "took more than 15 MB, the limit of a document"),
    ],
)
def test_a_document_over_a_limit_is_an_error_and_the_rest_is_done(tmp_path: Path, limits: Limits, cause: str) -> None:
    # what is read before loads what is read once
    lines = [own(n) for n in range(70)]
    lines[40] = own(40, HEAVY)
    (tmp_path / "dump.ndjson").write_bytes(b"".join(lines))
    summary = run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=2, options=LEXICON, limits=limits)
    assert (summary.documents, summary.errors) == (69, {cause: 1})
    found = rows(tmp_path / "out")
    assert [row["trial"] for row in found] == [f"NCT{n:08}" for n in range(70)]
    assert [(row["document"], row["error"]) for row in found if row.get("error")] == [
        (f"{tmp_path / 'dump.ndjson'}#NCT00000040", cause)
    ]
    # with more of both it is parsed by the next run, and nothing else is
    summary = run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=2, options=LEXICON, resume=True)
    assert (summary.documents, summary.errors, summary.parsed) == (70, {}, 1)


def test_the_other_listings_of_a_record_are_kept() -> None:
    """A file of the European register holds a record for each member state."""
    text = (Path(__file__).parent / "fixtures" / "sources" / "euctr.txt").read_bytes()
    record = Record("f", text)
    whole = convert(record, LEXICON.parser())
    assert len(whole) > 1
    found = convert(record, LEXICON.parser(), over={1: "took too much"})
    assert found[1].error == "took too much"
    assert [*found[:1], *found[2:]] == [*whole[:1], *whole[2:]]


def test_what_hears_nobody_is_ended_by_the_kernel(tmp_path: Path) -> None:
    """A library that never comes back to Python is ended at twice its time."""
    code = (
        "import sys\n"
        "from protoparse.batch.limiting import Limits, Watch\n"
        f"watch = Watch(Limits(seconds=0.5, megabytes=0), {str(tmp_path)!r})\n"
        "with watch.over(b'k'):\n"
        "    import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])\n"
        "    while True: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.returncode < 0


# ------------------------------------------------------------------ the fuzzers

script("fuzzing", "mutating")
targets = script("fuzzing", "targets")
fuzz = script("fuzzing", "fuzz")
SLOW = {"requests": 40, "gold": 25, "docx": 40, "pdf": 60, "exports": 60, "operations": 60, "text": 100}


@pytest.mark.parametrize("name", [*targets.TARGETS])
def test_hostile_cases_break_no_promise(name: str) -> None:
    target = targets.TARGETS[name]
    seeds = target.seeds()
    targets.warm()
    for data in seeds[:2]:
        fuzz.breach(target, data)
    for number in range(10_000, 10_000 + SLOW.get(name, 250)):
        data = fuzz.case(name, number, seeds)
        assert fuzz.breach(target, data) is None, f"case {number} of {name}: {data[:500]!r}"
