"""Protocols as DOCX, with the extra `docx`.

In: a file's bytes. Out: its listing: paragraphs and cells in order, behind each the number or bullet that its numbering
gives it, which is not in the text, powers marked ("10^9/L").
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from protoparse.errors import InputError
from protoparse.sources import protocol
from protoparse.sources.fields import underlined
from protoparse.sources.listing import Listing

_LARGEST = 64 * 2**20
"""So many bytes a document may be unpacked: a bomb is larger."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVEL = re.compile(r"%(\d)")
_HEADING = re.compile(r"heading (\d)", re.I)
_POWER = re.compile(r"[-+−–]?\d+\Z")


def read(data: bytes) -> Listing:
    """The listing of a protocol; raises `InputError` for what cannot be opened, or has no such sections."""
    try:
        from docx import Document
    except ImportError:
        raise InputError('a DOCX, which the extra "docx" reads: pip install "protoparse[docx]"') from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LARGEST:
                raise InputError(f"a DOCX that unpacks to more than {_LARGEST >> 20} MB")
        document = Document(io.BytesIO(data))
        lines = list(_lines(document.element.body, document, _Numbering(document)))
    except InputError:
        raise
    except Exception as error:  # python-docx lets through what zipfile, lxml and its own look-ups raise
        cause = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"a DOCX that cannot be opened: {cause[:200]}") from None
    return protocol.read(lines)


def _lines(parent: Any, document: Any, numbering: _Numbering) -> Iterator[protocol.Line]:
    from docx.text.paragraph import Paragraph

    for element in parent.iterchildren():
        if element.tag == f"{_W}p":
            yield from _paragraph(Paragraph(element, document), numbering)
        elif element.tag in (f"{_W}tbl", f"{_W}tr", f"{_W}tc", f"{_W}sdt", f"{_W}sdtContent"):
            yield from _lines(element, document, numbering)


def _paragraph(paragraph: Any, numbering: _Numbering) -> Iterator[protocol.Line]:
    style = paragraph.style
    if style is not None and style.name.lower().startswith("toc"):
        return
    text = _text(paragraph)
    if not text.strip():
        return
    heading = _HEADING.match(style.name) if style is not None else None
    label, depth = numbering.label(paragraph)
    first, *rest = text.split("\n")
    indent = "" if heading else "  " * depth
    first = f"{indent}{label} {first.strip()}" if label else first.strip()
    yield protocol.Line(first, level=int(heading[1]) if heading else 0)
    for line in rest:
        if line.strip():
            yield protocol.Line(indent + "  " * bool(label) + line.strip())


def _text(paragraph: Any) -> str:
    pieces: list[str] = []
    for run in paragraph.iter_inner_content():
        runs = run.runs if hasattr(run, "runs") else [run]
        for part in runs:
            text = underlined(part.text) if part.font.underline else part.text
            power = part.font.superscript and _POWER.match(text.strip())
            pieces.append(f"^{text.strip()}" if power and pieces and pieces[-1].strip() else text)
    return "".join(pieces).replace("\t", " ")


class _Numbering:
    """The counters of a document's lists."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._abstract: dict[str, str] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        for abstract in root.findall(f"{_W}abstractNum"):
            levels = {}
            for level in abstract.findall(f"{_W}lvl"):
                start = _value(level, "start")
                levels[_integer(level.get(f"{_W}ilvl"))] = (
                    _value(level, "numFmt") or "decimal",
                    _value(level, "lvlText") or "",
                    _integer(start, 1),
                )
            self._levels[abstract.get(f"{_W}abstractNumId", "")] = levels
        for number in root.findall(f"{_W}num"):
            self._abstract[number.get(f"{_W}numId", "")] = _value(number, "abstractNumId") or ""

    def label(self, paragraph: Any) -> tuple[str, int]:
        """The number or bullet of a paragraph, "" for none, and how deep it is; counts on."""
        number, depth = _of(paragraph)
        levels = self._levels.get(self._abstract.get(number, ""), {})
        if not number or depth not in levels:
            return "", depth
        counts = self._counts.setdefault(self._abstract[number], {})
        form, text, start = levels[depth]
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        if form in ("bullet", "none"):
            return ("•" if form == "bullet" else ""), depth

        def printed(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            form, _, start = levels.get(level, ("decimal", "", 1))
            return _numeral(counts.get(level, start), form)

        return _LEVEL.sub(printed, text), depth


def _of(paragraph: Any) -> tuple[str, int]:
    """The list and the depth that a paragraph, or the style it has, names."""
    properties = [paragraph._p.pPr] if paragraph._p.pPr is not None else []
    style = paragraph.style
    for _ in range(10):
        if style is None:
            break
        if style.element.pPr is not None:
            properties.append(style.element.pPr)
        style = style.base_style
    number, depth = "", None
    for found in properties:
        if found.numPr is None:
            continue
        if depth is None and found.numPr.ilvl is not None:
            depth = found.numPr.ilvl.val
        if not number and found.numPr.numId is not None:
            number = str(found.numPr.numId.val)
    return ("" if number == "0" else number), depth or 0


def _value(element: Any, name: str) -> str | None:
    child = element.find(f"{_W}{name}")
    return child.get(f"{_W}val") if child is not None else None


def _integer(text: str | None, default: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else default


def _numeral(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and 1 <= count <= 26:
        return chr((97 if form == "lowerLetter" else 65) + count - 1)
    if form in ("lowerRoman", "upperRoman") and 1 <= count <= 39:
        roman = "x" * (count // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[count % 10]
        return roman if form == "lowerRoman" else roman.upper()
    return str(count)
