"""The posts of an Invision page: who wrote it stands twice, the edit mark stands in the body."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import (
    ENGLISH,
    GERMAN,
    day_word,
    days_ago,
    minutes_ago,
    php_date,
)
from harvesters.simulation.forums.model import BoardPost, Quoted, ThreadView
from harvesters.simulation.forums.software import ForumSoftware, likers, slug, utc

_ENGLISH_PHRASES = {
    "by": "By",
    "posted": "Posted",
    "replies": "replies",
    "views": "views",
    "edited": "Edited {when} by {who}",
    "said": "{who} said:",
    "said_at": "On {when}, {who} said:",
    "next": "Next",
    "prev": "Prev",
    "guest": "Guests",
}
_GERMAN_PHRASES = {
    "by": "Von",
    "posted": "Geschrieben",
    "replies": "Antworten",
    "views": "Aufrufe",
    "edited": "Bearbeitet {when} von {who}",
    "said": "{who} schrieb:",
    "said_at": "Am {when} schrieb {who}:",
    "next": "Weiter",
    "prev": "Zurück",
    "guest": "Gäste",
}


def phrases(*, german: bool) -> Mapping[str, str]:
    """Return what the software says in a language."""
    return _GERMAN_PHRASES if german else _ENGLISH_PHRASES


class InvisionParts(ForumSoftware):
    """What posts and lists share: addresses, names and times."""

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return phrases(german=self.other)

    def url(self, path: str) -> str:
        """Return a whole address for an attribute."""
        return text(f"{self.base}{path}")

    def post_address(self, view: ThreadView, post: BoardPost) -> str:
        """Return the address that finds a post."""
        return f"{self.thread_address(view)}?do=findComment&comment={post.number}"

    def member(self, post: BoardPost) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return f"Guest {name}" if post.shown_name != "Guest" else name
        return (
            f'<a href="{self._account(post)}" rel="nofollow" data-ipsHover'
            f' title="Go to {name}&#039;s profile" class="ipsType_break">{name}</a>'
        )

    def _account(self, post: BoardPost) -> str:
        number = post.author.number if post.author else 0
        return self.url(f"/profile/{number}-{slug(post.shown_name, otherwise='x')}/")

    def photo(self, post: BoardPost, size: str) -> str:
        """Return the picture of an account."""
        image = (
            f'<img src="/uploads/default_photo.png" alt="{text(post.shown_name)}" loading="lazy">'
        )
        classes = f"ipsUserPhoto ipsUserPhoto_{size}"
        if post.author is None:
            return f'<span class="{classes}">{image}</span>'
        return f'<a href="{self._account(post)}" rel="nofollow" class="{classes}">{image}</a>'

    def time(self, moment: datetime) -> str:
        """Return a time: the machine's in UTC, and what people read."""
        local = self.local(moment)
        iso = utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
        title = php_date(local, "d.m.Y H:i " if self.other else "m/d/y h:i  A")
        short = f'data-short="{days_ago(local, self.local(self.now))} dy"'
        return f"<time datetime='{iso}' title='{title}' {short}>{self._read(local)}</time>"

    def _read(self, local: datetime) -> str:
        now = self.local(self.now)
        language = GERMAN if self.other else ENGLISH
        passed = minutes_ago(local, now)
        if passed < 60:  # noqa: PLR2004 # minutes of an hour
            return f"vor {passed} Minuten" if self.other else f"{passed} minutes ago"
        word = day_word(local, now, language)
        if word is None and days_ago(local, now) < 7:  # noqa: PLR2004 # days of a week
            word = php_date(local, "l", language)
        if word is not None:
            hour = php_date(local, "H:i" if self.other else "h:i A")
            return f"{word} um {hour}" if self.other else f"{word} at {hour}"
        year = "" if local.year == now.year else f"{' ' if self.other else ', '}{local.year}"
        return php_date(local, "j. F" if self.other else "F j", language) + year


class InvisionBody(BodyMarkup):
    """Bodies of a rich editor."""

    breaks = False

    def __init__(self, software: InvisionParts, thread: int) -> None:
        self._software = software
        self._thread = thread

    def words(self, words: str) -> str:
        """Return running text; the editor leaves apostrophes."""
        return text(words).replace("&#039;", "'").replace("&quot;", '"')

    def paragraph(self, inner: str) -> str:
        """Return a paragraph as the editor indents it."""
        return f"<p>\n\t{inner}\n</p>\n"

    def picture(self, address: str) -> str:
        """Return a picture."""
        name = address.rpartition("/")[2]
        return f'<img alt="{name}" class="ipsImage" src="{text(address)}" loading="lazy" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" rel="external nofollow">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "\n".join(f"\t<li>\n\t\t{self.words(item)}\n\t</li>" for item in items)
        return f"<ul>\n{inner}\n</ul>\n"

    def code(self, lines: str) -> str:
        """Return code."""
        return f'<pre class="ipsCode prettyprint lang-py prettyprinted">{text(lines)}</pre>\n'

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation with its line of who said it when, as it stood when it was typed."""
        software, name = self._software, text(quoted.author)
        said = software.says["said"].format(who=name)
        data = 'data-ipsquote=""'
        if quoted.post is not None:
            at = software.post_times[quoted.post]
            local = software.local(at)
            when = php_date(local, "d.m.Y \\u\\m H:i" if software.other else "n/j/Y \\a\\t g:i A")
            said = software.says["said_at"].format(when=when, who=name)
            data = f"""data-ipsquote="" data-ipsquote-contentapp="forums"
 data-ipsquote-contentclass="forums_Topic" data-ipsquote-contentcommentid="{quoted.post}"
 data-ipsquote-contentid="{self._thread}" data-ipsquote-contenttype="forums"
 data-ipsquote-timestamp="{int(at.timestamp())}"
 data-ipsquote-userid="{software.account_numbers.get(quoted.author, 0)}"
 data-ipsquote-username="{name}\""""
        return f"""<blockquote class="ipsQuote" {data}>
<div class="ipsQuote_citation">{said}</div>
<div class="ipsQuote_contents">
{inner}</div></blockquote>
"""


