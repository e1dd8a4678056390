"""The HTML report in a browser: with and without scripts, in the light and the dark colour scheme."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.html import html_report
from harness.verdict import Status, Verdict, fact, facts, failed, properties, table, verdict_from_json
from tests.conftest import ROOT

MODEL = "#model/modelindex%2Fregnety.md/regnety_160"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@cache
def committed() -> tuple[Verdict, ...]:
    verdicts = json.loads((ROOT / "reports" / "verdicts.json").read_text("utf-8"))["verdicts"]
    return tuple(map(verdict_from_json, verdicts))


@cache
def few() -> list[Verdict]:
    """Two pages, each with a few claims of one model, and every status at least once."""
    models, kinds = {"regnety_160", "regnety_canary"}, {"architecture", "batch_size", "flops", "top_1_accuracy"}
    kept = [
        verdict
        for verdict in committed()
        if verdict.claim.model is None or (verdict.claim.model in models and verdict.claim.kind in kinds)
    ]
    environment = {"torch": "2", "device": "cpu"}
    kept[0] = replace(
        kept[0], status=Status.ERROR, measured=None, evidence=[facts("traceback", "traceback", ["a.py:1 check"])]
    )
    kept[1] = replace(kept[1], status=Status.WAIVED, environment=environment)
    return kept


@cache
def committed_report() -> str:
    return html_report(committed())


@cache
def short_report() -> str:
    return html_report(few())


def _verdict(page: str, model: str | None, declared: str = "1", measured: str | None = "2") -> Verdict:
    claim = Claim(page, model, "parameters", declared, Location(page, 3, 5, "Models[0]"))
    evidence = [properties("facts", "facts", {"a": declared}), table("rows", "rows", [{declared: page}])]
    return failed(claim, reason="why", measured=measured, remedy="fix", evidence=evidence)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"no Chromium is installed: none of {', '.join(names)} is on PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


class Reader:
    """Opens reports, and collects the messages and the requests of the browser."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.messages: list[str] = []
        self.requests: list[str] = []

    def open(self, report: str, at: str = "", width: int = 1280, **context: object) -> Page:
        file = self.folder / "report.html"
        file.write_text(report, "utf-8")
        page = self.browser.new_context(viewport={"width": width, "height": 800}, **context).new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"{file.as_uri()}{at}")
        return page


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(browser, tmp_path)
    yield reader
    for context in browser.contexts:
        context.close()
    assert reader.messages == []
    assert {url.partition("#")[0] for url in reader.requests} <= {(tmp_path / "report.html").as_uri()}


def _shown(page: Page) -> str:
    return page.inner_text("#shown")


def _column(page: Page, number: int) -> list[str]:
    return [text.strip() for text in page.locator(f"#verdict-table tbody tr > :nth-child({number})").all_inner_texts()]


def test_the_same_verdicts_give_the_same_bytes_and_nothing_to_fetch() -> None:
    report = committed_report()
    assert report == html_report(list(committed()))
    assert len(report) < 2_000_000
    assert str(ROOT) not in report
    assert not re.search(r"<(link|img|iframe|script src)|@import|url\(|\son[a-z]+=|style=", report)
    assert set(re.findall(r'(?:href|src)="(\w+:)', report)) == {"https:"}


def test_a_report_of_nothing_says_so() -> None:
    assert "No claim was verified." in html_report([])


def test_the_summary_counts_verdicts_and_names_false_claims(reader: Reader) -> None:
    page = reader.open(committed_report())
    statuses = [verdict.status.value for verdict in committed()]
    summary = rf"^{len(statuses)} claims: {statuses.count('pass')} pass, .*, {statuses.count('not_run')} not run"
    expect(page.locator(".lead").first).to_have_text(re.compile(summary))
    expect(page.locator(".counts li").nth(3)).to_contain_text(f"{statuses.count('not_run')} not run")
    expect(page.locator(".false").first).to_contain_text("1 of 12 models have false claims")
    expect(page.locator(".false").last).to_contain_text("no false claims")
    expect(page.locator(".findings").first).to_contain_text("verify fetch, or --weights DIR")


def test_missing_values_are_neither_blank_nor_a_pass(reader: Reader) -> None:
    page = reader.open(committed_report())
    page.select_option("#filter-claim", "top_1_accuracy")
    page.fill("#filter-text", "regnety_002")
    assert _column(page, 5) == ["not measured"]
    assert _column(page, 6) == ["unknown"]
    assert _column(page, 7) == ["not run"]
    assert (
        not page.locator("td:visible, th:visible, dd:visible").filter(has_text=re.compile(r"^\s*(None)?\s*$")).count()
    )


