"""The coding page in Chromium, by double click: coding by keyboard, saving, going on, offline."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.coding.sheet_contents import SKIP_REASONS
from tests.chromium import Browser, opened_browser
from tests.flows.coding.coded_study import FRAMES, codes_of, draw, hand_out, stored, take_back
from tests.flows.topics.nights import Forum

pytestmark = pytest.mark.slow
TEXTS = (
    "We ran the training together, users and staff, and the staff learnt most.",
    "I wanted to end my life that spring; the night line answered.",
    "The rota for the kettle is on the door.",
)
NAMED_KEYS = {"Enter": 13, "Escape": 27, "ArrowRight": 39, "ArrowLeft": 37, "Tab": 9}


class Page:
    """The coding page, and the hands of a coder on a keyboard."""

    def __init__(self, browser: Browser, file: Path, downloads: Path) -> None:
        self.browser, self.file, self.downloads = browser, file, downloads
        browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(downloads),
            eventsEnabled=True,
        )

    def open(self, **options: Any) -> None:
        self.browser.open(self.file, **options)

    def press(self, *keys: str) -> None:
        for key in keys:
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            event = {"key": key, "windowsVirtualKeyCode": NAMED_KEYS.get(key, ord(key[0].upper()))}
            if text:
                event |= {"text": text}
            self.browser.call("Input.dispatchKeyEvent", type="keyDown", **event)
            self.browser.call("Input.dispatchKeyEvent", type="keyUp", **event)
        self.settle()

    def settle(self) -> None:
        """Let the page do what it does in its next frame."""
        twice = "requestAnimationFrame(() => requestAnimationFrame(r))"
        self.browser.evaluate(f"new Promise(r => {twice})")

    def read(self, selector: str) -> str:
        text = self.browser.evaluate(f"document.querySelector({selector!r}).textContent")
        return " ".join(text.split())

    def shows(self, selector: str) -> bool:
        return bool(self.browser.evaluate(f"document.querySelector({selector!r}).offsetHeight > 0"))

    def ticked(self) -> set[str]:
        boxes = "[...document.querySelectorAll('#choices input')].map(b => b.checked)"
        return {f for f, on in zip(FRAMES, self.browser.evaluate(boxes), strict=True) if on}

    def save(self) -> Path:
        """Press the button, and wait for the file."""
        self.browser.events.clear()
        self.browser.evaluate("document.querySelector('#save').click()")
        while True:
            for event in self.browser.events:
                told = event.get("params", {})
                if (
                    event.get("method") == "Browser.downloadProgress"
                    and told["state"] != "inProgress"
                ):
                    assert told["state"] == "completed"
                    return max(self.downloads.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            self.browser.receive_event()

    def give_file(self, path: Path) -> None:
        """Choose a file in the page's file field."""
        root = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        node = self.browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
        self.settle()
        self.settle()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, forum: Forum, tmp_path: Path) -> Page:
    draw(forum, TEXTS)
    told = hand_out("--format", "html")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    return Page(browser, Path(told["file"]), downloads)


def go_to(page: Page, text: str) -> None:
    """Page on to the post with a text, or to the one that hides it."""
    embedded = "JSON.parse(document.querySelector('#sheet').textContent).posts.map(p => p.text)"
    wanted = page.browser.evaluate(embedded).index(text) + 1
    page.press(*["p"] * 3, *["n"] * (wanted - 1))
    assert page.read("#place") == f"Post {wanted} of 3"


