"""A session of `requests` whose every request passes the one polite client.

Libraries that bring their own API client (PRAW) are given it in the place of a real session:
`requests` prepares addresses, forms and credentials as it always does, the polite client sends
them, and what comes back is a genuine `requests.Response`. The session has no adapter, so nothing
else of `requests` can open a connection. It only reads: GET, and POST to the paths that are named
as questions.

A library must not wait by the machine's clock for what the polite client has waited for already.
So the headers of rate limits, which that client obeys, are not passed on, and what it gave up
raises its own error instead of an answer that a library would try again.
"""

import io
from collections.abc import Collection
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from harvesters.base import Blocked, ResponseRefused
from harvesters.client import PoliteClient, Response
from harvesters.judgement import is_login, is_redirect

_EVERY_STATUS = range(100, 600)
_FORM = "application/x-www-form-urlencoded"
_NOT_PASSED_ON = frozenset(  # obeyed, undone or dropped before an answer comes here
    {"connection", "content-encoding", "content-length", "set-cookie", "transfer-encoding"}
)
_RATE_LIMITS = ("x-ratelimit-", "ratelimit-")


class GatedSession(requests.Session):
    """Passes requests on to the polite client, as questions of an API with terms of its own.

    Parameters
    ----------
    client : PoliteClient
        Sends every request; the source's approval takes the place of robots.txt.
    questions : collection of str
        Paths that POST may ask; one at a time over all processes of the machine, since an API may
        refuse the same credential two of them at once.
    """

    def __init__(self, client: PoliteClient, *, questions: Collection[str] = ()) -> None:
        super().__init__()
        self.adapters.clear()
        self.trust_env = False  # no credentials from ~/.netrc
        self._client = client
        self._questions = frozenset(path.rstrip("/") for path in questions)

    def request(  # type: ignore[override] # redirects, cookies, time-outs, TLS: the client's affair
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        json: Any = None,
        files: Any = None,
        **_: object,
    ) -> requests.Response:
        """Send one request through the polite client; redirects are answered, not followed.

        Raises
        ------
        ResponseRefused
            If it would write something, or asks what is no question of this session.
        HarvestError
            As `PoliteClient.get`; answers with any status that is not to be tried again are
            returned.
        """
        request = requests.Request(
            method.upper(),
            url,
            params=params,
            data=data,
            headers=headers,
            auth=auth,
            json=json,
            files=files,
        )
        prepared = self.prepare_request(request)
        self._refuse_unless_reading(prepared)
        answer = self._send_politely(prepared)
        _refuse_login_wall(answer)
        return _as_requests_answer(answer, prepared)

    def _refuse_unless_reading(self, prepared: requests.PreparedRequest) -> None:
        target = urlsplit(prepared.url or "")
        asks = prepared.method == "POST" and target.path.rstrip("/") in self._questions
        if prepared.method != "GET" and not asks:
            raise ResponseRefused(
                f"a {prepared.method} request was to be sent to {target.hostname}, which would "
                "write there; harvesters only read"
            )

    def _send_politely(self, prepared: requests.PreparedRequest) -> Response:
        url = prepared.url or ""
        authorization = prepared.headers.get("Authorization")
        headers = {"Authorization": _text(authorization)} if authorization else {}
        if prepared.method == "GET":
            return self._client.get(url, headers=headers, accept=_EVERY_STATUS, own_terms=True)
        with self._client.alone(url):
            return self._client.post(
                url,
                body=_bytes(prepared.body),
                content_type=_text(prepared.headers.get("Content-Type", _FORM)),
                headers=headers,
                accept=_EVERY_STATUS,
                own_terms=True,
            )


def _refuse_login_wall(answer: Response) -> None:
    """Raise `Blocked` where a site sends everybody to its login, whatever a library makes of it."""
    location = answer.headers.get("location", "")
    if is_redirect(answer.status, answer.headers) and is_login(urlsplit(location).path):
        raise Blocked(
            f"{urlsplit(answer.url).hostname} redirects to a login wall, which is never passed; "
            "take the source out, or ask the host"
        )


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _as_requests_answer(answer: Response, prepared: requests.PreparedRequest) -> requests.Response:
    """Return what `requests` would have made of an answer."""
    response = requests.Response()
    response.status_code = answer.status
    response.reason = _reason(answer.status)
    response.url = answer.url
    response.headers = CaseInsensitiveDict(
        {name: value for name, value in answer.headers.items() if _is_passed_on(name)}
    )
    response.headers["content-length"] = str(len(answer.content))
    response.encoding = get_encoding_from_headers(response.headers)
    response.raw = io.BytesIO(answer.content)
    response.request = prepared
    return response


def _is_passed_on(name: str) -> bool:
    return name not in _NOT_PASSED_ON and not name.startswith(_RATE_LIMITS)


def _reason(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")
