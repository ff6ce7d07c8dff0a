"""Dresses plain words as each platform shows them: HTML with its quotes, mentions and hashtags."""

import re
import unicodedata
from html import escape

from harvesters.simulation.catalogue import SOURCE_BY_NAME
from harvesters.simulation.entities import SimAuthor, Version, from_milliseconds
from harvesters.simulation.population import Draft
from harvesters.simulation.writing import Writing

_SENTENCE = re.compile(r".+?[.!?…](?=\s|$)|.+$")
_SLUG = re.compile(r"[^a-z0-9]+")
_EDIT_MARK = " (updated)"


def dress(draft: Draft, writing: Writing, *, at: int) -> Version:
    """Return one version of a draft as its platform holds it."""
    platform = SOURCE_BY_NAME[draft.community.source].platform
    moment = from_milliseconds(at)
    if platform == "discourse":
        return Version(moment, _cooked(draft, writing), _markdown(draft, writing), writing.title)
    if platform == "mastodon":
        html = _toot(draft, writing)
        return Version(moment, html, html, "")
    html = _article(draft, writing) if platform == "wordpress" else _paragraphs(writing)
    return Version(moment, html, html, writing.title)


def slug(title: str) -> str:
    """Return the part of an address that a title becomes."""
    plain = unicodedata.normalize("NFKD", title.removesuffix(_EDIT_MARK).lower())
    return _SLUG.sub("-", plain.encode("ascii", "ignore").decode()).strip("-") or "post"


def texturized(text: str) -> str:
    """Return text as WordPress shows it: escaped, with typographic quotes as entities."""
    return (
        escape(text, quote=False)
        .replace("&amp;", "&#038;")
        .replace("'", "&#8217;")
        .replace("\u2019", "&#8217;")
        .replace("\u201c", "&#8220;")
        .replace("\u201d", "&#8221;")
    )


def profile_address(author: SimAuthor, *, home: str) -> str:
    """Return the address of a Mastodon account's page, on its own server."""
    name, _, other = author.handle.partition("@")
    return f"http://{other}/@{name}" if other else f"{home}/@{name}"


def status_address(author: SimAuthor, number: int, *, home: str) -> str:
    """Return the address of a Mastodon post's page, on its author's server."""
    return f"{profile_address(author, home=home)}/{number}"


def _excerpt(writing: Writing) -> str:
    found = _SENTENCE.match(writing.paragraphs[-1])
    return found.group() if found else writing.paragraphs[-1]


def _paragraphs(writing: Writing) -> str:
    return "\n".join(f"<p>{escape(text, quote=False)}</p>" for text in writing.paragraphs)


def _article(draft: Draft, writing: Writing) -> str:
    parts = [f"<p>{texturized(text)}</p>\n" for text in writing.paragraphs]
    if draft.quoted is not None:
        said = texturized(_excerpt(draft.quoted.writing))
        parts.insert(0, f"<blockquote><p>{said}</p></blockquote>\n")
    return "".join(parts)


def _markdown(draft: Draft, writing: Writing) -> str:
    body = "\n\n".join(writing.paragraphs)
    quoted, parent = draft.quoted, draft.parent
    if quoted is not None:
        who = f"{quoted.author.handle}, post:{quoted.position}, topic:{draft.thread}"
        return f'[quote="{who}"]\n{_excerpt(quoted.writing)}\n[/quote]\n\n{body}'
    if parent is not None and parent is not draft.root:
        return f"@{parent.author.handle} {body}"
    return body


def _cooked(draft: Draft, writing: Writing) -> str:
    body = _paragraphs(writing)
    quoted, parent = draft.quoted, draft.parent
    if quoted is not None:
        name = escape(quoted.author.handle)
        said = escape(_excerpt(quoted.writing), quote=False)
        return (
            f'<aside class="quote no-group" data-username="{name}" '
            f'data-post="{quoted.position}" data-topic="{draft.thread}">\n'
            f'<div class="title">\n<div class="quote-controls"></div>\n'
            f" {name}:</div>\n<blockquote>\n<p>{said}</p>\n</blockquote>\n</aside>\n{body}"
        )
    if parent is not None and parent is not draft.root:
        name = escape(parent.author.handle)
        mention = f'<a class="mention" href="/u/{name.lower()}">@{name}</a> '
        return body.replace("<p>", f"<p>{mention}", 1)
    return body


def _toot(draft: Draft, writing: Writing) -> str:
    home = SOURCE_BY_NAME[draft.community.source].home
    parts = [f"<p>{escape(text, quote=False)}</p>" for text in writing.paragraphs]
    if draft.parent is not None:
        parts[0] = parts[0].replace("<p>", f"<p>{_mention(draft.parent.author, home)} ", 1)
    tag = draft.community.community
    hashtag = (
        f'<a href="{home}/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
    )
    parts[-1] = parts[-1].removesuffix("</p>") + f" {hashtag}</p>"
    if draft.quoted is not None:
        address = status_address(draft.quoted.author, draft.quoted.number, home=home)
        shown = address.removeprefix("http://")
        parts.insert(
            0,
            f'<p class="quote-inline">RE: <a href="{address}" target="_blank" '
            'rel="nofollow noopener" translate="no"><span class="invisible">http://</span>'
            f'<span class="ellipsis">{shown[:30]}</span><span class="invisible">{shown[30:]}'
            "</span></a></p>",
        )
    return "".join(parts)


def _mention(author: SimAuthor, home: str) -> str:
    name = author.handle.partition("@")[0]
    address = profile_address(author, home=home)
    return (
        f'<span class="h-card" translate="no"><a href="{address}" class="u-url mention">'
        f"@<span>{name}</span></a></span>"
    )
