"""Exports as such: targets, options, losses; every target with every document; the page that tells what each holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

import factories as f
import probes
from protoparse.errors import ExportError, NestingError
from protoparse.export import Files, Joined, Loss, export, export_all, exporters
from protoparse.export.exporting import encoded, sound
from protoparse.model import Document, Not, Trial, load
from protoparse.parsing import parse
from protoparse.registered import registered

ROOT = Path(__file__).parents[1]
CORPUS = [load(path.read_bytes()) for path in sorted((ROOT / "corpus").glob("*/criteria.json"))]
TARGETS = list(exporters())
PAGE = ROOT / "docs" / "exports.md"
LONE = f.document(f.criterion(f.fact("asthma")), text="asthma")


def written(payload: Any) -> list[bytes]:
    """The files of a payload."""
    return [encoded(one) for one in payload.values()] if isinstance(payload, Files) else [encoded(payload)]


# ------------------------------------------------------------------ every target


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_takes_the_corpus(target: str) -> None:
    for n, document in enumerate(CORPUS):
        payload, losses = export(document, target, name=f"document-{n}")
        assert any(written(payload))
        asked = (*document.criteria, *registered(document.trial))
        ids = {criterion.id for criterion in probes.walk(asked)} | {None}
        for loss in losses:
            assert loss.criterion in ids
            assert loss.path.startswith("$")
            assert loss.lost.strip()
            assert loss.why.strip()
            assert "\n" not in loss.why


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_document_gives_the_same_losses_and_files(target: str) -> None:
    first, second = (export(CORPUS[0], target, name="a") for _ in range(2))
    assert first.losses == second.losses
    if target != "excel":  # a workbook is a zip, which holds the time
        assert written(first.payload) == written(second.payload)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=f.documents())
def test_every_target_takes_any_document(target: str, document: Document) -> None:
    payload, losses = export(document, target, name="any")
    for data in written(payload):
        if target not in {"excel", "parquet", "spacy"}:
            assert data.decode("utf-8") is not None
    assert all(isinstance(loss, Loss) for loss in losses)


@pytest.mark.parametrize("target", TARGETS)
def test_an_empty_document_is_taken_and_nothing_is_lost(target: str) -> None:
    assert export(Document(text=""), target).losses == ()


@pytest.mark.parametrize("target", TARGETS)
def test_a_rule_nested_too_deep_is_refused(target: str) -> None:
    rule = f.fact("asthma")
    for _ in range(70):
        rule = Not(of=rule)
    with pytest.raises(NestingError):
        export(f.document(f.criterion(rule)), target)


# ------------------------------------------------------------------ the frame


def test_an_unknown_target_names_those_there_are() -> None:
    with pytest.raises(ExportError, match="no target 'fax'; there are brat, "):
        export(LONE, "fax")


def test_an_unknown_option_names_those_there_are() -> None:
    with pytest.raises(ExportError, match="csv has no option 'sheet'; it takes table"):
        export(LONE, "csv", sheet="facts")
    with pytest.raises(ExportError, match="brat has no option 'table'; it takes none"):
        export(LONE, "brat", table="facts")


def test_strict_refuses_with_the_first_loss() -> None:
    consent = parse("Inclusion Criteria:\n* Written informed consent\n* Severe asthma")
    with pytest.raises(ExportError, match=r"cql cannot hold all of it: inclusion\.1: consent .* \(and \d+ more\)"):
        export(consent, "cql", strict=True)
    assert export(consent, "csv", strict=True, table="facts").payload.count("\n") == 3


def test_a_document_goes_by_its_trial_or_the_name_given() -> None:
    trial = replace(LONE, trial=Trial(id="NCT01234567"))
    assert set(export(trial, "brat").payload) == {"NCT01234567.txt", "NCT01234567.ann", "annotation.conf"}
    assert "other.ann" in export(trial, "brat", name="other").payload


def test_several_documents_are_one_payload_or_a_file_each() -> None:
    named = [("a", CORPUS[0]), ("b", CORPUS[1])]
    joined = export_all(named, "sql")
    assert isinstance(joined, Joined)
    assert joined.losses == {"a": (), "b": ()}
    assert joined.payload.count("delete from") == 6
    each = export_all(named, "ctml")
    assert list(each.payload) == ["a.json", "b.json"]
    assert each.losses["a"] == export(CORPUS[0], "ctml", name="a").losses


def test_a_target_that_cannot_be_loaded_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from protoparse.export import exporting

    broken = EntryPoint("theirs", "no_such_package:EXPORTER", exporting.GROUP)
    monkeypatch.setattr(exporting, "entry_points", lambda group: [broken])
    exporters.cache_clear()
    try:
        with pytest.raises(ExportError, match="no_such_package:EXPORTER cannot be loaded: No module named"):
            export(LONE, "theirs")
    finally:
        exporters.cache_clear()


def test_halves_of_surrogate_pairs_are_replaced_one_by_one() -> None:
    document = f.document(f.criterion(f.fact("gout")), text="a\ud800b\udc00\U0001f600")
    assert sound(document).text == "a\ufffdb\ufffd\U0001f600"
    assert [loss.why for loss in export(document, "csv").losses] == ["no file can hold them"]


def test_files_of_json_are_indented_and_end_in_a_newline() -> None:
    assert encoded([{"a": "é"}]) == '[\n  {\n    "a": "é"\n  }\n]\n'.encode()
    assert encoded("x") == b"x\n"
    assert encoded(b"x") == b"x"


# ------------------------------------------------------------------ what each can hold


@pytest.mark.parametrize("probe", probes.PROBES, ids=lambda probe: probe.says)
def test_a_probe_has_what_it_is_for(probe: probes.Probe) -> None:
    assert probe.there(probe.document())


def test_the_page_tells_of_every_target() -> None:
    page = PAGE.read_text("utf-8")
    for target in TARGETS:
        assert f"`{target}`" in page, target


def test_losses_are_plain_data() -> None:
    losses = export(CORPUS[0], "cql").losses
    assert json.loads(json.dumps([loss._asdict() for loss in losses]))[0]["why"]
