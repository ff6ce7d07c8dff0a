"""The posts of a XenForo page: head, body, edit mark, signature, reactions."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.forums.bodies import EMOJI, BodyMarkup, text
from harvesters.simulation.forums.dates import (
    ENGLISH,
    GERMAN,
    day_word,
    days_ago,
    minutes_ago,
    php_date,
)
from harvesters.simulation.forums.model import BoardPost, Quoted, ThreadView
from harvesters.simulation.forums.software import ForumSoftware, likers, slug

_ENGLISH_PHRASES = {
    "forums": "Forums",
    "threads": "Threads",
    "messages": "Messages",
    "filters": "Filters",
    "replies": "Replies",
    "views": "Views",
    "must_log_in": "You must log in or register to reply here.",
    "said": "said:",
    "expand": "Click to expand...",
    "code": "Code:",
    "edited": "Last edited:",
    "edited_by_moderator": "Last edited by a moderator:",
    "guest": "Guest",
    "joined": "Joined",
    "and_others": "and",
}
_GERMAN_PHRASES = {
    "forums": "Foren",
    "threads": "Themen",
    "messages": "Beiträge",
    "filters": "Filter",
    "replies": "Antworten",
    "views": "Aufrufe",
    "must_log_in": "Du musst dich einloggen oder registrieren, um hier zu antworten.",
    "said": "schrieb:",
    "expand": "Zum Vergrößern anklicken....",
    "code": "Code:",
    "edited": "Zuletzt bearbeitet:",
    "edited_by_moderator": "Zuletzt bearbeitet von einem Moderator:",
    "guest": "Gast",
    "joined": "Registriert",
    "and_others": "und",
}


def phrases(*, german: bool) -> Mapping[str, str]:
    """Return what the software says in a language."""
    return _GERMAN_PHRASES if german else _ENGLISH_PHRASES


class XenForoParts(ForumSoftware):
    """What posts and lists share: phrases, names and pictures."""

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return phrases(german=self.other)

    def username(self, post: BoardPost) -> str:
        """Return a name with a link to the account, where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return f'<span class="username " dir="auto" itemprop="name">{name}</span>'
        number = post.author.number
        return (
            f'<a href="/members/{slug(post.shown_name, otherwise="")}.{number}/" class="username "'
            f' dir="auto" itemprop="name" data-user-id="{number}"'
            f' data-xf-init="member-tooltip">{name}</a>'
        )

    def avatar(self, post: BoardPost, size: str) -> str:
        """Return the picture of an account: the first letter of its name."""
        name = text(post.shown_name)
        inner = f'<span class="avatar-u1-{size}" role="img" aria-label="{name}">{name[:1]}</span>'
        if post.author is None:
            return f'<span class="avatar avatar--{size} avatar--default" title="">{inner}</span>'
        number = post.author.number
        return (
            f'<a href="/members/{slug(post.shown_name, otherwise="")}.{number}/"'
            f' class="avatar avatar--{size} avatar--default avatar--default--dynamic"'
            f' data-user-id="{number}" data-xf-init="member-tooltip">{inner}</a>'
        )


def time_element(software: XenForoParts, moment: datetime, classes: str = "") -> str:
    """Return a time: the machine's in the zone of the board, and what people read."""
    local = software.local(moment)
    language = GERMAN if software.other else ENGLISH
    day = php_date(local, "j. F Y" if software.other else "M j, Y", language)
    hour = php_date(local, "H:i" if software.other else "g:i A", language)
    at = "um" if software.other else "at"
    seconds = int(moment.timestamp())
    iso = local.strftime("%Y-%m-%dT%H:%M:%S%z")
    if software.version == "2.3":  # data-time means the hour here, and the second before
        data = f'data-timestamp="{seconds}" data-date="{day}" data-time="{hour}" data-short="1y"'
    else:
        data = f'data-time="{seconds}" data-date-string="{day}" data-time-string="{hour}"'
    return (
        f'<time class="{classes}u-dt" dir="auto" datetime="{iso}" {data}'
        f' title="{day} {at} {hour}">{_read(software, moment, day, f"{at} {hour}")}</time>'
    )


def _read(software: XenForoParts, moment: datetime, day: str, at_hour: str) -> str:
    local, now = software.local(moment), software.local(software.now)
    language = GERMAN if software.other else ENGLISH
    passed = minutes_ago(local, now)
    if passed < 1:
        return "Vor einem Moment" if software.other else "A moment ago"
    if passed < 60:  # noqa: PLR2004 # minutes of an hour
        return f"Vor {passed} Minuten" if software.other else f"{passed} minutes ago"
    word = day_word(local, now, language)
    if word is None and days_ago(local, now) < 7:  # noqa: PLR2004 # days of a week
        word = php_date(local, "l", language)
    return f"{word} {at_hour}" if word else day


