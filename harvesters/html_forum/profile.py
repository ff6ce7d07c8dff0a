"""Forum profiles: what is known of one forum software's pages, as data that people can write.

A profile is a TOML file, shipped in `harvesters/profiles` or lying in the study's own folder. It is
checked strictly: a key that does not exist, a selector that cannot be read and a field that is
missing are refused with the file, the key and what to write. docs/forum-profiles.md is its manual.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from lxml.html import HtmlElement
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from harvesters.base import HarvestError
from harvesters.html_forum.dates import DateOrder, DateReader
from harvesters.html_forum.fields import Fields, Place

SHIPPED = Path(__file__).parents[1] / "profiles"
Evidence = Literal["real server", "recording", "shipped template", "unverified"]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_LONGEST_SHOWN = 60


class ProfileError(HarvestError):
    """A profile is not there, or not what a profile has to be."""


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone; write one such as 'Europe/London' or 'UTC'"
        ) from None
    return name


def _address(*known: str) -> AfterValidator:
    """Check the names in the braces of an address."""

    def checked(template: str) -> str:
        wrong = sorted(set(_PLACEHOLDER.findall(template)) - set(known))
        if wrong:
            allowed = ", ".join(f"{{{name}}}" for name in known)
            raise ValueError(f"{{{wrong[0]}}} is not known in an address; use {allowed}")
        return template

    return AfterValidator(checked)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Detection(_Part):
    """Marks of the software on any of its pages: one is enough."""

    selectors: tuple[Place, ...] = ()
    texts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_mark(self) -> Self:
        if not self.selectors and not self.texts:
            raise ValueError("name at least one mark of the software under selectors or texts")
        return self


class DateRules(_Part):
    """How the board writes dates; `harvesters.html_forum.dates.DateReader` says what each means."""

    timezone: Annotated[str, AfterValidator(_is_zone)] = "UTC"
    order: DateOrder = "DMY"
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    today: tuple[str, ...] = ("Today",)
    yesterday: tuple[str, ...] = ("Yesterday",)


class BoardRules(_Part):
    """A page that lists the threads of a board.

    `marker` says that it is one; `skip` marks rows that are no threads of it (moved, advertising);
    `counts` says whether the count of a row is of replies or of all posts.
    """

    marker: Place
    thread: Place
    thread_id: Fields
    link: Fields
    count: Fields = ()
    counts: Literal["replies", "posts"] = "replies"
    last_post: Fields = ()
    last_page: Fields = ()
    sticky: Place | None = None
    skip: Place | None = None
    next_page: Fields = ()


class ThreadRules(_Part):
    """A page of a thread; `address` and `page_address` say where it is, and where its pages are."""

    marker: Place
    title: Fields
    count: Fields = ()
    counts: Literal["replies", "posts"] = "posts"
    page_number: Fields = ()
    page_count: Fields = ()
    next_page: Fields = ()
    previous_page: Fields = ()
    last_page: Fields = ()
    address: Annotated[str, _address("thread")] | None = None
    page_address: Annotated[str, _address("url", "page")] | None = None


class PostRules(_Part):
    """One post on the page of a thread.

    `guest` and `guest_names` tell authors without an account; `deleted` marks what was taken back
    though its place is still shown; `skip` what is no post; `automated` what a machine or a
    moderator's form wrote.
    """

    each: Place
    id: Fields
    author: Fields
    guest: Place | None = None
    guest_names: tuple[re.Pattern[str], ...] = ()
    time: Fields
    body: Place
    link: Fields = ()
    permalink: Annotated[str, _address("thread", "post")] | None = None
    edited: Fields = ()
    deleted: Place | None = None
    deleted_reason: Literal["removed", "deleted_by_author"] = "removed"
    skip: Place | None = None
    automated: Place | None = None


class BodyRules(_Part):
    """What in the body of a post are other people's words, names, or the page's own noise.

    `attributions` are the places that say who is quoted; in each, `quoted` finds the account.
    """

    quotes: tuple[Place, ...] = ()
    attributions: tuple[Place, ...] = ()
    quoted: Fields = ()
    mentions: tuple[Place, ...] = ()
    drop: tuple[Place, ...] = ()


class Marks(_Part):
    """Marks of pages that are no thread: asking for a login, or saying that it is not there."""

    login: tuple[Place, ...] = ()
    login_texts: tuple[str, ...] = ()
    missing: tuple[Place, ...] = ()
    missing_texts: tuple[str, ...] = ()


class Rules(_Part):
    """A whole profile, as its file says it."""

    name: str
    software: str
    versions: tuple[str, ...] = ()
    evidence: Evidence
    evidence_detail: str = ""
    notes: str = ""
    detect: Detection
    dates: DateRules = DateRules()
    board: BoardRules
    thread: ThreadRules
    post: PostRules
    body: BodyRules = BodyRules()
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was checked, with its digest and where it comes from."""

    rules: Rules
    digest: str
    shipped: bool

    @property
    def name(self) -> str:
        """As a source's option `profile` names it."""
        return self.rules.name

    @property
    def is_tested(self) -> bool:
        """Whether it was tested where it was written; nobody has tested a study's own profile."""
        return self.shipped and self.rules.evidence != "unverified"

    @property
    def evidence(self) -> str:
        """Against what the profile was tested."""
        if not self.is_tested:
            return "unverified"
        detail = self.rules.evidence_detail
        return f"{self.rules.evidence}: {detail}" if detail else self.rules.evidence

    def recognises(self, page: HtmlElement, text: str) -> bool:
        """Tell whether a page bears one of the software's marks."""
        detect = self.rules.detect
        lowered = text.lower()
        return any(mark.first(page) is not None for mark in detect.selectors) or any(
            mark.lower() in lowered for mark in detect.texts
        )

    def date_reader(self, options: Mapping[str, object]) -> DateReader:
        """Return the reader of the board's dates; a source's options go before the profile."""
        dates = self.rules.dates
        try:
            rules = DateRules(
                timezone=str(options.get("timezone", dates.timezone)),
                order=options.get("date_order", dates.order),
                formats=dates.formats,
                languages=_languages(options, dates),
                today=dates.today,
                yesterday=dates.yesterday,
            )
        except ValidationError as error:
            raise ProfileError(_refusal("the source's options", error)) from None
        return DateReader(**rules.model_dump())


