"""Where something of its own is said behind what is denied: "no asthma and must use a condom", "no fever and ECOG ≤ 1".

In: the terminals of an item and a negation that is open. Out: whether what stands behind a connective is outside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from protoparse.grammar.facts import Cutter
from protoparse.grammar.terminals import Clause

_LISTED = ("WORDS", "VALUE", "WINDOW", "AND", "OR")


def resumed(cutter: Cutter, items: Sequence[Clause], n: int, opener: Clause, held: Sequence[Clause]) -> bool:
    """Whether the connective at n of `items` ends a negation that began at `opener` and holds `held` already.

    "or" goes on with what is denied, unless other people must do something or "without" is said against "with".
    """
    joint, i = items[n], items[n].last
    if i + 1 >= len(cutter.entries):
        return False
    roles, ability = cutter.entries[i].roles, "ability" in cutter.entries[opener.first].roles
    if "population" in roles and _demands(cutter, i + 1):
        return True  # "no chemotherapy for a month, patients must …"
    if "determiner" in roles and "population" in cutter.entries[i + 1].roles and _demands(cutter, i + 2):
        return True
    if joint.type == "OR" and joint.value != ",":
        if joint.value == "or" and "skill" in roles and not ability and held and not _offers(cutter, held[0]):
            return True  # "not taking it, or able to stop"
        return "companion" in roles and cutter.entries[opener.first].text == "without"
    if "duty" in roles and not ability:
        return True  # "not pregnant, must have a negative test"
    if joint.value == "," and not ability:
        return _valued(cutter, items, n, held) and _valued_to_the_end(cutter, items, n + 3)
    if joint.value not in ("and", "&") or ability:
        return False
    if "owning" in roles or "companion" in roles or cutter.entries[i].text == "be":
        return True  # "without asthma and with gout", "who have no asthma and whose gout …"
    follower = items[n + 1] if n + 1 < len(items) else None
    if follower is None or follower.type != "WORDS":
        return False
    if _valued(cutter, items, n, held):
        return True
    return ("determiner" in roles or "assured" in roles) and _predicates(cutter, follower)


def either(cutter: Cutter, i: int) -> bool:
    """Whether "either" stands at i, or in front of the verb there ("either no statin or …", "either are not")."""
    while i > cutter.offset and cutter.code(i) in "v^":
        i -= 1
    return i >= cutter.offset and cutter.entries[i].text.rpartition(" ")[2] == "either"


def _demands(cutter: Cutter, i: int) -> bool:
    """Whether somebody must do something at i."""
    return i < len(cutter.entries) and "duty" in cutter.entries[i].roles


def _valued(cutter: Cutter, items: Sequence[Clause], n: int, held: Sequence[Clause]) -> bool:
    """Whether a measurement with its value stands behind the connective at n, and no measurement is denied."""
    if n + 2 >= len(items) or items[n + 1].type != "WORDS" or items[n + 2].type != "VALUE":
        return False
    return not any(_measured(cutter, c) for c in held)


def _valued_to_the_end(cutter: Cutter, items: Sequence[Clause], n: int) -> bool:
    """Whether a list that goes on at n ends with another measurement: "no surgery, ECOG 0 and platelets > 100".

    Of "no surgery, QTc > 500 ms and dialysis" all is denied.
    """
    end = next((k for k in range(n, len(items)) if items[k].type not in _LISTED), len(items))
    last = next((k for k in range(end - 1, n - 1, -1) if items[k].type in ("AND", "OR")), -1)
    return last >= 0 and items[last].type == "AND" and items[last].value == "and" and _valued(cutter, items, last, ())


def _measured(cutter: Cutter, held: Clause) -> bool:
    """Whether a terminal names a measurement: "no ALT and AST > 3 × ULN" denies both."""
    return cutter.codes.find("M", held.first - cutter.offset, held.last - cutter.offset) >= 0


def again(cutter: Cutter, follower: Clause, out: Sequence[Clause], begin: int) -> bool:
    """Whether what lacks something is named again behind what it lacks, which `begin`s in `out`: "surgery without
    recovery or surgery within a month".
    """
    if begin < 3 or out[begin - 2].value != "without" or out[begin - 3].type != "ATOM" or follower.type != "WORDS":
        return False
    if any(c.type == "EXCEPT" for c in out[begin:]):
        return False  # "cancer without a cure, other than skin cancer or cancer in situ"
    owner = out[begin - 3]
    names = {cutter.entries[i].text for i in range(owner.first, owner.last) if cutter.code(i) in "KM"}
    return any(cutter.entries[i].text in names for i in range(follower.first, follower.last))


def _predicates(cutter: Cutter, words: Clause) -> bool:
    """Whether words say something of what they name first: "the trial is a good choice", but "a drug that is new"."""
    for i in range(words.first + 1, words.last):
        roles = cutter.entries[i].roles
        if "relative" in roles or "clause" in roles:
            return False
        if "predicate" in roles:
            return True
    return False


def promised(cutter: Cutter, items: Sequence[Clause], n: int, held: Sequence[Clause]) -> bool:
    """Whether "and" or "or" joins a promise to what is no promise: "not pregnant and willing to use contraception"."""
    follower = items[n + 1] if n + 1 < len(items) else None
    if items[n].value not in ("and", "or") or follower is None or follower.type != "WORDS":
        return False
    if items[n].value == "or" and (not _offers(cutter, follower) or any(_offers(cutter, c) for c in held)):
        return False  # "must not freeze or donate sperm", "not able or willing to stop smoking"
    return _promises(cutter, follower) and not any(_promises(cutter, c) for c in held)


def _offers(cutter: Cutter, words: Clause) -> bool:
    """Whether words begin with what somebody can or will do ("willing to use contraception")."""
    return "skill" in cutter.roles(cutter.entries[words.first].text.split()[0])


def wanted(cutter: Cutter, items: Sequence[Clause], n: int, held: Sequence[Clause]) -> bool:
    """Whether a comma or "and" joins what can only be asked for to a thing that is denied: "no surgery and adequate
    renal function".

    Of "no disease that is adequately controlled and stable" both is denied.
    """
    follower = items[n + 1] if n + 1 < len(items) else None
    if items[n].type != "AND" or items[n].value not in ("and", "&", ",") or follower is None:
        return False
    entries, i = cutter.entries, follower.first
    while i + 1 < follower.last and ("companion" in entries[i].roles or cutter.code(i) == "d"):
        i += 1
    if "wanted" not in entries[i].roles:
        return False
    names = [k for c in held for k in range(c.first, c.last) if cutter.code(k) in "KMw"]
    return bool(names) and not any("wanted" in entries[k].roles for c in held for k in range(c.first, c.last))


def _promises(cutter: Cutter, words: Clause) -> bool:
    """Whether the first thing that words name is an undertaking."""
    terms = (cutter.entries[i].roles.get("concept") for i in range(words.first, words.last))
    term = next((t for t in terms if t is not None), None)
    return term is not None and term.domain == "consent"
