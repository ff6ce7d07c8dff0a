"""A board as MyBB 1.8 shows it, early and late in that line."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import (
    ENGLISH,
    GERMAN,
    day_word,
    minutes_ago,
    php_date,
)
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardPost,
    BoardView,
    Quoted,
    ThreadView,
)
from harvesters.simulation.forums.software import (
    Address,
    ForumSoftware,
    likers,
    on_page,
    pages_of,
    whole_number,
    window,
)

STUB_NUMBERS = 900_000  # a moved thread leaves a line with a number of its own
_FRIENDLY = re.compile(r"/(thread|forum)-(\d+)(?:-(page|post)-(\d+))?\.html")
_ENGLISH_PHRASES = {
    "edited": "(This post was last modified: {when} by {who}.)",
    "wrote": "Wrote:",
    "guest": "Unregistered",
    "pages": "Pages ({}):",
    "ago": "{} minutes ago",
    "hours": "{} hours ago",
    "last_post": "Last Post",
    "important": "Important Threads",
    "normal": "Normal Threads",
    "moved": "Moved:",
    "posts": "Posts",
    "next": "Next",
}
_GERMAN_PHRASES = {
    "edited": "(Dieser Beitrag wurde zuletzt bearbeitet: {when} von {who}.)",
    "wrote": "schrieb:",
    "guest": "Unregistriert",
    "pages": "Seiten ({}):",
    "ago": "vor {} Minuten",
    "hours": "vor {} Stunden",
    "last_post": "Letzter Beitrag",
    "important": "Wichtige Themen",
    "normal": "Normale Themen",
    "moved": "Verschoben:",
    "posts": "Beiträge",
    "next": "Weiter",
}


class MyBB18(ForumSoftware):
    """MyBB 1.8. A page past the last is the first again; what is missing is an error with 200.

    A board of the other theme has the classic post and friendly addresses.
    """

    name = "mybb18"
    versions = ("1.8.5", "1.8.38")
    posts_per_page = 10
    threads_per_page = 20
    charset = "UTF-8"

    @property
    def early(self) -> bool:
        """Whether this is the earlier version."""
        return self.version == "1.8.5"

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the session's cookies."""
        return (
            ("Set-Cookie", f"mybb[lastvisit]={int(self.now.timestamp())}; path=/"),
            ("Set-Cookie", f"sid={self.token('sid')}; path=/; HttpOnly"),
        )

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a thread."""
        number = view.thread.number
        if self.other:
            return f"/thread-{number}-page-{page}.html" if page > 1 else f"/thread-{number}.html"
        return f"/showthread.php?tid={number}" + (f"&page={page}" if page > 1 else "")

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a forum."""
        if self.other:
            tail = f"-page-{page}" if page > 1 else ""
            return f"/forum-{forum.number}{tail}.html"
        return f"/forumdisplay.php?fid={forum.number}" + (f"&page={page}" if page > 1 else "")

    def post_address(self, view: ThreadView, post: int) -> str:
        """Return the address of a post in its thread."""
        number = view.thread.number
        if self.other:
            return f"/thread-{number}-post-{post}.html#pid{post}"
        return f"/showthread.php?tid={number}&pid={post}#pid{post}"

    def href(self, address: str) -> str:
        """Return an address as the software writes it: without a leading slash."""
        return text(address.lstrip("/"))

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        friendly = _FRIENDLY.fullmatch(question.path)
        if friendly is not None:
            what, number, kind, place = friendly.groups()
            post = int(place) if kind == "post" else 0
            page = int(place) if kind == "page" else 1
            walk = self._thread if what == "thread" else self._forum
            return walk(view, int(number), page, post)
        page = whole_number(question.one("page"), otherwise=1)
        if question.path in ("/", "/index.php"):
            return self._index(view)
        if question.path == "/forumdisplay.php":
            return self._forum(view, whole_number(question.one("fid")), page, 0)
        if question.path == "/showthread.php":
            post = whole_number(question.one("pid"))
            return self._thread(view, whole_number(question.one("tid")), page, post)
        if question.path == "/member.php":
            return self._members(status=200)
        return self.html("<h1>Not Found</h1>", status=404)

    def _forum(self, view: BoardView, number: int, page: int, _: int) -> Answer:
        forum = view.forums.get(number)
        if forum is None:
            return self._error("Invalid forum")
        if forum.members_only:
            return self._members(status=200 if self.early else 403)
        rows = sorted(
            [*view.listed(number), *view.moved_away(number)],
            key=lambda entry: (not entry.thread.sticky, -entry.last.number),
        )
        last = pages_of(len(rows), self.threads_per_page)
        page = page if 1 <= page <= last else 1
        return self._forum_page(forum, page, last, on_page(rows, page, self.threads_per_page))

    def _thread(self, view: BoardView, number: int, page: int, post: int) -> Answer:
        thread = view.thread_of(post) if post else view.thread(number)
        if thread is None and post:
            thread = view.thread(number)
        if thread is None:
            return self._error("The specified thread does not exist.")
        if view.members_only(thread.forum):
            return self._members(status=200 if self.early else 403)
        if post:
            page = self.page_of(thread, post)
        page = page if 1 <= page <= self.n_pages(thread) else 1
        return self._thread_page(thread, page)

    # pages

    def _page(self, title: str, content: str) -> str:
        name = text(self.board.name)
        return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><!-- start: page -->
