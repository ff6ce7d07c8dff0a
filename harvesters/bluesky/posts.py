"""One Bluesky post as an AppView shows it, made into a `Post`.

An account is known by its DID, which stays when it takes another handle, so the DID is the full
handle under which its key is made; a mention carries the DID of whom it names. Neither DIDs nor the
handles of the people an item speaks of are left in its text, and a post has no link, since every
link to it would spell an account. People who ask not to be shown without a login
(`!no-unauthenticated`) are not kept, nor are their words where others quote them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from harvesters.base import ParseError
from harvesters.json_fields import (
    MalformedItem,
    as_object,
    is_web_address,
    json_object,
    object_field,
    text_field,
    time_field,
)
from harvesters.markup import Markup, clean
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_items
from warehouse.protection.keys import KeyRing
from warehouse.records import Post

ACCOUNTS_HOST = "bsky.app"  # one network: an account's key does not depend on which server is asked
POST = "app.bsky.feed.post"
OPTED_OUT, REMOVED = "opted_out", "removed"
HIDDEN = {OPTED_OUT: OPTED_OUT, REMOVED: REMOVED}
_NOT_WITHOUT_LOGIN = "!no-unauthenticated"
_TAKEN_DOWN = frozenset({"!hide", "!takedown", "!suspend"})
_BOT = "bot"
_FIRST_POSSIBLE = datetime(2022, 1, 1, tzinfo=UTC)  # the network began later in that year
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9_-]")
_DID_IN_TEXT = re.compile(rf"(?:at://)?({_DID.pattern})(?:/[\w.]+/\w+)?")
_URI = re.compile(rf"at://({_DID.pattern})/{re.escape(POST)}/[A-Za-z0-9._:~-]{{1,512}}")
_HANDLE = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}", re.IGNORECASE)
_PROFILE = re.compile(
    rf"(?:https?://)?(?:[\w-]+\.)+\w+/profile/({_DID.pattern}|{_HANDLE.pattern})(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_HANDLE_IN_TEXT = r"(?:https?://)?(?<![\w.-])@?({})(?:/\S*)?(?![\w-]|\.\w)"  # it may be a site too
_CUT = re.compile(r"(?:\.\.\.|…)$")
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?", re.IGNORECASE)


def parse_posts(content: bytes, context: ReadContext) -> list[Post]:
    """Read the posts of an author feed, a search, a thread, or a question for posts."""
    answer = json_object(content, what=context.host)
    items = listed(answer, what=context.host)
    reading = read_items(items, partial(build_listed, context), what=context.host)
    return list(reading.posts)


def listed(answer: Mapping[str, Any], *, what: str) -> list[Any]:
    """Return the items of an answer: of a feed, of a search, or of a thread without its shape."""
    if isinstance(answer.get("thread"), Mapping):
        return [node["post"] for node in _nodes(answer["thread"]) if "post" in node]
    for name in ("feed", "posts"):
        if isinstance(answer.get(name), list):
            items: list[Any] = answer[name]
            return items
    raise ParseError(
        f"{what} answered without a list of posts; see whether the source's url is that of an "
        "AppView"
    )


def build_listed(context: ReadContext, item: Mapping[str, Any]) -> Post:
    """Make the record of an item of any listing; raises `Dropped` for a repost."""
    if is_repost(item):
        raise Dropped("repost")
    view = view_of(item)
    return build_bluesky_post(context, as_object(view))


def build_bluesky_post(context: ReadContext, view: Mapping[str, Any]) -> Post:
    """Make the record of one post.

    Raises `Dropped` where the author wishes no reading without a login, or the post is taken down.
    """
    author, record = object_field(view, "author"), object_field(view, "record")
    did, uri = _did_field(author, "did"), post_uri(view)
    if record.get("$type", POST) != POST:
        raise Dropped("no_post")
    if uri.split("/")[2] != did:
        raise MalformedItem("author is not whose post it is")
    labels = _labels(author)
    if _NOT_WITHOUT_LOGIN in labels:
        raise Dropped(OPTED_OUT)
    if _TAKEN_DOWN & (labels | _labels(view)):
        raise Dropped(REMOVED)
    root, parent = _reply(record)
    text = text_field(record, "text")
    written = _Written(context.keys)
    post = build_post(
        context,
        native_id=uri,
        native_thread_id=root or uri,
        native_parent_id=parent,
        kind="comment" if parent else "post",
        handle=did,
        created_at=created_at(view),
        edited_at=None,
        title="",
        body=partial(written.body, view),
        raw=text,
        url=None,
        automated=_BOT in labels,
        item=uri,
    )
    hidden = {"mention": post.redactions.get("mention", 0) + written.hidden}
    return replace(post, redactions={**post.redactions, **hidden}) if written.hidden else post


def is_repost(item: Mapping[str, Any]) -> bool:
    """Tell whether an item of a feed is there because the account passed it on."""
    reason = item.get("reason")
    return isinstance(reason, Mapping) and str(reason.get("$type", "")).endswith("#reasonRepost")


def view_of(item: Mapping[str, Any]) -> Any:
    """Return the post of an item of a feed; of other listings the item is the post."""
    return item.get("post", item)


def post_uri(view: Mapping[str, Any]) -> str:
    """Return the address of a post, which holds its author's DID."""
    return as_post_uri(text_field(view, "uri"))


def as_post_uri(text: str) -> str:
    """Return a text that must be the address of a post by a DID."""
    if not _URI.fullmatch(text):
        raise MalformedItem("uri is not that of a post")
    return text


