"""The pages of vBulletin 3.8: tables in tables."""

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
from harvesters.simulation.forums.software import Address, likers, window
from harvesters.simulation.forums.vbulletin4_parts import VBulletinParts

_TABLE = 'cellpadding="6" cellspacing="0" border="0" width="100%"'

_STICKY = (
    '<span style="float:right"><img class="inlineimg" src="images/misc/sticky.gif"'
    ' alt="Sticky Thread" border="0" /></span>'
)


class TableBody(BodyMarkup):
    """Bodies of BBCode as version 3.8 writes them."""

    def __init__(self, software: VBulletinParts) -> None:
        self._software = software

    def words(self, words: str) -> str:
        """Return running text; this software leaves the apostrophe as it is."""
        return text(words).replace("&#039;", "'")

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation in a table."""
        says = self._software.says
        view = ""
        if quoted.post is not None:
            link = self._software.href(f"/showthread.php?p={quoted.post}#post{quoted.post}")
            view = (
                f' <a href="{link}" rel="nofollow"><img class="inlineimg"'
                ' src="images/buttons/viewpost.gif" border="0" alt="View Post" /></a>'
            )
        return f"""<div style="margin:20px; margin-top:5px; ">
<div class="smallfont" style="margin-bottom:2px">{says["quote"]}</div>
<table {_TABLE}><tr><td class="alt2" style="border:1px inset">
<div>{says["quoted"]} <strong>{text(quoted.author)}</strong>{view}</div>
<div style="font-style:italic">{inner}</div>
</td></tr></table></div>"""

    def code(self, lines: str) -> str:
        """Return code."""
        return f"""<div style="margin:20px; margin-top:5px">
