"""HTML and SVG by construction: text is escaped unless it is already `Html`.

A label from the field (a community's name, a topic's terms) passes through `escape` whatever it
holds, so no caller has to remember to.
"""

import html
import re
from collections.abc import Iterable

Attribute = str | int | float | bool | None

# Control and direction characters reorder or hide what stands beside them; the reader sees that
# something stood there. The list is that of Unicode TR 36 and the "Trojan Source" report (2021).
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SHAPES = frozenset({"circle", "line", "path", "rect", "use"})
_VOID = frozenset({"br", "input"})


class Html(str):
    """Text that is markup already and is not escaped again."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Return `text` safe for an element or a quoted attribute, hidden characters made visible."""
    return Html(html.escape(_HIDDEN.sub("\ufffd", text), quote=True))


def join(parts: Iterable[str], separator: str = "") -> Html:
    """Return the parts one after another; those that are not `Html` are escaped."""
    between = separator if isinstance(separator, Html) else escape(separator)
    return Html(between.join(p if isinstance(p, Html) else escape(p) for p in parts))


def number(value: float) -> str:
    """Return a coordinate with at most one decimal, as short as it can be written."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def _attribute(name: str, value: Attribute) -> str:
    written = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {written}"
    if isinstance(value, float):
        return f' {written}="{number(value)}"'
    return f' {written}="{escape(str(value))}"'


def element(name: str, /, *children: str, **attributes: Attribute) -> Html:
    """Return one element.

    Parameters
    ----------
    name : str
        Tag name.
    *children : str
        Content; what is not `Html` is escaped.
    **attributes
        `class_` stands for `class`, `_` for `-`; None and False leave the attribute out.
    """
    kept = [
        _attribute(key, value)
        for key, value in attributes.items()
        if value is not None and value is not False
    ]
    opened = f"<{name}{''.join(kept)}"
    if name in _SHAPES and not children:
        return Html(f"{opened}/>")
    if name in _VOID:
        return Html(f"{opened}>")
    return Html(f"{opened}>{join(children)}</{name}>")


def table(
    headings: Iterable[str],
    rows: Iterable[Iterable[str]],
    *,
    caption: str | None = None,
    class_: str | None = None,
) -> Html:
    """Return a table whose first column heads its rows."""
    head = element("tr", *(element("th", cell, scope="col") for cell in headings))
    body = []
    for row in rows:
        first, *others = row
        cells = (other if _is_cell(other) else element("td", other) for other in others)
        body.append(element("tr", element("th", first, scope="row"), *cells))
    return element(
        "table",
        element("caption", caption) if caption else Html(),
        element("thead", head),
        element("tbody", *body),
        class_=class_,
    )


def _is_cell(content: str) -> bool:
    return isinstance(content, Html) and content.startswith("<td")


def disclosure(summary: str, *content: str, class_: str | None = None) -> Html:
    """Return content that a reader opens, with or without scripts."""
    return element("details", element("summary", summary), *content, class_=class_)
