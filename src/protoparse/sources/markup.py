"""HTML → lines, as a reader sees them, each with how much of a heading it is.

Bullets and numbers are written out ("* ", "1. "), nested ones behind the indentation of their parent's text; powers
keep their sign ("10<sup>9</sup>/L" is "10^9/L"); a "<" that opens no tag is text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PageElement

from protoparse.sources.fields import underlined

LABEL, BOLD, PLAIN, END = 7, 8, 9, 10


class Line(NamedTuple):
    """One line: `level` 1–6 of a heading, `LABEL` of a field (whose value `END` closes), `BOLD`, `PLAIN`.

    `group` is the label of a block of fields that a field belongs to.
    """

    text: str
    level: int
    group: str = ""


Task: TypeAlias = "PageElement | Callable[[], None]"

_TAGS = frozenset((
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont",
    "bdi", "bdo", "big", "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite", "code",
    "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt",
    "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1",
    "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input",
    "ins", "kbd", "label", "legend", "li", "link", "main", "map", "mark", "math", "menu", "meta", "meter",
    "nav", "nobr", "noframes", "noscript", "object", "ol", "optgroup", "option", "output", "p", "param",
    "picture", "pre", "progress", "q", "rp", "rt", "ruby", "s", "samp", "script", "search", "section", "select",
    "slot", "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table",
    "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u",
    "ul", "var", "video", "wbr",
))  # fmt: skip
# attributes without a value that pages use; any other bare word behind "<b" is prose ("<b and >5")
_BARE = "nowrap|checked|selected|disabled|hidden|noshade|async|defer|compact|readonly|required|open|[a-z]+(?:-[a-z]+)+"
_CLOSER = re.compile(r"</([a-z][\w:.-]*)\s*+>", re.I)
_LESS = re.compile(
    r"""<(?:(?P<plain>!doctype\b|\?xml\b|!\[)|(?P<comment>!--)|/?(?P<name>[a-z][\w:.-]*+)"""
    r"""(?:\s++(?:[^\s<>=/"']++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>]++)"""
    rf"""|(?:{_BARE})(?=[\s/>])))*+\s*+/?>)?""",
    re.I,
)
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_POWER = re.compile(r"\s*[-+−–]?\d+(?!\s*(?:st|nd|rd|th)\b)")
_SKIPPED = frozenset((
    "head", "script", "style", "noscript", "template", "svg", "math", "button", "select", "iframe", "object",
    "nav", "canvas", "audio", "video", "map", "datalist",
))  # fmt: skip
_BOLD = frozenset(("b", "strong", "summary", "legend", "caption", "label"))
_LOOSE = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "dl", "blockquote", "pre"))
_BLOCKS = _LOOSE | frozenset((
    "address", "article", "aside", "body", "center", "dd", "details", "dialog", "dir", "div", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "li", "main", "menu", "ol",
    "search", "section", "summary", "legend", "caption", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    "option",
))  # fmt: skip
_PRE_LINE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.I)
_EITHER = re.compile(r"^(?:\w+ )?(?:in|ex)clusion(?: criteria)?\W*$", re.I)
_HEADING = re.compile("h[1-6]")
_SHORT = 160
_WIDEST = 400
"""So far a list in lists is indented: deeper than any that is read as nested."""
_SPANNING = 8
"""So many heads at most span a row from rows above it: a table that has more is none."""


def lines(markup: str) -> list[Line]:
    """Every line of a page or a fragment."""
    writer = _Writer()
    writer.write(soup(markup))
    return writer.lines


def soup(markup: str) -> BeautifulSoup:
    """The tree of a page, every "<" that opens no tag kept as text."""
    closers = {name.lower() for name in _CLOSER.findall(markup)}
    names = closers | _TAGS
    last_comment = markup.rfind("-->")

    def escape(match: re.Match[str]) -> str:
        name = match["name"]
        if match["plain"] or (name and name.lower() in names) or (match["comment"] and match.start() < last_comment):
            return match[0]
        return "&lt;" + match[0][1:]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a fragment looks like a file name, or a page like XML
        return BeautifulSoup(_LESS.sub(escape, markup), "lxml")


def caption(text: str) -> str:
    """Text with runs of white space as one space."""
    return _SPACES.sub(" ", text).strip()


class _Writer:
    """Walks a tree without recursion and collects its lines; `lines` is the result."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._inline: list[str] = []
        self._plain = False  # whether the line so far has text that is not bold
        self._bold = 0
        self._pre = 0
        self._gap = False
        self._level = PLAIN
        self._indents = [""]  # of the lists around; the last one's is that of the text inside an item
        self._marker: str | None = None
        self._above = ""
        self._tasks: list[Task] = []

    def write(self, tree: Tag) -> None:
        """Walk a tree to its end."""
        self._tasks.append(tree)
        while self._tasks:
            task = self._tasks.pop()
            if isinstance(task, Tag):
                self._tag(task)
            elif isinstance(task, PageElement):
                if type(task) is NavigableString:
                    self._text(task)
            else:
                task()
        self._flush()

    def _later(self, tasks: Iterable[Task]) -> None:
        self._tasks.extend(reversed(list(tasks)))

    def _text(self, text: str) -> None:
        if self._pre:
            first, *rest = text.replace("\r", "").split("\n")
            self._inline.append(first)
            self._plain = self._plain or not self._bold
            for line in rest:
                self._flush()
                self._inline.append(line)
            return
        self._inline.append(_SPACES.sub(" ", text))
        if not self._bold and not self._plain and text.strip():
            self._plain = True

    def _flush(self) -> None:
        if not self._inline:
            return
        text = "".join(self._inline)
        text = text.rstrip() if self._pre else _SPACES.sub(" ", text).strip()
        self._inline.clear()
        level = self._level if self._level < PLAIN or self._plain else BOLD
        self._plain = False
        if not text:
            return
        if self._gap and self.lines:
            self.lines.append(Line("", PLAIN))
        self._gap = False
        indent = self._indents[-1]
        if self._marker is not None:
            outer = self._indents[-2]
            indent = outer[: len(outer) - len(self._above)] + self._above + self._marker
            self._marker, self._above = None, ""
        self.lines.append(Line(indent + text, level))

    def _break(self, *, loose: bool) -> None:
        self._flush()
        if loose and len(self._indents) == 1:
            self._gap = True

    def _tag(self, tag: Tag) -> None:
        name = tag.name
        if name in _SKIPPED:
            return
        if name == "br":
            self._inline.append(" ")
            self._flush()
        elif name == "sup":
            power = "" if tag.find("sup") else tag.get_text()
            self._later([NavigableString("^" + power.strip())] if _POWER.match(power) else tag.contents)
        elif name in ("u", "ins") and (said := underlined(tag.get_text())) != tag.get_text():
            self._later([NavigableString(said)])
        elif name in ("ul", "ol", "menu", "dir"):
            self._list(tag)
        elif name == "table":
            self._table(tag)
        elif name == "dl":
            self._definitions(tag)
        elif name in _BOLD or name in ("pre", "textarea") or _PRE_LINE.search(str(tag.get("style", ""))):
            self._styled(tag)
        elif name in _BLOCKS:
            level = int(name[1]) if _HEADING.fullmatch(name) else _aria(tag)
            self._block(tag.contents, loose=name in _LOOSE, level=level)
        else:
            self._later(tag.contents)

    def _block(self, contents: Iterable[Task], *, loose: bool = False, level: int | None = None) -> None:
        self._break(loose=loose)
        outer = self._level
        if level is not None:
            self._level = level

        def leave() -> None:
            self._break(loose=loose)
            self._level = outer

        self._later([*contents, leave])

    def _styled(self, tag: Tag) -> None:
        bold, pre = tag.name in _BOLD, tag.name not in _BOLD
        block = tag.name in _BLOCKS
        if block:
            self._break(loose=tag.name in _LOOSE)
        self._bold += bold
        self._pre += pre

        def leave() -> None:
            if block or pre:
                self._break(loose=tag.name in _LOOSE)
            self._bold -= bold
            self._pre -= pre

        self._later([*tag.contents, leave])

    def _list(self, tag: Tag) -> None:
        self._break(loose=True)
        if self._marker and self._marker[0] != "*":  # a number without words over a list of its own
            self._above = self._marker
        self._marker = None
        ordered = tag.name == "ol"
        count = _integer(tag.get("start"), 1)
        tasks: list[Task] = []
        for child in tag.contents:
            if isinstance(child, Tag) and child.name == "li":
                count = _integer(child.get("value"), count)
                marker = f"{_numeral(count, str(tag.get('type', '1')))}. " if ordered else "* "
                count += 1
                tasks += self._item(child, marker)
            else:
                tasks.append(child)
        self._later([*tasks, lambda: self._break(loose=True)])

    def _item(self, tag: Tag, marker: str) -> list[Task]:
        def enter() -> None:
            self._flush()
            self._indents.append((self._indents[-1] + " " * len(marker))[:_WIDEST])
            self._marker = marker

        def leave() -> None:
            self._flush()
            self._marker = None
            self._indents.pop()

        return [enter, *tag.contents, leave]

    def _field(self, label: str, value: Iterable[Task], group: str = "") -> list[Task]:
        def enter() -> None:
            self._flush()
            self.lines.append(Line(label, LABEL, group))

        def leave() -> None:
            self._flush()
            self.lines.append(Line("", END))

        return [enter, *value, leave]

    def _definitions(self, tag: Tag) -> None:
        self._break(loose=True)
        pairs: list[tuple[str, list[Task]]] = []
        tasks: list[Task] = []
        for child in _defined(tag):
            if child.name == "dt":
                pairs.append((caption(child.get_text(" ")), []))
            elif pairs:
                pairs[-1][1].append(child)
            else:
                tasks.append(child)
        for label, value in pairs:
            tasks += self._field(label, value)
        self._later([*tasks, lambda: self._break(loose=True)])

    def _table(self, tag: Tag) -> None:
        self._break(loose=True)
        columns = _columns(tag)
        if columns:
            fields = [task for label, value in columns for task in self._field(label, value)]
            self._later([*fields, lambda: self._break(loose=True)])
            return
        tasks: list[Task] = []
        carried: dict[int, tuple[int, str]] = {}  # column → rows still spanned, text
        for row in _rows(tag):
            cells = [x for x in row.contents if isinstance(x, Tag) and x.name in ("td", "th")]
            labels, column = [], 0
            shared = [text for rows, text in carried.values() if rows > 0 and text]
            carried = {place: (rows - 1, text) for place, (rows, text) in carried.items() if rows > 1}
            for place, cell in enumerate(cells):
                text = ""
                if place < len(cells) - 1 and cell.find(["table", "ul", "ol", "p"]) is None:
                    text = caption(cell.get_text(" "))[: _SHORT + 1]
                labels.append(text)
                if cell.name == "th" and _integer(cell.get("rowspan"), 1) > 1 and len(carried) < _SPANNING:
                    carried[column + len(shared)] = (_integer(cell.get("rowspan"), 1) - 1, text)
                column += _integer(cell.get("colspan"), 1)
            tasks += self._row(cells, [x for x in labels if x and len(x) <= _SHORT], shared)
        self._later([*tasks, lambda: self._break(loose=True)])

    def _row(self, cells: list[Tag], labels: list[str], shared: list[str]) -> list[Task]:
        """A row of two cells or more is a field: its last cell the value, the one before it the label."""
        if len(cells) == 1 and cells[0].name == "th" and cells[0].get("scope") != "row":
            text = caption(cells[0].get_text(" "))
            return [self._flush, lambda: self.lines.append(Line(text, BOLD))]
        if len(cells) > 1 and labels and len(labels) == sum(bool(x.get_text(strip=True)) for x in cells[:-1]):
            return self._field(labels[-1], cells[-1].contents, " / ".join([*shared, *labels[:-1]]))
        tasks: list[Task] = [self._flush]
        for cell in cells:
            blocks = cell.find(sorted(_BLOCKS | {"br"})) is not None
            tasks += [self._flush, *cell.contents, self._flush] if blocks else [*cell.contents, NavigableString(" ")]
        return [*tasks, self._flush]


def _defined(definitions: Tag) -> Iterable[Tag]:
    """The terms and what they are of a list, not those inside one of them, nor those of a list in it."""
    below = list(reversed(definitions.contents))
    while below:
        child = below.pop()
        if not isinstance(child, Tag) or child.name == "dl":
            continue
        if child.name in ("dt", "dd"):
            yield child
        else:
            below.extend(reversed(child.contents))


def _rows(table: Tag) -> Iterable[Tag]:
    for child in table.contents:
        if isinstance(child, Tag):
            if child.name == "tr":
                yield child
            elif child.name in ("thead", "tbody", "tfoot"):
                yield from (x for x in child.contents if isinstance(x, Tag) and x.name == "tr")


def _columns(table: Tag) -> list[tuple[str, list[Task]]]:
    """The columns of a table headed "Inclusion … | Exclusion …", each with what is below its head; else none."""
    rows = [[x for x in row.contents if isinstance(x, Tag) and x.name in ("td", "th")] for row in _rows(table)]
    if len(rows) < 2 or len(rows[0]) != 2 or any(len(row) != 2 for row in rows):
        return []
    heads = [caption(cell.get_text(" ")) for cell in rows[0]]
    if not all(len(head) <= _SHORT and _EITHER.search(head) for head in heads):
        return []
    return [(head, [row[place] for row in rows[1:]]) for place, head in enumerate(heads)]


def _aria(tag: Tag) -> int | None:
    return _integer(tag.get("aria-level"), 6) if tag.get("role") == "heading" else None


def _integer(value: object, default: int) -> int:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,4}", value) else default


def _numeral(count: int, style: str) -> str:
    """The printed form of a list number in the style of `<ol type>`."""
    if style in ("a", "A") and 1 <= count <= 26:
        return chr(ord(style) + count - 1)
    if style in ("i", "I") and 1 <= count <= 39:
        roman = "x" * (count // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[count % 10]
        return roman.upper() if style == "I" else roman
    return str(count)