<html xml:lang="en" lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{text(title)}</title>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
<script type="text/javascript" src="{self.base}/jscripts/jquery.js?ver=1823"></script>
<script type="text/javascript">
var my_post_key = "{self.token("key")}";
var rootpath = "{self.base}";
</script>
</head>
<body>
<div id="container">
<a name="top" id="top"></a>
<div id="header"><div id="logo"><div class="wrapper"><a href="{self.base}/index.php"><img
 src="images/logo.png" alt="{name}" title="{name}" /></a><ul class="menu top_links"><li><a
 href="{self.base}/search.php" class="search">Search</a></li></ul></div></div>
<div id="panel"><div class="upper"><div class="wrapper"><span class="welcome">Hello There, Guest!
 <a href="{self.base}/member.php?action=login" class="login">Login</a></span></div></div>
</div></div>
<div id="content"{' class="flat_theme"' if self.other else ""}><div class="wrapper">
<div class="navigation"><a href="{self.base}/index.php">{name}</a><br /><img
 src="images/nav_bit.png" alt="" /><span class="active">{text(title)}</span></div><br />
{content}
</div></div>
<div id="footer"><div class="lower"><div class="wrapper"><span id="current_time"><strong>Current
 time:</strong> {self.when(self.now)}</span><span id="copyright">Powered By <a
 href="https://mybb.com" target="_blank" rel="noopener">MyBB</a>, &copy; 2002-2024 <a
 href="https://mybb.com" target="_blank">MyBB Group</a>.</span></div></div></div>
</div></body></html>
"""

    def _error(self, said: str) -> Answer:
        content = f"""<table border="0" cellspacing="0" class="tborder"><tr><td class="thead"><span
 class="smalltext"><strong>{text(self.board.name)}</strong></span></td></tr><tr><td class="trow1">
{said}</td></tr></table>"""
        return self.html(self._page(self.board.name, content))

    def _members(self, *, status: int) -> Answer:
        content = f"""<form action="member.php" method="post"><input type="hidden" name="action"
 value="do_login" /><input type="hidden" name="my_post_key" value="{self.token("key")}" />
<table border="0" class="tborder"><tr><td
 class="thead"><strong>{text(self.board.name)}</strong></td>
</tr><tr><td class="trow1">You are either not logged in or do not have permission to view this page.
 This could be because one of the following reasons:<ol><li>You are not logged in.</li>
</ol></td></tr><tr><td class="trow1"><input type="text" class="textbox" name="username" /><input
 type="password" class="textbox" name="password" /></td></tr></table></form>"""
        return self.html(self._page(self.board.name, content), status=status)

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(self._forum_row(view, forum) for forum in self.board.forums)
        content = f"""<table border="0" cellspacing="0" class="tborder"><thead><tr><td class="thead
