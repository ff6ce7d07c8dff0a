"""Text stays text, whatever it holds."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from analysis.dashboard.markup import Html, element, escape, join, number, table


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(st.text(alphabet="<>&'\"/=\u202e\u2066ab \u0000\ud800", max_size=40))
def test_any_text_is_one_text_and_one_attribute(text: str) -> None:
    reader = Reader()
    reader.feed(element("p", text, title=text))
    reader.close()
    [(tag, attributes)] = reader.tags
    assert tag == "p"
    assert [name for name, _ in attributes] == ["title"]
    shown = text.translate(dict.fromkeys((0x202E, 0x2066, 0, 0xD800), "\ufffd"))
    assert attributes[0][1] == shown
    assert "".join(reader.texts) == shown


def test_direction_and_control_characters_become_visible() -> None:
    assert escape("a\u202eb\u2066c\u200fd\u0007") == "a\ufffdb\ufffdc\ufffdd\ufffd"


def test_markup_is_not_escaped_twice() -> None:
    inner = element("b", "R&D")
    assert element("p", inner, " & more") == "<p><b>R&amp;D</b> &amp; more</p>"
    assert join([inner, "<"], ", ") == "<b>R&amp;D</b>, &lt;"


def test_attributes_are_named_as_in_html_and_left_out_when_none() -> None:
    made = element("p", class_="a", aria_label="b", id=None, hidden=True, data_x=False, width=1.25)
    assert made == '<p class="a" aria-label="b" hidden width="1.2"></p>'


def test_shapes_close_themselves() -> None:
    assert element("path", d="M0 0") == '<path d="M0 0"/>'


def test_numbers_are_short() -> None:
    assert [number(v) for v in (1.0, 1.25, -0.01, 100.04)] == ["1", "1.2", "0", "100"]


def test_a_table_heads_its_rows() -> None:
    made = table(["A", "B"], [["<x>", Html("<td>1</td>")], ["y", "2"]])
    assert '<th scope="row">&lt;x&gt;</th><td>1</td>' in made
    assert '<th scope="row">y</th><td>2</td>' in made
