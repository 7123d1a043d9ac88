"""The lists of an item: what each comma stands for.

In: an item's terminals. Out: the same, every comma and slash the connective of its list, the end of a guard or of a
statement; "A, B and C" gives WORDS AND WORDS AND WORDS.
"""

from __future__ import annotations

from itertools import pairwise

from protoparse.grammar.exemplifying import MEMBERS
from protoparse.grammar.scoping import Scoper
from protoparse.grammar.terminals import OPERANDS, Clause
from protoparse.grammar.terms import domain_of
from protoparse.lexing import Term
from protoparse.model import Domain

_SENTENCE = frozenset({"STOP", "OPEN", "CLOSE", "EXCEPT", "IF", "NOT"})
_ENDED = frozenset({"STOP", "EXCEPT", "IF", "INCLUDE", "NOT", "VALUE", "COLON"})
_BEHIND = frozenset({"CLOSE", "STOP", "EXCEPT", "IF", "INCLUDE"})
_AND_OR = "and / or"
_END = Clause("STOP", 0, 0)
_RESUMING = ("is", "are", "has", "have")
_CLOSING = frozenset({"NOT", "IF", "EXCEPT", "INCLUDE", "OPEN", "COMMA"})


class _Examples:
    """A list behind a cue: its connectives, and whether it names things rather than limits."""

    __slots__ = ("joints", "named", "things")

    def __init__(self, things: bool) -> None:
        self.joints: list[Clause] = []
        self.things, self.named = things, False

    def take(self, item: Clause, measured: bool) -> None:
        """Take the next terminal; at the end of the list "and" between things is "or"."""
        kind = item.type
        if kind == "WORDS":
            self.named = not measured
        elif kind == "VALUE":
            self.named = False
        elif kind in ("AND", "OR", "COMMA") or kind in _BEHIND:
            self.things, self.named = self.things or self.named, False
            if kind == "AND" and item.value in ("and", "&", "as well as"):
                self.joints.append(item)
            for joint in self.joints if kind in _BEHIND and self.things else ():
                joint.type = "OR"


def _conditions(items: list[Clause], n: int) -> None:
    """Mark what joins the conditions behind "unless" at n: all of them must be met, whatever kinds they are of."""
    depth = 0
    for item in items[n + 1 :]:
        depth += (item.type == "OPEN") - (item.type == "CLOSE")
        if depth < 0 or item.type in ("STOP", "EXCEPT"):
            break
        if item.type == "AND" and item.value == "and" and not depth:
            item.value = "and too"


