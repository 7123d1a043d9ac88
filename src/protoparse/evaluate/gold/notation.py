"""The notation of gold, which is YAML: read with the line of every mapping, written as a careful hand would write it.

In: YAML text. Out: its mappings and lists, each mapping with its line, and what is wrong as a `GoldError` of one line.
Back: lines of YAML, facts in one flow mapping each, logic in blocks.

>>> read("criteria:\\n- {kind: inclusion}")["criteria"][0].line
2
>>> written("rule", {"not": {"domain": "drug", "concept": Quote("no-doz")}})
['rule:', '  not: {domain: drug, concept: "no-doz"}']
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Set
from functools import cache
from typing import Any

from protoparse.errors import ProtoparseError

Shape = dict[str, Any]
"""A mapping as YAML gives it."""

WIDTH = 160
"""The longest line that is written, where a word does not ask for more."""


class GoldError(ProtoparseError):
    """Gold that cannot be built: the line, the item by its first words, then what is wrong with it."""

    def __init__(self, cause: str, *, line: int | None = None) -> None:
        super().__init__(cause if line is None else f"line {line}: {cause}")
        self.cause = cause
        self.line = line


class Lined(dict[str, Any]):
    """A mapping that knows the line it begins in."""

    line: int | None = None


class Quote(str):
    """Words of the text: written in quotation marks, whatever they are."""

    __slots__ = ()


# ------------------------------------------------------------------ reading


def read(yaml_text: str) -> Any:
    """What the YAML holds; raises `GoldError` where it is none, or names one key twice."""
    yaml = _yaml()
    try:
        return yaml.load(yaml_text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        cause = " ".join(x for x in (error.context, error.problem) if x)
        raise GoldError(f"not YAML: {' '.join(cause.split())}", line=mark and mark.line + 1) from None
    except yaml.YAMLError as error:
        raise GoldError("not YAML: " + " ".join(str(error).split())) from None
    except RecursionError:
        raise GoldError("nested too deep") from None


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise GoldError("gold needs PyYAML: pip install 'protoparse[gold]'") from None
    return yaml


@cache
def _loader() -> Any:
    """PyYAML's safe loader, but for mappings: theirs forget the line and let the last of two equal keys win."""

    class Loader(_yaml().SafeLoader):  # type: ignore[misc]
        pass

    def mapping(loader: Any, node: Any) -> Lined:
        loader.flatten_mapping(node)
        made = Lined()
        made.line = node.start_mark.line + 1
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, list | dict):
                raise GoldError(f"not a name: {key!r}", line=line)
            if key in made:
                raise GoldError(f"{key!r} is given twice", line=line)
            made[key] = loader.construct_object(value_node, deep=True)
        return made

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader


def keys(shape: Any, what: str, *, required: Set[str], optional: Set[str] = frozenset()) -> Shape:
    """The mapping itself, if it has all of the required keys and none that is neither required nor optional."""
    line = line_of(shape)
    if not isinstance(shape, dict):
        raise GoldError(f"{what} is no mapping: {shape!r}", line=line)
    if unknown := set(shape) - required - optional:
        raise GoldError(f"{what} has the unknown key {min(map(str, unknown))!r}: {shape!r}", line=line)
    if missing := required - set(shape):
        raise GoldError(f"{what} has no {min(missing)!r}: {shape!r}", line=line)
    return shape


def listed(shape: Any, what: str, *, least: int = 0) -> list[Any]:
    """The list itself, if it is one and long enough."""
    if not isinstance(shape, list):
        raise GoldError(f"{what} is no list: {shape!r}", line=line_of(shape))
    if len(shape) < least:
        raise GoldError(f"{what} needs {least} members or more: {shape!r}")
    return shape


def line_of(shape: Any) -> int | None:
    """The line that a mapping begins in, where it was read from one."""
    return shape.line if isinstance(shape, Lined) else None


# ------------------------------------------------------------------ writing

_PLAIN = re.compile(r"[A-Za-z][\w-]*(?: [a-z][\w-]*)*", re.ASCII)
_RESERVED = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
_BLOCKS = {"all", "any", "not", "at_least", "if", "then", "base", "except"}


