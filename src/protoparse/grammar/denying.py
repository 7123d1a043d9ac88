"""A verb that denies its subject: "a biopsy is not available", "palliative measures do not exist".

In: the terminals of an item. Out: whether a negation speaks of what stands before it, and where that begins and ends;
of "no biopsy" it speaks of what follows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from protoparse.grammar.facts import Cutter
from protoparse.grammar.terminals import Clause
from protoparse.grammar.terms import domain_of
from protoparse.lexing import Term

_CLOSING = ("STOP", "CLOSE", "EXCEPT", "IF", "COMMA", "AND", "OR")
_NAMED = "wKMYaqrnum"
_DENYING = ("not", "n't")
_PAST = re.compile("d?H")
_DESCRIBED = re.compile("[RV]")


def denied(cutter: Cutter, items: Sequence[Clause], n: int) -> int:
    """Where what the negation at n says of the words before it ends, a cause behind it left out; 0 if it denies what
    follows.
    """
    if n + 1 >= len(items) or items[n + 1].type != "WORDS" or items[n - 1].type != "WORDS":
        return 0
    entries, said, i = cutter.entries, items[n + 1], items[n].first - 1
    why = cutter.codes.find("c", said.first - cutter.offset, said.last - cutter.offset)
    last = why + cutter.offset if why >= 0 else said.last
    end = n + 2 + (n + 2 < len(items) and items[n + 2].type == "WINDOW")
    if end < len(items) and items[end].type not in _CLOSING and (why < 0 or items[end].type != "OPEN"):
        return 0
    names = [k for k in range(said.first, last) if cutter.code(k) in _NAMED]
    done = [k for k in names or range(said.first, last) if "nameless" in entries[k].roles]
    if not done or len(done) < len(names):
        return 0
    if not any(word.endswith(_DENYING) for word in entries[i + 1].text.split()):
        return 0
    if "R" in cutter.codes[items[n - 1].first - cutter.offset : i + 1 - cutter.offset]:
        return last if owner(cutter, items[n - 1]) >= 0 else 0
    while i >= items[n - 1].first and cutter.code(i) not in "wKM":
        if "relative" in entries[i].roles:
            return 0  # "patients with asthma who are not controlled"
        i -= 1
    term = entries[i].roles.get("concept")
    return last if term is None or term.domain != "person" else 0


def named(cutter: Cutter, first: int, last: int) -> bool:
    """Whether something is named among lexemes."""
    return any(cutter.code(k) in _NAMED for k in range(first, last))


def owner(cutter: Cutter, words: Clause) -> int:
    """Where a clause on what something has begins among words ("tumours for which a standard treatment …"), else -1."""
    place = cutter.codes.rfind("R", words.first - cutter.offset, words.last - cutter.offset) + cutter.offset
    return place if place > words.first and "owning" in cutter.entries[place].roles else -1


def subject(cutter: Cutter, out: Sequence[Clause], begin: int) -> int:
    """Where the subject that ends the terminals begins, in a scope that began at `begin`: "A or B" is one, too.

    So is "for which A or B" of "A or B do not exist".
    """
    last = len(out) - 1
    joined = last - 2 >= begin and out[last - 1].type in ("AND", "OR") and out[last - 2].type == "ATOM"
    if joined and last - 2 > begin and out[last - 3].type != "STOP":
        joined = out[last - 1].type == "OR" and "owning" in cutter.entries[out[last - 2].first].roles
    return last - 2 if joined else last


def suffered(cutter: Cutter, opener: Clause, follower: Clause) -> bool:
    """Whether a disease or something past stands behind what somebody cannot or will not do, or a disease behind what
    is lacked: "unable to swallow, nausea or vomiting", "inability to swallow or previous surgery", "a thrombosis not
    treated with heparin or a bleed".
    """
    said = cutter.entries[opener.first].text
    if follower.type != "WORDS" or not (said.endswith((" to", " treated with")) or said == "lack of"):
        return False
    codes, first, last = cutter.codes, follower.first - cutter.offset, follower.last - cutter.offset
    if _PAST.match(codes, first, last):
        return True
    described = _DESCRIBED.search(codes, first + 1, last)  # "a disease that affects swallowing"
    last = described.start() if described else last
    names = [cutter.entries[k + cutter.offset] for k in range(first, last) if codes[k] in "wKM"]
    term: Term | None = names[-1].roles.get("concept") if names else None
    if term is not None:
        return term.domain == "condition"
    return bool(described and names) and domain_of([names[-1].text]) == "condition"