<div class="smallfont" style="margin-bottom:2px">Code:</div>
<pre class="alt2" dir="ltr" style="margin: 0px; overflow: auto">{text(lines)}</pre></div>"""

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" border="0" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" target="_blank">{text(label)}</a>'


class TablePages:
    """Writes the pages of version 3.8."""

    def __init__(self, software: VBulletinParts) -> None:
        self._software = software
        self._says = software.says

    def page(self, title: str, content: str) -> str:
        """Return a page around its content."""
        software = self._software
        name = text(software.board.name)
        style = ' class="skin_dark"' if software.other else ""
        return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" dir="ltr" lang="en">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1" />
<meta name="generator" content="vBulletin 3.8.7" />
<title>{text(title)} - {name}</title>
<script type="text/javascript"><!--
var SESSIONURL = "s={software.token("session")}&";
var SECURITYTOKEN = "guest";
// --></script>
<link rel="stylesheet" type="text/css" href="clientscript/vbulletin_important.css?v=387" />
</head>
<body{style}>
<a name="top"></a>
<table border="0" width="100%" cellpadding="0" cellspacing="0" align="center"><tr>
<td align="left"><a href="{software.href("/index.php")}"><img src="images/misc/logo.gif"
 border="0" alt="{name}" /></a></td></tr></table>
<div align="center"><div class="page" style="width:100%; text-align:left">
<table class="tborder" {_TABLE} align="center"><tr><td class="alt1" width="100%"><table
 cellpadding="0" cellspacing="0" border="0"><tr valign="bottom"><td><img
 src="images/misc/navbits_start.gif" alt="Go Back" border="0" /></td><td>&nbsp;</td><td
 width="100%"><span class="navbar"><a href="{software.href("/index.php")}"
 accesskey="1">{name}</a></span></td></tr><tr><td class="navbar" colspan="3"><img class="inlineimg"
 src="images/misc/navbits_finallink_ltr.gif" alt="Reload this Page" border="0" /> <strong>
	{text(title)}

</strong></td></tr></table></td>
<td class="alt2" nowrap="nowrap"><form action="login.php?do=login" method="post"><input type="text"
 class="bginput" name="vb_login_username" id="navbar_username" size="10" value="User Name" /><input
 type="hidden" name="securitytoken" value="guest" /></form></td></tr></table>
{content}
</div></div>
<div class="smallfont" align="center">Powered by vBulletin&reg; Version 3.8.7<br />Copyright
 &copy;2000 - 2024, vBulletin Solutions, Inc.</div>
</body></html>
"""

    def login(self) -> str:
        """Return the form that asks to log in."""
        content = """<table class="tborder" align="center"><tr><td class="tcat">vBulletin Message
</td></tr><tr><td class="panelsurround"><div class="panel">You are not logged in or you do not have
 permission to access this page. This could be due to one of several reasons:<ol><li>You are not
 logged in. Fill in the form at the bottom of this page and try again.</li></ol>
<form action="login.php?do=login" method="post"><input type="text" name="vb_login_username" />
<input type="password" name="vb_login_password" /></form></div></td></tr></table>"""
        return self.page("vBulletin Message", content)

    def index(self, view: BoardView) -> str:
        """Return the list of forums."""
        rows = "".join(self._forum_row(view, forum) for forum in view.board.forums)
        return self.page(
            view.board.name,
            f'<table class="tborder" {_TABLE} align="center"><tbody>{rows}</tbody></table>',
        )

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        software, listed = self._software, view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        last = f"""<div class="smallfont" align="left"><div><span style="white-space:nowrap">
<a href="{software.href(software.post_address(newest, newest.last))}">
<strong>{text(newest.thread.title)}</strong></a></span></div><div align="right">
{software.day(newest.last.written_at)} <span class="time">{software.hour(newest.last.written_at)}
</span></div></div>"""
        return f"""<tr align="center"><td class="alt2"><img src="images/statusicon/forum_old.gif"
 alt="" border="0" id="forum_statusicon_{forum.number}" /></td>
<td class="alt1Active" align="left" id="f{forum.number}"><div><a
 href="{software.href(software.forum_address(forum))}"><strong>{text(forum.title)}</strong></a></div>
<div class="smallfont">{text(forum.description)}</div></td>
<td class="alt2">{"Private" if forum.members_only else last}</td>
<td class="alt1">{len(listed)}</td>
<td class="alt2">{sum(len(entry.readable) for entry in listed)}</td></tr>
"""

    def forum(
        self, forum: BoardForum, page: int, last: int, rows: Sequence[ThreadView], sticky: bool
    ) -> str:
        """Return a page of a forum."""
        software = self._software
        navigation = self._navigation(
            lambda n: software.href(software.forum_address(forum, n)), page, last
        )
        body = "".join(self._thread_row(forum, entry) for entry in rows)
        divider = '<tr><td class="thead" colspan="6">Sticky Threads</td></tr>' if sticky else ""
        return self.page(
            forum.title,
            f"""{navigation}<form action="inlinemod.php?forumid={forum.number}" method="post">
<table class="tborder" {_TABLE} align="center" id="threadslist"><tbody>
<tr><td class="thead" colspan="2">&nbsp;</td><td class="thead">Thread / Thread Starter</td>
<td class="thead">Last Post</td><td class="thead">{self._says["replies"]}</td>
<td class="thead">{self._says["views"]}</td></tr></tbody>
<tbody id="threadbits_forum_{forum.number}">{divider}{body}</tbody></table></form>{navigation}""",
        )

    def _thread_row(self, forum: BoardForum, view: ThreadView) -> str:
        software, thread, last = self._software, view.thread, view.last
        moved = view.forum != forum.number
        prefix = self._says["moved"] if moved else self._says["sticky"] if thread.sticky else ""
        number, replies = thread.number, len(view.readable) - 1
        star = _STICKY if thread.sticky and not moved else ""
        icon = "thread_lock" if thread.closed else "thread_hot" if replies > 15 else "thread"  # noqa: PLR2004
        starter = text(view.first.shown_name)
        when = f"""<div class="smallfont" style="text-align:right; white-space:nowrap">
{software.day(last.written_at)} <span class="time">{software.hour(last.written_at)}</span><br />
{self._says["by"]} <a href="member.php?find=lastposter&amp;t={number}" rel="nofollow">
{text(last.shown_name)}</a> <a href="{software.href(software.post_address(view, last))}"><img
 class="inlineimg" src="images/buttons/lastpost.gif" alt="Go to last post" border="0" /></a>
</div>"""
        return f"""<tr><td class="alt1" id="td_threadstatusicon_{number}"><img
 src="images/statusicon/{icon}.gif" id="thread_statusicon_{number}" alt="" border="0" /></td>
<td class="alt2"><img src="images/icons/icon1.gif" alt="" border="0" /></td>
<td class="alt1" id="td_threadtitle_{number}" title="{text(_preview(view))}"><div>{star}{prefix}
 <a href="{software.href(software.thread_address(view))}" id="thread_title_{number}">
{text(thread.title)}</a>{self._multipage(view)}</div><div class="smallfont"><span
 style="cursor:pointer" onclick="window.open('member.php?u=1', '_self')">{starter}</span></div></td>
<td class="alt2" title="{self._says["replies"]}: {"-" if moved else replies},
 {self._says["views"]}: {thread.views}">{"-" if moved else when}</td>
<td class="alt1" align="center">{"-" if moved else replies}</td>
<td class="alt2" align="center">{"-" if moved else thread.views}</td></tr>
"""

    def _multipage(self, view: ThreadView) -> str:
        software, last = self._software, self._software.n_pages(view)
        if last == 1:
            return ""
        links = " ".join(
            f'<a href="{software.href(software.thread_address(view, n))}">{n}</a>'
            for n in range(1, min(last, 3) + 1)
        )
        return (
            ' <span class="smallfont" style="white-space:nowrap">(<img class="inlineimg"'
            f' src="images/misc/multipage.gif" alt="Multi-page thread" /> {links})</span>'
        )

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
        return self.page(
            thread.thread.title,
            f"""<a name="poststop" id="poststop"></a>{navigation}
<table class="tborder" {_TABLE} align="center"><tr><td class="tcat" width="100%"><div
 class="smallfont">&nbsp;</div></td><td class="vbmenu_control" id="threadtools">Thread Tools</td>
</tr></table>
<div id="posts">{posts}<div id="lastpost"></div></div>
{navigation}""",
        )

    def _post(self, view: ThreadView, post: BoardPost, number: int) -> str:
        software, n = self._software, post.number
        body = TableBody(software).body(post.version_at(software.now).pieces)
        title = ""
        if number == 1:
            title = f"""<div class="smallfont"><img class="inlineimg" src="images/icons/icon1.gif"
 alt="Default" border="0" /> <strong>{text(view.thread.title)}</strong></div>
<hr size="1" style="color:#D1D1E1; background-color:#D1D1E1" />"""
        wrapper = ' class="postwrap"' if software.other else ""
        return f"""<!-- post #{n} --><div align="center"{wrapper}><div class="page"
 style="width:100%; text-align:left"><div style="padding:0px 25px 0px 25px">
<div id="edit{n}" style="padding:0px 0px 6px 0px">
<table id="post{n}" class="tborder" {_TABLE} align="center"><tr>
<td class="thead" style="font-weight:normal"><!-- status icon and date --><a name="post{n}"><img
 class="inlineimg" src="images/statusicon/post_old.gif" alt="Old" border="0" /></a>
{software.day(post.written_at)}, {software.hour(post.written_at)}
<!-- / status icon and date --></td>
<td class="thead" style="font-weight:normal" align="right">&nbsp;#<a
 href="{software.href(f"/showpost.php?p={n}&postcount={number}")}" target="new" rel="nofollow"
 id="postcount{n}" name="{number}"><strong>{number}</strong></a>&nbsp;</td></tr>
<tr valign="top"><td class="alt2" width="175">{self._user(post)}</td>
<td class="alt1" id="td_post_{n}"><!-- icon and title -->{title}<!-- / icon and title -->
<!-- message --><div id="post_message_{n}">{body}</div><!-- / message -->
{self._thanks(post)}{_signature(post)}{self._edit_mark(post)}</td></tr>
<tr><td class="alt2"><img class="inlineimg" src="images/statusicon/user_offline.gif" alt=""
 border="0" />&nbsp;</td><td class="alt1" align="right"><a
 href="{software.href(f"/newreply.php?do=newreply&p={n}")}" rel="nofollow"><img
 src="images/buttons/quote.gif" alt="Reply With Quote" border="0" /></a></td></tr></table>
</div></div></div></div><!-- / post #{n} -->
"""

    def _user(self, post: BoardPost) -> str:
        name, software = text(post.shown_name), self._software
        if post.author is None:
            return f"""<div id="postmenu_{post.number}">{name}</div>
<div class="smallfont">{self._says["guest"]}</div>"""
        link = software.href(f"/member.php?u={post.author.number}")
        joined = php_date(software.local(post.author.joined), "M Y")
        return f"""<div id="postmenu_{post.number}"><a class="bigusername" href="{link}">{name}</a>
<script type="text/javascript"> vbmenu_register("postmenu_{post.number}", true); </script></div>
<div class="smallfont">{text(post.author.title)}</div><div class="smallfont">&nbsp;<br />
<div>{self._says["joined"]}: {joined}</div><div>{self._says["posts"]}: 57</div></div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self._software.now)
        if at is None:
            return ""
        said = self._says["edited"].format(
            who=text(post.shown_name),
            day=self._software.day(at),
            hour=f'<span class="time">{self._software.hour(at)}</span>',
        )
        return f"""<!-- edit note --><div class="smallfont"><hr size="1" /><em>{said}</em></div>
