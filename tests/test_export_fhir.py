"""Criteria in FHIR: what a standard reader of the bundle sees, and what is read back."""

from __future__ import annotations

from hypothesis import given, settings

import factories as make
from protoparse.export.fhir import R5, from_fhir
from protoparse.model import Rule


@settings(max_examples=300, deadline=None)
@given(make.rules)
def test_any_rule_is_read_back(rule: Rule) -> None:
    for kind in ("inclusion", "exclusion"):
        document = make.document(make.criterion(rule, kind=kind))
        bundle, _ = R5.make(document, name="any")
        assert from_fhir(bundle).criteria[0].rule == rule
