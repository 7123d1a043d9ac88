"""The review page as a reviewer meets it: a real service, a real browser, the keyboard and the mouse."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec import UNSET
from playwright.sync_api import Browser, Page, expect

from browser import chromium
from protoparse import dump, load, render
from protoparse.evaluate.gold.building import build
from protoparse.lexicon import fold
from protoparse.model import Concept, Document, Fact, renamed, walk
from serving import Service

LISTING = (Path(__file__).parents[1] / "corpus" / "car-t-lymphoid" / "source.txt").read_text("utf-8")
SHORT = """Inclusion Criteria:

1. Aged 18 to 75 years
2. Haemoglobin ≥ 9 g/dL
3. No stroke within 6 months before screening

Exclusion Criteria:

* Gout, unless mild
* The sponsor may stop the study at any time
"""
HOSTILE = """Inclusion Criteria:

* <script>document.title = "run"</script> <img src=x onerror="document.title='run'"> gout "><svg onload=alert(1)>
* {{ 7 * 7 }} ${7*7} [gout](javascript:alert(1)) & age > 18 years
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("store") / "store.sqlite", "--workers", "1") as made:
        yield made


class Tab:
    """A tab of a browser, with what it asked for and what it complained of."""

    def __init__(self, browser: Browser, service: Service, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1300, "height": 900}, **options)
        self.page: Page = self.context.new_page()
        self.url = service.url.rstrip("/")
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def paste(self, text: str, name: str) -> str:
        """Have a listing read; the address of its review."""
        self.page.goto(self.url)
        self.page.fill("#text", text)
        self.page.fill("[name=name]", name)
        self.page.click("text=Read it")
        expect(self.page.locator("#outline .criterion").first).to_be_visible()
        self.page.wait_for_load_state()
        return self.page.url

    def item(self, name: str) -> Any:
        """A criterion of the outline."""
        return self.page.locator(f"#item-{name.replace('.', '-')}")

    def go(self, name: str) -> None:
        """Make a criterion the one that keys are about."""
        self.item(name).locator("[data-goto]").click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def status(self, words: str) -> None:
        """Wait until the bar says so."""
        expect(self.page.locator("#status")).to_contain_text(words)

    def edit(self, name: str, fact: int, **fields: str) -> None:
        """Fill in the form of a fact, and send it."""
        self.item(name).locator(".fact").nth(fact).click()
        form = self.page.locator("#fact-form")
        for field, value in fields.items():
            control = form.locator(f"[name='{field.replace('__', '.')}']")
            if control.evaluate("control => control.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
        form.locator("[type=submit]").click()
        expect(self.page.locator("#editor")).to_be_hidden()

    def save(self, author: str) -> None:
        self.press("s")
        self.page.fill("#save-form [name=author]", author)
        self.press("Enter")

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def tab(browser: Browser, service: Service) -> Iterator[Tab]:
    made = Tab(browser, service)
    yield made
    made.close()
    assert made.complaints == []
    assert [url for url in made.asked if not url.startswith((made.url, "data:"))] == []


def gold(tab: Tab) -> Document:
    """What was saved, as it is downloaded from the listing's page."""
    tab.page.locator(".bar h1 a").click()
    with tab.page.expect_download() as download:
        tab.page.click("text=JSON")
    return load(download.value.path().read_bytes())


def bare(concept: Concept) -> Concept:
    return Concept(text=concept.text, name=fold(concept.text))


def rules(document: Document) -> dict[str, str | None]:
    """The English of every criterion, names and codes left out."""
    return {c.id: c.rule and render(renamed(c.rule, bare)) for c in walk(document.criteria)}


SEED = Path(os.environ.get("PROTOPARSE_DATA", "-")) / "listings" / "NCT07280494.txt"
LISTINGS = [
    pytest.param(LISTING, id="corpus"),
    pytest.param(None, id="seed", marks=pytest.mark.skipif(not SEED.exists(), reason="PROTOPARSE_DATA has no seed")),
]


@pytest.mark.parametrize("given", LISTINGS)
def test_a_listing_is_pasted_corrected_saved_and_evaluated(tab: Tab, given: str | None, tmp_path: Path) -> None:
    """Three rules corrected, an item moved, a fact added, undone, done again, saved, loaded again, and measured."""
    text = SEED.read_text("utf-8") if given is None else given
    address = tab.paste(text, "NCT90000001")
    kept = tab.page.request.get(tab.url + "/api/v1/documents?q=NCT90000001&limit=1").json()["documents"][0]["id"]
    parsed = tab.page.request.get(f"{tab.url}/api/v1/documents/{kept}/criteria").body()
    before = load(parsed)
    items = list(walk(before.criteria))
    valued = next(c for c in items if isinstance(c.rule, Fact) and c.rule.value and c.rule.value.value is not UNSET)
    timed = next(c for c in items if isinstance(c.rule, Fact) and c.rule.time is not None and c is not valued)
    other = next(c for c in items if isinstance(c.rule, Fact) and c not in (valued, timed))
    tab.edit(valued.id, 0, value__operator="<", value__value="77")
    tab.status("1 edit")
    tab.edit(timed.id, 0, window="in the 5 weeks before randomization")
    tab.status("2 edits")
    domain = "device" if other.rule.domain != "device" else "drug"  # type: ignore[union-attr]
    tab.item(other.id).locator(".fact").first.click()
    tab.page.locator("#fact-form [name=domain]").select_option(domain)
    tab.page.locator("#fact-form [name=negated]").check()
    tab.page.locator("#fact-form [type=submit]").click()
    tab.status("4 edits")
    tab.page.locator("#passage .unread").first.scroll_into_view_if_needed()
    tab.page.locator("#passage .unread").first.dblclick()
    adding = tab.page.locator("#adding")
    expect(adding).to_be_visible()
    home, added = re.findall(r"^\s*(\S+): “(.+?)”", adding.inner_text())[0]
    adding.locator("[name=domain]").select_option("observation")
    adding.locator("[type=submit]").click()
    tab.status("5 edits")
    names = tab.page.locator("#outline .criterion").evaluate_all("items => items.map(item => item.dataset.id)")
    *_, last = [c for c in before.criteria if c.kind == "inclusion"]
    tab.go(last.id)
    tab.press("]")
    tab.status("6 edits")
    moved = tab.page.locator("#outline .criterion").evaluate_all("items => items.map(item => item.dataset.id)")
    assert len(moved) == len(names)
    assert moved != names
    tab.press("u")
    tab.status("undone")
    assert tab.page.locator("#outline .criterion").evaluate_all("items => items.map(item => item.dataset.id)") == names
    tab.press("U")
    tab.status("6 edits")
    shown = tab.page.locator("#outline .english").all_inner_texts()
    tab.page.goto(address)
    tab.status("6 edits")
    assert tab.page.locator("#outline .english").all_inner_texts() == shown
    tab.save("Ada")
    tab.status("saved as revision 2")
    tab.page.goto(address)
    tab.status("0 edits")
    assert tab.page.locator("#outline .english").all_inner_texts() == shown
    saved = gold(tab)
    assert saved.parser is None
    english = rules(saved)
    assert "< 77" in (english[valued.id] or "")
    assert "in the 5 weeks before randomization" in (english[timed.id] or "")
    assert (english[other.id] or "").startswith(f"not {domain} [")
    assert f"observation [{added}]" in (english[home] or "")
    with tab.page.expect_download() as download:
        tab.page.click("text=YAML")
    folder = tmp_path / "gold" / "NCT90000001"
    folder.mkdir(parents=True)
    yaml = download.value.path().read_text("utf-8")
    again = build(yaml, saved.text)
    assert [c.rule and render(renamed(c.rule, bare)) for c in walk(again.criteria)] == [*english.values()]
    (folder / "criteria.json").write_bytes(dump(saved))
    parses = tmp_path / "parses"
    parses.mkdir()
    (parses / "NCT90000001.json").write_bytes(parsed)
    command = [sys.executable, "-m", "protoparse", "evaluate", "--gold", str(folder.parent), "--pred", str(parses)]
    for measure, said in (
        ("value", "< 77"), ("window", "in the 5 weeks before randomization"), ("domain", domain), ("polarity", "not"),
        ("concept", added), ("parent", "under «"),
    ):  # fmt: skip
        done = subprocess.run([*command, "--errors", measure], capture_output=True, text=True, check=True)
        assert f"gold: {said}" in done.stdout


def test_a_fact_is_added_by_selecting_its_words(tab: Tab) -> None:
    tab.paste(SHORT, "selecting")
    place = tab.page.locator("#passage span", has_text="unless mild").last
    box = place.bounding_box()
    assert box is not None
    # from the end of "mild" back over it, as a mouse would
    middle = box["y"] + box["height"] / 2
    tab.page.mouse.dblclick(box["x"] + box["width"] - 8, middle)
    adding = tab.page.locator("#adding")
    expect(adding).to_contain_text("exclusion.1: “mild”")
    adding.locator("[name=domain]").select_option("observation")
    adding.locator("[type=submit]").click()
    tab.status("1 edit")
    expect(adding).to_be_hidden()
    expect(tab.item("exclusion.1").locator(".english")).to_have_text("condition [Gout] and observation [mild]")
    expect(tab.page.locator("#passage .concept", has_text="mild")).to_have_count(1)


def test_an_item_is_split_and_joined_by_mouse_and_undone(tab: Tab) -> None:
    tab.paste(SHORT, "splitting")
    tab.page.locator("#passage .unread", has_text="mild").dblclick()
    tab.page.click("text=Split the item here")
    tab.status("1 edit")
    expect(tab.page.locator("#adding")).to_be_hidden()
    expect(tab.item("exclusion.1")).to_have_class(re.compile("current"))
    expect(tab.item("exclusion.2").locator(".left")).to_contain_text("mild")
    expect(tab.item("exclusion.3")).to_be_visible()
    tab.item("exclusion.2").locator("[data-act=edit]").click()
    tab.page.click("text=Join with the item above")
    tab.status("2 edits")
    expect(tab.item("exclusion.3")).to_have_count(0)
    tab.press("u", "u")
    tab.status("0 edits")
    tab.press("U")
    tab.status("1 edit")
    expect(tab.item("exclusion.3")).to_be_visible()


def test_words_are_selected_and_items_split_and_joined_by_key(tab: Tab) -> None:
    tab.paste(SHORT, "words")
    tab.press("j", "j", "j", "j", "w")
    words = tab.page.locator("#words")
    expect(words).to_be_focused()
    expect(words).to_have_value("Gout, unless mild")
    tab.press("x", "Control+End", "Shift+Control+ArrowLeft")
    expect(words).to_have_value("Gout, unless mild")
    tab.press("Tab", "Tab", "Tab", "Enter")
    tab.status("1 edit")
    expect(tab.item("exclusion.1").locator(".english")).to_have_text("condition [Gout] and condition [mild]")
    tab.press("w")
    expect(words).to_be_focused()
    tab.press("Control+End", "Shift+Control+ArrowLeft", "Tab", "Tab", "Tab", "Tab", "Enter")
    tab.status("2 edits")
    expect(tab.item("exclusion.2").locator(".english")).to_have_text("condition [mild]")
    tab.press("j", "+")
    tab.status("3 edits")
    expect(tab.item("exclusion.1").locator(".english")).to_have_text("condition [Gout] or condition [mild]")
    tab.press("k", "k", "k", "k", "+")
    tab.status("no item stands above inclusion.1")
    tab.complaints.clear()  # the browser tells of each refusal


def test_how_many_children_must_hold_is_said_and_kept(tab: Tab) -> None:
    tab.paste("Inclusion Criteria:\n\n1. At least two of the following:\n   * gout\n   * fever\n   * cough\n", "two")
    tab.press("j", "e")
    form = tab.page.locator("#rule-form")
    expect(form.locator("[name=combine]")).to_have_value("at_least")
    form.locator("[type=submit]").click()
    expect(form).to_have_count(1)
    expect(tab.page.locator("#editor")).to_be_hidden()
    tab.status("0 edits")
    tab.press("e")
    form.locator("[name=at_least]").fill("3")
    form.locator("[type=submit]").click()
    tab.status("1 edit")
    expect(tab.item("inclusion.1").locator(".combine")).to_have_text("at least 3 of")


def test_a_corrected_time_stands_where_it_was_read(tab: Tab) -> None:
    tab.paste(SHORT, "times")
    expect(tab.page.locator("#passage .window")).to_have_text("within 6 months before screening")
    tab.edit("inclusion.3", 0, window="in the 3 months before screening")
    tab.status("1 edit")
    expect(tab.item("inclusion.3").locator(".left")).to_have_count(0)
    expect(tab.page.locator("#passage .window")).to_have_text("within 6 months before screening")


def test_places_are_true_behind_any_line_end(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("Exclusion Criteria:\r\n\r\n* Fever or\r\n  𝛼-thalassaemia, unless\r\n  mild".encode())
    tab.page.goto(tab.url)
    tab.page.set_input_files("#file", file)
    expect(tab.page.locator("#outline .criterion").first).to_be_visible()
    tab.page.locator("#passage .unread").last.dblclick()
    expect(tab.page.locator("#adding")).to_contain_text("exclusion.1: “mild”")
    tab.page.locator("#adding [type=submit]").click()
    expect(tab.item("exclusion.1").locator(".english")).to_contain_text("[mild]")


def test_a_listing_is_found_by_its_id(tab: Tab) -> None:
    tab.paste("Inclusion Criteria:\n\n* Psoriasis", "NCT90000077")
    tab.page.goto(tab.url)
    tab.page.fill("[name=q]", "90000077")
    tab.press("Enter")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    address = tab.page.locator("tbody a").get_attribute("href") or ""
    for known in ("nct90000077", address.removeprefix("/documents/")):
        tab.page.goto(tab.url)
        tab.page.fill("#text", f" {known}\n")
        tab.page.click("text=Read it")
        expect(tab.page.locator("h1")).to_have_text("NCT90000077")
    tab.page.goto(f"{tab.url}/?q={known}")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    tab.page.fill("[name=q]", "NCT90009999")
    tab.press("Enter")
    expect(tab.page.locator("[role=status]")).to_contain_text("Nothing here has “NCT90009999”")
    tab.page.fill("#text", "NCT90009999")
    tab.page.click("text=Read it")
    expect(tab.page.locator("#wrong")).to_have_text(
        "nothing in the store is known as NCT90009999: paste the text itself"
    )
    expect(tab.page.locator("#text")).to_have_value("NCT90009999")
    tab.complaints.clear()


def test_everything_is_done_by_key(tab: Tab) -> None:
    tab.paste(SHORT, "keys")
    tab.press("j", "a")
    tab.status("1 of 5 looked at")
    tab.press("j", "1")
    expect(tab.page.locator("#fact-form h2")).to_have_text("Haemoglobin")
    tab.press("Escape", "e")
    rule = tab.page.locator("#rule-form textarea")
    expect(rule).to_be_focused()
    rule.fill("measurement [Haemoglobin] ≥ 10 g/dL at screening")
    tab.page.locator("#rule-form [type=submit]").press("Enter")
    tab.status("1 edit")
    expect(tab.item("inclusion.2").locator(".english")).to_contain_text("≥ 10 g/dL at screening")
    tab.press("j", "x")
    tab.status("2 edits")
    expect(tab.item("inclusion.3")).to_contain_text("No rule")
    tab.press("Control+z", "Control+z", "Control+Shift+z")
    tab.status("1 edit")
    tab.press("k", "j", "]")
    tab.status("2 edits")
    tab.press("?")
    expect(tab.page.locator("#keys")).to_be_visible()
    tab.press("Escape", "[")
    tab.status("3 edits")


def test_what_cannot_be_done_is_said_and_changes_nothing(tab: Tab) -> None:
    tab.paste(SHORT, "refused")
    tab.press("j", "e")
    form = tab.page.locator("#rule-form")
    form.locator("textarea").fill("anything at all")
    form.locator("[type=submit]").click()
    expect(form.locator("[role=alert]")).to_have_text("this is not canonical English: anything at all")
    tab.press("Escape", "[")
    expect(tab.page.locator("#message")).to_have_text("inclusion.1 is at the top of the outline")
    tab.status("0 edits")
    tab.complaints.clear()  # the browser tells of each refusal


def test_two_reviewers_of_one_listing_lose_nothing(browser: Browser, service: Service) -> None:
    ada, ben = Tab(browser, service), Tab(browser, service)
    try:
        ada.paste(SHORT, "both")
        ada.page.locator(".bar h1 a").click()
        ben.page.goto(ada.page.url)
        for tab in (ada, ben):
            tab.page.click("text=Review it")
        ada.edit("inclusion.2", 0, value__value="11")
        ben.edit("inclusion.2", 0, value__value="12")
        ada.save("Ada")
        ada.status("saved as revision 2")
        ben.save("Ben")
        ben.status("not saved: Ada saved revision 2 in the meantime; nothing of yours is lost")
        ben.page.reload()
        ben.status("1 edit")
        ben.page.click(".stale")
        expect(ben.page.locator(".pair")).to_have_count(1)
        expect(ben.page.locator(".two-sides")).to_contain_text("≥ 11 g/dL")
        expect(ben.page.locator(".two-sides")).to_contain_text("≥ 12 g/dL")
        ben.page.locator("input[value=new]").check()
        ben.page.fill("[name=author]", "Ben")
        ben.page.click("text=Save what was chosen")
        expect(ben.page.locator("tbody tr")).to_have_count(3)
        assert ben.complaints == []
        with ben.page.expect_download() as download:
            ben.page.click("text=JSON")
        settled = load(download.value.path().read_bytes())
        assert rules(settled)["inclusion.2"] == "measurement [Haemoglobin] ≥ 12 g/dL"
        with ben.page.expect_download() as download:
            ben.page.click("text=YAML")
        assert "≥ 9 g/dL" in download.value.path().read_text("utf-8")
    finally:
        ada.close()
        ben.close()


def test_two_outlines_are_compared_and_either_can_be_kept(browser: Browser, service: Service) -> None:
    ada, ben = Tab(browser, service), Tab(browser, service)
    try:
        ada.paste(SHORT, "outlines")
        ada.page.locator(".bar h1 a").click()
        ben.page.goto(ada.page.url)
        for tab in (ada, ben):
            tab.page.click("text=Review it")
        ben.go("inclusion.2")
        ben.press("+")
        ben.status("1 edit")
        ada.edit("inclusion.3", 0, window="in the 3 months before screening")
        ada.save("Ada")
        ada.status("saved as revision 2")
        ben.save("Ben")
        ben.status("nothing of yours is lost")
        ben.page.click(".stale")
        expect(ben.page.locator("input[type=radio]")).to_have_count(2)
        expect(ben.page.locator(".pairs")).to_contain_text("not an item of its own here")
        ben.page.click("text=Swap the sides")
        ben.page.locator("input[value=new]").check()
        ben.page.click("text=Save what was chosen")
        expect(ben.page.locator("tbody tr")).to_have_count(3)
        with ben.page.expect_download() as download:
            ben.page.click("text=JSON")
        kept = rules(load(download.value.path().read_bytes()))
        assert "inclusion.3" not in kept
        assert "Haemoglobin" in (kept["inclusion.1"] or "")
        assert "in the 3 months before screening" in (kept["inclusion.2"] or "")
    finally:
        ada.close()
        ben.close()


def test_one_review_in_two_tabs_is_told_of(browser: Browser, service: Service) -> None:
    one, other = Tab(browser, service), Tab(browser, service)
    try:
        other.page.goto(one.paste(SHORT, "tabs"))
        one.press("j", "a")
        one.status("1 of 5 looked at")
        other.press("j", "a")
        other.status("this review went on in another tab: load it again")
    finally:
        one.close()
        other.close()


def test_a_patient_is_screened_beside_the_text(tab: Tab) -> None:
    tab.paste(SHORT, "screened")
    tab.page.locator(".bar h1 a").click()
    tab.page.click("text=Screen a patient")
    haemoglobin = {
        "domain": "measurement", "name": "Hemoglobin", "value": 8.1, "unit": "g/dL", "start": "2026-02-27",
        "source": "Observation/7",
    }  # fmt: skip
    patient = {"format": "protoparse.patient/1", "id": "ines", "birth": "1961-05", "events": [haemoglobin]}
    tab.page.fill("#patient", json.dumps(patient))
    tab.page.fill("[name=day]", "2026-03-01")
    tab.page.click("button.main")
    expect(tab.page.locator("h2")).to_have_text("ines: ineligible")
    verdicts = tab.page.locator(".item").evaluate_all("items => items.map(item => item.dataset.verdict)")
    assert verdicts == sorted(verdicts, key=["unknown", "fails", "passes"].index)
    fails = tab.page.locator(".item[data-verdict=fails]")
    expect(fails).to_contain_text("Observation/7")
    fails.locator("a").click()
    expect(tab.page.locator(":target")).to_have_text("Haemoglobin ≥ 9 g/dL")
    tab.page.fill("#patient", "{")
    tab.page.click("button.main")
    expect(tab.page.locator("[role=alert]")).to_contain_text("a patient is JSON")
    tab.complaints.clear()


def test_nothing_in_a_listing_or_its_name_runs(tab: Tab, service: Service) -> None:
    tab.paste(HOSTILE, "<img src=x onerror=alert(1)>.html")
    assert tab.page.title().startswith("<img src=x")
    assert "<script>document.title" in tab.page.inner_text("#passage")
    assert tab.page.locator("#content script, #content img, #content svg, #content a[href^=javascript]").count() == 0
    tab.page.locator(".bar h1 a").click()
    for link in ("Screen a patient",):
        tab.page.click(f"text={link}")
        assert tab.page.locator("#content script, #content img").count() == 0
    policy = tab.page.request.get(tab.url).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for path in (
        "/reviews/..%2f..%2fetc%2fpasswd",
        "/documents/../../etc/passwd",
        "/static/..%2fpages.py",
        "/static/site.py",
    ):
        assert service.ask("GET", path).status == 404


def test_a_file_is_dropped_as_it_is(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "NCT90000001.txt"
    file.write_text(LISTING, "utf-8")
    tab.page.goto(tab.url)
    tab.page.set_input_files("#file", file)
    expect(tab.page.locator("#outline .criterion").first).to_be_visible()
    expect(tab.page.locator("h1")).to_have_text("NCT90000001.txt")


def test_a_long_listing_is_usable_and_soon_there(tab: Tab) -> None:
    """100 kB: drawn within 1.5 s of being asked for, and an edit takes about as long as in a short one."""
    part = LISTING[LISTING.index("Inclusion Criteria") :]
    inclusion, exclusion = part.split("Exclusion Criteria", 1)
    text = inclusion * 12 + "Exclusion Criteria" + exclusion * 12
    text *= 100_000 // len(text) + 1
    address = tab.paste(text[:100_000], "long")
    tab.page.goto(address)
    painted = tab.page.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))"
        ".observe({type: 'paint', buffered: true}))"
    )
    assert painted < 1500
    tab.press("j", "a")
    tab.status("1 of")
    begun = tab.page.evaluate("performance.now()")
    tab.press("j", "a")
    tab.status("2 of")
    assert tab.page.evaluate("performance.now()") - begun < 1500
    begun = tab.page.evaluate("performance.now()")
    tab.edit("inclusion.1", 0, domain="device")
    tab.status("1 edit")
    tab.press("u")
    tab.status("0 edits")
    assert tab.page.evaluate("performance.now()") - begun < 6000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_to_wcag(browser: Browser, service: Service, scheme: str, tmp_path: Path) -> None:
    """WCAG 2.2 AA as far as axe finds, in the light and in the dark; and at 200 % nothing is cut off sideways."""
    tab = Tab(browser, service, color_scheme=scheme, bypass_csp=True)
    axe = Axe()
    wrong: dict[str, list[str]] = {}

    def look(name: str) -> None:
        tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
        found = axe.run(tab.page, options=tags).response["violations"]
        if found:
            wrong[name] = [f"{x['id']}: {x['nodes'][0]['html'][:120]}" for x in found]
        tab.page.set_viewport_size({"width": 650, "height": 450})
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        if width > 650:
            wrong[f"{name} at 200 %"] = [f"{width} wide"]
        tab.page.set_viewport_size({"width": 1300, "height": 900})

    try:
        tab.paste(SHORT, f"axe {scheme}")
        look("review")
        tab.press("j", "e")
        expect(tab.page.locator("#rule-form")).to_be_visible()
        look("rule")
        tab.press("Escape", "1")
        expect(tab.page.locator("#fact-form")).to_be_visible()
        look("fact")
        tab.press("Escape", "w")
        expect(tab.page.locator("#words-form")).to_be_visible()
        look("words")
        tab.press("Escape")
        tab.page.locator("#passage .unread").last.dblclick()
        expect(tab.page.locator("#adding")).to_be_visible()
        look("selected")
        tab.page.locator("#adding [data-close]").click()
        tab.edit("inclusion.2", 0, value__value="11")
        look("edited")
        tab.save("Ada")
        tab.status("saved")
        tab.page.locator(".bar h1 a").click()
        look("document")
        tab.page.click("text=with 1")
        look("compare")
        tab.page.go_back()
        tab.page.click("text=Screen a patient")
        tab.page.fill("#patient", '{"format": "protoparse.patient/1", "id": "ines", "birth": "1961"}')
        tab.page.click("button.main")
        look("screen")
        tab.page.goto(tab.url)
        look("home")
        tab.page.goto(tab.url + "/?q=nothing+at+all")
        look("nothing found")
    finally:
        tab.close()
    assert wrong == {}