<!-- / edit note -->"""

    def _thanks(self, post: BoardPost) -> str:
        names = likers(self._software.board, post)
        if not names or self._software.other:
            return ""
        return f"""<div id="post_thanks_box_{post.number}"><div class="smallfont">The Following
 {len(names)} Users Say Thank You to {text(post.shown_name)}: {", ".join(names)}</div></div>"""

    def _deleted(self, post: BoardPost) -> str:
        when = f"{self._software.day(post.written_at)}, {self._software.hour(post.written_at)}"
        return f"""<table class="tborder" id="post{post.number}" {_TABLE} align="center"><tr>
<td class="thead" style="font-weight:normal"><a name="post{post.number}"><img class="inlineimg"
 src="images/statusicon/post_old.gif" alt="Old" border="0" /></a> {when}</td></tr>
<tr valign="top"><td class="alt1"><div class="smallfont"><strong>{text(post.shown_name)}</strong>
</div><div class="smallfont">{self._says["deleted"]} <strong>Moderator</strong>. Reason: off topic
</div></td></tr></table>
"""

    def _navigation(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        cells = "".join(
            f'<td class="alt2"><span class="smallfont"><strong>{n}</strong></span></td>'
            if n == page
            else f'<td class="alt1"><a class="smallfont" href="{address(n)}">{n}</a></td>'
            for n in window(page, last)
            if n is not None
        )
        back = (
            f'<td class="alt1"><a rel="prev" class="smallfont" href="{address(page - 1)}"'
            ' title="Prev Page">&lt;</a></td>'
        )
        on = (
            f'<td class="alt1"><a rel="next" class="smallfont" href="{address(page + 1)}"'
            ' title="Next Page">&gt;</a></td>'
        )
        said = self._says["page_of"].format(page=page, last=last)
        return f"""<div class="pagenav" align="right"><table class="tborder"><tr>
<td class="vbmenu_control" style="font-weight:normal">{said}</td>{back if page > 1 else ""}
{cells}{on if page < last else ""}<td class="vbmenu_control"><a name="PageNav"></a></td></tr>
</table></div>"""


def _preview(view: ThreadView) -> str:
    return f"Preview of {view.thread.title}"


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br />\n")
    return f"<!-- sig --><div>__________________<br />\n{lines}</div><!-- / sig -->\n"
