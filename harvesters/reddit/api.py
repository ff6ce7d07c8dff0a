"""Reddit's API as PRAW speaks it, with every request through the polite client.

PRAW is given all its settings here: no `praw.ini` and no environment variable is looked at, since
either could lead the study's credentials elsewhere. It never waits by itself; the polite client
has waited already. What PRAW and prawcore raise becomes an error of `harvesters.base`, and so does
what they stumble over in an answer that is not Reddit's.
"""

import configparser
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import praw
from praw.config import Config
from praw.exceptions import PRAWException
from praw.models import Comment, Listing, MoreComments, Submission, Subreddit
from prawcore.exceptions import (
    Forbidden,
    InsufficientScope,
    InvalidToken,
    NotFound,
    OAuthException,
    PrawcoreException,
    Redirect,
    RequestException,
    ResponseException,
    UnavailableForLegalReasons,
)
from prawcore.sessions import FiniteRetryStrategy

from harvesters.base import Blocked, Gone, HarvestError, ParseError, SourceSpec
from harvesters.client import PoliteClient
from harvesters.gated_session import GatedSession

PAGE_SIZE = 100  # the API's maximum, of listings and of `info`
Things = tuple[dict[str, Any], ...]
_Kind = TypeVar("_Kind")

_QUESTIONS = ("/api/v1/access_token", "/api/morechildren/")
_SETTINGS: Mapping[str, Any] = {
    "user_agent": "valuetalk",  # PRAW asks for one; the polite client sends the study's own
    "username": None,
    "password": None,
    "redirect_uri": None,
    "refresh_token": None,
    "check_for_updates": False,
    "check_for_async": False,
    "ratelimit_seconds": -1,  # PRAW sleeps where Reddit asks for no more than this
    "timeout": 60,
    "window_size": 600,
    "comment_kind": "t1",
    "redditor_kind": "t2",
    "submission_kind": "t3",
    "message_kind": "t4",
    "subreddit_kind": "t5",
    "trophy_kind": "t6",
}
_UNAUTHORISED = (401, 403)
_WITHOUT_REASON = (401,)  # what prawcore stumbles over where a refusal gives no reason
_REFUSALS = (
    *(Forbidden, InsufficientScope, InvalidToken, OAuthException),
    UnavailableForLegalReasons,
)
_PUBLIC = frozenset({"public", "restricted", "archived"})
_BROKEN = (  # what PRAW stumbles over where an answer is not Reddit's
    *(AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, and the thing after which the next begins; None where it ends."""

    things: Things
    after: str | None


@dataclass(frozen=True, slots=True)
class Tree:
    """A submission with its comments; `whole` unless some were left, `failure` says why."""

    submission: dict[str, Any]
    comments: Things
    whole: bool
    failure: HarvestError | None


class _WithoutWaiting(FiniteRetryStrategy):
    """Asks again at once for what the polite client has spaced already."""

    def sleep(self) -> None:
        """Leave all waiting to the polite client."""


class RedditApi:
    """Reads Reddit with an application's credentials, and never writes.

    Parameters
    ----------
    spec : SourceSpec
        Its `url` is Reddit's, or that of a server which stands in for it.
    client : PoliteClient
        Sends every request.
    """

    def __init__(self, spec: SourceSpec, client: PoliteClient) -> None:
        _keep_files_out()
        _hush()
        reddit_url, oauth_url = _addresses(spec.url)
        if not spec.secrets.get("client_id") or not spec.secrets.get("client_secret"):
            raise Blocked(
                f"{spec.source} has no client_id and client_secret; name the environment variables "
                "that hold them in the source's entry"
            )
        self._reddit = praw.Reddit(
            site_name="DEFAULT",
            requestor_kwargs={"session": GatedSession(client, questions=_QUESTIONS)},
            client_id=spec.secrets["client_id"],
            client_secret=spec.secrets["client_secret"],
            oauth_url=oauth_url,
            reddit_url=reddit_url,
            short_url=reddit_url,
            **_SETTINGS,
        )
        core: Any = self._reddit._core  # noqa: SLF001 # no other place says how to try again
        core._retry_strategy_class = _WithoutWaiting  # noqa: SLF001 # as above
        self._told = partial(_told, spec.source)

    def page(self, subreddit: str, listing: str, *, after: str | None) -> Page:
        """Read one page of a subreddit's listing, newest first."""
        position = {} if after is None else {"after": after}
        with self._told():
            answer = self._reddit.get(
                f"r/{subreddit}/{listing}", params={"limit": PAGE_SIZE, **position}
            )
            listed = _of(Listing, answer)
            following = None if listed.after is None else _of(str, listed.after)
            return Page(tuple(map(_fields, listed.children)), following)

    def info(self, names: Sequence[str]) -> Things:
        """Read the things with these fullnames; those that are not there are left out."""
        with self._told():
            return tuple(map(_fields, self._reddit.info(fullnames=names)))

    def shows(self, subreddit: str) -> bool:
        """Tell whether a subreddit is there and open to everybody."""
        try:
            with self._told():
                about = vars(_of(Subreddit, self._reddit.get(f"r/{subreddit}/about/")))
                return (
                    about.get("subreddit_type") in _PUBLIC
                    and str(about.get("display_name")).lower() == subreddit.lower()
                )
        except (Blocked, Gone):
            return False

    def tree(self, name: str, *, requests: int) -> Tree:
        """Read a submission and its comments, with at most so many requests.

        Raises a `HarvestError` where not even the first page of it could be read.
        """
        submission = self._reddit.submission(name.partition("_")[2])
        with self._told():
            forest = submission.comments
        left: list[MoreComments] = []
        failure: HarvestError | None = None
        try:
            with self._told():
                left = forest.replace_more(limit=max(requests - 1, 0))
        except HarvestError as error:
            failure = error
        with self._told():
            comments = tuple(filter(None, map(_fields, forest.list())))
            return Tree(_fields(submission), comments, not left and failure is None, failure)


def _addresses(url: str) -> tuple[str, str]:
    """Return where tokens are got and where things are read."""
    host = urlsplit(url).hostname or ""
    if host == "reddit.com" or host.endswith(".reddit.com"):
        return "https://www.reddit.com", "https://oauth.reddit.com"
    return url, url


def _keep_files_out() -> None:
    """Give PRAW an empty configuration, before it looks for files in the working directory."""
    with Config.LOCK:
        Config.CONFIG = configparser.ConfigParser(interpolation=None)


def _of(kind: type[_Kind], value: object) -> _Kind:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _fields(thing: object) -> dict[str, Any]:
    """Return what PRAW keeps of a comment or submission as plain values; else nothing."""
    if not isinstance(thing, Comment | Submission):
        return {}
    fields = {name: value for name, value in vars(thing).items() if not name.startswith("_")}
    kind = "t1" if isinstance(thing, Comment) else "t3"
    author, subreddit = fields.get("author"), fields.get("subreddit")
    named = {} if author is None else {"author": vars(author).get("name")}
    within = {} if subreddit is None else {"subreddit": vars(subreddit).get("display_name")}
    return {**fields, **named, **within, "name": f"{kind}_{fields.get('id')}"}


@contextmanager
def _told(source: str) -> Iterator[None]:
    """Turn what PRAW raises into the harvest's own errors, which quote nothing."""
    try:
        yield
    except (PrawcoreException, PRAWException, *_BROKEN) as error:
        raise _meaning(source, error) from None


def _meaning(source: str, error: Exception) -> HarvestError:
    if isinstance(error, RequestException) and isinstance(error.original_exception, HarvestError):
        return error.original_exception
    if isinstance(error, _REFUSALS) or error.args == _WITHOUT_REASON or _is_unauthorised(error):
        return Blocked(
            f"{source} refused the study's access ({type(error).__name__}); check client id, "
            "secret and approval, and whether the subreddit is private"
        )
    if isinstance(error, NotFound | Redirect):
        return Gone(
            f"{source} has no such subreddit or thread, or it was closed; check the names of its "
            "communities"
        )
    return ParseError(
        f"{source} answered with something that Reddit's API does not promise; check the source's "
        "url, or whether PRAW has to be brought up to date"
    )


def _is_unauthorised(error: Exception) -> bool:
    return isinstance(error, ResponseException) and error.response.status_code in _UNAUTHORISED


def _hush() -> None:
    """Keep PRAW from logging addresses and fields of forms, whatever the logging is set to."""
    for name in ("praw", "prawcore"):
        logger = logging.getLogger(name)
        if _silent not in logger.filters:
            logger.addFilter(_silent)


def _silent(_: logging.LogRecord) -> bool:
    return False
