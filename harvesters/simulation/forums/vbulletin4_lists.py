"""The pages of vBulletin 4.2: lists, with the body of a post in a block quotation."""

from collections.abc import Sequence

from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import php_date
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardPost,
    BoardView,
    Quoted,
    Shown,
    ThreadView,
)
from harvesters.simulation.forums.software import Address, likers, slug, window
from harvesters.simulation.forums.vbulletin4_parts import VBulletinParts


class ListBody(BodyMarkup):
    """Bodies of BBCode as version 4.2 writes them."""

    def __init__(self, software: VBulletinParts) -> None:
        self._software = software

    def words(self, words: str) -> str:
        """Return running text; this software leaves the apostrophe as it is."""
        return text(words).replace("&#039;", "'")

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation, which has no element of its own name."""
        if quoted.post is None:
            return f"""<div class="bbcode_container"><div class="bbcode_quote">
<div class="quote_container"><div class="bbcode_quote_container"></div>
<div class="bbcode_postedby"><img src="images/misc/quote_icon.png" alt="Quote" />
 {self._software.says["quoted"]} <strong>{text(quoted.author)}</strong></div>
<div class="message">{inner}</div></div></div></div>"""
        link = self._software.href(f"/showthread.php?p={quoted.post}#post{quoted.post}")
        return f"""<div class="bbcode_container"><div class="bbcode_quote">
<div class="quote_container"><div class="bbcode_quote_container"></div>
<div class="bbcode_postedby"><img src="images/misc/quote_icon.png" alt="Quote" />
 {self._software.says["quoted"]} <strong>{text(quoted.author)}</strong>
<a href="{link}" rel="nofollow"><img class="inlineimg" src="images/buttons/viewpost-right.png"
 alt="View Post" /></a></div><div class="message">{inner}</div></div></div></div>"""

    def code(self, lines: str) -> str:
        """Return code."""
        return f"""<div class="bbcode_container"><div class="bbcode_description">Code:</div>
