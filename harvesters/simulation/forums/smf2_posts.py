"""The posts of an SMF page."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, day_word, php_date
from harvesters.simulation.forums.model import BoardPost, Quoted, ThreadView
from harvesters.simulation.forums.software import ForumSoftware, likers

_ENGLISH_PHRASES = {
    "gone": "The topic or board you are looking for appears to be either missing or off limits to"
    " you.",
    "by": "by",
    "on": "on",
    "started_by": "Started by",
    "replies": "Replies",
    "last_post": "Last post",
    "pages": "Pages",
    "reply": "Reply",
    "quote": "Quote from",
    "edited": "Last Edit",
    "edited_by": "by",
    "guest": "Guest",
    "select": "[Select]",
}
_GERMAN_PHRASES = {
    "gone": "Das Thema oder Board, welches Sie suchen, ist nicht vorhanden oder nicht zugänglich.",
    "by": "von",
    "on": "am",
    "started_by": "Begonnen von",
    "replies": "Antworten",
    "last_post": "Letzter Beitrag",
    "pages": "Seiten",
    "reply": "Antwort",
    "quote": "Zitat von",
    "edited": "Letzte Änderung",
    "edited_by": "von",
    "guest": "Gast",
    "select": "[Auswählen]",
}


def phrases(*, german: bool) -> Mapping[str, str]:
    """Return what the software says in a language."""
    return _GERMAN_PHRASES if german else _ENGLISH_PHRASES


class SMFParts(ForumSoftware):
    """What posts and lists share: addresses, names and times."""

    @property
    def old(self) -> bool:
        """Whether this is the older generation."""
        return self.version == "2.0"

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return phrases(german=self.other)

    def post_address(self, view: ThreadView, post: BoardPost) -> str:
        """Return the address of a post."""
        return self.message_address(view.thread.number, post.number)

    def message_address(self, thread: int, number: int) -> str:
        """Return the address of a post of a topic, by their numbers."""
        if not self.old:
            return f"/index.php?msg={number}"
        return f"{self.address('topic', thread, f'msg{number}')}#msg{number}"

    def address(self, what: str, number: int, place: str) -> str:
        """Return the address of a topic or a board, from a place on."""
        if self.other:
            return f"/index.php/{what},{number}.{place}.html"
        return f"/index.php?{what}={number}.{place}"

    def href(self, address: str) -> str:
        """Return a whole address with the session of a guest without cookies."""
        script, mark, rest = address.partition("?")
        session = f"PHPSESSID={self.token('session')[:26]}"
        if not mark:
            return f"{self.base}{text(script)}"
        return text(f"{self.base}{script}?{session}&{rest}")

    def member(self, post: BoardPost) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return name
        link = self.href(f"/index.php?action=profile;u={post.author.number}")
        return f'<a href="{link}" title="View the profile of {name}">{name}</a>'

    def when(self, moment: datetime) -> str:
        """Return a time; today and yesterday are words."""
        local, now = self.local(moment), self.local(self.now)
        language = GERMAN if self.other else ENGLISH
        word = day_word(local, now, language)
        if self.other:
            hour = php_date(local, "H:i:s" if self.old else "H:i")
            return (
                f"<strong>{word}</strong> um {hour}"
                if word
                else (f"{php_date(local, 'j. F Y', language)}, {hour}")
            )
        hour = php_date(local, "h:i:s A" if self.old else "h:i A")
        if word:
            return f"<strong>{word}</strong> at {hour}"
        return f"{php_date(local, 'F d, Y' if self.old else 'M d, Y', language)}, {hour}"


class SMFBody(BodyMarkup):
    """Bodies of BBCode as SMF writes them."""

    line_break = "<br />"

    def __init__(self, software: SMFParts) -> None:
        self._software = software

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation: who and when above it in 2.0, in it in 2.1."""
        software = self._software
        said = f"{software.says['quote']}: {text(quoted.author)}"
        if quoted.post is not None:
            when = software.when(software.post_times[quoted.post])
            on = software.says["on"]
            thread = software.post_threads[quoted.post]
            at = software.href(software.message_address(thread, quoted.post))
            said = f'<a href="{at}">{said} {on} {when}</a>'
        if not software.old:
            return f'<blockquote class="bbc_standard_quote"><cite>{said}</cite>{inner}</blockquote>'
        return (
            f'<div class="quoteheader"><div class="topslice_quote">{said}</div></div>'
            f'<blockquote class="bbc_standard_quote">{inner}</blockquote>'
            '<div class="quotefooter"><div class="botslice_quote"></div></div>'
        )

    def code(self, lines: str) -> str:
        """Return code, whose lines 2.0 breaks by elements."""
        if not self._software.old:
            return (
                '<div class="codeheader"><span class="code floatleft">Code</span> <a'
                ' class="codeoperation smf_select_text">Select</a></div>'
                f'<code class="bbc_code">{text(lines)}</code>'
            )
        inner = text(lines).replace("\n", "<br />").replace("    ", "&nbsp; &nbsp; ")
        return (
            '<div class="codeheader">Code: <a href="javascript:void(0);" onclick="return'
            f' smfSelectText(this);" class="codeoperation">{self._software.says["select"]}</a>'
            f'</div><code class="bbc_code">{inner}</code>'
        )

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" alt="" class="bbc_img" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return (
            f'<a href="{text(address)}" class="bbc_link" target="_blank" rel="noopener">'
            f"{text(label)}</a>"
        )

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        return (
            '<ul class="bbc_list">' + "".join(f"<li>{self.words(i)}</li>" for i in items) + "</ul>"
        )