def test_three_posts_are_coded_by_keyboard_saved_and_imported(page: Page, forum: Forum) -> None:
    page.open()
    go_to(page, TEXTS[0])
    assert page.read("#text") == TEXTS[0]
    page.press("2", "8", "2", "6")
    assert page.ticked() == {FRAMES[7], FRAMES[5]}
    assert page.read("#state") == "coded: 2 frames"
    page.press("m")
    page.browser.call("Input.insertText", text="2 and 8 were hard to tell")
    page.press("1", "Escape")  # a key in the note is a letter of it
    assert page.ticked() == {FRAMES[7], FRAMES[5]}
    go_to(page, TEXTS[2])
    page.press("Enter")
    go_to(page, TEXTS[1])
    page.press("s", "2", "Enter")
    assert page.read("#count") == "3 of 3 done"
    assert "not saved to a file yet" in page.read("#kept")
    saved = page.save()
    assert "not saved" not in page.read("#kept")
    assert saved.name.startswith("coding-A-20")
    assert saved.suffix == ".json"
    assert TEXTS[0] not in saved.read_text()
    (told,) = take_back(str(saved))
    assert (told["kind"], told["coded"], told["skipped"], told["refused"]) == ("page", 2, 1, 0)
    posts = dict(zip(TEXTS, (1, 2, 3), strict=True))
    assert codes_of(forum, posts[TEXTS[0]]) == {FRAMES[5], FRAMES[7]}
    assert codes_of(forum, posts[TEXTS[2]]) == set()
    kept = stored(forum)
    assert [row[:3] for row in kept["skips"]] == [(posts[TEXTS[1]], "A", list(SKIP_REASONS)[1])]
    assert [row[2] for row in kept["coding_notes"]] == ["2 and 8 were hard to tell1"]


def test_a_post_with_a_content_note_is_hidden_until_it_is_asked_for(page: Page) -> None:
    page.open()
    go_to(page, TEXTS[1])
    assert page.shows("#warning")
    assert "suicide or self-harm" in page.read("#warning")
    assert not page.shows("#text")
    assert page.read("#text") == ""
    page.press("1", "Enter")  # nobody codes what they have not read
    assert page.ticked() == set()
    assert page.read("#count") == "0 of 3 done"
    page.press("v")
    assert page.read("#text") == TEXTS[1]
    assert not page.shows("#warning")
    page.press("1")
    assert page.ticked() == {FRAMES[0]}


def test_a_skip_can_be_taken_back_and_going_back_skips_nothing(page: Page) -> None:
    page.open()
    go_to(page, TEXTS[0])
    page.press("s", "Escape")
    assert page.read("#count") == "0 of 3 done"
    page.press("3", "s", "1", "Enter")
    go_to(page, TEXTS[0])
    assert page.shows("#skipped")
    assert page.read("#text") == ""
    page.press("4")
    assert page.ticked() == set()
    page.press("u")
    assert page.read("#text") == TEXTS[0]
    assert page.read("#count") == "0 of 3 done"


def test_the_browser_keeps_answers_and_a_saved_file_goes_on_elsewhere(page: Page) -> None:
    page.open()
    go_to(page, TEXTS[0])
    page.press("5")
    saved = page.save()
    page.open()
    assert page.read("#count") == "1 of 3 done"
    page.press("?")
    page.browser.evaluate("document.querySelector('#forget').click()")
    page.open()
    assert page.read("#count") == "0 of 3 done"
    page.give_file(saved)
    assert page.read("#count") == "1 of 3 done"
    go_to(page, TEXTS[0])
    assert page.ticked() == {FRAMES[4]}
    other = json.loads(saved.read_text()) | {"sheet": "another"}
    saved.write_text(json.dumps(other))
    page.give_file(saved)
    assert "belongs to another sheet" in page.read("#trouble")
    saved.write_text("{")
    page.give_file(saved)
    assert "cannot be read" in page.read("#trouble")


def test_pause_hides_every_word_of_the_post(page: Page) -> None:
    page.open()
    go_to(page, TEXTS[0])
    page.press("b")
    box = (
        "(() => { const b = document.querySelector('#text').getBoundingClientRect();"
        "return document.elementFromPoint(b.left + 5, b.top + 5).id })()"
    )
    assert page.browser.evaluate(box) == "pause"
    page.press("Enter")
    assert not page.shows("#pause")
    assert page.read("#count") == "0 of 3 done"