def written(key: str, shape: Any, *, indent: int = 0) -> list[str]:
    """The lines of `key: shape`: logic as a block, all else as one flow, broken where it is too long.

    `indent` is how far in the lines are going to stand.
    """
    if not _in_blocks(shape):
        return _wrapped(f"{key}: ", flow(shape), WIDTH - indent)
    return [f"{key}:", *(f"  {line}" for line in _block(shape, indent + 2))]


def _in_blocks(shape: Any) -> bool:
    if isinstance(shape, list):
        return bool(shape) and all(isinstance(x, dict) for x in shape)
    return isinstance(shape, Mapping) and not _BLOCKS.isdisjoint(shape)


def _block(shape: Any, indent: int) -> list[str]:
    lines: list[str] = []
    if isinstance(shape, list):
        for member in shape:
            if _in_blocks(member):
                first, *more = _block(member, indent + 2)
            else:
                first, *more = _wrapped("", flow(member), WIDTH - indent - 2)
            lines += [f"- {first}", *(f"  {line}" for line in more)]
        return lines
    for key, value in shape.items():
        if isinstance(value, list):
            lines += [f"{key}:", *_block(value, indent)]
        else:
            lines += written(key, value, indent=indent)
    return lines


def flow(shape: Any) -> str:
    """A shape on one line."""
    match shape:
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in shape.items()) + "}"
        case list() | tuple():
            return f"[{', '.join(map(flow, shape))}]"
        case None:
            return "null"
        case bool():
            return str(shape).lower()
        case int():
            return str(shape)
        case float():
            return _float(shape)
        case _:
            return _text(shape)


def _text(text: str) -> str:
    if not isinstance(text, Quote) and _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if text.isprintable() and "  " not in text:
        if '"' not in text and "\\" not in text:
            return f'"{text}"'
        return "'" + text.replace("'", "''") + "'"
    # whatever a line's end, or a break of this line, would change
    ascii_only = not text.replace("\n", "").replace("\t", "").isprintable()
    return json.dumps(text, ensure_ascii=ascii_only).replace("  ", " \\x20")


def _float(number: float) -> str:
    text = repr(number)
    if "inf" in text:
        return text.replace("inf", ".inf")
    # YAML takes "1e+16" for a word
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _wrapped(key: str, text: str, room: int) -> list[str]:
    """A flow behind its key, on as few lines as have the room: broken behind commas, the outermost rather than others.

    Within a quote, too, where it must be: the end of a line is a space there.
    """
    if len(key) + len(text) <= room:
        return [key + text]
    lines = [key]
    for part in _parts(text, 1):
        joined = f"{lines[-1]} {part}" if lines[-1].strip() and lines[-1] != key else lines[-1] + part
        if len(joined) <= room:
            lines[-1] = joined
            continue
        pieces = [part] if len(part) + 2 <= room else _parts(part, 2)
        for i, piece in enumerate(pieces):
            deep = "  " if i == 0 or len(pieces) == 1 else "    "
            if lines[-1] == key:
                lines[-1] += piece
            elif i and len(lines[-1]) + len(piece) < room:
                lines[-1] += f" {piece}"
            else:
                lines.append(deep + piece)
    return [short for line in lines for short in _broken(line, room)]


def _broken(line: str, room: int) -> list[str]:
    lead = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line, room, subsequent_indent=f"{lead}  ", break_long_words=False, break_on_hyphens=False,
        expand_tabs=False, replace_whitespace=False,
    )  # fmt: skip


def _parts(text: str, level: int) -> list[str]:
    """A flow cut behind each comma that lies no deeper than so many brackets."""
    parts, depth, begun, quoted = [], 0, 0, ""
    level -= text[:1] not in "{["  # "time: {…}" lies within a mapping already
    for i, sign in enumerate(text):
        if quoted:
            quoted = "" if sign == quoted and not (quoted == '"' and text[i - 1] == "\\") else quoted
        elif sign in "\"'":
            quoted = sign
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif sign == "," and depth <= level:
            parts.append(text[begun : i + 1])
            begun = i + 2
    return [*parts, text[begun:]]
