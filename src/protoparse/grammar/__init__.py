"""Lexemes to rules, by the grammars of `grammars/`: phrases, then clauses; and canonical English back to rules."""

from __future__ import annotations

from protoparse.grammar.abbreviations import Glossary, glossary
from protoparse.grammar.clauses import Drafted, Reading, drafted

__all__ = ["Drafted", "Glossary", "Reading", "drafted", "glossary"]
