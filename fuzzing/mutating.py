"""Cases out of seeds: what somebody who means harm, or a broken program, makes of a good file.

In: a seed, others of its kind, and a source of chance. Out: another file. The same chance gives the same file.

>>> mutated(b"Age > 5 years", [b"No gout"], Random(3)) == mutated(b"Age > 5 years", [b"No gout"], Random(3))
True
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

LONGEST = 20_000
"""So many bytes a case has at most, unless its seed has more."""

HOSTILE: tuple[str, ...] = (
    # what ends, splits and hides text
    "\0", "\x01\x02", "\x1b[2J", "\x7f", "\r", "\r\n\r\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\t\t\t", "\xa0", "\xad",
    "\u200b", "\u200d", "\ufeff", "\ufffe", "\uffff", "\ufffd", "\u3000", "\u180e", "\ud800", "\udfff", "\udcff",
    # direction, and marks on marks
    "\u202e", "\u202d\u202c", "\u2066\u2069", "\u200f", "مريض", "שבוע", "e" + "\u0301" * 40, "\u0300", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́O",
    # letters that change when their case does, digits of other scripts, signs that look like others
    "İ", "ı", "ß", "ẞ", "ŉ", "ﬁ", "ǅ", "Ω", "K", "Å", "µ", "μ", "٣", "१२", "Ⅷ", "¾", "½", "²", "10⁹", "₂", "①", "㎎", "℃", "％",
    "＞", "≥", "≦", "⩾", "≯", "−", "–", "—", "‐", "⁄", "∕", "×", "х", "·", "•", "◦", "😀", "👩\u200d⚕️", "𝟙𝟘", "𐍈", "患者",
    # numbers
    "9" * 19, "18446744073709551616", "9" * 400, "-" + "9" * 40, "0" * 300 + "1", "1e999", "1e-999", "1E+400", "-0.0",
    "0x1F", "1_000", "1,000,000,000,000", "1.2.3.4.5", ".5", "5.", "1/0", "10^999999", "1:99999999", "NaN", "Infinity",
    "2147483648", "-9223372036854775809", "99999999999 years", "> 1e308 mg/dL", "0.0000000000000000000000000001",
    # nesting
    "(" * 90, ")" * 90, "[" * 90, "]" * 90, "{" * 90, "((((", "[[[[", "([{<«“", "\"", "'", "`", "“", "”", "»",
    "(a" * 70, "<" * 50, ">" * 50, "* " * 30, "1.1.1.1.1.1.1.1.1.1.1.1 ", "not " * 70, "unless " * 50, "and/or " * 60,
    "[" * 5000, "{\"a\":" * 2000, "<div>" * 1500, "<p><b>" * 800, "(" * 3000,
    # what other languages mean by something
    "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>", "&a;", "&b;", "&#0;", "&#x110000;", "&#xD800;",
    "&#99999999999;", "&lt;", "&amp;amp;", "&nbsp", "<![CDATA[", "]]>", "<!--", "-->", "<?xml version=\"1.0\"?>", "<?x?>",
    "<!ENTITY x SYSTEM \"file:///etc/passwd\">", "<xi:include href=\"file:///etc/passwd\"/>", "</", "<a b='", "<td>", "<br",
    "<table><tr>", "</li></ul>", "<ol start=99999>", "<li value=-1>", "rowspan=9999", "xmlns:a=\"\"", "\\u0000", "\\ud800",
    "\\udc00\\ud800", "\\>", "\\", "\\x", "${x}", "%s%n", "{{7*7}}", "';--", "\",\"", "null", "true", "[]", "{}", "1", "\"\"",
    "\n\n", "\n* ", "\n1. ", "\na) ", "\n    - ", "|", "\t", ";", ",", "~", ":", "=", "\n\"", "\"\"\"", "PK\x03\x04", "%PDF-1.7",
    # what begins sections, quantities and sentences here
    "Inclusion Criteria:", "Exclusion Criteria:\n", "EXCLUSION", "Part A only: ", "at least 2 of the following:",
    "any of the following: ", "except ", "unless ", "if ", "no ", "not ", "without ", "within 6 months ",
    "before the first dose ", "≥ 18 years", "between 5 and 3 ", "> 3 x ULN ", "x10^9/L", "mg/dL", " or ", " and ", ", ", "; ", "/",
    " (e.g. ", " i.e., ", "U.S. ", "vs. ", "%", "±", "<", "> ", "=", "+", "-", "^", "_", "#", "\\", "e.g.",
)  # fmt: skip
"""What goes into texts; halves of surrogate pairs are written as the bytes that stand for them."""

RAW: tuple[bytes, ...] = (
    b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xff\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80", b"\x93quoted\x94", b"\xb3", b"\xb5g", b"\x81\x8d", "≥ 18".encode("utf-16-le"),
    "Age".encode("utf-16-be"), b"\x1f\x8b\x08\x00", b"PK\x05\x06", b"\r\x00\n\x00", b"\0" * 64, b"\xe2\x89",
)  # fmt: skip
"""What is not UTF-8, or not text."""

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40, 10**400, 0.1, -0.0, 1e308, 5e-324, "", " ", "\0",
    "x", "fact", "all", "between", "18 Years", "2020-02-30", "9999-12-31", "0001-01-01", "NCT00000000", "\ud800", "\u202e",
    "\n", "9" * 400, [], {}, [[]], [None], [0, 0], [5, 2], [-1, 10**30], {"a": None}, "a" * 2000, [1] * 300, "mg", "[", "≥ 5",
)  # fmt: skip
"""What takes the place of a value of JSON."""


def mutated(seed: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """The seed, changed in one to a few ways; one in fifty cases as it is."""
    data = seed
    longest = max(LONGEST, len(seed) + 1000)
    for _ in range(min(int(chance.expovariate(0.45)) + (chance.random() < 0.98), 8)):
        data = chance.choice(_WAYS)(data, others, chance)[:longest]
    return data


def structured(seed: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """JSON with some of its values changed; now and then its text instead."""
    if chance.random() < 0.25:
        return mutated(seed, others, chance)
    try:
        value = json.loads(seed)
    except ValueError:
        return mutated(seed, others, chance)
    for _ in range(1 + int(chance.expovariate(0.6))):
        value = _changed(value, chance)
    return _written(value, chance)


def zipped(seed: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """A ZIP archive with one of its files changed, its sums right; now and then its bytes instead."""
    if chance.random() < 0.2:
        return mutated(seed, others, chance)
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    names = sorted(files)
    for _ in range(1 + (chance.random() < 0.3)):
        name = "word/document.xml" if "word/document.xml" in files and chance.random() < 0.7 else chance.choice(names)
        way = chance.random()
        if way < 0.03:
            files.pop(name, None)
        elif way < 0.06:
            files[name] = files[chance.choice(sorted(files))]
        else:
            files[name] = mutated(files.get(name, b""), [files[n] for n in sorted(files)], chance)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return held.getvalue()


# ------------------------------------------------------------------ ways to change bytes


def _cut(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _piece(data, chance)
    return data[:start] + data[end:]


def _short(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    return data[: _place(data, chance)]


def _double(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _piece(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 10, 60)) + data[end:]


def _swap(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    a, b = _piece(data, chance)
    c, d = _piece(data, chance)
    if a > c:
        a, b, c, d = c, d, a, b
    c = max(b, c)
    d = max(c, d)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _splice(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    other = chance.choice(others) if others else data
    start, end = _piece(other, chance)
    at = _place(data, chance)
    return data[:at] + other[start:end] + data[at + (end - start) * (chance.random() < 0.5) :]


def _insert(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = _place(data, chance)
    word = chance.choice(HOSTILE).encode(errors="surrogatepass")
    if len(word) < 40 and chance.random() < 0.08:
        word *= chance.choice((2, 10, 100, 400))
    return data[:at] + word + data[at:]


def _spoil(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at = _place(data, chance)
    if chance.random() < 0.5:
        return data[:at] + chance.choice(RAW) + data[at:]
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _recode(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    text = data.decode(errors="replace")
    code = chance.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8-sig", "utf-32", "shift-jis", "koi8-r", "utf-7")
    )
    other = text.encode(code, errors="replace")
    if chance.random() < 0.7:
        return other
    at = _place(data, chance)  # two encodings in one file
    return data[:at] + other[_place(other, chance) :]


def _number(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    places = [n for n, byte in enumerate(data[:LONGEST]) if 48 <= byte <= 57]
    if not places:
        return data
    at = chance.choice(places)
    return (
        data[:at]
        + chance.choice((b"9" * 400, b"-1", b"1e999", b"0", b"18446744073709551616", b"3.3.3"))
        + data[at + 1 :]
    )


def _nest(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    start, end = _piece(data, chance)
    opens, closes = chance.choice(
        ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"<div>", b"</div>"), (b"<ul><li>", b"</li></ul>"), (b'"', b'"'),
         (b"\n* ", b"\n"), (b"not (", b")"), (b"<b>", b"</b>"), (b"/* ", b" */"), (b"[[", b"]]"), (b"\xe2\x80\x9c", b"\xe2\x80\x9d"))
    )  # fmt: skip
    times = chance.choice((1, 1, 3, 20, 70, 500))
    return data[:start] + opens * times + data[start:end] + closes * times + data[end:]


def _swell(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """A short piece again and again: where time grows faster than length, it shows here."""
    if chance.random() < 0.8:
        return _double(data, others, chance)
    start = _place(data, chance)
    piece = data[start : start + chance.randint(1, 30)] or b"a"
    if chance.random() < 0.4:
        piece += chance.choice(HOSTILE).encode(errors="surrogatepass")[:40]
    return data[:start] + piece * (chance.choice((2_000, 8_000, 16_000)) // len(piece)) + data[start:]


_Way = Callable[[bytes, Sequence[bytes], Random], bytes]
_WAYS: tuple[_Way, ...] = (
    _cut, _cut, _short, _double, _swap, _swap, _splice, _splice, _insert, _insert, _insert, _insert, _spoil, _recode, _number, _nest,
    _swell,
)  # fmt: skip


def _place(data: bytes, chance: Random) -> int:
    """A place, half of the time at the edge of a word or a tag."""
    if not data:
        return 0
    at = chance.randrange(len(data) + 1)
    if chance.random() < 0.5:
        return at
    found = [x for sign in (b" ", b"\n", b"<", b">", b'"', b"(") if (x := data.find(sign, at)) >= 0]
    return min(found, default=at)


def _piece(data: bytes, chance: Random) -> tuple[int, int]:
    start = _place(data, chance)
    if chance.random() < 0.15:
        return start, max(start, _place(data, chance))
    return start, min(len(data), start + int(chance.expovariate(1 / 25)) + 1)


# ------------------------------------------------------------------ ways to change JSON


def _changed(value: Any, chance: Random) -> Any:
    """The value with one of the values in it changed."""
    holders: list[Any] = []
    below: list[Any] = [value]
    while below:
        here = below.pop()
        if isinstance(here, dict) and here:
            holders.append(here)
            below.extend(here.values())
        elif isinstance(here, list) and here:
            holders.append(here)
            below.extend(here)
    if not holders or chance.random() < 0.01:
        return deepcopy(chance.choice(VALUES))
    holder = chance.choice(holders)
    key: Any = chance.choice(sorted(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    way = chance.random()
    if way < 0.4:
        holder[key] = deepcopy(chance.choice(VALUES))
    elif way < 0.55:
        holder.pop(key)
    elif way < 0.65:
        holder[key] = _copy(chance.choice(holders))
    elif way < 0.75 and isinstance(holder, list):
        holder.insert(key, _copy(holder[key]))
    elif way < 0.75:
        holder[chance.choice(("", "id", "text", "of", "span", "\0", "x" * 100, "resourceType"))] = _copy(holder[key])
    elif way < 0.8:
        times = chance.choice((2, 30, 80, 300))
        for _ in range(times):
            holder[key] = [holder[key]] if chance.random() < 0.7 else {"of": holder[key]}
    elif isinstance(holder[key], str):
        text = holder[key].encode(errors="surrogatepass")
        holder[key] = mutated(text, [text], chance).decode(
            errors="replace" if chance.random() < 0.9 else "surrogateescape"
        )
    elif isinstance(holder[key], int | float) and abs(holder[key]) < 1e300 and not isinstance(holder[key], bool):
        holder[key] = chance.choice((-holder[key], holder[key] + 1, holder[key] * 1000, holder[key] + 0.5))
    elif isinstance(holder, list):
        chance.shuffle(holder)
    return value


def _copy(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except (ValueError, RecursionError):
        return None


def _written(value: Any, chance: Random) -> bytes:
    plain = chance.random() < 0.5
    try:
        text = json.dumps(value, ensure_ascii=plain)
    except (ValueError, RecursionError):  # too deep
        return b"[" * 3000
    return text.encode(errors="surrogatepass")