def article(software: InvisionParts, thread: ThreadView, post: BoardPost) -> str:
    """Return one post."""
    n = post.number
    body = InvisionBody(software, thread.thread.number).body(post.version_at(software.now).pieces)
    link = software.url(software.post_address(thread, post))
    posted = f"""<a href="{link}" class="ipsType_blendLinks">{software.says["posted"]}
 {software.time(post.written_at)}</a>"""
    marked = post.edited_at(software.now) is not None
    late = '<span class="ipsResponsive_hidePhone"> (edited)</span>' if marked else ""
    classes = "cPost ipsBox ipsResponsive_pull  ipsComment  ipsComment_parent ipsClearfix ipsClear"
    if software.other:
        classes = "ipsComment ipsComment_parent cPost focus-post ipsBox ipsClearfix ipsClear"
    anchor = f'<a id="findComment-{n}"></a>' if software.version == "4.7" else ""
    return f"""{anchor}<a id="comment-{n}"></a>
<article id="elComment_{n}" class="{classes} ipsColumns ipsColumns_noSpacing
 ipsColumns_collapsePhone    ">
<div class="cAuthorPane cAuthorPane_mobile ipsResponsive_showPhone"><div
 class="cAuthorPane_photo">{software.photo(post, "large")}</div><div class="cAuthorPane_content"><h3
 class="ipsType_sectionHead cAuthorPane_author ipsType_break ipsType_blendLinks">
{software.member(post)}</h3><div class="ipsType_light ipsType_reset">{posted}</div></div></div>
<aside class="ipsComment_author cAuthorPane ipsColumn ipsColumn_medium ipsResponsive_hidePhone"><h3
 class="ipsType_sectionHead cAuthorPane_author ipsType_blendLinks ipsType_break"><strong>
{software.member(post)}</strong></h3>{_author(software, post)}</aside>
<div class="ipsColumn ipsColumn_fluid ipsMargin:none">
<div id="comment-{n}_wrap" data-controller="core.front.core.comment" data-commentApp="forums"
 data-commentType="forums" data-commentID="{n}"
 data-quoteData="{_quote_data(thread, post)}" class="ipsComment_content ipsType_medium">
<div class="ipsComment_meta ipsType_light"><div class="ipsComment_badges"></div><div
 class="ipsType_reset ipsResponsive_hidePhone">{posted} {late}</div></div>
<div class="cPost_contentWrap">
<div data-role="commentContent"
 class="ipsType_normal ipsType_richText ipsPadding_bottom ipsContained"
 data-controller="core.front.core.lightboxedImages">
{body}
{_edit_mark(software, post)}</div>
{_controls(software, post)}{_signature(post)}</div></div></div>
</article>
"""


def _quote_data(thread: ThreadView, post: BoardPost) -> str:
    data = {
        "userid": post.author.number if post.author else None,
        "username": post.shown_name,
        "timestamp": int(post.written_at.timestamp()),
        "contentapp": "forums",
        "contenttype": "forums",
        "contentid": thread.thread.number,
        "contentclass": "forums_Topic",
        "contentcommentid": post.number,
    }
    return text(json.dumps(data, separators=(",", ":")))


def _author(software: InvisionParts, post: BoardPost) -> str:
    if post.author is None:
        return f"""<ul class="cAuthorPane_info ipsList_reset"><li data-role="group">
{software.says["guest"]}</li></ul>"""
    return f"""<ul class="cAuthorPane_info ipsList_reset"><li data-role="photo"
 class="cAuthorPane_photo">{software.photo(post, "large")}</li><li data-role="group">
{text(post.author.title)}</li><li data-role="stats" class="ipsMargin_top"><ul
 class="ipsList_reset ipsType_light"><li><i class="fa fa-comment"></i> {post.author.number * 4}</li>
</ul></li></ul>"""


def _edit_mark(software: InvisionParts, post: BoardPost) -> str:
    at = post.edited_at(software.now)
    if at is None:
        return ""
    said = software.says["edited"].format(when=software.time(at), who=text(post.shown_name))
    reason = "<br>typing" if post.number % 4 == 0 else ""
    return f"""<span class="ipsType_reset ipsType_medium ipsType_light" data-excludequote>
<strong>{said}</strong>{reason}
</span>
"""


def _controls(software: InvisionParts, post: BoardPost) -> str:
    names = likers(software.board, post)
    said = f"{', '.join(names)} and 2 others reacted to this" if names else ""
    return f"""<div class="ipsItemControls"><div data-controller="core.front.core.reaction"
 class="ipsItemControls_right ipsClearfix "><div class="ipsReact ipsPos_right"><div
 class="ipsReact_blurb" data-role="reactionBlurb">{said}</div><div
 class="ipsReact_reactCount_mobile"
><span data-role="reactCount">{len(names)}</span></div></div></div><ul
 class="ipsComment_controls ipsClearfix ipsItemControls_left"><li class="ipsHide"
 data-role="commentLoading"><span class="ipsLoading ipsLoading_tiny"></span></li></ul></div>
"""


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = "".join(f"<p>\n\t{text(line)}\n</p>\n" for line in post.author.signature.split("\n"))
    return f"""<div data-role="memberSignature" class="ipsBorder_top ipsPadding_vertical"><div
 class="ipsType_light ipsType_richText" data-ipsLazyLoad>{lines}</div></div>"""