def test_nothing_is_requested_and_nothing_could_be(page: Page) -> None:
    page.open()
    page.press("1", "Enter", "?", "Escape", "n", "p")
    asked = [
        event["params"]["request"]["url"]
        for event in page.browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    troubles = ("Runtime.exceptionThrown", "Log.entryAdded")
    assert [e for e in page.browser.events if e.get("method") in troubles] == []
    sent = page.browser.evaluate(
        "Promise.all(['http://127.0.0.1:9/', location.href].map("
        "(u) => fetch(u).then(() => 'sent', (e) => e.name)))"
    )
    assert sent == ["TypeError", "TypeError"]
    image = (
        "new Promise((r) => { const i = new Image(); i.onload = () => r('shown');"
        "i.onerror = () => r('refused'); i.src = 'http://127.0.0.1:9/a.png' })"
    )
    assert page.browser.evaluate(image) == "refused"
    refused = [e for e in page.browser.events if e.get("method") == "Log.entryAdded"]
    assert sum("Content Security Policy" in e["params"]["entry"]["text"] for e in refused) >= 3


@pytest.mark.parametrize("width", [320, 1280])
def test_no_state_is_wider_than_the_window(page: Page, width: int) -> None:
    page.open(width=width)
    for keys in (("1",), ("n",), ("n",), ("s",), ("Escape", "?"), ("Escape", "b"), ("Escape",)):
        page.press(*keys)
        assert page.browser.evaluate("document.documentElement.scrollWidth") <= width, keys
    page.browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.browser.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name_and_changes_are_told(page: Page) -> None:
    page.open()
    unnamed = page.browser.evaluate(
        "[...document.querySelectorAll('button, input, textarea, summary, progress')].filter(e =>"
        " !(e.textContent.trim() || e.ariaLabel || (e.labels && e.labels.length))).map(e => e.id)"
    )
    assert unnamed == []
    named = page.browser.evaluate(
        "[...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].every(e =>"
        " document.getElementById(e.getAttribute('aria-labelledby') ||"
        " e.getAttribute('aria-describedby')).textContent.trim())"
    )
    assert named
    ids = page.browser.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert page.browser.evaluate("document.documentElement.lang") == "en"
    go_to(page, TEXTS[0])
    assert page.browser.evaluate("document.activeElement.id") == "place"
    page.press("1")
    assert page.read("#said") == "Economic value: ticked"
    page.press("n")
    assert page.read("#said").startswith("Post ")


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.open()
    go_to(page, TEXTS[0])
    page.press("?")
    page.browser.evaluate("document.querySelector('#onekey').click()")
    page.press("Escape", "1", "n")
    assert page.ticked() == set()
    assert page.browser.evaluate("document.querySelectorAll('#frames kbd')[0].offsetHeight") == 0


def test_text_stands_out_from_its_ground_in_light_and_dark(page: Page) -> None:
    page.open()
    for scheme in ("light", "dark"):
        page.browser.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        ratios = page.browser.evaluate(
            """(() => {
            const style = getComputedStyle(document.documentElement);
            const light = (name) => {
                let hex = style.getPropertyValue(name).trim().slice(1);
                if (hex.length === 3) hex = [...hex].map(c => c + c).join("");
                const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            return [["--ink", "--paper"], ["--ink", "--card"], ["--soft", "--paper"],
                ["--soft", "--card"], ["--soft", "--wash"], ["--accent", "--paper"],
                ["--accent", "--card"], ["--accent", "--wash"], ["--accent-ink", "--accent"],
                ["--note", "--note-wash"]].map(([a, b]) => {
                    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
                    return (x + .05) / (y + .05);
                });
            })()"""
        )
        assert min(ratios) >= 4.5, (scheme, ratios)
    page.browser.call("Emulation.setEmulatedMedia", features=[])
