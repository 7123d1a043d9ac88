"""Where one run of words says two things of which one limits the other: "asthma requiring prednisone > 10 mg/day".

In: the parts of one atom. Out: those of the statements in it, which must all hold; None where it is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from protoparse.grammar.brackets import Attacher
from protoparse.grammar.items import plays
from protoparse.grammar.measures import given, whole
from protoparse.grammar.naming import VALUED, Bracket, Words
from protoparse.grammar.phrases import Value
from protoparse.grammar.terms import GIVEN
from protoparse.grammar.undergoing import done

_TREATED = "treatment with"
_EARLIER = "previously treated "
_SUFFERED = re.compile("[Kw]")
_COURSE = re.compile("(?<=[wKMmy)])R(v*)[Kw]")
_PARTING = re.compile("[HRm]")
"""What a lone run of words has where it says two things."""


class Parter(Attacher):
    """Parts the atoms of one item."""

    def parted(self, parts: Sequence[Any]) -> list[list[Any]] | None:
        """The parts of the statements that an atom makes, None where it makes one."""
        if len(parts) > 2 and (segments := self._segments(parts)) is not None:
            return segments
        if (
            len(parts) == 1
            and _PARTING.search(self.codes, parts[0].first - self.offset, parts[0].last - self.offset) is None
        ):
            return None
        if (two := self._treated(parts) or self._progressed(parts)) is not None:
            return [some for some in two if some]
        if k := self._having(parts):
            return [some for some in self._had(parts, k) if some]
        return None

    def _progressed(self, parts: Sequence[Any]) -> tuple[list[Any], list[Any]] | None:
        """A disease, and how it went on: "lymphoma that has progressed after rituximab"."""
        for k, part in enumerate(parts):
            if not isinstance(part, Words):
                continue
            behind = parts[k + 1] if k + 2 < len(parts) and part.last - part.first > 1 else part
            counted = not isinstance(behind, Words | Bracket) and isinstance(behind.meaning, Value)
            cue = self.code(part.last - 1)
            if counted and cue in "pf" and plays(self.entries[part.last - 2], "course"):
                return [*parts[:k], part], list(parts[k + 1 :])  # "progressed after at least one prior line"
            if counted and cue == "f" and part.last - part.first > 1 and self._courses(behind.last):
                return [*parts[:k], part], list(parts[k + 1 :])  # "lymphoma after 1 to 3 prior lines of therapy"
            match = _COURSE.search(self.codes, part.first - self.offset, part.last - self.offset)
            if match is None or not plays(self.entries[match.end() - 1 + self.offset], "course"):
                continue
            place = match.start() + self.offset
            named = k > 0 or any(
                self.code(i) in "wKM" and "sort" not in self.entries[i].roles for i in range(part.first, place)
            )
            if not named:
                self.carry(part.first, place)  # "patients with disease that has progressed"
            return [*parts[:k], Words(part.first, place)] if named else [], [
                Words(place + 1, part.last),
                *parts[k + 1 :],
            ]
        return None

    def _had(self, parts: Sequence[Any], k: int) -> tuple[list[Any], list[Any]]:
        """What is said of something, and from part k on what it has so many of, both without the words between."""
        before, last = parts[k - 1], parts[k - 1].last
        if not isinstance(before, Words):
            return list(parts[:k]), list(parts[k:])  # "pressure ≥ 25 mmHg despite treatment with two drugs"
        treated = self.entries[last - 1].text == _TREATED
        last -= self.code(last - 1) != "K"
        while treated and last > before.first and self.code(last - 1) in "HCm":
            last -= 1  # "myeloma with prior treatment with at least two regimens"
        had = [*parts[: k - 1], *([Words(before.first, last)] if last > before.first else [])]
        return had, [*([Words(last, before.last)] if treated else []), *parts[k:]]

    def _having(self, parts: Sequence[Any]) -> int:
        """Where begins what something has so many of ("lupus with at least one lesion"), 0 where nothing does."""
        for k in range(1, len(parts) - 1):
            before, value, behind = parts[k - 1 : k + 2]
            if isinstance(before, Bracket) or not isinstance(behind, Words) or isinstance(value, Words | Bracket):
                continue
            cue = self.entries[(before.last if isinstance(before, Words) else value.first) - 1]
            taken = cue.text in ("on", "despite") and self._medicines(behind)  # "≥ 140/90 mmHg on two or more drugs"
            if cue.text != _TREATED and not taken and not isinstance(before, Words):
                continue
            led = (
                taken
                or cue.text == _TREATED
                or "having" in cue.roles
                or done(self, before.last - 1)
                or (
                    self.code(before.last - 1) == "K"
                    and self.code(behind.first) == "H"  # "gout, < 2 earlier treatments"
                )
            )
            if not led or behind.first != value.last:
                continue
            meaning = value.meaning
            if not isinstance(meaning, Value) or meaning.bare:
                continue
            if self.code(behind.first) == "M" and k == 2 and not all(map(whole, meaning.comparisons)):
                return k  # "at least 4 sites with ≥ 6 mm probing depth"
            if not all(map(whole, meaning.comparisons)):
                continue
            i = behind.first
            while i < behind.last - 1 and self.code(i) in "mHC":
                i += 1
            named = any(
                self.code(j) in "wKM" for p in parts[:k] if isinstance(p, Words) for j in range(p.first, p.last)
            )
            if named and self.code(i) in "wK" and "generic" not in self.entries[i].roles:
                return k
        return 0

    def _medicines(self, words: Words) -> bool:
        """Whether the first name in a run of words is that of medicines."""
        i = self.codes.find("K", words.first - self.offset, words.last - self.offset)
        return i >= 0 and self.entries[i + self.offset].roles["concept"].domain == "drug"

    def _treated(self, parts: Sequence[Any]) -> tuple[list[Any], list[Any]] | None:
        """A disease, and what it was treated with: "asthma requiring prednisone > 10 mg/day"."""
        for k, part in enumerate(parts):
            i = self.codes.find("H", part.first - self.offset + 1, part.last - self.offset - 1) + self.offset
            if not isinstance(part, Words) or i <= part.first or not self.entries[i].text.startswith(_EARLIER):
                continue
            if self.codes.find("K", part.first - self.offset, i - self.offset) >= 0:
                # "myeloma previously treated with bortezomib"
                return [*parts[:k], Words(part.first, i)], [Words(i, part.last), *parts[k + 1 :]]
        for k, part in enumerate(parts):
            if isinstance(part, Words) and (i := self._unresponsive(part)):
                return [*parts[:k], Words(part.first, i)], [Words(i, part.last), *parts[k + 1 :]]
        for k in range(len(parts) - 1):
            before, value = parts[k], parts[k + 1]
            if not isinstance(before, Words) or isinstance(value, Words | Bracket):
                continue
            if not isinstance(value.meaning, Value) or not all(map(given, value.meaning.comparisons)):
                continue
            place = self.codes.rfind("R", before.first - self.offset, before.last - self.offset) + self.offset
            if place <= before.first or "requiring" not in self.entries[place].roles:
                continue
            behind = [Words(place + 1, before.last)] if place + 1 < before.last else []
            return [*parts[:k], Words(before.first, place)], [*behind, *parts[k + 1 :]]
        return None

    def _unresponsive(self, words: Words) -> int:
        """Where it is said what did not help against a disease: "pain unresponsive to heat"; 0 if nowhere."""
        named = _SUFFERED.search(self.codes, words.first - self.offset, max(words.last - self.offset - 2, 0))
        place = self.codes.find("m", named.end(), words.last - self.offset - 1) if named else -1
        while place >= 0 and not self.governs(place + self.offset):
            place = self.codes.find("m", place + 1, words.last - self.offset - 1)
        return place + self.offset if place >= 0 and not self.relates_back(place + self.offset) else 0

    def _segments(self, parts: Sequence[Any]) -> list[list[Any]] | None:
        """Statements that only follow one another, each a measure and its value ("ANC ≥ 1500 Platelets ≥ 50,000")."""
        if sum(not isinstance(p, Words | Bracket) and isinstance(p.meaning, Value) for p in parts) < 2:
            return None
        segments: list[list[Any]] = [[]]
        named = valued = counted = False
        for part in parts:
            if isinstance(part, Words):
                place = self._measured(part.first, part.last)
                if place is None and named and valued:
                    place = self._given(part)
                named = named or (
                    counted and place is not None and self.code(part.first) in "wKm" and place > part.first
                )
                if place is not None and named and valued:
                    if place > part.first:
                        segments[-1].append(Words(part.first, place))
                    segments.append([])
                    part = Words(place, part.last)
                    valued = False
                named = True
            elif not isinstance(part, Bracket) and isinstance(part.meaning, Value):
                # "at least 4 teeth with pockets ≥ 5 mm": a number in front counts what stands behind it
                counted = not named and not part.meaning.bare and all(map(whole, part.meaning.comparisons))
                valued = True
            segments[-1].append(part)
        return segments if len(segments) > 1 and valued else None

    def _measured(self, first: int, last: int) -> int | None:
        """Where a phrase begins that names something with a value."""
        for i in range(first, last):
            code = self.code(i)
            if code == "M" or (code == "K" and self.entries[i].roles["concept"].name in VALUED):
                while i > first and self.code(i - 1) in "wKMamdY-/O":
                    i -= 1
                return i
        return None

    def _given(self, words: Words) -> int | None:
        """Where a drug or procedure stands in front of its own amount ("despite transfusion of at least 2 units")."""
        last = words.last
        while last > words.first and self.code(last - 1) in "Od":
            last -= 1
        if last - 2 < words.first or self.code(last - 1) != "K" or self.code(words.first) not in "pfb":
            return None
        if self.entries[last - 1].roles["concept"].domain not in GIVEN:
            return None
        while self.code(last - 2) in "wmK" and last - 2 > words.first:
            last -= 1
        return last - 1
