"""Items that speak against the list they stand in, or of the criteria themselves.

In: a text and its criteria. Out: notes, each at the item; nothing is changed, as only the authors know what they meant.
An exclusion that denies what it names ("No history of stroke") gives `double-negation`, an inclusion that says who
cannot take part ("pregnant women are excluded") `exclusion-among-inclusions`, and an item that asks for no more than
the criteria ("does not meet the inclusion criteria") `self-reference`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from protoparse import lexicon
from protoparse.model import All, Criterion, Domain, Except, Not, Note, Rule, Span, facts, walk

_DENIES = re.compile(
    r"[\W\d]*(?:\w\W\s+)?(?:(?:patients?|subjects?|participants?)\s+)?(?:(?:with|have|has)\s+)?"
    r"(?:no|none\s+of|without|absence\s+of|not(?:\s+(?:have|having|had|be|been|being))?)\s",
    re.I,
)
_THINGS: frozenset[Domain] = frozenset({"condition", "drug", "procedure", "device", "allergy"})
"""What somebody has or had done: its absence excludes few. That of consent, contact or an ability excludes many."""


def reversals(text: str, criteria: Sequence[Criterion]) -> Iterator[Note]:
    """A note for each item that denies what excludes, excludes among what includes, or names the criteria."""
    for criterion in walk(criteria):
        rule = criterion.rule
        if rule is None:
            continue
        start, end = criterion.span[0], criterion.children[0].span[0] if criterion.children else criterion.span[1]
        if criterion.kind == "exclusion":
            of = rule.base if isinstance(rule, Except) else rule
            if isinstance(of, Not) and _DENIES.match(text, start, end) and {f.domain for f in facts(of)} <= _THINGS:
                yield _note("double-negation", "an exclusion that denies what it names", text, (start, end))
        elif _denied(rule) and _refuses(text[start:end].lower()):
            yield _note("exclusion-among-inclusions", "who cannot take part, among the inclusions", text, (start, end))
        if _may_name_criteria(text, criterion.span) and any(
            f.domain == "other" and own_criteria().search(f.concept.text.lower()) for f in facts(rule)
        ):
            yield _note("self-reference", "the criteria are said to be met or not", text, (start, end))


def _note(code: str, message: str, text: str, span: Span) -> Note:
    start, end = span
    end = start + len(text[start:end].rstrip())
    line = " ".join(text[start:end].split())
    shown = line if len(line) <= 120 else line[:119] + "…"
    return Note(code=code, message=f"{message}, read as it is written: {shown}", span=(start, end))


def _denied(rule: Rule) -> bool:
    """Whether all of a rule, or a part that must hold beside others, is a denial."""
    match rule:
        case Not():
            return True
        case All():
            return any(map(_denied, rule.of))
        case Except():
            return _denied(rule.base)
        case _:
            return False


def _may_name_criteria(text: str, span: Span) -> bool:
    return text.find("riteri", *span) >= 0 or text.find("RITERI", *span) >= 0


def _refuses(low: str) -> bool:
    """Whether words in lower case refuse somebody; "not excluded" refuses nobody."""
    words, stems = _refusals()
    for stem in stems:
        if stem in low:
            return words.search(low) is not None
    return False


@cache
def _refusals() -> tuple[re.Pattern[str], frozenset[str]]:
    """Words that refuse somebody, and how the longest of each begins: without one of these nobody is refused."""
    words = {w for row in lexicon.rows("cues") if row["cue"] == "refusal" for w in lexicon.spellings(row["phrases"])}
    alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    stems = frozenset(max(w.split(), key=len)[:5] for w in words)
    return re.compile(rf"(?<!\w)(?<!not )(?:{alternatives})(?!\w)"), stems


@cache
def own_criteria() -> re.Pattern[str]:
    """Words in lower case that name the criteria of the listing itself ("the inclusion criteria")."""
    own = next(row["words"] for row in lexicon.rows("judgements") if row["part"] == "own")
    words = "|".join(map(re.escape, lexicon.spellings(own)))
    return re.compile(rf"(?<!\w)(?:{words})\s+(?:\w+\s+)?criteri(?:a|on)\b")