def single_post(software: SMFParts, view: ThreadView, post: BoardPost, position: int) -> str:
    """Return one post; `position` counts from 0."""
    draw = _old_post if software.old else _new_post
    return draw(software, view, post, position)


def _old_post(software: SMFParts, view: ThreadView, post: BoardPost, position: int) -> str:
    n = post.number
    body = SMFBody(software).body(post.version_at(software.now).pieces)
    link = software.href(software.post_address(view, post))
    title = text(view.thread.title)
    on = "on" if not software.other else "am"
    said = f"{software.says['reply']} #{position} {on}:" if position else f"{on}:"
    shade = "windowbg" if position % 2 else "windowbg2"
    anchor = f'<a id="msg{n}"></a>' if position else ""
    return f"""{anchor}<div class="{shade}"><span class="topslice"><span></span></span>
<div class="post_wrapper">{_poster(software, post)}
<div class="postarea"><div class="flow_hidden"><div class="keyinfo"><div class="messageicon"><img
 src="xx.gif" alt="" /></div><h5 id="subject_{n}"><a href="{link}" rel="nofollow">
{"Re: " if position else ""}{title}</a></h5>
<div class="smalltext">&#171; <strong>{said}</strong> {software.when(post.written_at)} &#187;</div>
<div id="msg_{n}_quick_mod"></div></div></div>
<div class="post"><div class="inner" id="msg_{n}">{body}</div></div></div>
<div class="moderatorbar"><div class="smalltext modified" id="modified_{n}">
{_old_edit_mark(software, post)}</div><div class="smalltext reportlinks"><img src="ip.gif" alt="" />
 Logged</div>{_signature(post)}</div></div>
<span class="botslice"><span></span></span></div><hr class="post_separator" />
"""


def _new_post(software: SMFParts, view: ThreadView, post: BoardPost, position: int) -> str:
    n = post.number
    body = SMFBody(software).body(post.version_at(software.now).pieces)
    link = software.href(software.post_address(view, post))
    title = text(view.thread.title)
    subject = f"Re: {title}" if position else title
    counter = f'<span class="page_number floatright">#{position}</span>' if position else ""
    edited = _new_edit_mark(software, post)
    visible = " mvisible" if edited else ""
    return f"""<div class="windowbg" id="msg{n}"><div class="post_wrapper">
{_poster(software, post)}
<div class="postarea"><div class="keyinfo"><div id="subject_{n}"
 class="subject_title subject_hidden"><a href="{link}" rel="nofollow">{subject}</a></div>
{counter}<div class="postinfo"><span class="messageicon" style="position: absolute;"><img
 src="post/xx.png" alt=""></span><a href="{link}" rel="nofollow" title="{subject}"
 class="smalltext">{software.when(post.written_at)}</a><span class="spacer"></span>
<span class="smalltext modified floatright{visible}" id="modified_{n}">{edited}</span></div>
<div id="msg_{n}_quick_mod"></div></div>
<div class="post"><div class="inner" data-msgid="{n}" id="msg_{n}">
{body}
</div></div>{_likes(software, post)}</div>
<div class="moderatorbar">{_signature(post)}</div></div></div><hr class="post_separator">
"""


def _poster(software: SMFParts, post: BoardPost) -> str:
    css = "reset smalltext" if software.old else "user_info"
    online = '<img src="useroff.gif" alt="Offline" />'
    if not software.old:
        online = '<span class="off" title="Offline"></span>'
    if post.author is None:
        return f"""<div class="poster"><h4>{software.member(post)}</h4><ul class="{css}"
 id="msg_{post.number}_extra_info"><li class="membergroup">{software.says["guest"]}</li></ul>
</div>"""
    return f"""<div class="poster"><h4>{online} {software.member(post)}</h4><ul class="{css}"
 id="msg_{post.number}_extra_info"><li class="postgroup">{text(post.author.title)}</li>
<li class="stars">*</li><li class="postcount">Posts: {post.author.number * 3}</li></ul></div>"""


def _old_edit_mark(software: SMFParts, post: BoardPost) -> str:
    at = post.edited_at(software.now)
    if at is None:
        return ""
    said = f"{software.says['edited']}: {software.when(at)} {software.says['edited_by']}"
    return f"&#171; <em>{said} {text(post.shown_name)}</em> &#187;"


def _new_edit_mark(software: SMFParts, post: BoardPost) -> str:
    at = post.edited_at(software.now)
    if at is None:
        return ""
    by = f"{software.says['edited_by']} {text(post.shown_name)}"
    return f'<span class="lastedit">{software.says["edited"]}</span>: {software.when(at)} {by}'


def _likes(software: SMFParts, post: BoardPost) -> str:
    names = likers(software.board, post)
    if not names:
        return '<div class="under_message"></div>'
    return f"""<div class="under_message"><ul class="floatleft"><li class="like_count smalltext">
{", ".join(f'<a href="{software.base}/index.php?action=profile;u=1">{name}</a>' for name in names)}
 liked this post</li></ul></div>"""


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br />")
    return f'<div class="signature" id="msg_{post.number}_signature">{lines}</div>'
