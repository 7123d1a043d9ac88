"""Protocols as PDF, with the extra `pdf`.

In: a file's bytes. Out: its listing: lines as they are printed, from the top of each page to its foot, running heads
left out, powers marked ("10^9/L", told by their smaller size and raised base line), wrapped lines joined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from protoparse.errors import InputError
from protoparse.sources import protocol
from protoparse.sources.listing import Listing

_MOST_PAGES = 3000
_BOLD = 600  # of a font's weight, 400 is plain
_MARGIN = 0.12  # of a page's height, at its top and at its foot: where running heads are
_LETTER = 0.42  # the width of a letter, in sizes of the loose box
_MARKER = re.compile(
    r"(?:[•●○▪■◦‣·–—*o-]\s|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)](?=\s|\Z)|\[\s*\w{1,4}\s*\]|\d{1,2}(?:\.\d{1,2})+\.?\s)"
)
# what Symbol and Wingdings print, in the private codes that Word gives it
_SYMBOLS = str.maketrans({
    "\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "‣", "\uf0fc": "•", "\uf0a8": "•", "\uf0b3": "≥", "\uf0a3": "≤",
    "\uf0b1": "±", "\uf0b4": "×", "\uf06d": "μ", "\uf061": "α", "\uf062": "β", "\uf067": "γ", "\uf0b0": "°",
    "\uf0ae": "→", "\uf03c": "<", "\uf03e": ">", "\uf03d": "=", "\uf02d": "-", "\ufffe": "-", "\x02": "-", "\xa0": " ",
    "\u2011": "-", "\xad": "-",
})  # fmt: skip
_OPEN = re.compile(r"\b(?:the|an?)\Z")  # no line of its own ends so
_DIGITS = re.compile(r"\d+")


class _Glyph(NamedTuple):
    text: str
    x: float
    right: float
    base: float
    size: float
    weight: int


class _Row(NamedTuple):
    """One printed line: where it is, how large, how bold, and whether its parts stand apart as cells of a table do."""

    text: str
    page: int
    left: float
    right: float
    base: float
    size: float
    bold: bool
    edge: bool
    apart: bool


def read(data: bytes) -> Listing:
    """The listing of a protocol; raises `InputError` for what cannot be opened or has no text, or no such sections."""
    pages = _pages(data)
    if not pages:
        raise InputError("a PDF without text; if its pages are scanned, they must be recognised first")
    return protocol.read(list(_lines(pages)))


def _pages(data: bytes) -> list[list[_Row]]:
    try:
        import pypdfium2
    except ImportError:
        raise InputError('a PDF, which the extra "pdf" reads: pip install "protoparse[pdf]"') from None
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        cause = "it asks for a password" if "password" in str(error).lower() else "it is broken or cut short"
        raise InputError(f"a PDF that cannot be opened: {cause}") from None
    try:
        if len(document) > _MOST_PAGES:
            raise InputError(f"a PDF of {len(document)} pages; {_MOST_PAGES} are read at most")
        found = []
        for number in range(len(document)):
            try:
                page = document[number]
                rows = _rows(page.get_textpage(), number, page.get_height())
            except pypdfium2.PdfiumError as error:
                raise InputError(f"page {number + 1} of the PDF cannot be read: {error}") from None
            if rows:
                found.append(rows)
        return found
    finally:
        document.close()


def _rows(textpage: Any, number: int, height: float) -> list[_Row]:
    """The lines of a page from top to foot, what is on one base line as one."""
    made = [
        _row(glyphs, number, height) for glyphs in _runs(textpage) if any(not glyph.text.isspace() for glyph in glyphs)
    ]
    made.sort(key=lambda row: (-row.base, row.left))
    rows: list[_Row] = []
    for row in made:
        gap = row.left - rows[-1].right if rows else 0.0
        if rows and abs(rows[-1].base - row.base) < 2 and gap >= -0.2 * row.size:
            apart = rows[-1].apart or row.apart or _is_apart(rows[-1].text, gap, row.size)
            space = " " if gap > 0.15 * row.size else ""
            rows[-1] = rows[-1]._replace(text=rows[-1].text + space + row.text, right=row.right, apart=apart)
        else:
            rows.append(row)
    return rows


def _runs(textpage: Any) -> Iterator[list[_Glyph]]:
    """The glyphs of a page, line by line in the order of the file."""
    import ctypes

    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    line: list[_Glyph] = []
    for place in range(textpage.count_chars()):
        text = chr(raw.FPDFText_GetUnicode(textpage.raw, place)).translate(_SYMBOLS)
        if text in "\r\n":
            if line:
                yield line
            line = []
            continue
        raw.FPDFText_GetCharOrigin(textpage.raw, place, x, y)
        # the nominal size of a font may be scaled on the page: the box that leaves room for any of its letters is not
        _, bottom, right, top = textpage.get_charbox(place, loose=True)
        line.append(
            _Glyph(text, x.value, right, y.value, top - bottom, raw.FPDFText_GetFontWeight(textpage.raw, place))
        )
    if line:
        yield line


def _row(glyphs: Sequence[_Glyph], page: int, height: float) -> _Row:
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    size = median(glyph.size for glyph in inked)
    base = median(glyph.base for glyph in inked)
    pieces: list[str] = []
    last: _Glyph | None = None
    raised = apart = False
    for glyph in glyphs:
        if glyph.text.isspace():
            pieces.append(" ")
            continue
        above = glyph.size < 0.92 * size and glyph.base - base > 0.1 * size
        power = last is not None and above != raised and (glyph if above else last).text.isdigit()
        if power and last is not None and pieces[-1] == " " and glyph.x - last.right < 0.2 * size:
            pieces.pop()  # a space that was seen where the size changes: "10 9/L"
        if above and not raised and re.match(r"[\d+−–-]", glyph.text) and pieces and pieces[-1] != " ":
            pieces.append("^")
        if last is not None:
            apart = apart or _is_apart("".join(pieces), glyph.x - last.right, size)
        last, raised = glyph, above
        pieces.append(glyph.text)
    bold = sum(glyph.weight >= _BOLD for glyph in inked) * 2 > len(inked)
    edge = base > (1 - _MARGIN) * height or base < _MARGIN * height
    text = " ".join("".join(pieces).split())
    return _Row(text, page, inked[0].x, inked[-1].right, base, size, bold, edge, apart)


def _is_apart(before: str, gap: float, size: float) -> bool:
    """Whether a gap in a line is one between cells, not that behind a number or a bullet."""
    return gap > 2.5 * size and len(before.strip()) > 6


def _lines(pages: Sequence[Sequence[_Row]]) -> Iterator[protocol.Line]:
    """All lines but running heads, each with whether it goes on with the one above."""
    repeated = Counter(text for rows in pages for text in {_shape(row) for row in rows if row.edge})
    body = median(row.size for rows in pages for row in rows)
    above: _Row | None = None
    for rows in pages:
        kept = [row for row in rows if not (row.edge and repeated[_shape(row)] >= min(3, len(pages) + 1))]
        margin = max((row.right for row in kept), default=0.0)
        for row in kept:
            wraps = above is not None and _wraps(above, row, margin)
            level = 1 if (row.bold or row.size > 1.1 * body) and not _MARKER.match(row.text[:2] + " ") else 0
            indent = "" if level else " " * round(row.left / (body * 0.5))
            yield protocol.Line(row.text if wraps else indent + row.text, wraps=wraps, level=level)
            above = row


def _shape(row: _Row) -> str:
    return _DIGITS.sub("0", row.text)


def _wraps(above: _Row, row: _Row, margin: float) -> bool:
    """Whether a line goes on with the one above it: that one had no room for its first word, or the text says so."""
    if (
        above.apart
        or row.apart
        or above.bold != row.bold
        or abs(above.size - row.size) > 0.1 * row.size
        or _MARKER.match(row.text)
    ):
        return False
    if row.page == above.page and above.base - row.base > 2.2 * row.size:
        return False
    if above.text.count("(") > above.text.count(")") or above.text.count("[") > above.text.count("]"):
        return True
    if _OPEN.search(above.text):
        return True
    # "6 months" stays together
    first = re.match(r"[\d.,]+ \S+|\S+", row.text)
    if first and len(first[0]) * row.size * _LETTER > margin - above.right - row.size * 0.25:
        return True
    return row.text[0].islower() and not above.text.endswith((".", ":"))
