"""Criteria in FHIR, R5 and R4B, and read back; `docs/fhir.md` says what stands where.

In: a `Document`. Out: a bundle as plain data, and what of the document it does not hold. And back:

>>> from protoparse import parse
>>> document = parse("Exclusion Criteria:\\n1. Platelets < 50 x 10^9/L")
>>> bundle, losses = R5.make(document, name="leaf")
>>> bundle["entry"][1]["resource"]["characteristic"][0]["definitionByTypeAndValue"]["valueQuantity"]["code"]
'10*9/L'
>>> losses, from_fhir(bundle) == document
((), True)
"""

from protoparse.export.exporting import Exporter
from protoparse.export.fhir import r4b
from protoparse.export.fhir.bundle import bundled
from protoparse.export.fhir.importing import from_fhir

R5 = Exporter(
    "fhir-r5", "FHIR R5: a ResearchStudy, its EvidenceVariable with all criteria, a flat Group", ".json", bundled
)
R4B = Exporter("fhir-r4b", "FHIR R4B: the same, as far as its EvidenceVariable goes", ".json", r4b.bundled)

__all__ = ["R4B", "R5", "from_fhir"]
