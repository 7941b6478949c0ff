"""The HTML report in a real browser: structure, access and behaviour, not pixels.

- at desktop and phone width, light and dark, with and without JavaScript, on screen and on paper
- by keyboard alone, and as assistive technology sees it
- with hostile names, with very long ones, and with ten thousand findings
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Browser

from tests.browser.checks import (
    CONTROLS_WITHOUT_NAME,
    FOCUSED,
    HEADING_LEVELS,
    LANDMARKS,
    LOW_CONTRAST,
    OVERFLOW,
    SHOWN_ROWS,
    SQUEEZED,
    TAB_STOPS,
    TEXT_OUTSIDE_ITS_BOX,
)
from tests.browser.chromium import DESKTOP, PHONE, opened
from tests.browser.conftest import Report
from tests.unit.reports.trees import troubled_and_pictured

FLEETS = ("demo", "troubled", "stuck", "half-read", "healthy", "hostile", "long-names")
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@SIZES
@pytest.mark.parametrize("fleet", FLEETS)
def test_the_page_is_never_wider_than_its_window(
    browser: Browser, report: Report, fleet: str, size: tuple[int, int]
) -> None:
    with opened(browser, report(fleet), size=size) as seen:
        assert seen.ask(OVERFLOW) == []
        seen.unfold()
        assert seen.ask(OVERFLOW) == []
        assert seen.ask(SQUEEZED) == []


@pytest.mark.parametrize("fleet", FLEETS)
def test_nothing_is_asked_for_and_nothing_is_complained_about(browser: Browser, report: Report, fleet: str) -> None:
    with opened(browser, report(fleet)) as seen:
        seen.unfold()
        seen.page.locator("#f-text").fill("eu-1")
        seen.page.wait_for_timeout(150)

        assert seen.requests == []
        assert seen.complaints == []


def test_hostile_names_execute_nothing_and_add_nothing(browser: Browser, report: Report) -> None:
    with opened(browser, report("hostile")) as seen:
        seen.unfold()

        assert seen.ask("typeof window.owned") == "undefined"
        assert seen.ask("[...document.querySelectorAll('img, iframe, object, embed, link, base')].length") == 0
        assert seen.ask("document.scripts.length") == 1
        assert seen.ask("[...document.links].every(one => one.protocol === 'file:' || one.host === 'github.com')")
        assert seen.page.get_by_text("<script>window.owned=1", exact=False).count() > 0


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fleet", ["troubled", "stuck", "half-read"])
def test_all_text_has_contrast(
    browser: Browser, report: Report, fleet: str, scheme: str, size: tuple[int, int]
) -> None:
    with opened(browser, report(fleet), size=size, color_scheme=scheme) as seen:
        seen.unfold()
        assert seen.ask(LOW_CONTRAST) == {}


def test_the_check_of_contrast_sees_what_has_none(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        seen.ask("document.querySelector('h1').style.color = '#aaa'")
        assert len(seen.ask(LOW_CONTRAST)) == 1


@pytest.mark.parametrize("fleet", FLEETS)
def test_headings_landmarks_and_names_are_as_a_reader_of_the_screen_needs_them(
    browser: Browser, report: Report, fleet: str
) -> None:
    with opened(browser, report(fleet)) as seen:
        levels = seen.ask(HEADING_LEVELS)
        landmarks = seen.ask(LANDMARKS)

        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert (landmarks["banner"], landmarks["main"], landmarks["contentinfo"]) == (1, 1, 1)
        assert landmarks["navigation"] == ["On this page"]
        assert landmarks["search"] == ["Filter the findings"]
        assert all(landmarks["regions"])
        assert seen.ask(CONTROLS_WITHOUT_NAME) == []
        assert seen.ask("document.documentElement.lang") == "en"


@pytest.mark.parametrize("fleet", ["half-read", "hostile"])
def test_what_is_missing_is_the_first_thing_below_the_answer(browser: Browser, report: Report, fleet: str) -> None:
    with opened(browser, report(fleet), size=PHONE) as seen:
        order = seen.ask("[...document.querySelectorAll('main > section')].map(one => one.id)")
        assert order[0] == "gaps"
        assert seen.ask("document.querySelector('h1').textContent").startswith("Incomplete: ")


def test_the_tab_key_visits_everything_in_order_and_is_trapped_nowhere(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        stops = seen.ask(TAB_STOPS)
        visited: list[int] = []
        for _ in stops:
            seen.page.keyboard.press("Tab")
            focused = seen.ask(FOCUSED)
            assert focused and focused["seen"], f"focus is lost or not visible after {visited[-1:]}"
            visited.append(focused["stop"])

        assert visited == stops
        seen.page.keyboard.press("Tab")
        assert seen.ask(FOCUSED) is None


def test_the_first_tab_offers_to_skip_to_the_report(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        assert seen.ask("document.activeElement.id") == "main"


def test_a_cause_unfolds_by_keyboard(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        last = seen.page.locator("#causes .card > summary").last
        last.focus()
        seen.page.keyboard.press("Enter")
        assert seen.ask("[...document.querySelectorAll('#causes .card')].pop().open")


def test_the_filter_works_by_keyboard_and_says_what_it_found(browser: Browser, report: Report) -> None:
    audit = troubled_and_pictured()
    with opened(browser, report("troubled")) as seen:
        told = seen.page.locator("#filter .result")
        seen.page.locator("#f-text").focus()
        seen.page.keyboard.type("m5.8XLARGE i-0a1b")
        told.filter(has_text="1 of").wait_for()
        assert len(seen.visible_rows()) == 1

        seen.page.keyboard.press("Control+a")
        seen.page.keyboard.press("Delete")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.type("critical")
        told.filter(has_text="6 of").wait_for()
        assert len(seen.visible_rows()) == 6
        assert seen.ask("location.hash") == "#?severity=critical"

        seen.page.get_by_role("button", name="Clear").focus()
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_function("!document.querySelector('#filter .result').textContent")
        assert len(seen.visible_rows()) == len(audit.findings)
        assert seen.ask("location.hash") == ""


@pytest.mark.parametrize(
    ("field", "value", "count"),
    [("severity", "critical", 6), ("verdict", "missing", 1), ("kind", "stuck", 1), ("verdict", "undetermined", 1)],
)
def test_each_list_of_the_filter_narrows(browser: Browser, report: Report, field: str, value: str, count: int) -> None:
    with opened(browser, report("troubled")) as seen:
        seen.page.locator(f"#f-{field}").select_option(value)
        assert len(seen.visible_rows()) == count


def test_the_panel_of_a_cluster_filters_its_findings(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        seen.page.locator("a.cell", has_text="us-2").click()
        panel = seen.page.locator(".panel[open]")
        assert panel.count() == 1 and "us-2" in panel.locator("summary").first.inner_text()
        panel.get_by_role("button", name="Show only this cluster").click()
        assert len(seen.visible_rows()) == 2


def test_an_address_restores_its_filter_and_opens_its_finding(browser: Browser, report: Report) -> None:
    wanted = troubled_and_pictured().findings[-1].id
    with opened(browser, report("troubled")) as seen:
        seen.ask("location.hash = '#?severity=medium'")
        seen.page.locator("#filter .result").filter(has_text="1 of").wait_for()
        seen.ask(f"location.hash = '#finding-{wanted}'")
        seen.page.locator(f"#finding-{wanted}").wait_for(state="visible")


def test_an_address_names_a_cluster_as_people_do(browser: Browser, report: Report) -> None:
    with opened(browser, report("troubled")) as seen:
        name = seen.page.locator("#f-cluster option").nth(1).inner_text()
        seen.page.locator("#f-cluster").select_option(label=name)
        narrowed = len(seen.visible_rows())
        assert seen.ask("location.hash") == f"#?cluster={name}"

        seen.page.get_by_role("button", name="Clear").click()
        seen.page.wait_for_function("location.hash === ''")
        seen.ask(f"location.hash = '#?cluster={name}&severity=nonsense'")
        seen.page.locator("#filter .result").filter(has_text=" of ").wait_for()

        assert len(seen.visible_rows()) == narrowed
        assert seen.ask("location.hash") == f"#?cluster={name}"


def test_without_javascript_everything_is_there(browser: Browser, report: Report) -> None:
    audit = troubled_and_pictured()
    with opened(browser, report("troubled"), java_script_enabled=False) as seen:
        assert not seen.page.locator("#filter").is_visible()
        assert not seen.page.get_by_role("button").filter(visible=True).count()
        folded = "[...document.querySelectorAll('.card:not([open])')].map(one => one.id)"
        for card in seen.ask(folded):
            seen.page.locator(f"#{card} > summary").click()
        assert len(seen.ask(SHOWN_ROWS)) == len(audit.findings)
        assert seen.complaints == []


def test_paper_shows_every_finding_unfolded_and_no_controls(browser: Browser, report: Report) -> None:
    audit = troubled_and_pictured()
    with opened(browser, report("troubled")) as seen:
        seen.page.locator("#f-severity").select_option("medium")
        seen.page.emulate_media(media="print")

        assert len(seen.ask(SHOWN_ROWS)) == len(audit.findings)
        assert not seen.page.locator("#filter").is_visible()
        assert not seen.page.locator("nav").is_visible()
        assert seen.ask("[...document.querySelectorAll('.tree')].every(one => one.checkVisibility())")
        assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@SIZES
@pytest.mark.parametrize("fleet", ["stuck", "hostile", "long-names"])
def test_the_text_of_a_chain_stands_inside_its_hops(
    browser: Browser, report: Report, fleet: str, size: tuple[int, int]
) -> None:
    with opened(browser, report(fleet), size=size) as seen:
        seen.unfold()
        assert seen.ask("document.querySelectorAll('.chain-picture .hop').length") > 0
        assert seen.ask(TEXT_OUTSIDE_ITS_BOX) == []


def test_a_chain_is_named_and_told_without_its_picture(browser: Browser, report: Report) -> None:
    with opened(browser, report("stuck"), java_script_enabled=False) as seen:
        picture = seen.page.get_by_role("img", name="Chain of causes from security-group")
        assert picture.count() == 1
        assert "then" in (picture.locator("desc").text_content() or "")
        card = seen.page.locator(".card").filter(has_text="no Node has joined").first
        list_ = card.locator(".chain li")
        assert list_.count() == 4
        assert not list_.first.is_visible()
        card.get_by_text("The chain as a list").click()
        assert list_.first.is_visible()


def test_a_chain_is_on_paper_with_its_list(browser: Browser, report: Report) -> None:
    with opened(browser, report("stuck")) as seen:
        seen.page.emulate_media(media="print")

        assert seen.ask("[...document.querySelectorAll('.chain-picture, .chain li')].every(e => e.checkVisibility())")
        assert seen.ask("document.querySelectorAll('.chain-picture').length") == 4


def test_a_word_of_a_chain_finds_its_cause(browser: Browser, report: Report) -> None:
    with opened(browser, report("stuck")) as seen:
        seen.page.locator("#f-text").fill("0 of 640 vCPUs")
        seen.page.locator("#filter .result").filter(has_text="41 of 55").wait_for()


@pytest.mark.parametrize("fleet", ["big", "many-causes"])
def test_ten_thousand_findings_can_be_filtered(browser: Browser, report: Report, fleet: str) -> None:
    with opened(browser, report(fleet)) as seen:
        assert seen.ask("document.querySelectorAll('.row').length") == 10_000
        assert seen.ask("document.querySelectorAll('*').length") < 250_000
        assert seen.ask(OVERFLOW) == []

        seen.page.locator("#f-text").fill("spec.field7 cluster-0049")
        seen.page.locator("#filter .result").filter(has_text="of 10,000 findings").wait_for()
        shown = set(seen.visible_rows())
        rows = "[...card.querySelectorAll('.row')].filter(row => row.textContent.includes('cluster-0049'))"
        cards = "[...document.querySelectorAll('.card')].filter(card => card.textContent.includes('spec.field7'))"
        assert shown and shown <= set(seen.ask(f"{cards}.flatMap(card => {rows}).map(row => row.id)"))
        assert seen.requests == seen.complaints == []
