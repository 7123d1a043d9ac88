"""protoparse in a spaCy pipeline.

In: a `Doc` whose text is an eligibility section. Out: the same `Doc`, the `Document` on `doc._.criteria`.

    nlp = spacy.blank("en")
    nlp.add_pipe("protoparse")
"""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc

from protoparse.parsing import Parser


class Criteria:
    """The component: spans of the document are offsets into `doc.text`."""

    def __init__(self, *, concepts: str = "lexicon") -> None:
        if not Doc.has_extension("criteria"):
            Doc.set_extension("criteria", default=None)
        self.parser = Parser(concepts=concepts)

    def __call__(self, doc: Doc) -> Doc:
        """Put the criteria of a document's text on it; raises `NestingError` where they are nested too deep."""
        doc._.criteria = self.parser.parse(doc.text)
        return doc


@Language.factory("protoparse", default_config={"concepts": "lexicon"})
def create_component(nlp: Language, name: str, concepts: str) -> Criteria:
    """The factory that spaCy finds by its entry point; `concepts` as in `protoparse.parsing.Parser`."""
    return Criteria(concepts=concepts)