def _languages(options: Mapping[str, object], dates: DateRules) -> tuple[str, ...]:
    named = str(options.get("language", "")).replace(",", " ").split()
    return tuple(named) or dates.languages


def shipped_names() -> list[str]:
    """Return the names of the profiles that come with the software."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Return a profile by its name: the study's own goes before a shipped one.

    Raises
    ------
    ProfileError
        If there is none, or it is not what a profile has to be.
    """
    if _NAME.fullmatch(name):
        for place in (folder, SHIPPED):
            path = place / f"{name}.toml" if place is not None else None
            if path is not None and path.is_file():
                return read_profile(path, shipped=place == SHIPPED)
    raise ProfileError(
        f"there is no forum profile {name[:_LONGEST_SHOWN]!r}; name one of "
        f"{', '.join(shipped_names())}, or write it into the study's folder of profiles"
    )


def read_profile(path: Path, *, shipped: bool = False) -> Profile:
    """Read and check the file of a profile; raises `ProfileError`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(
            f"{path.name} is no TOML file that can be read ({error}); correct it there"
        ) from None
    try:
        rules = Rules.model_validate(data)
    except ValidationError as error:
        raise ProfileError(_refusal(path.name, error)) from None
    if rules.name != path.stem:
        raise ProfileError(
            f"{path.name}: name is {rules.name[:_LONGEST_SHOWN]!r}; write the file's own name, "
            f"{path.stem!r}"
        )
    return Profile(rules, _digest(data), shipped)


def _digest(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a profile says; comments and the order of keys do not count."""
    plain = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _refusal(where: str, error: ValidationError) -> str:
    """Return one sentence for each wrong key of a profile."""
    sentences = []
    for found in error.errors(include_url=False):
        key = ".".join(str(step) for step in found["loc"] if not str(step).startswith("function"))
        sentences.append(f"{where}: {key or 'the profile'}: {_complaint(found)}")
    return "; ".join(dict.fromkeys(sentences))


def _complaint(found: Mapping[str, Any]) -> str:
    if found["type"] == "extra_forbidden":
        return "is not a key of a profile; take it out, or see docs/forum-profiles.md for its name"
    if found["type"] == "missing":
        return "is missing; write it as docs/forum-profiles.md says"
    if found["type"] == "value_error":
        return str(found["msg"]).removeprefix("Value error, ")
    return f"{found['msg']}; see docs/forum-profiles.md"