class XenForoBody(BodyMarkup):
    """Bodies of BBCode as XenForo writes them; one theme shows emoji as pictures."""

    def __init__(self, software: XenForoParts) -> None:
        self._says = software.says
        self._old = software.version == "2.0"
        self._emoji_pictures = software.other
        self._numbers = software.account_numbers

    def words(self, words: str) -> str:
        """Return running text."""
        html = text(words)
        return EMOJI.sub(_emoji, html) if self._emoji_pictures else html

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation with a line that says whose it is and links to the post."""
        name = text(quoted.author)
        title = f"{name} {self._says['said']}"
        if quoted.post is not None:
            title = (
                f'<a href="/goto/post?id={quoted.post}" class="bbCodeBlock-sourceJump"'
                f' rel="nofollow" data-xf-click="attribution"'
                f' data-content-selector="#post-{quoted.post}">{title}</a>'
            )
        content = f"""<div class="bbCodeBlock-title">{title}</div>
<div class="bbCodeBlock-content"><div class="bbCodeBlock-expandContent js-expandContent ">
{inner}
</div><div class="bbCodeBlock-expandLink js-expandLink"><a role="button" tabindex="0">
{self._says["expand"]}</a></div></div>"""
        classes = "bbCodeBlock bbCodeBlock--expandable bbCodeBlock--quote"
        if self._old:
            return f'<div class="{classes}">{content}</div>'
        member = f"member: {self._numbers[quoted.author]}" if quoted.author in self._numbers else ""
        source = f"post: {quoted.post}" if quoted.post is not None else ""
        return (
            f'<blockquote data-attributes="{member}" data-quote="{name}" data-source="{source}"'
            f' class="{classes} js-expandWatch">{content}</blockquote>\u200b'
        )

    def code(self, lines: str) -> str:
        """Return code."""
        return f"""<div class="bbCodeBlock bbCodeBlock--screenLimited bbCodeBlock--code">
<div class="bbCodeBlock-title">{self._says["code"]}</div>
<div class="bbCodeBlock-content" dir="ltr"><pre class="bbCodeCode" dir="ltr"
 data-xf-init="code-block" data-lang=""><code>{text(lines)}</code></pre></div></div>"""

    def picture(self, address: str) -> str:
        """Return a picture with what enlarges it."""
        name = address.rpartition("/")[2]
        return (
            f'<div class="bbImageWrapper  js-lbImage" title="{name}" data-src="{address}"'
            f' data-lb-sidebar-href="" data-single-image="1"><img src="{address}"'
            f' data-url="{address}" class="bbImage" data-zoom-target="1" style="" alt="{name}"'
            f' title="{name}" width="" height="" loading="lazy" /></div>'
        )

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return (
            f'<a href="{text(address)}" target="_blank" class="link link--external"'
            f' data-proxy-href="" rel="nofollow ugc noopener">{text(label)}</a>'
        )

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "\n".join(f'<li data-xf-list-type="ul">{self.words(item)}</li>' for item in items)
        return f"<ul>\n{inner}\n</ul>"


def _emoji(found: re.Match[str]) -> str:
    sign = found.group()
    code = "-".join(f"{ord(letter):x}" for letter in sign)
    return (
        f'<img class="smilie smilie--emoji" loading="lazy" alt="{sign}" title="Emoji    :e{code}:"'
        f' src="https://cdn.example/emoji/64/{code}.png" data-shortname=":e{code}:" />'
    )


def message(software: XenForoParts, thread: ThreadView, post: BoardPost, number: int) -> str:
    """Return one post."""
    name = text(post.shown_name)
    starter = "message-threadStarterPost " if software.other and number == 1 else ""
    classes = f"message {starter}message--post  js-post js-inlineModContainer  "
    version = post.version_at(software.now)
    body = XenForoBody(software).body(version.pieces)
    inner = f'<div class="bbWrapper">{body}</div>'
    if software.version in ("2.2", "2.3"):
        inner = f'<div itemprop="text">{inner}</div>'
    when = php_date(software.local(post.written_at), "M j, Y \\a\\t g:i A")
    return f"""<article class="{classes}" data-author="{name}" data-content="post-{post.number}"
 id="js-post-{post.number}">
<span class="u-anchorTarget" id="post-{post.number}"></span>
<div class="message-inner"><div class="message-cell message-cell--user">
{_user(software, post)}</div>
<div class="message-cell message-cell--main"><div class="message-main js-quickEditTarget">
{_head(software, thread, post, number)}
<div class="message-content js-messageContent">
<div class="message-userContent lbContainer js-lbContainer " data-lb-id="post-{post.number}"
 data-lb-caption-desc="{name} &middot; {when}">
