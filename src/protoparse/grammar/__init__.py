"""Lexemes to rules, by the grammars of `grammars/`: phrases, then clauses; and canonical English back to rules.

The way of an item, which `reading` walks (a class builds on those in brackets, in this order):

1. `islands` finds its quantities and times (`settling`, `events`, `ahead`, `sides`, `amending`, `linking`,
   `collecting`); `phrases` and `windows` say what each means, with `anchoring`.
2. `marking` settles what lexemes are by what stands around them (with `places`, `classing`, `asides`, `judging`,
   `abilities`).
3. `shaping` makes well-formed `terminals` of the rest (`scoping`, `listing`, `guarding`; with `quorums`, `denying`,
   `resuming`, `dealing`); `clauses` has `tables` parse them.
4. `facts` makes each statement a draft (`items`, `implying`, `values`, `naming`, `portions`, `heads`, `brackets`,
   `parting`; with `offering`, `terms`, `measures`, `affixes`, `undergoing`, `consenting`).
5. `sharing` gives the members of a list what they share (with `belonging`, `completing`, `choices`, `continuing`,
   `timing`, `allergens`), `exemplifying` its examples to a thing, `asking`, `limiting` and `sparing` their place to
   guards, second limits and exceptions: a tree of `drafts`, its times in `periods`.
6. `rules` makes the model's rule of the tree.
"""

from __future__ import annotations

from protoparse.grammar.abbreviations import Glossary, glossary
from protoparse.grammar.reading import Drafted, Reading, drafted

__all__ = ["Drafted", "Glossary", "Reading", "drafted", "glossary"]
