"""Annotated spans: corpora and predictions of other tools, brought to the findings that a document's are compared with.

brat ─ labels ─▶ corpus ─┐
facts, relations ────────┼─▶ Findings ─ tasks ─▶ Case
Document ────────────────┘
"""