def created_at(view: Mapping[str, Any]) -> datetime:
    """Return when a post was written: what its author's app says, unless that cannot be."""
    indexed = time_field(view, "indexedAt")
    try:
        claimed = time_field(object_field(view, "record"), "createdAt")
    except MalformedItem:
        return indexed
    return min(claimed, indexed) if claimed >= _FIRST_POSSIBLE else indexed


@dataclass(slots=True)
class _Written:
    """What an author wrote, then what they quote, both without accounts; `hidden` counts these."""

    keys: KeyRing
    hidden: int = 0

    def body(self, view: Mapping[str, Any]) -> Markup:
        """Return the text of a post."""
        people = _people(view)
        own = self._text(object_field(view, "record"), people)
        quoted = [self._text(record, people) for record in _quoted(view)]
        return Markup("\n".join(filter(None, [own, *quoted])), own)

    def _text(self, record: Mapping[str, Any], people: Mapping[str, str]) -> str:
        def token(match: re.Match[str]) -> str:
            name = match[1]
            return self._token(people.get(name.lower(), name))

        text = "".join(self._pieces(record))
        text = _DID_IN_TEXT.sub(token, _PROFILE.sub(token, text))
        lowered = text.lower()
        for handle in people:
            if handle in lowered:
                pattern = _HANDLE_IN_TEXT.format(re.escape(handle))
                text = re.sub(pattern, token, text, flags=re.IGNORECASE)
        return clean(text)

    def _pieces(self, record: Mapping[str, Any]) -> Iterator[str]:
        """Yield the text, with what its facets point to in the place of what they cover."""
        raw = text_field(record, "text").encode("utf-8", "surrogatepass")
        position = 0
        for start, end, feature in _facets(record, len(raw)):
            if start < position:
                continue
            covered = _decoded(raw[start:end])
            yield _decoded(raw[position:start])
            yield self._shown(feature, covered)
            position = end
        yield _decoded(raw[position:])

    def _shown(self, feature: Mapping[str, Any], covered: str) -> str:
        did, uri = feature.get("did"), feature.get("uri")
        if isinstance(did, str) and _DID.fullmatch(did):
            return self._token(did)
        if isinstance(uri, str) and is_web_address(uri):
            bare = _CUT.sub("", _SCHEME.sub("", covered)).strip()
            return uri if bare and _SCHEME.sub("", uri).startswith(bare) else covered
        return covered

    def _token(self, did: str) -> str:
        self.hidden += 1
        return f"author_{self.keys.author_key('bluesky', ACCOUNTS_HOST, did)}"


def _facets(record: Mapping[str, Any], size: int) -> list[tuple[int, int, Mapping[str, Any]]]:
    """Return the stretches of bytes that carry a mention, a link or a tag, in order."""
    found: list[tuple[int, int, Mapping[str, Any]]] = []
    for facet in _objects(record.get("facets")):
        index = facet.get("index")
        start, end = (
            (index.get("byteStart"), index.get("byteEnd")) if isinstance(index, Mapping) else (0, 0)
        )
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= size:
            continue
        found.extend((start, end, feature) for feature in _objects(facet.get("features"))[:1])
    return sorted(found, key=lambda facet: facet[:2])


def _quoted(view: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the record that a post quotes, where its author allows it to be shown."""
    embedded = _quoted_view(view)
    if embedded is None or not isinstance(embedded.get("value"), Mapping):
        return
    author, record = embedded.get("author"), embedded["value"]
    if not isinstance(author, Mapping) or not isinstance(record.get("text"), str):
        return
    try:
        hidden = {_NOT_WITHOUT_LOGIN, *_TAKEN_DOWN} & (_labels(author) | _labels(embedded))
    except MalformedItem:
        return
    if not hidden:
        yield record


def _quoted_view(view: Mapping[str, Any]) -> Mapping[str, Any] | None:
    embed: object = view.get("embed")
    for _ in range(2):  # with pictures the quotation lies one level deeper
        embed = embed.get("record") if isinstance(embed, Mapping) else None
        if isinstance(embed, Mapping) and "value" in embed:
            return embed
    return None


def _people(view: Mapping[str, Any]) -> dict[str, str]:
    """Return the DIDs of the accounts that an item names beside its text, by lower-case handle."""
    quoted = _quoted_view(view) or {}
    found: dict[str, str] = {}
    for account in (view.get("author"), quoted.get("author")):
        if not isinstance(account, Mapping):
            continue
        did, handle = str(account.get("did")), str(account.get("handle")).lower()
        nameless = handle.endswith(".invalid")  # what an account without a valid handle shows
        if _DID.fullmatch(did) and _HANDLE.fullmatch(handle) and not nameless:
            found[handle] = did
    return found


def _reply(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the first post of a reply's thread and the one that it answers."""
    if record.get("reply") is None:
        return None, None
    reply = object_field(record, "reply")
    root, parent = object_field(reply, "root"), object_field(reply, "parent")
    return post_uri(root), post_uri(parent)


def _labels(subject: Mapping[str, Any]) -> set[str]:
    """Return the labels of an account or a post; they say what its owner wishes."""
    labels = subject.get("labels")
    if labels is None:
        return set()
    if not isinstance(labels, list):
        raise MalformedItem("labels are no list")
    return {text_field(as_object(label), "val") for label in labels if not _negated(label)}


def _negated(label: object) -> bool:
    return isinstance(label, Mapping) and label.get("neg") is True


def _did_field(item: Mapping[str, Any], name: str) -> str:
    did = text_field(item, name)
    if not _DID.fullmatch(did):
        raise MalformedItem(f"{name} is no DID")
    return did


def _objects(value: object) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else ()


def _nodes(thread: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of a thread below and with its first; no recursion, so depth does no harm."""
    waiting: list[Mapping[str, Any]] = [thread]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(_objects(node.get("replies"))))


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "ignore")
