"""The page in Chromium, by double click: no request, no error, no overflow; every control works."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from analysis.dashboard.about import About
from analysis.dashboard.build import build_page
from tests.chromium import Browser, opened_browser
from warehouse.protection.gate import GateReport

pytestmark = pytest.mark.slow
SCREENS = ("overview", "frames", "compare", "topics", "methods", "data")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(
    tables: dict[str, pa.Table],
    report: GateReport,
    about: About,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("page") / "dashboard.html"
    path.write_text(build_page(tables, report, about), encoding="utf-8")
    return path


VISIBLE = "[...document.querySelectorAll('.screen')].filter(s => s.offsetHeight).map(s => s.id)"


def test_nothing_is_requested_and_nothing_fails(browser: Browser, page: Path) -> None:
    browser.open(page)
    for screen in SCREENS:
        browser.go(screen)
    asked = [
        e["params"]["request"]["url"]
        for e in browser.events
        if e.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    complaints = [
        e
        for e in browser.events
        if e.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}
        or (e.get("method") == "Runtime.consoleAPICalled" and e["params"]["type"] == "error")
    ]
    assert complaints == []


def test_the_policy_stops_a_request(browser: Browser, page: Path) -> None:
    browser.open(page)
    script = "fetch('http://127.0.0.1:9/').then(() => 'sent', (e) => e.name)"
    assert browser.evaluate(script) == "TypeError"
    refused = [e for e in browser.events if e.get("method") == "Log.entryAdded"]
    assert any("Content Security Policy" in e["params"]["entry"]["text"] for e in refused)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_screen_is_wider_than_the_window(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    for screen in SCREENS:
        browser.go(screen)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, screen


def test_with_scripts_one_screen_is_shown_and_without_all(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.go("topics")
    assert browser.evaluate(VISIBLE) == ["topics"]
    browser.open(page, scripts=False)
    assert browser.evaluate(VISIBLE) == list(SCREENS)
    assert browser.evaluate("document.querySelector('#filters').offsetHeight") == 0


def test_a_link_restores_the_view(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.go("frames?f=contestation&c=kite%2Fkite.example&s=own")
    shown = "[...document.querySelectorAll('#frames .panel')].filter(p => p.offsetHeight)"
    assert browser.evaluate(f"{shown}.map(p => p.dataset.f + ' ' + p.dataset.c)") == [
        "contestation kite/kite.example"
    ]
    assert browser.evaluate("document.querySelector('[name=s]').value") == "own"
    drawn = f"{shown}[0].querySelector('use').getAttribute('href')"
    assert browser.evaluate(drawn) == "#axes-frames-9"


def test_choosing_a_filter_writes_the_link(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.go("compare")
    browser.evaluate(
        "{ const s = document.querySelector('[name=f]'); s.value = 'justice_value';"
        "s.dispatchEvent(new Event('change', {bubbles: true})) }"
    )
    assert browser.evaluate("location.hash") == "#compare?f=justice_value"
    shown = "[...document.querySelectorAll('#compare .card')].filter(c => c.offsetHeight).length"
    assert browser.evaluate(shown) == 1


def test_a_sentence_leads_to_its_panel(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("document.querySelector('.what a').click()")
    browser.evaluate("new Promise(r => setTimeout(r, 50))")
    assert browser.evaluate(VISIBLE) == ["frames"]
    box = "document.querySelector(location.hash).getBoundingClientRect()"
    assert browser.evaluate(f"{box}.top >= 0 && {box}.bottom <= innerHeight")


def test_every_row_of_a_table_is_saved(
    browser: Browser, page: Path, tables: dict[str, pa.Table]
) -> None:
    browser.open(page)
    browser.go("data")
    text = browser.evaluate(
        "new Promise(done => { const made = URL.createObjectURL;"
        "URL.createObjectURL = (b) => { b.text().then(done); return made.call(URL, b) };"
        "HTMLAnchorElement.prototype.click = () => {};"
        "document.querySelector('[data-table=frame_prevalence]').parentNode"
        ".querySelector('button').click() })"
    )
    lines = text.splitlines()
    assert lines[0].split(",") == tables["frame_prevalence"].column_names
    assert len(lines) == tables["frame_prevalence"].num_rows + 1
    first = tables["frame_prevalence"].slice(0, 1).to_pylist()[0]
    assert lines[1].startswith(f"{first['run_id']},{first['frame']},{first['source']},")
    assert f",{first['period']},{first['estimate']},{first['lower']}," in lines[1]


def test_pointing_at_a_period_reads_it_out(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.go("frames")
    read = """(fraction => {
        const panel = document.getElementById('f1-c1');
        const now = panel.querySelector('.now');
        const box = panel.querySelector('svg').getBoundingClientRect();
        const at = {clientX: box.left + box.width * fraction, clientY: box.top + 20};
        const svg = panel.querySelector('svg');
        svg.dispatchEvent(new PointerEvent('pointermove', at));
        const read = now.textContent;
        svg.dispatchEvent(new PointerEvent('pointerleave'));
        const row = (i) => [...panel.querySelectorAll('tbody tr')].at(i).textContent;
        return [read, now.textContent, row(0), row(-1)];
    })"""
    first, rest, row, _ = browser.evaluate(f"{read}(0.2)")
    assert first.startswith("2 Mar 2026: ")
    assert row.startswith("2 Mar 2026" + first.removeprefix("2 Mar 2026: ").split(" ")[0])
    last, again, _, _ = browser.evaluate(f"{read}(0.97)")
    assert last.startswith("27 Apr 2026: ")
    assert rest == again == browser.evaluate("document.querySelector('#f1-c1 .now').textContent")


def test_a_hidden_figure_reads_out_its_reason(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.go("frames")
    read = browser.evaluate(
        "(() => { const panel = document.querySelector('.panel[data-c=\"kite/tag-minds\"]');"
        "const svg = panel.querySelector('svg'); const box = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new PointerEvent('pointermove',"
        "{clientX: box.left + box.width * 0.2})); return panel.querySelector('.now').textContent"
        "})()"
    )
    assert read == "2 Mar 2026: withheld: fewer than 10 authors"


def test_text_stands_out_from_its_ground_in_light_and_dark(browser: Browser, page: Path) -> None:
    browser.open(page)
    for scheme in ("light", "dark"):
        browser.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        ratios = browser.evaluate(
            """(() => {
            const style = getComputedStyle(document.documentElement);
            const light = (name) => {
                let hex = style.getPropertyValue(name).trim().slice(1);
                if (hex.length === 3) hex = [...hex].map(c => c + c).join("");
                const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const ratio = (a, b) => {
                const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
                return (x + .05) / (y + .05);
            };
            return [["--ink", "--paper"], ["--soft", "--paper"], ["--series", "--paper"],
                ["--up", "--up-wash"], ["--down", "--down-wash"], ["--soft", "--up-wash"],
                ["--soft", "--down-wash"], ["--warn", "--warn-wash"], ["--event", "--paper"],
                ["--ink", "--raised"]].map(([a, b]) => ratio(a, b));
            })()"""
        )
        assert min(ratios) >= 4.5, (scheme, ratios)
    browser.call("Emulation.setEmulatedMedia", features=[])