" colspan="5"><div><strong><a href="{self.href("/forumdisplay.php?fid=1")}">Talk</a></strong></div>
</td></tr></thead><tbody style="" id="cat_1_e">{rows}</tbody></table>"""
        return self.html(self._page(self.board.name, content))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        last = f"""<span class="smalltext"><a
 href="{self.href(self.post_address(newest, newest.last.number))}"
 title="{text(newest.thread.title)}"><strong>{text(newest.thread.title)}</strong></a><br />
{self.when(newest.last.written_at)}<br />by {self.member(newest.last)}</span>"""
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<tr><td class="trow1" align="center" width="1"><span
 class="forum_status forum_off ajax_mark_read" id="mark_read_{forum.number}"></span></td>
<td class="trow1"><strong><a href="{self.href(self.forum_address(forum))}">{text(forum.title)}</a>
</strong><div class="smalltext">{text(forum.description)}</div></td>
<td class="trow1" align="center">{len(listed)}</td><td class="trow1" align="center">{posts}</td>
<td class="trow1" align="right">{"Private" if forum.members_only else last}</td></tr>
"""

    def _forum_page(
        self, forum: BoardForum, page: int, last: int, rows: Sequence[ThreadView]
    ) -> Answer:
        pages = self._pages(lambda n: self.href(self.forum_address(forum, n)), page, last)
        body, before = "", True
        for place, view in enumerate(rows):
            if view.thread.sticky and place == 0:
                body += _separator(self.says["important"])
            if before and not view.thread.sticky and page == 1:
                body += _separator(self.says["normal"])
            before = view.thread.sticky
            body += self._thread_row(forum, view)
        content = f"""<div class="float_left">{pages}</div>
<table border="0" cellspacing="0" class="tborder clear"><tr><td class="thead" colspan="6"><div>
<strong>{text(forum.title)}</strong></div></td></tr><tr><td class="tcat" colspan="3">Thread /
 Author</td><td class="tcat">Replies</td><td class="tcat">Views</td><td class="tcat">Last Post</td>
</tr>{body}</table>
<div class="float_left">{pages}</div>"""
        return self.html(self._page(forum.title, content))

    def _thread_row(self, forum: BoardForum, view: ThreadView) -> str:
        thread, last = view.thread, view.last
        moved = view.forum != forum.number
        kind = "forumdisplay_sticky" if thread.sticky else "forumdisplay_regular"
        cell = f'class="trow1 {kind}"'
        number = thread.number + STUB_NUMBERS * moved
        state = "movefolder" if moved else "oldlockfolder" if thread.closed else "oldfolder"
        replies = "-" if moved else str(len(view.readable) - 1)
        link = self.href(self.thread_address(view))
        who = f"""<span class="lastpost smalltext">{self.when(last.written_at)}<br />
<a href="{link}{"&amp;" if "?" in link else "?"}action=lastpost">{self.says["last_post"]}</a>:
 {self.member(last)}</span>"""
        return f"""<tr class="inline_row"><td align="center" {cell} width="2%"><span
 class="thread_status {state}" title="No new posts.">&nbsp;</span></td>
<td align="center" {cell} width="2%">&nbsp;</td>
<td {cell}><div><span>{self.says["moved"] if moved else ""} <span class=" subject_old"
 id="tid_{number}"><a href="{link}">{text(thread.title)}</a></span>{self._row_pages(view)}</span>
<div class="author smalltext">{self.member(view.first)}</div></div></td>
<td align="center" {cell}><a href="javascript:void(0)"
 onclick="MyBB.whoPosted({thread.number}); return false;">{replies}</a></td>
<td align="center" {cell}>{"-" if moved else f"{thread.views:,}"}</td>
<td {cell} style="white-space: nowrap; text-align: right;">{"-" if moved else who}</td></tr>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = " ".join(
            f'<a href="{self.href(self.thread_address(view, n))}">{n}</a>'
            for n in range(1, min(last, 4) + 1)
        )
        return f' <span class="smalltext">(Pages: {links})</span>' if last > 1 else ""

    def _thread_page(self, thread: ThreadView, page: int) -> Answer:
        start = (page - 1) * self.posts_per_page + 1
        drawn = on_page(thread.readable, page, self.posts_per_page)
        posts = "".join(self._post(thread, post, n) for n, post in enumerate(drawn, start))
        pages = self._pages(
            lambda n: self.href(self.thread_address(thread, n)), page, self.n_pages(thread)
        )
        title = text(thread.thread.title)
        content = f"""<div class="float_left">{pages}</div>
