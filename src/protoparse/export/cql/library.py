"""What a CQL library declares: names, terminology, parameters and the functions that are called.

In: concepts and events as they are met. Out: how they are called in expressions, and the declarations at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from protoparse.export.cql.writing import identifier, text
from protoparse.lexicon import rows, spellings
from protoparse.model import Concept

RECORD = "R"
"""What a record is called within a query."""
_RESERVED = frozenset({"Patient", "FHIR", "FHIRHelpers", "System", RECORD, "N", "I", "C", "X", "record"})


class Library:
    """The declarations of a library, made as they are asked for; two that are not the same never share a name."""

    def __init__(self) -> None:
        self._taken = set(_RESERVED) | set(_functions())
        self._systems: dict[str, str] = {}
        self._codes: dict[tuple[str, str, str], str] = {}
        self._concepts: dict[tuple[str, ...], str] = {}
        self._values: dict[str, str] = {}
        self._parameters: dict[str, str] = {}
        self._called: dict[str, None] = {}
        self._lines: dict[str, list[str]] = {"codesystem": [], "valueset": [], "code": [], "concept": []}

    def named(self, wanted: str) -> str:
        """A name that nothing else has, in quotation marks."""
        wanted = " ".join(wanted.split()) or "unnamed"
        name, n = wanted, 1
        while name in self._taken:
            n += 1
            name = f"{wanted} ({n})"
        self._taken.add(name)
        return identifier(name)

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of the functions of `functions.cql`."""
        if function not in self._called:
            self._called[function] = None
            for other in _functions()[function][0]:
                self.call(other)
        return f"{identifier(function)}({', '.join(arguments)})"

    def parameter(self, event: str, words: str | None) -> str:
        """The moment of an event, which who runs the library gives."""
        title = event.replace("_", " ").title()
        wanted = f"{title}: {words}" if event == "event" and words else title
        if wanted not in self._parameters:
            self._parameters[wanted] = self.named(wanted)
        return self._parameters[wanted]

    def terms(self, concept: Concept) -> tuple[str, bool]:
        """How the codes of a concept are called, and whether there are any; without, it is a value set to fill in."""
        name = concept.name or concept.text
        if not concept.codes:
            if name not in self._values:
                self._values[name] = made = self.named(name)
                address = f"urn:protoparse:valueset:{quote(name, safe='')}"
                self._lines["valueset"].append(f"valueset {made}: {text(address)}")
            return self._values[name], False
        codes = tuple([self._code(code.system, code.code, name) for code in concept.codes])
        key = (name, *codes)
        if key not in self._concepts:
            self._concepts[key] = made = self.named(name)
            self._lines["concept"].append(f"concept {made}: {{ {', '.join(codes)} }} display {text(name)}")
        return self._concepts[key], True

    def _code(self, system: str, code: str, display: str) -> str:
        key = (system, code, display)
        if key not in self._codes:
            if system not in self._systems:
                self._systems[system] = made = self.named(system)
                self._lines["codesystem"].append(f"codesystem {made}: {text(_addresses().get(system, system))}")
            self._codes[key] = made = self.named(f"{system} {code}")
            said = f"code {made}: {text(code)} from {self._systems[system]} display {text(display)}"
            self._lines["code"].append(said)
        return self._codes[key]

    def declarations(self) -> Iterator[str]:
        """Lines of terminology and parameters, which stand before the context."""
        for lines in self._lines.values():
            if lines:
                yield from lines
                yield ""
        for name in self._parameters.values():
            # without a default, engines differ on what a parameter is that is not given
            yield f"parameter {name} DateTime default null"
        if self._parameters:
            yield ""

    def functions(self) -> Iterator[str]:
        """Lines of the functions that are called, which stand at the end."""
        for name, (_, body) in _functions().items():
            if name in self._called:
                yield ""
                yield from body


@cache
def _functions() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The functions of `functions.cql` by name: what each calls, and its lines."""
    source = (files(__package__) / "functions.cql").read_text("utf-8")
    found = {}
    for piece in re.split(r"^//: ", source, flags=re.M)[1:]:
        head, *lines = piece.rstrip().split("\n")
        name, _, calls = head.partition(": ")
        found[name] = (tuple(filter(None, calls.split(", "))), tuple(lines))
    return found


@cache
def _addresses() -> Mapping[str, str]:
    """The URL of each vocabulary that has one."""
    return {row["name"]: spellings(row["spellings"])[0] for row in rows("systems")}
