"""What people name when they ask for their words back, as the warehouse knows it.

Somebody writes a handle, an address or a phrase as they see it. Handles become author keys of every
place where the study reads that platform, addresses the ids of posts and threads that are held.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flows.setting_sections import ARCHIVE, SourceSettings
from flows.settings import Settings
from harvesters.addresses import without_tracking
from harvesters.archives.transcripts import PLATFORM as TRANSCRIPT
from harvesters.bluesky.posts import ACCOUNTS_HOST
from harvesters.reading import site_host
from warehouse.gateway import Warehouse
from warehouse.protection.hosts import plain_host
from warehouse.protection.keys import BY_ADDRESS, FEDERATED, KeyRing
from warehouse.protection.phrases import words_of
from warehouse.protection.redaction import redact

REDDIT = ("reddit", "reddit.com")
BLUESKY = ("bluesky", ACCOUNTS_HOST)
_POST = """
SELECT DISTINCT source, native_id FROM locators
WHERE ($source IS NULL OR source = $source) AND (
    regexp_replace(rtrim(url, '/'), '^https?://(www\\.)?', '', 'i') = $address
    OR item_key = $item_key)
ORDER BY ALL
"""
_THREAD = """
SELECT DISTINCT source, native_thread_id FROM (
    SELECT *, regexp_replace(rtrim(url, '/'), '^https?://(www\\.)?', '', 'i') AS address
    FROM locators WHERE $source IS NULL OR source = $source)
WHERE address = $address OR item_key = $item_key OR (
    starts_with(address, $address) AND address[len($address) + 1] IN ('/', '?', '#'))
ORDER BY ALL
"""


class RequestError(ValueError):
    """A request cannot be understood; the message says what is missing."""

    exit_code = 2


class NothingHeld(ValueError):
    """Nothing is held under an address that somebody gave."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Place:
    """An item of a source: a post or a thread by its native id."""

    source: str
    native_id: str


def author_keys(
    settings: Settings, keys: KeyRing, handle: str, *, platform: str | None, source: str | None
) -> list[str]:
    """Return the author keys of an account, one for each place where it may have posted.

    Parameters
    ----------
    settings : Settings
        The study's, which name the sources.
    keys : KeyRing
        The study's keys.
    handle : str
        The account as people write it: `ann`, `u/ann`, `@ann@b.example`.
    platform : str, optional
        All sources of this platform, where no source is named.
    source : str, optional
        The one source where the account is.

    Raises
    ------
    RequestError
        If it cannot be told where the account is.
    """
    if not handle.strip(" @/"):
        raise RequestError("the handle is empty; give it as it stands on the site")
    if source is not None:
        places = _homes(settings.source_named(source))
    elif platform is not None:
        places = [home for one in _of_platform(settings, platform) for home in _homes(one)]
        if platform in {*FEDERATED, BY_ADDRESS} and "@" in handle.strip().lstrip("@"):
            places.append((platform, ""))
        places += [home for home in (REDDIT, BLUESKY) if home[0] == platform]
    else:
        raise RequestError("say with --source or --platform where the account is")
    if (BLUESKY in places or platform == BLUESKY[0]) and not handle.strip().startswith("did:"):
        raise RequestError(
            "an account of Bluesky is known by its DID, which stays when its handle changes; give "
            "that: did:plc: and 24 characters"
        )
    if not places:
        raise RequestError(
            f"the settings have no source of the platform {platform}; name the account with its "
            "host, or a source with --source"
        )
    return sorted({keys.author_key(home, host, handle) for home, host in places})


def posts_of(warehouse: Warehouse, text: str, *, source: str | None) -> list[Place]:
    """Return the posts that an address or, within a source, a native id names."""
    return _find(warehouse, _POST, text, source=source, what="post")


def threads_of(warehouse: Warehouse, text: str, *, source: str | None) -> list[Place]:
    """Return the threads that the address of a thread or of a post in it, or a native id names.

    Raises
    ------
    RequestError
        If the address fits more than one thread of a source, or no source is named for an id.
    NothingHeld
        If no post is held under the address.
    """
    found = _find(warehouse, _THREAD, text, source=source, what="thread")
    if len({place.source for place in found}) < len(found):
        raise RequestError(
            f"that address fits {len(found)} threads; give the thread's native id with --source"
        )
    return found


def checked_phrase(phrase: str) -> str:
    """Return a phrase that can stand in a stored text; raises `RequestError` for any other."""
    if "@" in phrase:
        raise RequestError("a phrase cannot hold a handle or address; use --author for an account")
    if not words_of(phrase):
        raise RequestError("the phrase has no word; give the words as they were written")
    if kinds := sorted(redact(phrase).counts):
        raise RequestError(
            f"the phrase holds what is taken out of every text before it is stored "
            f"({', '.join(kinds)}); give only the words around it"
        )
    return phrase


def checked_host(host: str) -> str:
    """Return the host that is meant; raises `RequestError` where none can be read."""
    plain = plain_host(host)
    if not plain or not plain.isascii() or "." not in plain or set(" /@") & set(plain):
        raise RequestError("the host cannot be read; write it as forum.example")
    return plain


def held_source(warehouse: Warehouse, name: str) -> str:
    """Return the name of a source that the study has; raises `NothingHeld` for any other."""
    rows = warehouse.query("SELECT source FROM sources UNION SELECT source FROM locators")
    if name not in {row["source"] for row in rows.to_pylist()}:
        raise NothingHeld(f"there is no source {name}; 'valuetalk sources list' names them")
    return name


def sources_on(settings: Settings, host: str) -> list[str]:
    """Return the sources whose site is on a host."""
    return [s.name for s in settings.sources if s.url and plain_host(s.url) == host]


def _of_platform(settings: Settings, platform: str) -> list[SourceSettings]:
    return [source for source in settings.sources if source.platform == platform]


def _homes(source: SourceSettings) -> list[tuple[str, str]]:
    """Return platform and host of the accounts of a source, as its harvester names them."""
    if source.platform == ARCHIVE:
        return [
            (ARCHIVE, source.name),
            (TRANSCRIPT, source.name),
            (BY_ADDRESS, source.name),
            REDDIT,
        ]
    homes = [(source.platform, site_host(source.url or ""))]
    elsewhere = [home for home in (REDDIT, BLUESKY) if home[0] == source.platform]
    return [*homes, *elsewhere]


def _find(
    warehouse: Warehouse, sql: str, text: str, *, source: str | None, what: str
) -> list[Place]:
    given = text.strip()
    if "://" not in given:
        if not source or not given:
            raise RequestError(f"name the {what} by its address, or by its native id and --source")
        return [Place(source, given)]
    if not urlsplit(given).hostname:
        raise RequestError(f"the address of the {what} cannot be read; copy it from the browser")
    plain = without_tracking(given).rstrip("/").partition("://")[2]
    address = plain[4:] if plain.lower().startswith("www.") else plain
    values = {
        "source": source,
        "address": address,
        "item_key": warehouse.keys.content_hash(given),
    }
    rows = warehouse.connection.execute(sql, values).fetchall()
    if not rows:
        raise NothingHeld(
            f"no post is held under that address; if the {what} is to be refused in future, give "
            "its native id with --source"
        )
    return [Place(*row) for row in rows]
