"""Protocols as PDF, with the extra `pdf`.

In: a file's bytes. Out: its listing: lines as they are printed, from the top of each page to its foot, running heads
left out, powers marked ("10^9/L", told by their smaller size and raised base line), wrapped lines joined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from statistics import median
from typing import Any, NamedTuple

from protoparse.errors import InputError
from protoparse.sources import protocol
from protoparse.sources.fields import UNDERLINED
from protoparse.sources.listing import Listing

_MOST_PAGES = 3000
_BOLD = 600  # of a font's weight, 400 is plain
_MARGIN = 0.12  # of a page's height, at its top and at its foot: where running heads are
_LETTER = 0.42  # the width of a letter, in sizes of the loose box
_MARKER = re.compile(
    r"(?:[•●○▪■◦‣·–—*o-]\s|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)](?=\s|\Z)|\[\s*\w{1,4}\s*\]"
    r"|\d{1,2}(?:\.\d{1,2})+\.?\s(?=[A-Z][a-z]))"
)
# what Symbol and Wingdings print, in the private codes that Word gives it
_SYMBOLS = str.maketrans({
    "\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "‣", "\uf0fc": "•", "\uf0a8": "•", "\uf0b3": "≥", "\uf0a3": "≤",
    "\uf0b1": "±", "\uf0b4": "×", "\uf06d": "μ", "\uf061": "α", "\uf062": "β", "\uf067": "γ", "\uf0b0": "°",
    "\uf0ae": "→", "\uf03c": "<", "\uf03e": ">", "\uf03d": "=", "\uf02d": "-", "\ufffe": "-", "\x02": "-", "\xa0": " ",
    "\u2011": "-", "\xad": "-",
})  # fmt: skip
_OPEN = re.compile(r"(?:\b(?:the|an?|of|than|within|their)|[<>≤≥])\Z")  # no line of its own ends so
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
                rows = _rows(page, number)
            except pypdfium2.PdfiumError as error:
                raise InputError(f"page {number + 1} of the PDF cannot be read: {error}") from None
            if rows:
                found.append(rows)
        return found
    finally:
        document.close()


def _rows(page: Any, number: int) -> list[_Row]:
    """The lines of a page from top to foot, what is on one base line as one."""
    height = page.get_height()
    runs = [glyphs for glyphs in _runs(page.get_textpage()) if any(not glyph.text.isspace() for glyph in glyphs)]
    if any(glyph.text in UNDERLINED for glyphs in runs for glyph in glyphs):
        rules = _rules(page)
        runs = [[_signed(glyph, rules) for glyph in glyphs] for glyphs in runs]
    made = [_row(glyphs, number, height) for glyphs in runs]
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
        size = abs(top - bottom) or 1.0  # the letters of a broken font have no height, and are text all the same
        line.append(_Glyph(text, x.value, right, y.value, size, raw.FPDFText_GetFontWeight(textpage.raw, place)))
    if line:
        yield line


def _rules(page: Any) -> list[tuple[float, float, float]]:
    """The level lines that a page draws: where each begins and ends, and how high it is."""
    from pypdfium2 import raw

    bounds = [drawn.get_bounds() for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])]
    return [(left, right, top) for left, bottom, right, top in bounds if top - bottom < 2 < right - left]


def _signed(glyph: _Glyph, rules: Sequence[tuple[float, float, float]]) -> _Glyph:
    """A letter as it is meant, where it alone is underlined."""
    sign = UNDERLINED.get(glyph.text)
    slack = 0.2 * glyph.size
    under = sign and any(
        abs(left - glyph.x) < slack and abs(right - glyph.right) < slack and -slack < glyph.base - top < slack
        for left, right, top in rules
    )
    return glyph._replace(text=sign) if sign and under else glyph


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
    pitch = _pitch(pages)
    above: _Row | None = None
    for rows in pages:
        kept = [row for row in rows if not (row.edge and repeated[_shape(row)] >= min(3, len(pages) + 1))]
        margin = max((row.right for row in kept), default=0.0)
        item, listed = 0, False
        for place, row in enumerate(kept):
            marked = _MARKER.match(row.text) is not None and not row.bold and not protocol.is_title(row.text)
            if row.left < kept[item].left - 1 or (marked and (not listed or row.left < kept[item].left + 1)):
                item, listed = place, marked
            wraps = above is not None and _wraps(above, row, _margin(kept, item, margin) if listed else margin, pitch)
            level = 0 if _MARKER.match(row.text[:2] + " ") else 1 if row.size > 1.1 * body else 2 * row.bold
            indent = " " * round(row.left / (body * 0.5))
            yield protocol.Line(row.text if wraps else indent + row.text, wraps=wraps, level=level)
            above = row


def _pitch(pages: Sequence[Sequence[_Row]]) -> float:
    """How far apart the lines of a paragraph are, in sizes."""
    gaps = Counter(round((a.base - b.base) / b.size, 1) for rows in pages for a, b in pairwise(rows))
    return min(((-count, gap) for gap, count in gaps.items() if 0.6 < gap < 2), default=(0, 1.2))[1]


def _margin(rows: Sequence[_Row], first: int, margin: float) -> float:
    """How far to the right the lines of a list reach that is indented on both sides: several of them end near there."""
    left = rows[first].left
    inside = sorted((row.right for row in takewhile(lambda row: row.left >= left - 1, rows[first:])), reverse=True)
    ragged = len(inside) > 3 and inside[2] > inside[0] - 3 * rows[first].size
    return inside[0] if ragged and inside[0] > left + 0.75 * (margin - left) else margin


def _shape(row: _Row) -> str:
    return _DIGITS.sub("0", row.text)


def _wraps(above: _Row, row: _Row, margin: float, usual: float) -> bool:
    """Whether a line goes on with the one above it: that one had no room for its first word, or the text says so."""
    if (
        above.apart
        or row.apart
        or above.bold != row.bold
        or abs(above.size - row.size) > 0.1 * row.size
        or _MARKER.match(row.text)
    ):
        return False
    pitch = (above.base - row.base) / row.size if row.page == above.page else usual
    if pitch > 2.2 or (pitch > 1.25 * usual and above.text.endswith((".", ";"))):
        return False
    if above.text.count("(") > above.text.count(")") or above.text.count("[") > above.text.count("]"):
        return True
    if _OPEN.search(above.text) or (row.text[0] == "(" and not above.text.endswith((".", ";", ":"))):
        return True
    if above.text.endswith(",") and abs(row.left - above.left) < row.size and pitch < 1.25 * usual:
        return True
    # "6 months" stays together
    first = re.match(r"[\d.,]+ \S+|\S+", row.text)
    if first and len(first[0]) * row.size * _LETTER > margin - above.right - row.size * 0.25:
        return True
    return row.text[0].islower() and not above.text.endswith((".", ":"))