<pre class="bbcode_code"style="height:60px;">{text(lines)}</pre></div>"""

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" border="0" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" target="_blank" rel="nofollow">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "".join(f'<li style="">{self.words(item)}</li>' for item in items)
        return f"<ul>{inner}</ul>"


class ListPages:
    """Writes the pages of version 4.2."""

    def __init__(self, software: VBulletinParts) -> None:
        self._software = software
        self._says = software.says

    def page(self, title: str, content: str) -> str:
        """Return a page around its content."""
        software = self._software
        name = text(software.board.name)
        wrap = ('<div class="site_wrapper">', "</div>") if software.other else ("", "")
        return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" dir="ltr" lang="en" id="vbulletin_html">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1" />
<meta id="e_vb_meta_bburl" name="vb_meta_bburl" content="{software.base}" />
<base href="{software.base}/" />
<meta name="generator" content="vBulletin 4.2.3" />
<title>{text(title)}</title>
<script type="text/javascript"><!--
var SESSIONURL = "s={software.token("session")}&";
var SECURITYTOKEN = "guest";
// --></script>
</head>
<body>{wrap[0]}
<div class="above_body"><div id="header" class="floatcontainer doc_header"><div><a name="top"
 href="{software.href("/forum.php")}" class="logo-image"><img src="images/misc/vbulletin4_logo.png"
 alt="{name}" /></a></div><div id="toplinks" class="toplinks"><ul class="nouser"><li><form
 id="navbar_loginform" action="login.php?do=login" method="post"><fieldset><input type="text"
 class="textbox default-value" name="vb_login_username" id="navbar_username" /></fieldset></form>
</li></ul></div></div>
<div id="navbar" class="navbar"><ul id="navtabs" class="navtabs floatcontainer"><li
 class="selected" id="vbtab_forum"><a class="navtab" href="forum.php">Forum</a></li></ul></div>
</div>
<div class="body_wrapper">
<div id="breadcrumb" class="breadcrumb"><ul class="floatcontainer"><li class="navbithome"><a
 href="{software.href("/forum.php")}" accesskey="1"><img src="images/misc/navbit-home.png"
 alt="Home" /></a></li></ul></div>
{content}
</div>
<div class="below_body"><div id="footer_copyright" class="shade footer_copyright">Powered by
 <a href="https://www.vbulletin.com" id="vbulletinlink">vBulletin&reg;</a> Version 4.2.3</div></div>
{wrap[1]}</body></html>
"""

    def login(self) -> str:
        """Return the form that asks to log in."""
        content = """<div class="standard_error"><form class="block vbform" method="post"
 action="login.php?do=login"><h2 class="blockhead">vBulletin Message</h2><div class="blockbody
 formcontrols"><p class="blockrow restore">You are not logged in or you do not have permission to
 access this page.</p><input type="text" name="vb_login_username" /><input type="password"
 name="vb_login_password" /></div></form></div>"""
        return self.page("vBulletin Message", content)

    def index(self, view: BoardView) -> str:
        """Return the list of forums."""
        blocks = []
        for n, category in enumerate(dict.fromkeys(f.category for f in view.board.forums), 50):
            items = "".join(
                self._forum_item(view, forum)
                for forum in view.board.forums
                if forum.category == category
            )
            blocks.append(f"""<li class="forumbit_nopost L1" id="cat{n}"><div
 class="forumhead foruminfo L1 collapse"><h2><span class="forumtitle"><a
 href="{self._software.href(f"/forumdisplay.php?f={n}")}">{text(category)}</a></span></h2></div>
<ol id="c_cat{n}" class="childforum">{items}</ol></li>""")
        return self.page(
            view.board.name, f'<ol id="forums" class="floatcontainer">{"".join(blocks)}</ol>'
        )

    def _forum_item(self, view: BoardView, forum: BoardForum) -> str:
        software, listed = self._software, view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        last = f"""<p class="lastposttitle"><a
 href="{software.href(software.post_address(newest, newest.last))}" class="threadtitle">
{text(newest.thread.title)}</a></p><p class="lastpostdate">{software.day(newest.last.written_at)},
 <span class="time">{software.hour(newest.last.written_at)}</span></p>"""
        return f"""<li id="forum{forum.number}" class="forumbit_post old L2"><div
 class="forumrow table"><div class="foruminfo td"><div class="forumdata"><div class="datacontainer">
<div class="titleline"><h2 class="forumtitle"><a
 href="{software.href(software.forum_address(forum))}">{text(forum.title)}</a></h2></div>
<p class="forumdescription">{text(forum.description)}</p></div></div></div>
<ul class="forumstats td"><li>Threads: {len(listed)}</li>
<li>Posts: {sum(len(entry.readable) for entry in listed)}</li></ul>
<div class="forumlastpost td">{"" if forum.members_only else last}</div></div></li>
"""

    def forum(
        self, forum: BoardForum, page: int, last: int, rows: Sequence[ThreadView], sticky: bool
    ) -> str:
        """Return a page of a forum."""
        software = self._software
        navigation = self._navigation(
            lambda n: software.href(software.forum_address(forum, n)), page, last
        )
        stickies = "".join(self._thread_item(forum, v) for v in rows if v.thread.sticky)
        threads = "".join(self._thread_item(forum, v) for v in rows if not v.thread.sticky)
        block = f'<ol id="stickies" class="stickies">{stickies}</ol>' if sticky else ""
        return self.page(
            forum.title,
            f"""<div id="above_threadlist" class="above_threadlist">{navigation}</div>
<div id="threadlist" class="threadlist"><form id="thread_inlinemod_form" method="post"
 action="inlinemod.php?forumid={forum.number}"><div><div class="threadlisthead table"><div><span
 class="threadinfo"><span class="threadtitle">Title</span></span></div></div>
{block}<ol id="threads" class="threads">{threads}</ol></div></form></div>
<div id="below_threadlist" class="noinlinemod below_threadlist">{navigation}</div>""",
        )

    def _thread_item(self, forum: BoardForum, view: ThreadView) -> str:
        software, thread, first, last = self._software, view.thread, view.first, view.last
        number, moved = thread.number, view.forum != forum.number
        prefix = self._says["moved"] if moved else self._says["sticky"] if thread.sticky else ""
        state = "lock" if thread.closed else "moved" if moved else "hot"
        began = f"{software.day(first.written_at)}&nbsp;{software.hour(first.written_at)}"
        last_post = f"""<dd>{self._member(last)}</dd><dt class="lastpostdate hidden">Last Post</dt>
<dd>{software.day(last.written_at)},&nbsp;<em class="time">{software.hour(last.written_at)}</em>
<a href="{software.href(software.post_address(view, last))}" class="lastpostdate understate"
 title="Go to last post"><img src="images/buttons/lastpost-right.png" alt="Go to last post" /></a>
</dd>"""
        return f"""<li class="threadbit {state} old" id="thread_{number}"><div
 class="rating0 {"sticky" if thread.sticky else "nonsticky"}"><div class="threadinfo"
 title="Preview"><a class="threadstatus" rel="vB::AJAX"></a><div class="inner">
<h3 class="threadtitle"><span id="thread_prefix_{number}" class="prefix understate">{prefix}</span>
<a class="title" href="{software.href(software.thread_address(view))}"
 id="thread_title_{number}">{text(thread.title)}</a></h3>
<div class="threadmeta"><div class="author"><span class="label">{self._says["started_by"]}&nbsp;
{self._starter(first)},&nbsp;{began}</span>{self._threadbit_pages(view)}</div></div></div></div>
<ul class="threadstats td alt" title=""><li>{self._says["replies"]}: {self._replies(view, moved)}
</li><li>{self._says["views"]}: {"-" if moved else f"{thread.views:,}"}</li></ul>
<dl class="threadlastpost td"><dt class="lastpostby hidden">Last Post By</dt>
{"<dd>-</dd>" if moved else last_post}</dl></div></li>
"""

    def _replies(self, view: ThreadView, moved: bool) -> str:
        number = view.thread.number
        who = f'misc.php?do=whoposted&amp;t={number}" onclick="who({number}); return false;'
        count = len(view.readable) - 1
        return "-" if moved else f'<a href="{who}" class="understate">{count}</a>'

    def _threadbit_pages(self, view: ThreadView) -> str:
        software, last = self._software, self._software.n_pages(view)
        links = " ".join(
            f'<span><a href="{software.href(software.thread_address(view, n))}">{n}</a></span>'
            for n in range(2, min(last, 4) + 1)
        )
        number = view.thread.number
        return (
            f'<dl class="pagination" id="pagination_threadbit_{number}"><dt class="label">'
            f'{last} Pages <span class="separator">&bull;</span></dt><dd>{links}</dd></dl>'
            if links
            else ""
        )

    def _starter(self, post: BoardPost) -> str:
        if post.author is None:
            return text(post.shown_name)
        link = self._software.href(f"/member.php?{post.author.number}-{slug(post.shown_name)}")
        return f'<a href="{link}" class="username understate">{text(post.shown_name)}</a>'

    def _member(self, post: BoardPost) -> str:
        name = text(post.shown_name)
        if post.author is None:
            return f'<span class="username guest"><b>{name}</b></span>'
        link = self._software.href(f"/member.php?{post.author.number}-{slug(post.shown_name)}")
        return f"""<div class="popupmenu memberaction"><a class="username offline popupctrl"
 href="{link}" title="{name} is offline"><strong>{name}</strong></a><ul
 class="popupbody popuphover memberaction_body"><li class="left"><a href="{link}"
 class="siteicon_profile">View Profile</a></li></ul></div>"""

    def thread(self, thread: ThreadView, page: int, shown: Sequence[Shown]) -> str:
        """Return a page of a thread."""
        software = self._software
        navigation = self._navigation(
            lambda n: software.href(software.thread_address(thread, n)),
            page,
            software.n_pages(thread),
        )
        start = (page - 1) * software.posts_per_page + 1
        posts = "".join(
            self._deleted(entry.post) if entry.deleted else self._post(thread, entry.post, n)
            for n, entry in enumerate(shown, start)
        )
        link = software.href(software.thread_address(thread))
        return self.page(
            thread.thread.title,
            f"""<div id="pagination_top" class="pagination_top">{navigation}</div>
<div id="pagetitle" class="pagetitle"><h1>Thread: <span class="threadtitle"><a href="{link}"
 title="Reload this Page">{text(thread.thread.title)}</a></span></h1></div>
<div id="postlist" class="postlist restrain"><ol id="posts" class="posts" start="{start}">
{posts}</ol></div>
<div id="below_postlist" class="noinlinemod below_postlist"><div id="pagination_bottom"
 class="pagination_bottom">{navigation}</div></div>""",
        )

    def _post(self, view: ThreadView, post: BoardPost, number: int) -> str:
        software, n = self._software, post.number
        body = ListBody(software).body(post.version_at(software.now).pieces)
        classes = (
            "postbit postbitim postcontainer old"
            if software.other
            else ("postbitlegacy postbitim postcontainer old")
        )
        title = f'<h2 class="title icon">{text(view.thread.title)}</h2>' if number == 1 else ""
        link = software.href(f"{software.post_address(view, post).partition('#')[0]}&viewfull=1")
        return f"""<li class="{classes}" id="post_{n}">
<div class="posthead"><span class="postdate old"><span class="date">{software.day(post.written_at)},
&nbsp;<span class="time">{software.hour(post.written_at)}</span></span></span>
<span class="nodecontrols"><a name="post{n}" href="{link}#post{n}" class="postcounter">#{number}</a>
<a id="postcount{n}" name="{number}"></a></span></div>
<div class="postdetails">{self._user(post)}
<div class="postbody"><div class="postrow">{title}<div class="content"><div id="post_message_{n}">
<blockquote class="postcontent restore ">
{body}
</blockquote></div></div></div>
<div class="after_content">{self._edit_mark(post)}{_signature(post)}{self._thanks(post)}</div>
<div class="cleardiv"></div></div></div>
<div class="postfoot"><div class="textcontrols floatcontainer"><span class="postcontrols"><a
 id="qrwq_{n}" class="newreply" href="{software.href(f"/newreply.php?do=newreply&p={n}")}"
 rel="nofollow">Reply With Quote</a></span></div></div><hr /></li>
"""

    def _user(self, post: BoardPost) -> str:
        if post.author is None:
            return f"""<div class="userinfo"><div class="username_container">{self._member(post)}
</div><span class="usertitle">{self._says["guest"]}</span></div>"""
        joined = php_date(self._software.local(post.author.joined), "M Y")
        return f"""<div class="userinfo"><div class="contact"><div class="username_container">
{self._member(post)}<img class="inlineimg onlinestatus" src="images/statusicon/user-offline.png"
 alt="" /></div></div><span class="usertitle">{text(post.author.title)}</span>
<dl class="userinfo_extra"><dt>{self._says["joined"]}</dt> <dd>{joined}</dd>
<dt>{self._says["posts"]}</dt> <dd>57</dd></dl></div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self._software.now)
        if at is None:
            return ""
        said = self._says["edited"].format(
            who=text(post.shown_name),
            day=self._software.day(at),
            hour=f'<span class="time">{self._software.hour(at)}</span>',
        )
        return f'<blockquote class="postcontent lastedited"><!-- edit note -->{said}</blockquote>\n'

    def _thanks(self, post: BoardPost) -> str:
        names = likers(self._software.board, post)
        if not names:
            return ""
        return f"""<div class="dbtech-thanks" id="dbtech_thanks_entries_{post.number}">
{len(names)} Thanks: {", ".join(names)}</div>"""

    def _deleted(self, post: BoardPost) -> str:
        when = f"{self._software.day(post.written_at)},&nbsp;{self._software.hour(post.written_at)}"
        return f"""<li class="postbitdeleted postbitim postcontainer" id="post_{post.number}">
