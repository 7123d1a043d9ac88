"""The report of protoparse evaluate in a real browser: what it shows, asks for, and what its filters and links do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import Visit, chromium
from protoparse.evaluate import GROUPS, MEASURES, Case, Evaluation, Judgement
from protoparse.evaluate.report import report
from protoparse.evaluate.sheet import sheet

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> <!-- \u2028 & {{ 7*7 }} ${1}"
GENE = "\U0001f9ec"
TEXT = f"Inclusion Criteria:\n\n* {GENE}{GENE} gene therapy, {HOSTILE}\n* No stroke within 6 months\n"


def judged(measure: str, words: str, outcome: str, **rest: object) -> Judgement:
    at = TEXT.index(words)
    return Judgement(measure=measure, outcome=outcome, span=(at, at + len(words)), **rest)  # type: ignore[arg-type]


def evaluation() -> Evaluation:
    first = (
        judged(
            "fact",
            "gene therapy",
            "missed",
            kind="inclusion",
            domain="procedure",
            expected=HOSTILE,
            phenomena=("plain",),
        ),
        judged("fact", "stroke", "right", kind="inclusion", domain="condition", confidence=0.9),
        judged("domain", "stroke", "wrong", kind="inclusion", domain="condition", expected="condition", got="drug"),
        judged("value", "6 months", "extra", kind="inclusion", domain="condition", got="6 mo", criterion="inclusion.2"),
        judged("meaning", "stroke", "wrong", kind="inclusion", phenomena=("negation", "two-ended window")),
        Judgement(measure="combine", outcome="wrong", expected="all", got="any"),
    )
    many = tuple(
        judged("value", "stroke", "missed", kind="exclusion", domain="drug", expected=str(i), confidence=0.3)
        for i in range(120)
    )
    cases = (
        Case(name="first & <foremost>", text=TEXT, judgements=first),
        Case(name="second", text=TEXT, judgements=many),
        Case(name="third", text="Nothing.", judgements=()),
    )
    return Evaluation(cases=cases, measures=MEASURES)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = evaluation()
    made = report(found, GROUPS, gold="gold", system=f"A {HOSTILE}", against=("B", found), failures=[f"x: {HOSTILE}"])
    place = tmp_path_factory.mktemp("report") / "report.html"
    place.write_text(sheet(made), "utf-8")
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser: Browser, path: Path) -> Iterator[Visit]:
    with Visit(browser, path) as found:
        yield found
        assert found.requests == [path.as_uri()]
        assert found.complaints == []


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


def shown(page: Page) -> int:
    return page.locator("#list > li").count()


def test_all_errors_are_listed_a_part_at_a_time(page: Page) -> None:
    expect(page.locator("#count")).to_have_text("125 errors")
    assert shown(page) == 50
    page.get_by_role("button", name="Show 50 more of 75 errors").click()
    assert shown(page) == 100
    assert page.evaluate("document.activeElement === document.querySelectorAll('#list > li')[50]")
    page.get_by_role("button", name="Show 25 more").click()
    assert shown(page) == 125
    expect(page.locator("#more")).to_be_hidden()


def test_hostile_text_is_text(page: Page) -> None:
    page.get_by_label("Measure", exact=True).select_option("fact")
    item = page.locator("#list > li")
    expect(item).to_have_count(1)
    expect(item.locator("dd")).to_have_text(HOSTILE)
    expect(item.locator(".excerpt")).to_contain_text("<img src=x onerror=alert(2)>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
    assert page.locator("img").count() == 0
    assert page.evaluate("document.querySelectorAll('body script').length") == 2


def test_places_count_code_points(page: Page) -> None:
    page.get_by_label("Outcome", exact=True).select_option("missed")
    page.get_by_label("Measure", exact=True).select_option("fact")
    expect(page.locator("#list mark")).to_have_text("gene therapy")
    expect(page.locator("#list .excerpt")).to_contain_text(f"{GENE}{GENE} gene therapy")


def test_filters_work_together_and_say_how_many_there_are(page: Page) -> None:
    page.get_by_label("Section", exact=True).select_option("inclusion")
    expect(page.locator("#count")).to_have_text("4 errors of 125")
    expect(page.locator("#filter-outcome option")).to_have_text(["all", "wrong (2)", "missed (1)", "extra (1)"])
    page.get_by_label("Outcome", exact=True).select_option("wrong")
    assert shown(page) == 2
    page.get_by_label("Way of writing", exact=True).select_option("two-ended window")
    assert shown(page) == 1
    assert page.evaluate("location.hash") == "#items?outcome=wrong&section=inclusion&phenomenon=two-ended+window"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#count")).to_have_text("125 errors")


def test_search_looks_at_text_and_words(page: Page) -> None:
    page.get_by_label("Search", exact=True).fill("GENE therapy")
    expect(page.locator("#count")).to_have_text("1 error of 125")
    page.get_by_label("Search", exact=True).fill("no such words")
    expect(page.locator("#count")).to_have_text("0 errors of 125")
    assert shown(page) == 0


def test_an_error_without_a_place(page: Page) -> None:
    page.get_by_label("Measure", exact=True).select_option("combine")
    expect(page.locator("#list > li")).to_contain_text("No place in the text.")


def test_a_number_leads_to_its_errors(page: Page) -> None:
    row = page.locator("#figures tr", has=page.get_by_role("rowheader", name="value", exact=True))
    row.get_by_role("link", name="120").click()
    expect(page.locator("#count")).to_have_text("120 errors of 125")
    expect(page.get_by_label("Outcome", exact=True)).to_have_value("missed")
    expect(page.get_by_label("Measure", exact=True)).to_have_value("value")
    expect(page.locator("#items-heading")).to_be_focused()
    expect(page.locator("#items-heading")).to_be_in_viewport()
    page.go_back()


def test_a_confusion_leads_to_its_errors(page: Page) -> None:
    row = page.locator("#confusion tr", has=page.get_by_role("rowheader", name="condition"))
    row.get_by_role("link", name="1").click()
    expect(page.locator("#count")).to_have_text("1 error of 125")
    expect(page.locator("#list dd")).to_have_text(["condition", "drug"])


def test_an_error_leads_to_its_document(page: Page) -> None:
    page.get_by_label("Measure", exact=True).select_option("domain")
    page.locator("#list > li").get_by_role("link", name="first & <foremost>").click()
    expect(page.get_by_label("Document", exact=True)).to_have_value("first & <foremost>")
    expect(page.locator("#count")).to_have_text("5 errors of 125")
    whole = page.get_by_label("Text of the document")
    expect(whole).to_have_text(re.compile(r"^Inclusion Criteria:.*6 months\s*$", re.S))
    assert whole.locator("mark").all_inner_texts() == ["gene therapy", "stroke", "6 months"]
    page.get_by_role("link", name="all documents").click()
    expect(whole).to_be_hidden()


def test_the_table_of_documents_leads_to_them_even_without_errors(page: Page) -> None:
    table = page.locator("#documents")
    assert table.get_by_role("rowheader").all_inner_texts() == ["second", "first & <foremost>", "third"]
    table.get_by_role("link", name="third").click()
    expect(page.locator("#count")).to_have_text("0 errors of 125")
    expect(page.get_by_label("Text of the document")).to_have_text("Nothing.")


def test_a_link_from_elsewhere_chooses(browser: Browser, path: Path) -> None:
    with Visit(browser, path, at="#items?measure=value&outcome=extra&section=nowhere") as visit:
        expect(visit.page.locator("#count")).to_have_text("1 error of 125")
        expect(visit.page.get_by_label("Section", exact=True)).to_have_value("")
        assert visit.complaints == []


def test_every_part_is_there_and_named(page: Page) -> None:
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == [
        "Figures", "Comparison with B", "By section", "By domain", "By way of writing",
        "Domains taken for one another", "Confidence", "Documents", "Errors",
    ]  # fmt: skip
    for plot in page.get_by_role("img").all():
        assert plot.locator("title").text_content()
        assert plot.locator("desc").text_content()
    names = page.get_by_role("img").evaluate_all("svgs => svgs.map(svg => svg.querySelector('title').textContent)")
    assert names == ["F1 of each measure", "F1 of the meaning, by way of writing", "Confidence and truth of fact"]
    for link in page.locator("nav a").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("table:not(:has(th[scope]))").count() == 0
    unnamed = "[...document.querySelectorAll('select, input')].filter(e => !e.labels.length).length"
    assert page.evaluate(unnamed) == 0


CONTRAST = """() => {
  const words = "h1, h2, p, th, td, a, caption, label, .badge, mark, dt, dd, select, button, svg text";
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\\)|transparent|color\\(/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll(words)].filter((element) => {
    const style = getComputedStyle(element);
    const colours = [element.closest("svg") ? style.fill : style.color, ground(element)];
    const [a, b] = colours.map(light).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map((element) => element.outerHTML.slice(0, 80));
}"""
"""What has less contrast with its ground than 4.5 to 1, as WCAG 2.2 (1.4.3) wants."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(browser: Browser, path: Path, scheme: str) -> None:
    with Visit(browser, path, scheme=scheme, at="#items?document=first+%26+%3Cforemost%3E") as visit:  # type: ignore[arg-type]
        assert visit.page.evaluate(CONTRAST) == []


def test_a_narrow_screen_is_not_overrun(browser: Browser, path: Path) -> None:
    with Visit(browser, path, width=380) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 380


def test_print_shows_no_controls(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#figures table").first).to_be_visible()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_label("Outcome", exact=True).focus()
    page.keyboard.type("missed")
    expect(page.locator("#count")).to_have_text("121 errors of 125")
