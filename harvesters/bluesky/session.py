"""The study's own account on Bluesky: searches are shown to nobody without one.

A session begins with the account's name and an app password and lives for a few hours; its second
token gives another one. What is read with it stands under the network's terms for accounts.
"""

import json
from collections.abc import Mapping
from typing import Any

from harvesters.base import Blocked, ParseError, SourceSpec
from harvesters.client import Params, PoliteClient, Response
from harvesters.json_fields import json_object, text_field

SERVER = "https://bsky.social"
REFUSALS = (400, 401)
_EXPIRED = frozenset({"ExpiredToken", "InvalidToken"})
_JSON = "application/json"


class BlueskySession:
    """Reads with a bearer token, which is fetched when it is first needed and kept alive."""

    def __init__(self, spec: SourceSpec, client: PoliteClient) -> None:
        self._source = spec.source
        self._client = client
        self._server = str(spec.options.get("server", SERVER)).rstrip("/")
        self._is_secret = self._server.startswith("https://") or spec.allow_private
        self._username = spec.secrets.get("username", "")
        self._password = spec.secrets.get("password", "")
        self._access = ""
        self._refresh = ""

    @property
    def is_possible(self) -> bool:
        """Whether the source has an account's name and its app password."""
        return bool(self._username and self._password)

    def get(self, method: str, params: Params) -> Response:
        """Ask a method of the AppView through the account's server.

        Raises
        ------
        Blocked
            If the account is refused.
        ParseError
            If the server refuses the question itself.
        """
        if not self._access:
            self._begin()
        response = self._ask(method, params)
        if _is_expired(response):
            self._renew()
            response = self._ask(method, params)
        if _is_expired(response) or response.status == REFUSALS[1]:
            raise self._refused()
        if response.status in REFUSALS:
            raise ParseError(
                f"{self._server} refuses a search of {self._source}; see whether its words are "
                "what a search may hold"
            )
        return response

    def _ask(self, method: str, params: Params) -> Response:
        return self._client.get(
            f"{self._server}/xrpc/{method}",
            params=params,
            headers={"Authorization": f"Bearer {self._access}"},
            accept=REFUSALS,
            own_terms=True,
        )

    def _begin(self) -> None:
        if not self._is_secret:
            raise Blocked(
                f"{self._source} would send a password unencrypted; write its option server with "
                "https://"
            )
        account = {"identifier": self._username, "password": self._password}
        response = self._client.post(
            f"{self._server}/xrpc/com.atproto.server.createSession",
            body=json.dumps(account).encode(),
            content_type=_JSON,
            accept=REFUSALS,
            own_terms=True,
        )
        if response.status in REFUSALS:
            raise self._refused()
        self._keep(response)

    def _renew(self) -> None:
        """Fetch another token with the second one; begin again where that has lapsed too."""
        response = self._client.post(
            f"{self._server}/xrpc/com.atproto.server.refreshSession",
            body=b"",
            content_type=_JSON,
            headers={"Authorization": f"Bearer {self._refresh}"},
            accept=REFUSALS,
            own_terms=True,
        )
        if response.status in REFUSALS:
            self._begin()
        else:
            self._keep(response)

    def _keep(self, response: Response) -> None:
        answer = json_object(response.content, what=self._server)
        try:
            self._access = text_field(answer, "accessJwt")
            self._refresh = text_field(answer, "refreshJwt")
        except ValueError:
            raise ParseError(
                f"{self._server} began a session without its tokens; see whether it is a server "
                "of the AT Protocol"
            ) from None

    def _refused(self) -> Blocked:
        return Blocked(
            f"{self._server} refuses the account of {self._source}; check the account's name and "
            "its app password in the environment"
        )


def _is_expired(response: Response) -> bool:
    if response.status not in REFUSALS:
        return False
    return error_of(response.content) in _EXPIRED


def error_of(content: bytes) -> str:
    """Return the name of the error that a refusal carries, or nothing."""
    return str(error_fields(content).get("error", ""))


def error_fields(content: bytes) -> Mapping[str, Any]:
    """Return what a refusal says."""
    try:
        return json_object(content, what="a refusal")
    except ParseError:
        return {}