<article class="message-body js-selectToQuote">
{inner}
<div class="js-selectToQuoteEnd">&nbsp;</div></article></div>
{_edit_mark(software, post)}{_signature(post)}</div>
{_footer(software, post)}</div></div></div></article>
"""


def _user(software: XenForoParts, post: BoardPost) -> str:

    if post.author is None:
        title, joined = software.says["guest"], ""
    else:
        title = post.author.title
        day = php_date(software.local(post.author.joined), "M j, Y")
        joined = (
            '<div class="message-userExtras"><dl class="pairs pairs--justified"><dt>'
            f"{software.says['joined']}</dt><dd>{day}</dd></dl><dl "
            f'class="pairs pairs--justified"><dt>{software.says["messages"]}</dt>'
            f"<dd>{post.author.number * 13}</dd></dl></div>"
        )
    return f"""<section class="message-user" itemscope itemtype="https://schema.org/Person">
<div class="message-avatar "><div class="message-avatar-wrapper">{software.avatar(post, "m")}</div>
</div><div class="message-userDetails"><h4 class="message-name">{software.username(post)}</h4>
<h5 class="userTitle message-userTitle" dir="auto" itemprop="jobTitle">{text(title)}</h5></div>
{joined}<span class="message-userArrow"></span></section>"""


def _head(software: XenForoParts, thread: ThreadView, post: BoardPost, number: int) -> str:
    link = f"{software.thread_address(thread)}post-{post.number}"
    time = time_element(software, post.written_at)
    if software.version == "2.0":
        return f"""<header class="message-attribution">
<a href="{link}" class="message-attribution-main u-concealed" rel="nofollow">{time}</a>
<div class="message-attribution-opposite"><a href="{link}" class="u-concealed"
 rel="nofollow">#{number}</a></div></header>"""
    if software.version == "2.1":
        return f"""<header class="message-attribution message-attribution--plain">
<div class="message-attribution-main"><a href="{link}" class="u-concealed" rel="nofollow">
{time}</a></div>
<div class="message-attribution-opposite"><a href="{link}" class="u-concealed"
 rel="nofollow">#{number}</a></div></header>"""
    return f"""<header class="message-attribution message-attribution--split">
<ul class="message-attribution-main listInline ">
<li class="u-concealed"><a href="{link}" rel="nofollow" itemprop="url">{time}</a></li></ul>
<ul class="message-attribution-opposite message-attribution-opposite--list ">
<li><a href="{link}" class="message-attribution-gadget" data-xf-init="share-tooltip"
 rel="nofollow"><i class="fa--xf far fa-share-alt" aria-hidden="true"></i></a></li>
<li><a href="{link}" rel="nofollow">#{number}</a></li></ul></header>"""


def _edit_mark(software: XenForoParts, post: BoardPost) -> str:
    at = post.edited_at(software.now)
    if at is None:
        return ""
    phrase = "edited_by_moderator" if post.number % 5 == 0 else "edited"
    when = time_element(software, at)
    return f'<div class="message-lastEdit">{software.says[phrase]} {when}</div>\n'


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br />\n")
    return f'<aside class="message-signature"><div class="bbWrapper">{lines}</div></aside>\n'


def _footer(software: XenForoParts, post: BoardPost) -> str:
    names = likers(software.board, post)
    if not names:
        return '<footer class="message-footer"></footer>'
    said = ", ".join(f"<bdi>{name}</bdi>" for name in names)
    if software.version == "2.0":
        return f"""<footer class="message-footer"><div class="likesBar js-likeList is-active">
<span class="u-srOnly">Reactions:</span><i class="fa fa-thumbs-up"></i>
<a href="/posts/{post.number}/likes" data-xf-click="overlay">{said} like this.</a></div>
</footer>"""
    return f"""<footer class="message-footer"><div class="message-actionBar actionBar"></div>
<div class="reactionsBar js-reactionsList is-active"><ul class="reactionSummary"><li>
<span class="reaction reaction--small reaction--1" data-reaction-id="1"><i aria-hidden="true"></i>
<img src="/reactions.png" class="reaction-sprite js-reaction" alt="Like" title="Like" /></span></li>
</ul><span class="u-srOnly">Reactions:</span><a class="reactionsBar-link"
 href="/posts/{post.number}/reactions" data-xf-click="overlay" rel="nofollow">{said}
 {software.says["and_others"]} 2</a></div></footer>"""
