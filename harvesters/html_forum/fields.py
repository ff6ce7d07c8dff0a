"""How a profile names places on a page: CSS or XPath, compiled once, and what is read there.

A field is written as `selector` (the text there) or `selector@attribute`; `.` is the element
itself. Where that is not enough it is a table with `select`, `attribute` and `pattern`, a regular
expression whose first group is what is meant. Of a list of fields the first that gives a value
counts. A selector that begins with `xpath:` is XPath.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

XPATH = "xpath:"
ITSELF = "."
_ATTRIBUTE = re.compile(r"@(?P<name>[A-Za-z][\w:.-]*)$")

Found = list[Any]
Finder = Callable[[HtmlElement], Found]


def compile_selector(text: str) -> Finder:
    """Return what finds the places of a selector below an element; raises ValueError."""
    if text.strip() == ITSELF:
        return lambda element: [element]
    try:
        if text.startswith(XPATH):
            found = etree.XPath(text.removeprefix(XPATH))
        else:
            found = CSSSelector(text, translator="html")
    except (etree.XPathError, SyntaxError, ValueError) as error:
        raise ValueError(
            f"the selector {text!r} cannot be read ({error}); write CSS such as 'div.post > a', or "
            "XPath after 'xpath:'"
        ) from None
    return partial(_found, found)


def _found(selector: etree.XPath, element: HtmlElement) -> Found:
    found = selector(element)
    return found if isinstance(found, list) else [found]


class Selector:
    """A compiled selector; two of the same text are equal."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._find = compile_selector(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selector) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def all(self, element: HtmlElement) -> list[HtmlElement]:
        """Return the elements that are found at or below `element`."""
        return [found for found in self._find(element) if isinstance(found, HtmlElement)]

    def first(self, element: HtmlElement) -> HtmlElement | None:
        """Return the first of them."""
        return next(iter(self.all(element)), None)

    def values(self, element: HtmlElement) -> Iterator[HtmlElement | str]:
        """Yield elements, and the texts and attributes that XPath can find."""
        for found in self._find(element):
            if isinstance(found, HtmlElement | str):
                yield found


def _as_selector(text: object) -> object:
    if isinstance(text, Selector):
        return text
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a selector is a text such as 'div.post'")
    return Selector(text)


Place = Annotated[Selector, BeforeValidator(_as_selector)]


def _with_group(pattern: re.Pattern[str] | None) -> re.Pattern[str] | None:
    if pattern is not None and pattern.groups < 1:
        raise ValueError("the pattern has no group: put brackets around the part that is meant")
    return pattern


class Field(BaseModel):
    """One value on a page: where it is, what is read there, and which part of that is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    select: Place
    attribute: str | None = None
    pattern: Annotated[re.Pattern[str] | None, AfterValidator(_with_group)] = None

    def values(self, element: HtmlElement) -> Iterator[str]:
        """Yield what stands at each place, blanks collapsed, empty ones left out."""
        for found in self.select.values(element):
            value = self._value(found)
            if value:
                yield value

    def _value(self, found: HtmlElement | str) -> str:
        if isinstance(found, str):
            text = found
        elif self.attribute is not None:
            text = found.get(self.attribute.lower()) or ""
        else:
            text = str(found.text_content())
        text = " ".join(text.split())
        if self.pattern is None or not text:
            return text
        match = self.pattern.search(text)
        return (match[1] or "").strip() if match else ""


def _as_field(value: object) -> object:
    if not isinstance(value, str):
        return value
    attribute = None if value.startswith(XPATH) else _ATTRIBUTE.search(value)
    if attribute is None:
        return {"select": value}
    return {"select": value[: attribute.start()] or ITSELF, "attribute": attribute["name"]}


def _as_fields(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Fields = Annotated[
    tuple[Annotated[Field, BeforeValidator(_as_field)], ...], BeforeValidator(_as_fields)
]


def first_value(fields: tuple[Field, ...], element: HtmlElement) -> str:
    """Return the first value that one of the fields gives; empty where none does."""
    for each in fields:
        for value in each.values(element):
            return value
    return ""


def all_values(fields: tuple[Field, ...], element: HtmlElement) -> list[str]:
    """Return every value of every field."""
    return [value for each in fields for value in each.values(element)]