def test_verdicts_are_filtered_by_text_status_model_and_claim(reader: Reader) -> None:
    page = reader.open(committed_report())
    assert _shown(page) == "277 of 277 shown"
    page.get_by_label("fail 2").check()
    assert _shown(page) == "2 of 277 shown"
    page.get_by_label("explained 24").check()
    assert _shown(page) == "26 of 277 shown"
    page.get_by_label("Text", exact=True).fill("512 160")
    assert _shown(page) == "1 of 277 shown"
    assert _column(page, 3) == ["batch_size"]
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("#shown")).to_have_text("277 of 277 shown")
    page.get_by_label("Model", exact=True).select_option("regnety_canary")
    page.get_by_label("Claim", exact=True).select_option("flops")
    assert _shown(page) == "1 of 277 shown"
    page.get_by_label("Text", exact=True).fill("no such thing")
    assert _shown(page) == "0 of 277 shown"


def test_the_model_filter_names_each_page() -> None:
    options = re.findall(r"<option value=.*>(page .*)</option>", committed_report())
    assert options == ["page regnety.md", "page canary.md"]
    same_name = html_report([_verdict("a/README.md", None), _verdict("b/README.md", None)])
    assert re.findall(r"<option value=.*>(page .*)</option>", same_name) == ["page a/README.md", "page b/README.md"]


def test_verdicts_are_sorted_as_numbers_as_texts_and_by_severity(reader: Reader) -> None:
    page = reader.open(committed_report())
    page.get_by_label("Claim", exact=True).select_option("top_1_accuracy")
    declared, measured, verdict = (
        page.get_by_role("button", name=name) for name in ("Declared", "Measured", "Verdict")
    )
    declared.click()
    assert page.locator("[aria-sort=ascending]").inner_text().startswith("Declared")
    percents = [float(text.rstrip("%")) for text in _column(page, 4)]
    assert percents == sorted(percents)
    declared.click()
    assert [float(text.rstrip("%")) for text in _column(page, 4)] == sorted(percents, reverse=True)
    for _ in range(2):  # unknown values are last in both directions
        measured.click()
        assert _column(page, 5) == ["93.800%"] + ["not measured"] * 12
    page.get_by_label("Claim", exact=True).select_option("flops")
    declared.click()
    assert [int(text) for text in _column(page, 4)] == sorted(int(text) for text in _column(page, 4))
    page.get_by_role("button", name="Difference").click()
    assert _column(page, 6) == ["-22.2%"] * 8 + ["-22.1%"] * 3 + ["-22.0%", "none"]
    page.get_by_label("Claim", exact=True).select_option("")
    verdict.click()
    assert _column(page, 7)[0] == "fail"
    assert _column(page, 7)[-1] == "pass"
    verdict.click()
    verdict.click()
    assert _column(page, 3)[0] == "initial_width"
    assert page.locator("#verdict-table [aria-sort=none]").count() == 7


def test_many_verdicts_are_shown_in_parts(reader: Reader) -> None:
    page = reader.open(html_report([_verdict("p.md", f"model_{number}") for number in range(360)]))
    assert _shown(page) == "350 of 360 shown, 360 match"
    page.get_by_role("button", name="Show more").click()
    assert _shown(page) == "360 of 360 shown"
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_model_opens_and_back_returns_to_the_overview(reader: Reader) -> None:
    page = reader.open(short_report())
    row = page.locator("#verdict-table tr").filter(has_text="regnety_160").filter(has_text="batch_size")
    row.scroll_into_view_if_needed()
    below = page.evaluate("scrollY")
    row.get_by_role("link", name="regnety_160").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("regnety_160")
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    expect(page).to_have_title("regnety_160 · Verification report")
    expect(page.locator("#overview")).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("heading", level=2)).to_have_text("Overview")
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    assert page.evaluate("scrollY") == pytest.approx(below, abs=2)
    row.get_by_role("link", name="batch_size").click()
    article = page.locator("article", has=page.locator("h3:focus"))
    expect(article).to_contain_text("The recipe published for these weights states another value.")
    assert article.locator("del, ins").all_inner_texts() == ["- 512", "+ 256"]
    expect(article).to_contain_text("modelindex/regnety.md:455:17")
    page.get_by_role("link", name="← Overview").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Overview")