class Lister(Scoper):
    """Resolves the lists of one item."""

    def _lists(self, items: list[Clause]) -> list[Clause]:
        """Commas become the connective of their list, or close a guard; brackets shield what is inside them."""
        items = [item for n, item in enumerate(items) if not self._trailing(items, n)]
        self._semicolons(items)
        if ":" in self.cutter.codes:
            items = self._defined(items)
            self._listed(items)
        if "," in self.cutter.codes:
            items = self._groups(items)
        if "I" in self.cutter.codes:
            items = self._bounded(items)
            self._alike(items)
        ahead: list[str] = [""]  # by depth: the next connective to the right in the same sentence
        for item in reversed(items):
            kind = item.type
            if kind == "CLOSE":
                ahead.append("")
            elif kind == "OPEN":
                if len(ahead) > 1:
                    ahead.pop()
            elif kind in ("AND", "OR"):
                ahead[-1] = kind
            elif kind in ("STOP", "EXCEPT", "IF", "INCLUDE", "QUORUM"):
                ahead[-1] = ""
            elif kind == "COMMA":
                item.value = ahead[-1]
        # behind: a connective stands before, in the same sentence; limited: a trailing "for …" does
        frames = [[False, False]]
        guarding, beginning, exempting, proviso = False, True, False, False
        for n, item in enumerate(items):
            kind = item.type
            if kind == "OPEN":
                frames.append([False, False])
            elif kind == "CLOSE":
                if len(frames) > 1:
                    frames.pop()
            elif kind == "IF":
                role = "begin" if beginning else self._guard_behind(items, n, limited=frames[-1][1] or proviso)
                if guarding and role == "begin":
                    role = ""
                guarding = guarding or role == "begin"
                item.value = "begin" if role == "begin" else None
                frames[-1][1] = frames[-1][1] or not role
                if role in ("AND", "OR"):
                    item.type = "DROP"  # "in men over 40 or in smokers"
                    if proviso and items[n - 1].type == role:
                        items[n - 1].value = "but"  # "eligible if not pregnant or if sterilized": denied no more
            elif kind in ("INCLUDE", "QUORUM", "QUORUM_END"):
                frames[-1][0] = False
            elif kind == "EXCEPT":
                exempting = True
                if self.cutter.kind == "exclusion" and "unless" in self.cutter.entries[item.first].text:
                    _conditions(items, n)
            elif kind == "STOP":
                frames[-1] = [False, False]
                exempting = proviso = False
                beginning, guarding = item.value not in ("and", "or"), False
                continue
            elif kind in ("AND", "OR", "COMMA", "SLASH"):
                behind, limited = frames[-1]
                follower = items[n + 1] if n + 1 < len(items) else None
                if kind != "COMMA" and follower is not None and follower.type == "COMMA":
                    ahead_of = items[n + 2] if n + 2 < len(items) else None
                    if ahead_of is not None and ahead_of.type == "IF":
                        follower.type = "DROP"  # "…, or, if fertile, …"
                if kind == "AND" and follower is not None and self._other_people(items, n):
                    item.type = kind = "OR"  # "pregnant, nursing, and patients who do not use contraception"
                if kind == "SLASH":
                    item.type, item.value = self.default, "/"
                elif kind == "COMMA" and guarding:
                    item.type, item.value, guarding = "THEN", None, False
                elif limited and follower is not None and follower.type == "VALUE":
                    # "≥ 13 g/dL for men and ≥ 12 g/dL for women": each limit has its own people
                    item.type, item.value = "STOP", "again"
                    frames[-1] = [False, False]
                elif limited and self._for_others(items, n):
                    item.type, item.value = "STOP", ""
                    frames[-1] = [False, False]
                elif limited and self._measured_anew(items, n):
                    # "≤ 5 × ULN with liver metastases, creatinine ≤ 1.5 mg/dL"
                    item.type, item.value = "STOP", "or else" if kind == "OR" else ""
                    frames[-1] = [False, False]
                elif kind == "AND" and item.value == "but" and follower is not None and follower.type == "VALUE":
                    item.type = "OR"  # "≤ 2.5 × ULN, but ≤ 5 × ULN if …" allows either
                elif kind == "COMMA" and follower is not None and self._lacked(follower):
                    item.type, item.value = "AND", "without"
                elif kind == "COMMA" and follower is not None and follower.type == "NOT" and self._chosen(items, n):
                    item.type, item.value = "AND", "with"  # "gout, either without colchicine or with a stable dose"
                elif kind == "COMMA" and self._said_of(items, n):
                    item.type = "DROP"  # "lupus, which has led to nephritis or vasculitis"
                elif kind == "COMMA" and behind and self._goes_on(items, n):
                    item.type, item.value = "STOP", "and"  # "who had A or B, have a fever and are adults"
                    frames[-1] = [False, False]
                elif kind == "COMMA":
                    if not item.value and behind and not (exempting and self._of_the_exempt(follower)):
                        item.type = "STOP"
                    else:
                        item.type, item.value = item.value or self.default, ","
                else:
                    frames[-1][0] = True
            elif kind == "COLON":
                proviso = guarding and item.value in ("proviso", "used")
                item.type = "THEN" if guarding else "DROP"
                guarding = False
            if item.type in OPERANDS:
                beginning = False
        self._tightened(items)
        self._resumed(items)
        return [i for i in items if i.type != "DROP"]

    def _tightened(self, items: list[Clause]) -> None:
        """Let "and/or" bind tighter than the "and" of its sentence: "ER- and/or PR-positive and HER2-negative"."""
        either: list[Clause] = []
        both = listed = False
        for item in [*items, _END]:
            if item.type == "OR" and item.value == _AND_OR and not listed:
                either.append(item)
            elif item.type == "AND" and item.value != ",":
                both = True
            elif item.type in ("STOP", "OPEN", "CLOSE"):
                for joint in either if both else ():
                    joint.type = "EITHER"
                either, both = [], False
            if item.type not in OPERANDS:
                listed = item.value == ","  # "A, B and/or C" is one list

    def _resumed(self, items: list[Clause]) -> None:
        """Let "or" bind tighter than an "and" that says more of the same people: "has gout or asthma and is obese"."""
        entries = self.cutter.entries
        for n, item in enumerate(items[:-1]):
            if item.type != "AND" or item.value != "and" or items[n + 1].type != "WORDS":
                continue
            if (
                entries[items[n + 1].first].text.split(" ", 1)[0] not in _RESUMING
                or self.cutter.code(item.first - 1) == "p"
            ):
                continue
            k = n - 1
            while k > 1 and [items[k - 1].type, items[k - 1].value, items[k].type] == ["OR", "or", "WORDS"]:
                if "predicate" in entries[items[k].first].roles:
                    break  # "has gout, or has asthma and is obese"
                k -= 2
            alone = items[k].type == "WORDS" and (k == 0 or items[k - 1].type in _SENTENCE)
            for joint in items[k + 1 : n : 2] if alone else ():
                joint.type = "EITHER"

    def _other_people(self, items: list[Clause], n: int) -> bool:
        """Whether other people begin behind ", and" at n among what excludes: one kind of them is enough."""
        if self.cutter.kind != "exclusion" or n < 2 or items[n - 1].value != "," or items[n - 2].type != "WORDS":
            return False
        if self._kind(items[n - 2]) == "person":
            return False  # "women, and men with partners who do not use contraception"
        return self._led_by_people(items[n].last)

    def _chosen(self, items: list[Clause], n: int) -> bool:
        """Whether one of two things is so of what stands before the comma at n, where nothing else is listed."""
        alone = n == 1 or items[n - 2].type == "STOP"
        return alone and self.cutter.entries[items[n].last].text == "either"

    def _said_of(self, items: list[Clause], n: int) -> bool:
        """Whether a clause on the one thing that stands before the comma at n follows."""
        if n + 1 >= len(items) or items[n + 1].type != "WORDS" or items[n - 1].type != "WORDS":
            return False
        relates = "relative" in self.cutter.entries[items[n + 1].first].roles
        return relates and (n == 1 or items[n - 2].type == "STOP")

    def _goes_on(self, items: list[Clause], n: int) -> bool:
        """Whether one more predicate follows the comma at n, behind alternatives, and is asked for as well."""
        if self.cutter.kind == "exclusion" or items[n].value != "AND" or items[n + 1].type != "WORDS":
            return False
        if "possessing" not in self.cutter.entries[items[n + 1].first].roles:
            return False
        before = next((i.type for i in reversed(items[:n]) if i.type in ("AND", "OR", "STOP")), "")
        return before == "OR"

    def _of_the_exempt(self, follower: Clause | None) -> bool:
        """Whether a limit stands behind whom an exception names: "unless metastases, in which case ≤ 5 × ULN"."""
        if follower is None or follower.type not in ("WORDS", "VALUE"):
            return False
        return follower.type == "VALUE" or "relative" in self.cutter.entries[follower.first].roles

    def _measured_anew(self, items: list[Clause], n: int) -> bool:
        """Whether something else is measured behind a guard that gives no limits itself."""
        follower = items[n + 1 : n + 3]
        if [c.type for c in follower] != ["WORDS", "VALUE"]:
            return False
        measured = self._measuring(follower[0])
        guard = next((k for k in range(n - 1, -1, -1) if items[k].type == "IF"), n)
        guarding = [items[k].type for k in range(guard + 1, n) if items[k].type not in ("COMMA", "AND", "OR")]
        return measured and guarding in (["WORDS"], ["NOT", "WORDS"])

    def _measuring(self, words: Clause) -> bool:
        """Whether words name something that is measured."""
        return self.cutter.codes.find("M", words.first - self.first, words.last - self.first) >= 0

    def _for_others(self, items: list[Clause], n: int) -> bool:
        """Whether something else, or several things, are measured of other people behind a guard.

        "Lansky ≥ 50 for those under 16 and Karnofsky ≥ 50 for those over 16" are two statements.
        """
        k = n + 1
        while k + 2 < len(items) and items[k].type == "WORDS" and self._measuring(items[k]):
            if items[k + 1].type not in ("COMMA", "AND", "OR", "SLASH", "EITHER"):
                return items[k + 1].type == "IF" or (items[k + 1].type == "VALUE" and items[k + 2].type == "IF")
            k += 2
        return False

    def _semicolons(self, items: list[Clause]) -> None:
        """Semicolons with an "or" before the last member join alternatives: "A; B; or C"."""
        either = False
        for n in range(len(items) - 2, -1, -1):
            item = items[n]
            if item.type != "STOP":
                continue
            parted = self.cutter.text[self.cutter.starts[item.first]] in ";；"
            either = parted and not item.value and (either or items[n + 1].type == "OR")
            if either:
                item.value = "or else"

    def _alike(self, items: list[Clause]) -> None:
        """Each of several examples is one, "and" or "or" between them; limits that "including" names hold together."""
        lists: list[_Examples | None] = [None]  # by depth
        for item in [*items, Clause("STOP", 0, 0)]:
            kind, listed = item.type, lists[-1]
            if listed is not None:
                listed.take(item, "M" in self.cutter.codes[item.first - self.first : item.last - self.first])
            if kind == "OPEN":
                lists.append(None)
            elif kind in _BEHIND:
                lists[-1] = None
                if kind == "INCLUDE" and (cue := self.cutter.cue(item.first)) != "definition":
                    lists[-1] = _Examples(cue == "example")
                elif kind == "CLOSE" and len(lists) > 1:
                    lists.pop()

    def _listed(self, items: list[Clause]) -> None:
        """A colon behind a thing that lists others of its kind: "antibiotics: macrolides, quinolones"."""
        for n in range(1, len(items) - 2):
            thing = items[n - 1]
            if items[n].type != "COLON" or thing.type != "WORDS" or (n > 1 and items[n - 2].type != "STOP"):
                continue
            of = self._kind(thing)
            if of in (None, "person") or any(
                "following" in e.text for e in self.cutter.entries[thing.first : thing.last]
            ):
                continue
            end = next((k for k in range(n + 1, len(items)) if items[k].type in _ENDED), len(items))
            kinds = [self._kind(i) for i in items[n + 1 : end] if i.type == "WORDS"]
            alike = sum(kind in MEMBERS.get(of, (of,)) for kind in kinds)
            if len(kinds) > 1 and 2 * alike >= len(kinds) and end - n > len(kinds):
                items[n].type = "INCLUDE"

    def _kind(self, words: Clause) -> Domain | None:
        """What the name at the end of some words is, a clause on it left out, where it has no value."""
        codes, offset = self.cutter.codes, self.cutter.offset
        described = codes.find("V", words.first - offset, words.last - offset)
        last = described if described > words.first - offset else words.last - offset
        entry = self.cutter.entries[last + offset - 1]
        term: Term | None = entry.roles.get("concept")
        return None if "M" in codes[words.first - offset : last] else domain_of([entry.text], term)

    def _guard_behind(self, items: list[Clause], n: int, *, limited: bool) -> str:
        """What a guard at n is behind something else: the beginning of a statement, one more guard of the same, or "".

        "…, or if fertile, uses contraception" is an alternative that both hold in, "…, and if fertile, uses …" a
        statement of its own, "in men over 40 or in smokers" two guards.
        """
        before = next((items[k] for k in range(n - 1, -1, -1) if items[k].type != "DROP"), None)
        if before is None or before.type not in ("AND", "OR", "OPEN", "STOP"):
            return ""
        comma = self._answered(items, n)
        if before.type in ("OPEN", "STOP"):
            return "begin" if comma is not None else ""
        answer = items[items.index(comma) + 1].type if comma is not None else ""
        if answer and (answer == "VALUE" or (before.value != "," and not limited)):
            second = limited and answer == "VALUE"
            joint = "or if" if answer == "VALUE" else f"{before.type.lower()} if"
            before.type, before.value = "STOP", "again" if second else joint
            return "begin"
        return before.type if limited and before.value != "," else ""

    def _answered(self, items: list[Clause], n: int) -> Clause | None:
        """The comma behind a guard at n with a statement behind it."""
        depth = 0
        for k in range(n + 1, len(items) - 1):
            kind = items[k].type
            depth += (kind == "OPEN") - (kind == "CLOSE")
            if depth < 0 or kind in ("STOP", "EXCEPT", "INCLUDE", "IF"):
                return None
            if depth == 0 and kind in ("COMMA", "COLON"):
                return items[k] if items[k + 1].type in ("WORDS", "VALUE", "NOT") else None
        return None

    def _defined(self, items: list[Clause]) -> list[Clause]:
        """What measures a disease behind a colon as in brackets: "hepatic impairment: ALT or AST > 3 × ULN"."""
        for n in range(1, len(items) - 2):
            disease, colon, measure = items[n - 1 : n + 2]
            if colon.type != "COLON" or disease.type != "WORDS" or measure.type != "WORDS":
                continue
            if n > 1 and items[n - 2].type != "STOP":
                continue
            end = next((k for k in range(n, len(items)) if items[k].type in _SENTENCE), len(items))
            named = self.cutter.codes[disease.first - self.first : disease.last - self.first]
            term = self.cutter.entries[disease.last - 1].roles.get("concept")
            if not named.endswith("K") or "M" in named or term is None or term.domain != "condition":
                continue
            measured = self.cutter.codes.find("M", measure.first - self.first, measure.last - self.first) >= 0
            if not measured or not any(i.type == "VALUE" for i in items[n:end]):
                continue
            last = items[end - 1].last
            opened, closed = Clause("OPEN", colon.first, colon.last), Clause("CLOSE", last, last)
            return [*items[:n], opened, *items[n + 1 : end], closed, *items[end:]]
        return items

    def _bounded(self, items: list[Clause]) -> list[Clause]:
        """A definition by a limit ends where something else is named: "diabetes, defined as HbA1c > 9 %, or gout"."""
        for n in range(len(items) - 5, 0, -1):
            kinds = [item.type for item in items[n : n + 3]]
            if kinds != ["INCLUDE", "WORDS", "VALUE"] or self.cutter.cue(items[n].first) != "definition":
                continue
            if any("either" in e.text.split() for e in self.cutter.entries[items[n].first : items[n + 1].last]):
                continue
            end = n + 3
            while end < len(items) - 1 and items[end].type in ("AND", "OR", "WORDS", "VALUE", "WINDOW"):
                end += 1
            named = end + 1 + (items[end + 1].type in ("AND", "OR")) if end < len(items) - 1 else end
            if items[end].type != "COMMA" or named >= len(items) or items[named].type != "WORDS":
                continue
            another = self._kind(items[named]) in ("condition", "procedure", "drug")
            if not another or (named + 1 < len(items) and items[named + 1].type == "VALUE"):
                continue
            first, last = items[n].first, items[end - 1].last
            opened, closed = Clause("OPEN", first, first), Clause("CLOSE", last, last)
            items = [*items[:n], opened, *items[n:end], closed, *items[end:]]
        return items

    def _groups(self, items: list[Clause]) -> list[Clause]:
        """A list whose members hold connectives of their own: "A or B, C and D, and E" is three."""
        out: list[Clause] = []
        begin = 0
        for end in [n for n, item in enumerate(items) if item.type == "STOP"] + [len(items)]:
            out += self._grouped(items[begin:end]) + items[end : end + 1]
            begin = end + 1
        return out

    def _grouped(self, sentence: list[Clause]) -> list[Clause]:
        colons = [n for n, item in enumerate(sentence) if item.type in ("COLON", "QUORUM")]
        once = sum(item.type == "COLON" for item in sentence) < 2
        if colons and once and not any(item.type in _CLOSING for item in sentence[: colons[-1]]):
            lead = colons[-1] + 1  # "any of the following: A or B, C and D"
            return sentence[:lead] + self._grouped(sentence[lead:])
        if any(item.type in ("NOT", "IF", "EXCEPT", "INCLUDE", "COLON", "QUORUM") for item in sentence):
            return sentence
        depth, commas, inner, last = 0, [], False, ""
        joints: list[int] = []
        for n, item in enumerate(sentence):
            depth += (item.type == "OPEN") - (item.type == "CLOSE")
            if depth or item.type not in ("COMMA", "AND", "OR"):
                continue
            if item.type == "COMMA":
                commas.append(n)
            elif commas and commas[-1] == n - 1:
                last = item.type
            else:
                joints.append(n)
                inner = inner or not commas or commas[-1] < n - 1
        if not last and self._limits(sentence, commas, joints):
            for n in commas:
                sentence[n].type, sentence[n].value = "STOP", "and"
            return sentence
        if not last and len(commas) > 1 and len(joints) > 1 and joints[-2] < commas[-1] < joints[-1]:
            # "A, B or C, D and E": the last connective is the list's where those inside are of the other kind
            final = sentence[joints[-1]].type
            if all(sentence[n].type != final for n in joints[:-1]):
                commas.append(joints[-1])
                last = final
        if not last or not inner or len(commas) < 2:
            return sentence
        drop = {n + 1 for n in commas if sentence[n + 1 : n + 2] and sentence[n + 1].type in ("AND", "OR")}
        for n in commas:
            sentence[n].type, sentence[n].value = "STOP", last.lower()
        return [item for n, item in enumerate(sentence) if n not in drop]

    def _limits(self, sentence: list[Clause], commas: list[int], joints: list[int]) -> bool:
        """Whether commas part limits that all hold, "or" measures of one thing: "AST ≤ 40, Cr ≤ 1.5 or GFR ≥ 60"."""
        either = [n for n in joints if sentence[n].type == "OR"]
        if self.cutter.kind == "exclusion" or not commas or not either:
            return False
        bounds = [-1, *sorted([*commas, *joints]), len(sentence)]
        parts = {n: sentence[a + 1 : n] for a, n in pairwise(bounds)}
        limited = [any(item.type == "VALUE" for item in parts[n]) for n in (*commas, len(sentence))]
        behind = dict(pairwise(bounds[1:]))
        if not all(limited) or any(self._same_thing(parts[n], parts[behind[n]]) for n in commas):
            return False
        return all(self._same_thing(parts[n], parts[behind[n]]) for n in either)

    def _same_thing(self, one: list[Clause], other: list[Clause]) -> bool:
        """Whether a second limit is of what a first one is of, or of what is measured instead of it."""
        names: list[set[str]] = []
        for part in (one, other):
            words = [item for item in part if item.type == "WORDS"]
            roles = [self.cutter.entries[i].roles for item in words for i in range(item.first, item.last)]
            if part is other and any("alternate" in known for known in roles):
                return any(item.type == "VALUE" for item in other)
            terms = [known.get("measurement") or known.get("concept") for known in roles]
            names.append({word for term in terms if term is not None for word in term.name.split()})
        return any(item.type == "VALUE" for item in other) and (names[1] <= names[0] or set() < names[0] <= names[1])

    def _trailing(self, items: list[Clause], n: int) -> bool:
        """Whether a comma only sets off what stands behind a list: "bleeding, within 8 weeks", "…, (X is allowed)"."""
        if items[n].type != "COMMA" or n + 1 >= len(items):
            return False
        follower = items[n + 1]
        return (follower.type == "OPEN" and follower.value is True) or (
            follower.type == "WINDOW" and self._closes(items, n + 2)
        )

    def _lacked(self, item: Clause) -> bool:
        """Whether it follows what something lacks: "suppuration, without fistula"."""
        return item.type == "NOT" and self.cutter.entries[item.first].text.startswith("with")

    def _closes(self, items: list[Clause], n: int) -> bool:
        """Whether nothing of the same list stands from here on."""
        return n >= len(items) or items[n].type in ("STOP", "CLOSE", "EXCEPT", "IF", "COMMA", "AND", "OR")
