"""Does the outline depend on how a text is laid out? The share of texts whose tree survives being typed differently.

Five rewritings, each made from the text and the tree that was read in it:

close   no blank line above a marked item
open    a blank line above every item and heading that begins a line
signs   "-", "*" and "•" exchanged for one another, "1." for "1)" and the other way round
wrap    wrapped at 80 columns, what goes on stands below the words of its first line
html    a page of nested lists, opened by the reader of HTML

Compared are kinds, nesting, `combine`, groups and the words of each item, white space folded; labels are not.

Where the layout alone carries the meaning it is kept: the blank line above an unmarked paragraph stays ("close"), and
where unmarked lines are items, the line break that parts them becomes a blank line when they are wrapped ("wrap").
A sign inside a line ("…; 2) …", "… - …") is the only thing that parts two items: where a text has one, its numbers or
its bullets are not exchanged ("signs"). Nor are bullets where another sign stands inside a line as that of a footnote,
which would become the sign of the list. An unmarked lead-in stays a paragraph above its list, and what shares its line
with a heading still does ("html").

    python benchmarks/layout.py [--bulk 1000] [--show 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import difflib
import html
import re
import sys
import textwrap
from bisect import bisect
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from protoparse.errors import ProtoparseError
from protoparse.outline import Item, Outline, outline
from protoparse.sources import listings
from texts import bulk, gold, may_be_shown, written

WIDTH = 80
SIGNS = str.maketrans("-*•", "*•-")
ENDS = str.maketrans(".)", ").")
_FOREIGN = re.compile(r"(?<=\S)[ \t]+[*•](?=\s*[A-Z]|\s*$)", re.M)
_LETTER = re.compile(r"\(?([A-Ha-h])[.)]")
_COMMENT = re.compile(r"<!--.*?-->|<!--[^\r\n]*")


class Line(NamedTuple):
    """A line with its offset, and what begins in it: a marked item, something unmarked, or nothing ("")."""

    start: int
    text: str
    opens: str


def walk(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from walk(item.children)


def printed(items: tuple[Item, ...]) -> Iterator[Item]:
    """The items that have words, those that a connective joins instead of what joins them."""
    for item in items:
        if item.body or item.label or not item.children:
            yield item
        else:
            yield from printed(item.children)


def tree(text: str) -> list[str]:
    """The outline in lines that can be compared."""
    found: list[str] = []

    def take(items: tuple[Item, ...], depth: int) -> None:
        for item in items:
            words = " ".join(" ".join(text[s:e] for s, e in item.body).split())
            found.append(f"{'  ' * depth}{item.kind} [{item.group}] {item.combine} {words}")
            take(item.children, depth + 1)

    take(outline(text).items, 0)
    return found


def lines(text: str, plan: Outline) -> Iterator[Line]:
    marked = {item.span[0]: item.label is not None for item in walk(plan.items)}
    marked |= {start: False for start, _ in (*plan.headings, *plan.preambles)}
    start = 0
    for line in text.splitlines(keepends=True):
        first = start + len(line) - len(line.lstrip())
        opens = "" if first not in marked else "marked" if marked[first] else "unmarked"
        yield Line(start, line.rstrip(), opens)
        start += len(line)


def close(text: str, plan: Outline) -> str:
    kept: list[str] = []
    for line in lines(text, plan):
        if line.opens == "marked":
            while kept and not kept[-1]:
                kept.pop()
        kept.append(line.text)
    return "\n".join(kept)


def open_up(text: str, plan: Outline) -> str:
    kept: list[str] = []
    for line in lines(text, plan):
        if line.opens:
            kept.append("")
        kept.append(line.text)
    return "\n".join(kept)


def signs(text: str, plan: Outline) -> str:
    changed = list(text)
    found = []
    kept = {False} if _FOREIGN.search(text) else set()
    for item in walk(plan.items):
        label = item.label or ""
        place = text.find(label, item.span[0])
        begins = not text[text.rfind("\n", 0, item.span[0]) + 1 : item.span[0]].strip()
        counts = re.fullmatch(r"\d{1,2}[.)]", label) is not None
        if counts or label in ("-", "*", "•"):
            found.append((place + len(label) - 1, counts))
            kept |= set() if begins else {counts}
    for place, counts in found:
        if counts not in kept:
            changed[place] = text[place].translate(ENDS if counts else SIGNS)
    return "".join(changed)


def wrap(text: str, plan: Outline) -> str:
    labels = {item.span[0]: item.label for item in walk(plan.items)}
    made: list[str] = []
    first = Line(0, "", "")
    words: list[str] = []

    def write() -> None:
        if words:
            margin = " " * (len(first.text) - len(first.text.lstrip()))
            bare = first.text.lstrip()
            label = labels.get(first.start + len(margin)) if first.opens == "marked" else None
            body = bare.find(label) + len(label) if label else 0
            body += len(bare[body:]) - len(bare[body:].lstrip())
            folded = bare[:body] + " ".join([bare[body:], *words[1:]]).strip()
            if first.opens == "unmarked" and made and made[-1]:
                made.append("")
            made.extend(
                textwrap.wrap(
                    margin + folded.rstrip(),
                    WIDTH,
                    subsequent_indent=margin + " " * body,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
            if first.opens == "unmarked":
                made.append("")
            words.clear()

    for line in lines(text, plan):
        if not line.text or line.opens or not words or line.text.lstrip().startswith("<!--"):
            write()
            first = line
        if line.text:
            words.append(line.text.strip())
        elif not made or made[-1]:
            made.append("")
    write()
    return "\n".join(made)


def as_html(text: str, plan: Outline) -> str:
    """The text as a page of nested lists, unmarked items as paragraphs, opened again."""

    def words(start: int, end: int) -> str:
        return html.escape(" ".join(_COMMENT.sub(" ", text[start:end]).split()))

    def item(found: Item) -> str:
        start, end = found.span
        place = text.find(found.label, start) + len(found.label) if found.label else start
        paragraphs = [p[0] for p in found.body[1:]]
        parts = []
        for below in (*printed(found.children), None):
            stop = below.span[0] if below else end
            cuts = [place, *(p for p in paragraphs if place < p < stop), stop]
            parts += [f"<p>{words(a, b)}</p>" for a, b in pairwise(cuts) if words(a, b)]
            if below:
                place = below.span[1]
                parts.append(below_items.pop(below.span))
        count = number(found.label)
        return f"<li{f' value={count}' if count else ''}>{''.join(parts)}</li>"

    def number(label: str | None) -> int:
        """The number that a label prints, in digits or as a letter, 0 where there is none."""
        digits = re.fullmatch(r"\D*(\d+)\D*", label or "")
        letter = _LETTER.fullmatch(label or "")
        return int(digits[1]) if digits else ord(letter[1].lower()) - ord("a") + 1 if letter else 0

    def style(label: str | None) -> str:
        letter = _LETTER.fullmatch(label or "")
        return f" type={'A' if letter[1].isupper() else 'a'}" if letter else ""

    below_items: dict[tuple[int, int], str] = {}

    def numbered(found: Item) -> bool:
        return found.label is not None and re.search(r"\w", found.label) is not None and found.label != "o"

    def listed(items: tuple[Item, ...]) -> None:
        """Each list under the span of its first item, the others empty."""
        for counts, run in groupby(printed(items), numbered):
            together = list(run)
            for found in together:
                listed(found.children)
            name = "ol" if counts else "ul"
            sort = style(together[0].label) if counts else ""
            written = f"<{name}{sort}>{''.join(item(found) for found in together)}</{name}>"
            for found in together:
                below_items[found.span] = ""
            below_items[together[0].span] = written

    roots: dict[int, str] = {}
    others = sorted((*plan.headings, *plan.preambles))
    lines_of: dict[int, int] = {}  # where a heading ends, and where the paragraph that it stands in begins
    behind = 0
    for start, end in others:
        shared = bool(roots) and not text[behind:start].strip(" ")
        home = lines_of[behind] if shared else start
        roots[home] = (
            roots[home].replace("</p>", f" {words(start, end)}</p>") if shared else f"<p>{words(start, end)}</p>"
        )
        behind = end
        lines_of[end] = home
    bounds = [start for start, _ in others]

    def paragraphs(start: int, end: int) -> Iterator[tuple[int, int]]:
        """The paragraphs of an item that goes on behind a blank line ("…; or", then what is the other way)."""
        cuts = [start, *(start + gap.end() for gap in re.finditer(r"\n\s*\n", text[start:end])), end]
        return pairwise(cuts)

    def level(found: Item) -> int:
        """The column in which an item begins."""
        return found.span[0] - text.rfind("\n", 0, found.span[0])

    def section(found: Item) -> tuple[int, bool]:
        return bisect(bounds, found.span[0]), found.label is None

    for (_, plain), run in groupby(printed(plan.items), section):
        together = tuple(run)
        if not plain:
            listed(together)
            roots |= {found.span[0]: below_items.pop(found.span) for found in together}
            continue
        for found in together:
            start, end = found.span
            below = tuple(printed(found.children))
            own = words(start, below[0].span[0] if below else end)
            if all(one.label is None and not one.children and level(one) == level(found) for one in below):
                lists = "".join(f"<p>{words(*part)}</p>" for one in below for part in paragraphs(*one.span))
            else:
                listed(below)
                lists = "".join(below_items.pop(one.span) for one in below)
            above = text[:start].rstrip(" ")
            if len(above) in lines_of:  # on one line with the heading before it
                home = lines_of[len(above)]
                roots[home] = roots[home].replace("</p>", f" {own}</p>{lists}")
            else:
                roots[start] = f"<p>{own}</p>{lists}"
    page = "".join(part for _, part in sorted(roots.items()))
    [listing] = listings(f"<div>{page}</div>".encode(), name="page")
    return listing.text


REWRITINGS = {"close": close, "open": open_up, "signs": signs, "wrap": wrap, "html": as_html}


def main() -> int:
    options = argparse.ArgumentParser(description="Texts whose outline survives another layout.")
    options.add_argument("--bulk", type=int, default=1000, help="how many texts of bulk")
    options.add_argument("--show", type=int, default=5, help="how many differences to print for each rewriting")
    options.add_argument("--only", default=",".join(REWRITINGS), help="which rewritings, parted by commas")
    options.add_argument("--json", help="write the figures to this file")
    given = options.parse_args()

    corpora = {"gold": list(gold()), "bulk": bulk()[:: max(1, len(bulk()) // given.bulk)][: given.bulk]}
    figures = {}
    for corpus, texts in corpora.items():
        for name in given.only.split(","):
            failing, shown = [], 0
            for id_, text in texts:
                before = tree(text)
                try:
                    again = REWRITINGS[name](text, outline(text))
                    after = tree(again)
                except ProtoparseError as error:
                    after = [str(error)]
                if after == before:
                    continue
                failing.append(id_)
                if shown < given.show and may_be_shown(corpus, id_):
                    shown += 1
                    print(f"--- {name} {corpus} {id_}")
                    print(
                        "\n".join(
                            x[:200]
                            for x in difflib.unified_diff(before, after, n=1, lineterm="")
                            if x[:3] not in ("---", "+++")
                        )
                    )
            figures[f"{corpus}_{name}"] = round(1 - len(failing) / len(texts), 4)
            print(f"{corpus} {name:6} {1 - len(failing) / len(texts):.3f} of {len(texts)}: {' '.join(failing[:40])}")
    written(figures, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