<table border="0" cellspacing="0" class="tborder tfixed clear"><tr><td class="thead"><div><strong>
{title}</strong></div></td></tr><tr><td id="posts_container"><div id="posts">
{posts}</div></td></tr></table>
<div class="float_left">{pages}</div>
<div class="thread_legend smalltext">Users browsing this thread: 1 Guest(s)</div>"""
        return self.html(self._page(thread.thread.title, content))

    def _pages(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        parts = [f'<span class="pages">{self.says["pages"].format(last)}</span>']
        if page > 1:
            parts.append(
                f'<a href="{address(page - 1)}" class="pagination_previous">&laquo; Previous</a>'
            )
        for n in window(page, last):
            if n is None:
                parts.append("...")
            elif n == page:
                parts.append(f'<span class="pagination_current">{n}</span>')
            else:
                ends = {1: "pagination_first", last: "pagination_last"}
                far = abs(n - page) > 2  # noqa: PLR2004 # beyond the numbers around
                css = ends.get(n, "pagination_page") if far else "pagination_page"
                parts.append(f'<a href="{address(n)}" class="{css}">{n}</a>')
        if page < last:
            said = f"{self.says['next']} &raquo;"
            parts.append(f'<a href="{address(page + 1)}" class="pagination_next">{said}</a>')
        return f'<div class="pagination">{" ".join(parts)}</div>'

    # posts

    def _post(self, view: ThreadView, post: BoardPost, number: int) -> str:
        n = post.number
        body = MyBBBody(self).body(post.version_at(self.now).pieces)
        link = self.href(self.post_address(view, n))
        scale = "" if self.early else " scaleimages"
        edited = self._edit_mark(post)
        return f"""<a name="pid{n}" id="pid{n}"></a>
<div class="post {"classic " if self.other else ""}" style="" id="post_{n}">
{self._author(post)}
<div class="post_content"><div class="post_head"><div class="float_right"
 style="vertical-align: top"><strong><a href="{link}"
 title="{text(view.thread.title)}">#{number}</a>
</strong></div>
<span class="post_date">{self.when(post.written_at)} <span class="post_edit"
 id="edited_by_{n}">{edited}</span></span></div>
<div class="post_body{scale}" id="pid_{n}">
{body}
</div>{self._signature(post)}<div class="post_meta"
 id="post_meta_{n}">{self._likes(post)}</div></div>
<div class="post_controls"><div class="postbit_buttons author_buttons float_left"></div><div
 class="postbit_buttons post_management_buttons float_right"><a
 href="{self.href(f"/newreply.php?tid={view.thread.number}&pid={n}")}" class="postbit_quote"><span>
Reply</span></a></div></div></div>
"""

    def _author(self, post: BoardPost) -> str:
        name = f'<strong><span class="largetext">{self.member(post)}</span></strong>'
        if post.author is None:
            return f"""<div class="post_author"><div class="author_information">{name}<br /><span
 class="smalltext">{self.says["guest"]}<br /></span></div></div>"""
        joined = php_date(self.local(post.author.joined), "M Y")
        classes = "post_author scaleimages" if self.other else "post_author"
        return f"""<div class="{classes}"><div class="author_avatar"><a
 href="{self.href(f"/member.php?action=profile&uid={post.author.number}")}"><img
 src="images/default_avatar.png" alt="" width="55" height="55" /></a></div>
