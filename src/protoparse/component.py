"""protoparse in a spaCy pipeline: the criteria of a document's text, or no more than the names in it.

In: a `Doc` whose text is an eligibility section. Out: the same `Doc`; "protoparse" puts the `Document` on
`doc._.criteria`, "protoparse_concepts" a group of spans on `doc.spans["concepts"]`.

    nlp = spacy.blank("en")
    nlp.add_pipe("protoparse")
    nlp.add_pipe("protoparse_concepts", config={"style": "chia"})
"""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc

from protoparse.concepts.recogniser import Name, Recogniser
from protoparse.concepts.tagging import tagger
from protoparse.grammar import glossary
from protoparse.lexing import lexer
from protoparse.outline import outline
from protoparse.parsing import Parser


class Criteria:
    """The component "protoparse": spans of the document are offsets into `doc.text`."""

    def __init__(self, *, concepts: str = "model") -> None:
        if not Doc.has_extension("criteria"):
            Doc.set_extension("criteria", default=None)
        self.parser = Parser(concepts=concepts)

    def __call__(self, doc: Doc) -> Doc:
        """Put the criteria of a document's text on it; raises `NestingError` where they are nested too deep."""
        doc._.criteria = self.parser.parse(doc.text)
        return doc


class Concepts:
    """The component "protoparse_concepts": every name that the tagger finds, before any grammar.

    `style`: whose rules decide what is a name, as in `protoparse.concepts.tagging.STYLES`; `key`: of the span group.
    A span's label is a domain of criteria JSON, or "modifier"; one that begins or ends inside a token has it whole.
    """

    def __init__(self, *, style: str = "house", key: str = "concepts") -> None:
        self.key = key
        self.recogniser = Recogniser(tagger(style))

    def names(self, text: str) -> list[Name]:
        """The names in an eligibility text, in order."""
        pieces = [span for item in outline(text).within() for span in item.read()]
        lexemes = lexer().lex(text, pieces, glossary(text).meanings)
        return sorted(name for found in self.recogniser.names(text, lexemes) for name in found)

    def __call__(self, doc: Doc) -> Doc:
        """Put the names in a document's text on it."""
        spans = (doc.char_span(n.start, n.end, n.label, alignment_mode="expand") for n in self.names(doc.text))
        doc.spans[self.key] = [span for span in spans if span is not None]
        return doc


@Language.factory("protoparse", default_config={"concepts": "model"})
def create_component(nlp: Language, name: str, concepts: str) -> Criteria:
    """The factory that spaCy finds by its entry point; `concepts` as in `protoparse.parsing.Parser`."""
    return Criteria(concepts=concepts)


@Language.factory("protoparse_concepts", default_config={"style": "house", "key": "concepts"})
def create_concepts(nlp: Language, name: str, style: str, key: str) -> Concepts:
    """The factory that spaCy finds by its entry point; raises `ValueError` for an unknown style."""
    return Concepts(style=style, key=key)