<div class="posthead"><span class="postdate deleted"><span class="date">{when}</span></span></div>
<div class="postdetails"><div class="userinfo">{self._member(post)}</div><div class="postbody">
<p class="deletedmessage">{self._says["deleted"]} <strong>Moderator</strong>.</p></div></div></li>
"""

    def _navigation(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        parts = []
        for n in window(page, last):
            if n is None:
                parts.append('<span class="separator">...</span>')
            elif n == page:
                parts.append(f'<span class="selected"><a href="javascript://">{n}</a></span>')
            else:
                parts.append(f'<span><a href="{address(n)}">{n}</a></span>')
        if page > 1:
            parts.insert(0, _turn(address(page - 1), "prev"))
        if page < last:
            parts.append(_turn(address(page + 1), "next"))
        said = self._says["page_of"].format(page=page, last=last)
        return f"""<form action="showthread.php" method="get"
 class="pagination popupmenu nohovermenu"><input type="hidden" name="s" value="" />
<span><a href="javascript://" class="popupctrl">{said}</a></span>{"".join(parts)}</form>"""


def _turn(address: str, rel: str) -> str:
    return (
        f'<span class="prev_next"><a rel="{rel}" href="{address}" title="{rel.title()} Page"><img'
        f' class="prev_next" src="images/pagination/{rel}.png" alt="{rel.title()}" /></a></span>'
    )


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br />\n")
    return f"""<blockquote class="signature restore"><div class="signaturecontainer">{lines}</div>
</blockquote>"""
