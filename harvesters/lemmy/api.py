"""The two versions of Lemmy's API: where they lie, how they name a page, what their refusals mean.

Version 4 comes with servers from 1.0 on and gives every page a cursor. Version 3 has cursors for
posts from 0.19 on, and numbered pages otherwise, where two empty pages in a row are the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from harvesters.base import Blocked, Gone, ParseError, RateLimited, SourceSpec
from harvesters.client import Params, PoliteClient, Response
from harvesters.json_fields import json_object, optional_text, text_field, web_address
from harvesters.lemmy.posts import listed
from harvesters.page_walk import Page
from harvesters.reading import site_host

PAGE_SIZE = 50  # the API's maximum
BAD_REQUEST = 400
Kind = Literal["post", "comment"]
_NUMBERED, _CURSOR, _AFTER_EMPTY = "page ", "cursor ", " after an empty one"
_PRIVATE = frozenset({"instance_is_private", "not_logged_in"})
_BUSY = frozenset({"rate_limit_error", "too_many_requests"})


@dataclass(frozen=True, slots=True)
class _Version:
    path: str
    newest_first: str


_V3 = _Version("/api/v3", "New")
_V4 = _Version("/api/v4", "new")


class LemmyApi:
    """Asks one server in the newest version that it speaks."""

    def __init__(self, spec: SourceSpec, client: PoliteClient) -> None:
        self._source = spec.source
        self._url = spec.url
        self._client = client
        self._version: _Version | None = None
        self._domain = site_host(spec.url)

    @property
    def domain(self) -> str:
        """The name that the server's accounts carry; it need not be the web address."""
        self._spoken()
        return self._domain

    def community(self, name: str) -> Mapping[str, Any]:
        """Return what the server says of a community; raises `Gone` where it has none such."""
        answer = self._ask("/community", {"name": name})
        view = answer.get("community_view")
        if not isinstance(view, Mapping):
            raise ParseError(f"{self._url} answered for a community without one")
        return view

    def page(self, kind: Kind, bounds: Params, token: str | None) -> Page:
        """Return a page of posts or comments, newest first, as a token names it."""
        version = self._spoken()
        params: Params = {
            **bounds,
            **_named_page(token),
            "type_": "All",
            "sort": version.newest_first,
            "limit": PAGE_SIZE,
        }
        if version is _V4:
            params = {**params, "type_": "all"}
        response = self._get(f"{version.path}/{kind}/list", params)
        answer = json_object(response.content, what=self._url)
        items = listed(answer, what=self._url)
        after = self._token_after(answer, token, is_empty=not items)
        return Page(listed=items, after=after, fetched_at=response.fetched_at)

    def one(self, kind: Kind, number: int) -> Mapping[str, Any] | None:
        """Return the view of one post or comment, or None where it is not there."""
        try:
            answer = self._ask(f"/{kind}", {"id": number})
        except Gone:
            return None
        (view,) = listed({k: v for k, v in answer.items() if k == f"{kind}_view"}, what=self._url)
        if not isinstance(view.get(kind), Mapping) or view[kind].get("id") != number:
            raise ParseError(f"{self._url} answered about something else than was asked for")
        checked: Mapping[str, Any] = view
        return checked

    def _token_after(
        self, answer: Mapping[str, Any], token: str | None, *, is_empty: bool
    ) -> str | None:
        cursor = optional_text(answer, "next_page")
        if cursor is not None:
            return f"{_CURSOR}{cursor}"
        by_cursor = token is not None and token.startswith(_CURSOR)
        if self._version is _V4 or by_cursor or (is_empty and (token or "").endswith(_AFTER_EMPTY)):
            return None
        number = 1 if token is None else int(token.removeprefix(_NUMBERED).partition(" ")[0])
        return f"{_NUMBERED}{number + 1}{_AFTER_EMPTY if is_empty else ''}"

    def _spoken(self) -> _Version:
        """Find out once which version the server speaks, and what it says of itself."""
        if self._version is None:
            try:
                self._version = self._try(_V4)
            except (Gone, ParseError):
                self._version = self._try(_V3)
        return self._version

    def _try(self, version: _Version) -> _Version:
        what = f"{self._url}{version.path}/site"
        answer = json_object(self._get(f"{version.path}/site", {}).content, what=what)
        view = answer.get("site_view")
        try:
            number = text_field(answer, "version")
        except ValueError:
            number = ""
        if not number or not isinstance(view, Mapping):
            raise ParseError(f"{what} does not answer as a Lemmy server; check the source's url")
        if version is _V4 and number.startswith("0."):
            raise ParseError(f"{what} is of a server whose version 4 is not finished")
        site, local = view.get("site"), view.get("local_site")
        if isinstance(local, Mapping) and local.get("private_instance") is True:
            raise self._closed()
        if isinstance(site, Mapping):
            address = web_address(site, "ap_id") or web_address(site, "actor_id")
            self._domain = urlsplit(address).netloc.lower() if address else self._domain
        return version

    def _ask(self, path: str, params: Params) -> dict[str, Any]:
        response = self._get(f"{self._spoken().path}{path}", params)
        return json_object(response.content, what=self._url)

    def _get(self, path: str, params: Params) -> Response:
        """Ask for one address; the API says with status 400 what is not there or not shown.

        Raises
        ------
        Gone, Blocked, RateLimited, ParseError
            As the refusal says.
        """
        response = self._client.get(f"{self._url}{path}", params=params, accept=(BAD_REQUEST,))
        if response.status != BAD_REQUEST:
            return response
        error = _refusal(response.content)
        if "not_found" in error or error.startswith("couldnt_find"):
            raise Gone(f"{self._url} does not have what was asked for")
        if error in _PRIVATE:
            raise self._closed()
        if error in _BUSY:
            raise RateLimited(f"{self._url} is asked too much; the next harvest goes on")
        raise ParseError(
            f"{self._url} refuses to list posts; see whether the source's url is that of a Lemmy "
            "server and its communities are `name` or `name@server`"
        )

    def _closed(self) -> Blocked:
        return Blocked(
            f"{self._source} shows its communities to members only; ask its admins, or take the "
            "source out"
        )


def _named_page(token: str | None) -> Params:
    if token is None:
        return {}
    if token.startswith(_CURSOR):
        return {"page_cursor": token.removeprefix(_CURSOR)}
    return {"page": token.removeprefix(_NUMBERED).partition(" ")[0]}


def _refusal(content: bytes) -> str:
    try:
        return str(json_object(content, what="a refusal").get("error", ""))
    except ParseError:
        return ""