<div class="author_information">{name} <img src="images/buddy_offline.png" title="Offline"
 alt="Offline" class="buddy_status" /><br /><span class="smalltext">{text(post.author.title)}<br />
</span></div><div class="author_statistics">{self.says["posts"]}: {post.author.number * 2}<br />
Joined: {joined}</div></div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self.now)
        if at is None:
            return ""
        said = self.says["edited"].format(when=self.when(at), who=self.member(post))
        reason = ' <em>Edit Reason: <span title="tea">typing</span></em>' * (post.number % 4 == 0)
        return f'<span class="edited_post">{said}{reason}</span>'

    def _signature(self, post: BoardPost) -> str:
        if post.author is None or not post.author.signature:
            return ""
        lines = text(post.author.signature).replace("\n", "<br />\n")
        return f'<div class="signature scaleimages">{lines}</div>'

    def _likes(self, post: BoardPost) -> str:
        names = likers(self.board, post)
        if not names or self.early:
            return ""
        return f'<div class="thanks">{len(names)} people liked this: {", ".join(names)}</div>'

    def member(self, post: BoardPost) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return name
        link = self.href(f"/member.php?action=profile&uid={post.author.number}")
        return f'<a href="{link}">{name}</a>'

    def when(self, moment: datetime) -> str:
        """Return a time; a title bears what a word hides, and in the earlier version less of it."""
        local, now = self.local(moment), self.local(self.now)
        language = GERMAN if self.other else ENGLISH
        day = php_date(local, "d.m.Y" if self.other else "m-d-Y", language)
        hour = php_date(local, "H:i" if self.other else "h:i A")
        passed = minutes_ago(local, now)
        if 0 < passed < 12 * 60:
            phrase, count = ("ago", passed) if passed < 60 else ("hours", passed // 60)  # noqa: PLR2004
            return f'<span title="{day}, {hour}">{self.says[phrase].format(count)}</span>'
        word = day_word(local, now, language)
        if word is None:
            return f"{day}, {hour}"
        return f"{word}, {hour}" if self.early else f'<span title="{day}">{word}</span>, {hour}'


class MyBBBody(BodyMarkup):
    """Bodies of MyCode; the later version has classes of its own for the elements."""

    def __init__(self, software: MyBB18) -> None:
        self._software = software

    def _css(self, name: str) -> str:
        return "" if self._software.early else f' class="mycode_{name}"'

    def words(self, words: str) -> str:
        """Return running text; this software leaves the apostrophe as it is."""
        return text(words).replace("&#039;", "'")

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation; the date stands before the name."""
        software = self._software
        css, name = self._css("quote"), text(quoted.author)
        if quoted.post is None:
            return (
                f"<blockquote{css}><cite>{name} {software.says['wrote']}</cite>{inner}</blockquote>"
            )
        when = software.when(software.post_times[quoted.post])
        link = software.href(f"/showthread.php?pid={quoted.post}#pid{quoted.post}")
        return f"""<blockquote{css}><cite><span> ({when})</span>{name} {software.says["wrote"]}  <a
 href="{link}" class="quick_jump"></a></cite>{inner}</blockquote>"""

    def code(self, lines: str) -> str:
        """Return code."""
        return f"""<div class="codeblock"><div class="title">Code:</div><div class="body"
 dir="ltr"><code>{text(lines)}</code></div></div>"""

    def picture(self, address: str) -> str:
        """Return a picture."""
        name = address.rpartition("/")[2]
        lazy = "" if self._software.early else ' loading="lazy" '
        return f'<img src="{text(address)}"{lazy} alt="[Image: {name}]"{self._css("img")} />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return (
            f'<a href="{text(address)}" target="_blank" rel="noopener"{self._css("url")}>'
            f"{text(label)}</a>"
        )

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "\n".join(f"<li>{self.words(item)}</li>" for item in items)
        return f"<ul{self._css('list')}>{inner}\n</ul>"


def _separator(said: str) -> str:
    return f'<tr><td class="trow_sep" colspan="6">{said}</td></tr>'