def test_a_model_shows_all_claims_with_their_evidence(reader: Reader) -> None:
    page = reader.open(short_report(), MODEL)
    architecture = page.locator("article:visible", has=page.get_by_role("heading", name="architecture"))
    expect(architecture).to_contain_text("also in the network, not listed")
    expect(architecture).to_contain_text("Residual Connection")
    flops = page.locator("article:visible", has=page.get_by_role("heading", name="flops"))
    assert flops.locator("tbody tr").count() == 24 + 6 + 4
    expect(flops).to_contain_text("20 450 196 852")
    assert page.locator("svg:visible").count() == 2
    page.goto(page.url.partition("#")[0] + "#page/modelindex%2Fregnety.md")
    expect(page.locator("article:visible").first).to_contain_text("a.py:1 check")
    expect(page.locator("article:visible").nth(1)).to_contain_text("device")


def test_an_unknown_fragment_and_the_skip_link_keep_a_view_open(reader: Reader) -> None:
    page = reader.open(short_report(), "#model/gone/gone")
    expect(page.locator("#overview")).to_be_visible()
    page.goto(page.url.partition("#")[0] + MODEL)
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    expect(page.get_by_role("heading", level=2)).to_have_text("regnety_160")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "__proto__",
    "constructor",
    "a/b",
    "a b%2F",
    "überall 模型",
    "</style></title>{{ 7*7 }}",
    "\u202egnp.exe\x07",
    "half \ud800",
    "javascript:alert(1)",
]


def test_names_from_pages_have_no_effect_as_html_and_open(reader: Reader) -> None:
    pages = {"p.md": HOSTILE, HOSTILE[1]: HOSTILE[:2]}
    verdicts = [_verdict(page, name, name, name * 2) for page, names in pages.items() for name in names]
    page = reader.open(
        html_report([*verdicts, _verdict(HOSTILE[0], None, "https://example.org/a'b", "https://example.org/b")])
    )
    links = page.locator("#verdict-table td.model a")
    assert links.count() == len(verdicts) + 1
    for number, verdict in enumerate(verdicts):
        links.nth(number).click()
        escaped = {"\u202e": "\\u202e", "\x07": "\\x07", "\ud800": "\\ud800"}
        name = "".join(escaped.get(letter, letter) for letter in verdict.claim.declared)
        expect(page.get_by_role("heading", level=2)).to_have_text(name)
        expect(page.locator(".view.current .lead")).to_contain_text(f"Page: {verdict.claim.page}.")
        page.go_back()
    assert page.locator("img, script:not(head script)").count() == 0
    assert {link.get_attribute("href") for link in page.locator("a[rel]").all()} == {"https://example.org/b"}


def test_other_scripts_are_blocked(reader: Reader) -> None:
    page = reader.open(short_report())
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'ran = true'}))")
    assert page.evaluate("typeof ran") == "undefined"
    assert "Content Security Policy" in reader.messages.pop()


def test_without_scripts_everything_is_visible(reader: Reader) -> None:
    page = reader.open(short_report(), java_script_enabled=False)
    assert page.locator("#verdict-table tbody tr:visible").count() == len(few())
    assert page.locator("article:visible").count() == len(few())
    assert page.locator("#filters:visible, #verdict-table button").count() == 0
    page.locator("#verdict-table td.model a").last.click()
    assert page.url.endswith("#model/modelindex%2Fcanary%2Fcanary.md/regnety_canary")


def test_a_phone_needs_no_sideways_scrolling(reader: Reader) -> None:
    evidence = [fact("x", "x" * 90, "y" * 300), table("rows", "rows", [{"k" * 99: "v" * 99}])]
    wide = replace(few()[2], reason="w" * 300, remedy="r" * 300, evidence=evidence)
    page = reader.open(html_report([wide, *few()]), width=360)
    for fragment in ("", MODEL, "#page/modelindex%2Fregnety.md"):
        page.goto(page.url.partition("#")[0] + fragment)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("at", ["", MODEL])
def test_axe_finds_nothing_serious(reader: Reader, at: str) -> None:
    page = reader.open(short_report(), at, bypass_csp=True)
    everything = {"resultTypes": ["violations"]}
    colours = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}  # the dark scheme changes only colours
    for scheme, options in (("light", everything), ("dark", colours)):
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page, options=options).response["violations"]
        serious = [
            (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
            for violation in violations
            if violation["impact"] in {"serious", "critical"}
        ]
        assert serious == []
