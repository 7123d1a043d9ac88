"""Where phrases stand among an item's lexemes.

In: `Lexemes` and the bounds of one item. Out: its `Phrase`s, values and windows with the lexemes they took, and the
item's codes as the numbers settled them; "age ≥ 18 years" gives one phrase, over the lexemes 1 to 3.
"""

from __future__ import annotations

import re

from protoparse.grammar.anchoring import stretch, stretched
from protoparse.grammar.collecting import Collector
from protoparse.grammar.items import plays
from protoparse.grammar.phrases import Lexeme, Phrase, Value
from protoparse.grammar.settling import WENT_ON
from protoparse.grammar.windows import anchor_of, reader
from protoparse.lexing import Lexemes
from protoparse.model import Anchor

# Where a phrase may begin; "for" and "in" only before a quantity.
_START = re.compile("[<BTnrWPNbf@DSUF]|[oi](?=[d_<]*n)|i(?=dt)|p(?=nt[Obf]|d?[aK]|t-?n)|x(?=nt)|-(?=n)")
_ANY = re.compile("[<BTnrWPNbf@DSUF]")
_ON = re.compile("p(?=d?[aK])")


class Islands(Collector):
    """Finds the phrases of one item."""

    def phrases(self) -> list[Phrase]:
        """The phrases, in order, none overlapping."""
        self._settle()
        found: list[Phrase] = []
        first, settled = self.first, "".join(self.codes)
        place = 0
        while start := _START.search(settled, place):
            i = first + start.start()
            lexemes = self._collect(i)
            read = reader().read(self.text, lexemes) if lexemes else None
            if read is None:
                place = start.start() + 1
                continue
            meaning, n = read
            end = lexemes[n - 1].last
            place = max(end, i + 1) - first
            if isinstance(meaning, Value):
                if meaning.fronted and self.code(end) == "n":
                    # "(1 cmH2O = 0.098 kPa)": one quantity in two units, a limit of nothing
                    place = max(place, self._collect(end)[-1].last - first)
                    continue
                if self._of_no_thing(lexemes[:n], end):
                    continue
                if self.code(end) in "bfg" and (stretch := self._stretch(meaning, end)) is not None:
                    found.append(stretch._replace(first=lexemes[0].first))
                    place = stretch.last - first
                    continue
                meaning = self._as_at_first(self._by_day(meaning, end), lexemes[0].first)
                if len(meaning.comparisons) == 1:
                    meaning = self._outside(meaning, lexemes[0].first)
            found.append(Phrase(meaning, lexemes[0].first, end))
        return found

    def _stretch(self, value: Value, i: int) -> Phrase | None:
        """The stretch between two distances from what stands at i, None where a value says something else."""
        if not stretched(value):
            return None
        side, anchor, last = "BEFORE", Anchor(event="screening"), i + 1  # "between 3 and 12 months ago"
        if self.code(i) != "g":
            ahead = self._collect(i)
            if len(ahead) < 2 or ahead[1].type != "EVENT":
                return None
            side, anchor, last = ahead[0].type, anchor_of(self.text, ahead[1], ahead[0]), ahead[1].last
        return Phrase(stretch(value, side, anchor, self.ends[last - 1]), i, last)

    def _of_no_thing(self, lexemes: list[Lexeme], end: int) -> bool:
        """Whether a quantity lies between two things or is a part of one ("4 hours apart", "half of the days")."""
        first = lexemes[0].first
        if lexemes[0].type == "NUMBER" and first > self.first and self.code(first - 1) == "W":
            return True  # "within 2 inches of the scar": a place
        if len(lexemes) == 1 and lexemes[0].type == "NUMBER" and self._enumerates(first, end):
            return True
        return self.entries[end].text == "apart" or (
            lexemes[-1].type == "NUMBER" and lexemes[-1].entry.text == "half" and self.code(end) == "O"
        )

    def _enumerates(self, first: int, end: int) -> bool:
        """Whether a number in brackets numbers what follows ("has no cataract, (2) has no glaucoma")."""
        begin = first - 2
        return begin > self.first and self.code(first - 1) + self.code(end) == "()" and self.code(begin) in ",.&|:"


def _ranked(lexemes: Lexemes, first: int, codes: str) -> bool:
    """Whether an ordinal scale is named, behind which a class may stand without a number."""
    scales = [lexemes.entries[first + k].roles["measurement"] for k, code in enumerate(codes) if code == "M"]
    return any(scale.kind == "ordinal" for scale in scales)


def _visited(lexemes: Lexemes, first: int, codes: str) -> bool:
    """Whether "on" stands before what may be a visit ("on admission")."""
    entries = lexemes.entries
    for match in _ON.finditer(codes):
        k = first + match.start()
        if entries[k].text == "on" and entries[k + 1 + (codes[match.end()] == "d")].event is not None:
            return True
    return False


def _progressed(lexemes: Lexemes, first: int, codes: str) -> bool:
    """Whether a preposition stands behind how a disease went on ("progressed on chemotherapy")."""
    return any(plays(lexemes.entries[first + m.start()], "course") for m in WENT_ON.finditer(codes))


def phrases(text: str, lexemes: Lexemes, first: int, last: int) -> tuple[list[Phrase], str]:
    """The values and windows among the lexemes `[first, last)`, and the item's codes as the numbers settled them."""
    codes = lexemes.codes[first:last]
    if (
        not _ANY.search(codes)
        and not ("M" in codes and _ranked(lexemes, first, codes))
        and not _visited(lexemes, first, codes)
        and not _progressed(lexemes, first, codes)
    ):
        return [], codes
    islands = Islands(text, lexemes, first, last)
    return islands.phrases(), "".join(islands.codes)
