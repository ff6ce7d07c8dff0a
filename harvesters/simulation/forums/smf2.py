"""A board as SMF 2.0 and 2.1 show it."""

import re

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.dates import php_date
from harvesters.simulation.forums.model import BoardForum, BoardView, ThreadView
from harvesters.simulation.forums.smf2_posts import SMFParts, single_post
from harvesters.simulation.forums.software import (
    Address,
    on_page,
    pages_of,
    whole_number,
    window,
)

REDIRECT_NUMBERS = 900_000  # a moved topic of 2.1 leaves a redirecting topic of its own number
_TARGET = re.compile(r"(\d+)(?:\.(msg|new|from)?(\d*))?")
_QUERYLESS = re.compile(r"/index\.php/(board|topic),(\d+)(?:\.(msg)?(\d+))?\.html")


class SMF2(SMFParts):
    """SMF 2. Version 2.0 sends the Windows code page and says when in a sentence; 2.1 links it.

    A board of the other theme has addresses without a query.
    """

    name = "smf2"
    versions = ("2.0", "2.1")
    posts_per_page = 15
    threads_per_page = 20

    @property
    def charset(self) -> str:  # type: ignore[override]
        """The charset, which depends on the version."""
        return "ISO-8859-1" if self.old else "UTF-8"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the session's cookie."""
        return (("Set-Cookie", f"PHPSESSID={self.token('session')[:26]}; path=/"),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a topic, by the number of its first post."""
        return self.address("topic", view.thread.number, f"{(page - 1) * self.posts_per_page}")

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a board."""
        return self.address("board", forum.number, f"{(page - 1) * self.threads_per_page}")

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        queryless = _QUERYLESS.fullmatch(question.path)
        if queryless is not None:
            what, number, msg, place = queryless.groups()
            return self._show(view, what, int(number), msg == "msg", whole_number(place))
        for what in ("topic", "board"):
            target = _TARGET.match(question.one(what) or "")
            if target is not None:
                number, kind, place = target.groups()
                return self._show(view, what, int(number), kind == "msg", whole_number(place))
        if question.one("msg") is not None:
            return self._to_post(view, whole_number(question.one("msg")))
        if (question.one("action") or "").startswith("login"):
            return self._login("")
        if question.path in ("/", "/index.php"):
            return self._index(view)
        return self.html("<h1>Not Found</h1>", status=404)

    def _show(self, view: BoardView, what: str, number: int, by_post: bool, place: int) -> Answer:
        if what == "board":
            forum = view.forums.get(number)
            if forum is None or forum.members_only:
                return self._login(self.says["gone"])
            return self._forum(view, forum, place // self.threads_per_page + 1)
        if number > REDIRECT_NUMBERS and not self.old:
            moved = view.thread(number - REDIRECT_NUMBERS)
            if moved is not None:
                return self.redirect(self.thread_address(moved))
        thread = view.thread(number)
        if thread is None or view.members_only(thread.forum):
            return self._login(self.says["gone"])
        page = self.page_of(thread, place) if by_post else place // self.posts_per_page + 1
        return self._topic(thread, min(page, self.n_pages(thread)))

    def _to_post(self, view: BoardView, number: int) -> Answer:
        thread = view.thread_of(number)
        if thread is None or all(post.number != number for post in thread.readable):
            return self._login(self.says["gone"])
        path = self.address("topic", thread.thread.number, f"msg{number}")
        return self.redirect(f"{path}#msg{number}")

    # pages

    def _page(self, title: str, content: str, *, head: str = "") -> str:
        name = text(self.board.name)
        outer = 'id="wrapper"' if not self.other else 'id="wrapper" class="theme_wide"'
        doctype = (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
            ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
            if self.old
            else "<!DOCTYPE html>"
        )
        session = self.token("session")[:26]
        return f"""{doctype}
<html lang="{"de" if self.other else "en"}-GB">
<head>
<meta http-equiv="Content-Type" content="text/html; charset={self.charset}" />
<title>{text(title)}</title>
<link rel="stylesheet" href="{self.base}/Themes/default/css/index.css?fin20" />
<script type="text/javascript"><!-- // --><![CDATA[
var smf_scripturl = "{self.base}/index.php?PHPSESSID={session}&amp;";
var smf_session_id = "{self.token("sesc")}";
// ]]></script>
{head}
</head>
<body id="chrome" class="action_none">
<div id="footerfix"><div {outer}>
<div id="header"><div class="frame"><div id="top_section"><h1 class="forumtitle"><a
 href="{self.base}/index.php">{name}</a></h1></div>
<div id="upper_section" class="middletext"><div class="user"><form id="guest_form"
 action="{self.base}/index.php?action=login2" method="post" accept-charset="{self.charset}"><div
 class="info">Welcome, <strong>Guest</strong>. Please <a
 href="{self.base}/index.php?action=login">login</a>.</div><input type="text" name="user" size="10"
 class="input_text" /><input type="hidden" name="hash_passwrd" value="" /></form>
<ul class="reset"><li>{text(php_date(self.local(self.now), "F d, Y, h:i:s A"))}</li></ul></div>
</div></div></div>
<div id="content_section"><div class="frame"><div id="main_content_section">
<div class="navigate_section"><ul><li><a href="{self.base}/index.php"><span>{name}</span></a></li>
</ul></div>
{content}
</div></div></div>
<div id="footer_section"><div class="frame"><ul class="reset"><li class="copyright"><span
 class="smalltext" style="display: inline; visibility: visible;"><a
 href="{self.base}/index.php?action=credits" title="Simple Machines Forum" class="new_win">SMF
 {"2.0.19" if self.old else "2.1.4"} &copy; 2023</a>, <a href="https://www.simplemachines.org"
 title="Simple Machines" class="new_win">Simple Machines</a></span></li></ul></div></div>
</div></div></body></html>
"""

    def _login(self, said: str) -> Answer:
        content = f"""<form action="{self.base}/index.php?action=login2" method="post"
 accept-charset="{self.charset}" name="frmLogin" id="frmLogin"><div class="tborder login"><div
 class="cat_bar"><h3 class="catbg">Warning!</h3></div><p class="information centertext">{said}
<br />Please login below or <a href="{self.base}/index.php?action=register">register an
 account</a> with {text(self.board.name)}.</p><div class="roundframe"><input type="text"
 name="user" size="20" /><input type="password" name="passwrd" size="20" /><input type="hidden"
 name="{self.token("var")[:8]}" value="{self.token("sesc")}" /></div></div></form>"""
        return self.html(self._page("Login", content))

    def _index(self, view: BoardView) -> Answer:
        draw = self._index_row if self.old else self._index_block
        body = "".join(draw(view, forum) for forum in self.board.forums if not forum.members_only)
        if self.old:
            body = f"""<div id="boardindex_table"><table class="table_list"><tbody class="header"
 id="category_1"><tr><td colspan="4"><div class="cat_bar"><h3 class="catbg"><a id="c1"></a>Talk
</h3></div></td></tr></tbody><tbody class="content" id="category_1_boards">{body}</tbody></table>
</div>"""
        return self.html(self._page(self.board.name, body))

    def _last(self, view: ThreadView) -> str:
        last = view.last
        return f"""<strong>{self.says["last_post"]}</strong> {self.says["by"]} {self.member(last)}
<br />in <a href="{self.href(self.post_address(view, last))}">{text(view.thread.title)}</a><br />
{self.says["on"]} {self.when(last.written_at)}"""

    def _index_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<tr id="board_{forum.number}" class="windowbg2"><td class="icon windowbg"><img
 src="{self.base}/Themes/default/images/off.gif" alt="No New Posts" /></td>
<td class="info"><a class="subject" href="{self.href(self.forum_address(forum))}"
 name="b{forum.number}">{text(forum.title)}</a><p>{text(forum.description)}</p></td>
<td class="stats windowbg"><p>{posts} Posts <br />{len(listed)} Topics</p></td>
<td class="lastpost"><p>{self._last(newest)}</p></td></tr>
"""

    def _index_block(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<div id="board_{forum.number}" class="up_contain "><div class="board_icon"><a
 href="{self.href(self.forum_address(forum))}" class="board_off"></a></div><div class="info"><a
 class="subject mobile_subject" href="{self.href(self.forum_address(forum))}"
 id="b{forum.number}">{text(forum.title)}</a><div class="board_description">
{text(forum.description)}</div></div><div class="board_stats"><p>Posts: {posts}<br>Topics:
 {len(listed)}</p></div><div class="lastpost"><p>{self._last(newest)}</p></div></div>
"""

    def _forum(self, view: BoardView, forum: BoardForum, page: int) -> Answer:
        moved = [] if self.old else view.moved_away(forum.number)
        rows = sorted(
            [*view.listed(forum.number), *moved],
            key=lambda entry: (not entry.thread.sticky, -entry.last.number),
        )
        last = pages_of(len(rows), self.threads_per_page)
        page = min(page, last)
        draw = self._topic_row if self.old else self._topic_block
        body = "".join(draw(forum, v) for v in on_page(rows, page, self.threads_per_page))
        links = self._page_links(lambda n: self.href(self.forum_address(forum, n)), page, last)
        if self.old:
            listing = f"""<div class="tborder topic_table" id="messageindex"><table
 class="table_grid" cellspacing="0"><thead><tr class="catbg"><th scope="col" class="first_th"
 width="8%" colspan="2">&nbsp;</th><th scope="col" class="lefttext">Subject</th></tr></thead>
<tbody>{body}</tbody></table></div>"""
        else:
            listing = f"""<div id="messageindex"><div class="title_bar" id="topic_header"><div
 class="board_icon"></div><div class="info">Subject / Started by</div></div>
<div id="topic_container">{body}</div></div>"""
        pages = f'<div class="pagesection"><div class="pagelinks floatleft">{links}</div></div>'
        head = self._head_links(lambda n: self.href(self.forum_address(forum, n)), page, last)
        return self.html(self._page(forum.title, f"{pages}{listing}{pages}", head=head))

    def _topic_row(self, _: BoardForum, view: ThreadView) -> str:
        thread, last = view.thread, view.last
        shade = "stickybg" if thread.sticky else "windowbg"
        lock = '<img src="lock.gif" class="floatright" alt="Locked" />' if thread.closed else ""
        replies = len(view.readable) - 1
        at_last = self.href(self.address("topic", thread.number, f"msg{last.number}") + "#new")
        return f"""<tr><td class="icon1 {shade}"><img src="normal_post.gif" alt="" /></td>
<td class="icon2 {shade}"><img src="xx.gif" alt="" /></td>
<td class="subject {shade}2"><div>{lock}<span id="msg_{view.first.number}"><a
 href="{self.href(self.thread_address(view))}">{text(thread.title)}</a></span>
<p>{self.says["started_by"]} {self.member(view.first)} {self._row_pages(view)}</p></div></td>
<td class="stats {shade}">{replies} {self.says["replies"]} <br />{thread.views} Views</td>
<td class="lastpost {shade}2"><a href="{at_last}"><img src="last_post.gif" alt="Last post"
 title="Last post" /></a> {self.when(last.written_at)}<br />{self.says["by"]} {self.member(last)}
</td></tr>
"""

    def _topic_block(self, forum: BoardForum, view: ThreadView) -> str:
        thread, last = view.thread, view.last
        moved = view.forum != forum.number
        marks = [("lock", thread.closed), ("sticky", thread.sticky), ("move", moved)]
        icons = "".join(f'<span class="main_icons {mark}"></span>' for mark, on in marks if on)
        classes = "windowbg" + " sticky" * thread.sticky + " locked" * thread.closed
        link, title = self.thread_address(view), text(thread.title)
        if moved:
            link = self.address("topic", REDIRECT_NUMBERS + thread.number, "0")
            title = f"MOVED: {title}"
        at_last = self.href(self.address("topic", thread.number, f"msg{last.number}") + "#new")
        said = f"""<p>{self.says["last_post"]}: <a href="{at_last}">{self.when(last.written_at)}</a>
<br>{self.says["by"]} {self.member(last)}</p>"""
        return f"""<div class="{classes}"><div class="board_icon"><img src="post/xx.png" alt="">
</div><div class="info info_block"><div><div class="icons floatright">{icons}</div>
<div class="message_index_title"><span class="preview" title=""><span
 id="msg_{view.first.number}"><a href="{self.href(link)}">{title}</a></span></span></div>
<p class="floatleft">{self.says["started_by"]} {self.member(view.first)}</p>
{self._row_pages(view)}<br class="clear"></div></div>
<div class="board_stats centertext"><p>{self.says["replies"]}: {len(view.readable) - 1}<br>Views:
 {thread.views}</p></div><div class="lastpost">{said}</div></div>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        if last == 1:
            return ""
        css = "navPages" if self.old else "nav_page"
        links = " ".join(
            f'<a class="{css}" href="{self.href(self.thread_address(view, n))}">{n}</a>'
            for n in window(1, last)
            if n is not None
        )
        number = view.first.number
        if self.old:
            return f'<small id="pages{number}">&#171; {links} &#187;</small>'
        return f'<span id="pages{number}" class="topic_pages">{links}</span>'

    def _topic(self, thread: ThreadView, page: int) -> Answer:
        start = (page - 1) * self.posts_per_page
        drawn = on_page(thread.readable, page, self.posts_per_page)
        posts = "".join(single_post(self, thread, post, n) for n, post in enumerate(drawn, start))
        last = self.n_pages(thread)

        def address(n: int) -> str:
            return self.href(self.thread_address(thread, n))

        links = self._page_links(address, page, last)
        number = thread.thread.number
        neighbours = ""
        if self.old:  # these lead to other topics, not to other pages
            neighbours = f"""<div class="nextlinks"><a
 href="{self.base}/index.php?topic={number}.0;prev_next=prev#new">&laquo; previous</a> <a
 href="{self.base}/index.php?topic={number}.0;prev_next=next#new">next &raquo;</a></div>"""
        title = text(thread.thread.title)
        content = f"""<a id="top"></a><a id="msg{drawn[0].number}"></a>
<div class="pagesection">{neighbours}<div class="pagelinks floatleft">{links}</div></div>
<div id="forumposts"><div class="cat_bar"><h3 class="catbg"><span id="author">Author</span> Topic:
 {title} &nbsp;(Read {thread.thread.views} times)</h3></div>
<form action="{self.base}/index.php?action=quickmod2;topic={number}.{start}" method="post"
 accept-charset="{self.charset}" name="quickModForm" id="quickModForm" style="margin: 0;">
{posts}</form></div><a id="lastPost"></a>
<div class="pagesection"><div class="pagelinks floatleft">{links}</div></div>"""
        head = self._head_links(address, page, last)
        return self.html(self._page(thread.thread.title, content, head=head))

    def _head_links(self, address: Address, page: int, last: int) -> str:
        links = []
        if page > 1:
            links.append(f'<link rel="prev" href="{address(page - 1)}" />')
        if page < last:
            links.append(f'<link rel="next" href="{address(page + 1)}" />')
        return "" if self.old else "\n".join(links)

    def _page_links(self, address: Address, page: int, last: int) -> str:
        if self.old:
            links = " ".join(
                "<span> ... </span>"
                if n is None
                else f"[<strong>{n}</strong>]"
                if n == page
                else f'<a class="navPages" href="{address(n)}">{n}</a>'
                for n in window(page, last)
            )
            return f'{self.says["pages"]}: {links} &nbsp;&nbsp;<a href="#lastPost">Go Down</a>'
        links = " ".join(
            '<span class="expand_pages"> ... </span>'
            if n is None
            else f'<span class="current_page">{n}</span>'
            if n == page
            else f'<a class="nav_page" href="{address(n)}">{n}</a>'
            for n in window(page, last)
        )
        if page < last:
            links += (
                f' <a class="nav_page" href="{address(page + 1)}">'
                '<span class="main_icons next_page"></span></a>'
            )
        pages = f'<span class="pages">{self.says["pages"]}</span>'
        return f'<a href="#bot" class="button">Go Down</a> {pages}{links}'

    # parts that posts and lists share
