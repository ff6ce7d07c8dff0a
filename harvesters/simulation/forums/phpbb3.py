"""A board as phpBB 3.2 and 3.3 show it."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardPost,
    BoardView,
    ThreadView,
)
from harvesters.simulation.forums.phpbb3_posts import PhpBBBody, PhpBBParts
from harvesters.simulation.forums.software import (
    Address,
    likers,
    on_page,
    pages_of,
    whole_number,
    window,
)

CATEGORY = 90  # the number of the forum that holds the others


class PhpBB3(PhpBBParts):
    """phpBB 3. Version 3.3 has `<time>` elements and no forum in a topic's address."""

    name = "phpbb3"
    versions = ("3.2", "3.3")
    posts_per_page = 10
    threads_per_page = 25

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the session's cookies."""
        return (
            ("Set-Cookie", f"phpbb3_x_sid={self.token('sid')}; path=/; HttpOnly"),
            ("Set-Cookie", "phpbb3_x_u=1; path=/; HttpOnly"),
        )

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a topic."""
        query = {"f": str(view.forum)} if self.version == "3.2" else {}
        query["t"] = str(view.thread.number)
        if page > 1:
            query["start"] = str((page - 1) * self.posts_per_page)
        return f"/viewtopic.php?{urlencode(query)}"

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a forum."""
        start = f"&start={(page - 1) * self.threads_per_page}" if page > 1 else ""
        return f"/viewforum.php?f={forum.number}{start}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path in ("/", "/index.php"):
            return self._index(view)
        if question.path == "/viewforum.php":
            return self._forum(view, question)
        if question.path == "/viewtopic.php":
            return self._topic(view, question)
        if question.path == "/ucp.php":
            return self._login("")
        return self.html("<html><body><h1>Not Found</h1></body></html>", status=404)

    def _forum(self, view: BoardView, question: Question) -> Answer:
        if whole_number(question.one("f")) == CATEGORY:
            return self._index(view)  # a category's page lists its forums, as the index does
        forum = view.forums.get(whole_number(question.one("f")))
        if forum is None:
            return self._message("The forum you selected does not exist.")
        if forum.members_only:
            return self._login("You need to login in order to view this forum.")
        start = whole_number(question.one("start"))
        return self._forum_page(view, forum, start // self.threads_per_page + 1)

    def _topic(self, view: BoardView, question: Question) -> Answer:
        post = question.one("p")
        if post is not None:
            number = whole_number(post)
            thread = view.thread_of(number)
            if thread is None or all(entry.number != number for entry in thread.readable):
                return self._message("The requested post does not exist.")
            page = self.page_of(thread, number)
        else:
            thread = view.thread(whole_number(question.one("t")))
            page = whole_number(question.one("start")) // self.posts_per_page + 1
        if thread is None:
            return self._message("The requested topic does not exist.")
        if view.members_only(thread.forum):
            return self._login("You need to login in order to view topics within this forum.")
        return self._topic_page(view, thread, min(page, self.n_pages(thread)))

    # pages

    def _page(self, title: str, content: str, *, section: str, crumbs: str = "") -> str:
        lang = "de" if self.other else "en-gb"
        name = text(self.board.name)
        body = f'<div id="page-body" class="page-body" role="main">{content}</div>'
        if self.other:
            body = f'<div class="site-body"><div class="inner-wrap">{body}</div></div>'
        return f"""<!DOCTYPE html>
<html dir="ltr" lang="{lang}">
<head>
<meta charset="utf-8" />
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<title>{name} - {text(title)}</title>
<link href="./styles/prosilver/theme/stylesheet.css?assets_version=12" rel="stylesheet">
<!--[if lte IE 9]><link href="./styles/prosilver/theme/tweaks.css" rel="stylesheet"><![endif]-->
</head>
<body id="phpbb" class="nojs notouch section-{section} ltr {"pl_dark" if self.other else ""}">
<div id="wrap" class="wrap">
<a id="top" class="top-anchor" accesskey="t"></a>
<div id="page-header"><div class="headerbar" role="banner"><div class="inner">
<div id="site-description" class="site-description"><a id="logo" class="logo"
 href="{self.href("/index.php")}" title="{self.says["index"]}"><span class="site_logo"></span></a>
<h1>{name}</h1><p>Talk &amp; listen</p></div>
<div id="search-box" class="search-box search-header" role="search"><form action="./search.php"
 method="get" id="search"><fieldset><input name="keywords" id="keywords" type="search" /><input
 type="hidden" name="sid" value="{self.token("sid")}" /></fieldset></form></div></div></div>
<div class="navbar" role="navigation"><div class="inner"><ul id="nav-main"
 class="nav-main linklist" role="menubar"><li class="rightside" data-skip-responsive="true"><a
 href="{self.href("/ucp.php?mode=login")}" title="Login" accesskey="x" role="menuitem"><i
 class="icon fa-power-off fa-fw" aria-hidden="true"></i><span>Login</span></a></li></ul>
<ul id="nav-breadcrumbs" class="nav-breadcrumbs linklist navlinks" role="menubar"><li
 class="breadcrumbs"><span class="crumb"><a href="{self.href("/index.php")}"
 accesskey="h" data-navbar-reference="index"><span>{self.says["index"]}</span></a></span>
{crumbs}</li></ul></div></div></div>
<a id="start_here" class="anchor"></a>
{body}
<div id="page-footer" class="page-footer" role="contentinfo"><div class="copyright">
<p class="footer-row"><span class="footer-copyright">Powered by <a
 href="https://www.phpbb.com/">phpBB</a>&reg; Forum Software &copy; phpBB Limited</span></p></div>
<div id="darkenwrapper" class="darkenwrapper" data-ajax-error-title="AJAX error"></div></div>
</div>
<script src="./assets/javascript/jquery-3.6.0.min.js?assets_version=12"></script>
</body>
</html>
"""

    def _message(self, said: str) -> Answer:
        content = f"""<div class="panel" id="message"><div class="inner">
<h2 class="message-title">Information</h2><p>{said}</p></div></div>"""
        return self.html(self._page("Information", content, section="viewtopic"), status=404)

    def _login(self, said: str) -> Answer:
        content = f"""<form action="{self.href("/ucp.php?mode=login")}" method="post" id="login"
 data-focus="username"><div class="panel"><div class="inner"><div class="content">
<h2 class="login-title">Login</h2><div class="error">{said}</div><fieldset class="fields1">
<input type="text" tabindex="1" name="username" id="username" size="25" class="inputbox" />
<input type="password" tabindex="2" id="password" name="password" size="25" class="inputbox" />
<input type="hidden" name="form_token" value="{self.token("form")}" />
</fieldset></div></div></div></form>"""
        return self.html(self._page("Login", content, section="ucp"))

    def _index(self, view: BoardView) -> Answer:
        blocks = []
        for category in dict.fromkeys(forum.category for forum in self.board.forums):
            rows = "".join(
                self._forum_row(view, forum)
                for forum in self.board.forums
                if forum.category == category
            )
            own = self.href(f"/viewforum.php?f={CATEGORY}")
            blocks.append(f"""<div class="forabg"><div class="inner"><ul class="topiclist">
<li class="header"><dl class="row-item"><dt><div class="list-inner"><a
 href="{own}">{text(category)}</a></div></dt><dd class="topics">
{self.says["topics"]}</dd><dd class="posts">{self.says["posts"]}</dd></dl></li></ul>
<ul class="topiclist forums">{rows}</ul></div></div>""")
        return self.html(self._page("Index page", "".join(blocks), section="index"))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        last = f"""<dd class="lastpost"><span><dfn>{self.says["last_post"]}</dfn>
<a href="{self.href(f"/viewtopic.php?p={newest.last.number}#p{newest.last.number}")}"
 title="{text(newest.thread.title)}" class="lastsubject">{text(newest.thread.title)}</a><br />
{self.says["by"]} {self.username(newest.last)}<br />{self.time(newest.last.written_at)}
</span></dd>"""
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<li class="row"><dl class="row-item forum_read"><dt title="No unread posts">
<div class="list-inner"><a href="{self.href(self.forum_address(forum))}" class="forumtitle">
{text(forum.title)}</a><br />{text(forum.description)}</div></dt>
<dd class="topics">{len(listed)} <dfn>{self.says["topics"]}</dfn></dd>
<dd class="posts">{posts} <dfn>{self.says["posts"]}</dfn></dd>
{'<dd class="lastpost"></dd>' if forum.members_only else last}</dl></li>
"""

    def _forum_page(self, view: BoardView, forum: BoardForum, page: int) -> Answer:
        every = sorted(
            [*view.listed(forum.number), *view.moved_away(forum.number)],
            key=lambda entry: (not entry.thread.sticky, -entry.last.number),
        )
        announced = [entry for entry in every if entry.thread.sticky and entry.thread.closed]
        topics = [entry for entry in every if entry not in announced]
        last = pages_of(len(topics), self.threads_per_page)
        page = min(page, last)
        rows = on_page(topics, page, self.threads_per_page)
        navigation = self._pagination(
            f"{len(topics)} {self.says['topics']}",
            lambda n: self.href(self.forum_address(forum, n)),
            page,
            last,
        )
        lists = "".join(
            self._topic_list(forum, entries, classes)
            for entries, classes in ((announced, "forumbg announcement"), (rows, "forumbg"))
            if entries
        )
        content = f"""<h2 class="forum-title"><a href="{self.href(self.forum_address(forum))}">
{text(forum.title)}</a></h2>
<div class="action-bar bar-top">{navigation}</div>
{lists}
<div class="action-bar bar-bottom">{navigation}</div>
<div class="stat-block permissions"><h3>Forum permissions</h3><p>You <strong>cannot</strong> post
 new topics in this forum<br /></p></div>"""
        return self.html(self._page(forum.title, content, section="viewforum"))

    def _topic_list(self, forum: BoardForum, entries: Sequence[ThreadView], classes: str) -> str:
        rows = "".join(self._topic_row(forum, entry, n) for n, entry in enumerate(entries))
        return f"""<div class="{classes}"><div class="inner">
<ul class="topiclist"><li class="header">
<dl class="row-item"><dt><div class="list-inner">{self.says["topics"]}</div></dt>
<dd class="posts">{self.says["replies"]}</dd><dd class="views">Views</dd><dd class="lastpost">
<span>{self.says["last_post"]}</span></dd></dl></li></ul>
<ul class="topiclist topics">{rows}</ul></div></div>
"""

    def _topic_row(self, forum: BoardForum, view: ThreadView, place: int) -> str:
        thread, first, last = view.thread, view.first, view.last
        kind = "topic_read_locked" if thread.closed else "topic_read"
        row = ""
        if thread.sticky:
            kind, row = (
                ("announce_read", " announce") if thread.closed else ("sticky_read", " sticky")
            )
        if view.forum != forum.number:
            kind = "topic_moved"
        replies = len(view.readable) - 1
        at_last = self.href(f"/viewtopic.php?p={last.number}#p{last.number}")
        return f"""<li class="row bg{place % 2 + 1}{row}"><dl class="row-item {kind}">
<dt title="No unread posts"><div class="list-inner">
<a href="{self.href(self.thread_address(view))}" class="topictitle">{text(thread.title)}</a>
<br /><div class="responsive-show" style="display: none;">{self.says["last_post"]}
 {self.says["by"]} {self.username(last)} &laquo; <a href="{at_last}" title="Go to last post">
{self.time(last.written_at)}</a></div>
<span class="responsive-show left-box" style="display: none;">{self.says["replies"]}:
 <strong>{replies}</strong></span>
<div class="topic-poster responsive-hide left-box">{self.says["by"]} {self.username(first)}
 &raquo; {self.time(first.written_at)}</div>{self._row_pages(view)}</div></dt>
<dd class="posts">{replies} <dfn>{self.says["replies"]}</dfn></dd>
<dd class="views">{thread.views} <dfn>Views</dfn></dd>
<dd class="lastpost"><span><dfn>{self.says["last_post"]} </dfn>{self.says["by"]}
 {self.username(last)}<a href="{at_last}" title="Go to last post"><i
 class="icon fa-external-link-square fa-fw icon-lightgray icon-md" aria-hidden="true"></i><span
 class="sr-only"></span></a><br />{self.time(last.written_at)}</span></dd></dl></li>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        if last == 1:
            return ""
        items = "".join(
            f'<li><a class="button" href="{self.href(self.thread_address(view, n))}">{n}</a></li>'
            for n in window(last, last)
            if n is not None
        )
        icon = '<span><i class="icon fa-clone fa-fw" aria-hidden="true"></i></span>'
        return f'<div class="pagination">{icon}<ul>{items}</ul></div>'

    def _topic_page(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        posts = "".join(
            self._post(thread, post, place)
            for place, post in enumerate(on_page(thread.readable, page, self.posts_per_page))
        )
        count = len(thread.readable)
        navigation = self._pagination(
            f"{count} {self.says['posts'] if count != 1 or self.other else 'post'}",
            lambda n: self.href(self.thread_address(thread, n)),
            page,
            self.n_pages(thread),
        )
        forum = view.forums[thread.forum]
        crumbs = f"""<span class="crumb" data-forum-id="{forum.number}"><a
 href="{self.href(self.forum_address(forum))}"><span>{text(forum.title)}</span></a></span>"""
        locked = (
            '<span title="This topic is locked, you cannot edit posts or make further replies.">'
            "Locked</span>"
            if thread.thread.closed
            else ""
        )
        content = f"""<h2 class="topic-title"><a href="{self.href(self.thread_address(thread))}">
{text(thread.thread.title)}</a></h2>
<div class="action-bar bar-top">{locked}{navigation}</div>
{posts}
<div class="action-bar bar-bottom">{navigation}</div>
<div class="stat-block online-list"><h3>Who is online</h3><p>Users browsing this forum: No
 registered users and 1 guest</p></div>"""
        title = thread.thread.title
        return self.html(self._page(title, content, section="viewtopic", crumbs=crumbs))

    def _pagination(self, count: str, address: Address, page: int, last: int) -> str:
        if last == 1:
            return f'<div class="pagination">{count} &bull; {self._place(1, 1)}</div>'
        items = []
        for number in window(page, last):
            if number is None:
                items.append('<li class="ellipsis" role="separator"><span>…</span></li>')
            elif number == page:
                items.append(f'<li class="active"><span>{number}</span></li>')
            else:
                items.append(
                    f'<li><a class="button" href="{address(number)}" role="button">{number}</a>'
                    "</li>"
                )
        if page > 1:
            items.insert(0, _arrow(address(page - 1), "previous", "prev", "Previous"))
        if page < last:
            items.append(_arrow(address(page + 1), "next", "next", self.says["next"]))
        return f"""<div class="pagination">{count}<ul>
<li class="dropdown-container dropdown-button-control dropdown-page-jump page-jump"><a
 class="button button-icon-only dropdown-trigger" href="#" title="Click to jump to page…"
 role="button"><i class="icon fa-level-down fa-rotate-270" aria-hidden="true"></i><span
 class="sr-only">{self._place(page, last)}</span></a></li>
{"".join(items)}</ul></div>"""

    def _place(self, page: int, last: int) -> str:
        return self.says["page"].format(f"<strong>{page}</strong>", f"<strong>{last}</strong>")

    # posts

    def _post(self, view: ThreadView, post: BoardPost, place: int) -> str:
        number = post.number
        link = self.href(f"/viewtopic.php?p={number}#p{number}")
        body = PhpBBBody(self).body(post.version_at(self.now).pieces)
        first = ' class="first"' if place == 0 else ""
        title = text(view.thread.title)
        subject = title if place == 0 and post is view.first else f"Re: {title}"
        mine = "has-profile " if not self.other else "post-container has-profile "
        return f"""<div id="p{number}" class="post {mine}bg{place % 2 + 1}"><div class="inner">
{self._profile(post)}
<div class="postbody"><div id="post_content{number}">
<h3{first}><a href="#p{number}">{subject}</a></h3>
<ul class="post-buttons"><li><a href="{self.href(f"/posting.php?mode=quote&p={number}")}"
 title="Reply with quote" class="button button-icon-only"><i class="icon fa-quote-left fa-fw"
 aria-hidden="true"></i><span class="sr-only">Quote</span></a></li></ul>
<p class="author"><a class="unread" href="{link}" title="Post"><i
 class="icon fa-file fa-fw icon-lightgray icon-md" aria-hidden="true"></i><span class="sr-only">
Post</span></a><span class="responsive-hide">{self.says["by"]} <strong>{self.username(post)}
</strong> &raquo; </span>{self.time(post.written_at)} </p>
<div class="content">{body}</div>
{self._thanks(post)}{self._edit_mark(post)}{_signature(post)}</div></div>
<div class="back2top"><a href="#top" class="top" title="Top"><i
 class="icon fa-chevron-circle-up fa-fw icon-gray" aria-hidden="true"></i><span class="sr-only">
Top</span></a></div></div></div>
<hr class="divider" />
"""

    def _profile(self, post: BoardPost) -> str:
        if post.author is None:
            return f"""<dl class="postprofile" id="profile{post.number}"><dt
 class="no-profile-rank no-avatar"><div class="avatar-container"></div>
<strong>{self.username(post)}</strong></dt></dl>"""
        joined = self.date(post.author.joined)
        return f"""<dl class="postprofile" id="profile{post.number}"><dt
 class="has-profile-rank has-avatar"><div class="avatar-container"><a
 href="{self.href(f"/memberlist.php?mode=viewprofile&u={post.author.number}")}" class="avatar"><img
 class="avatar" src="./download/file.php?avatar={post.author.number}.png" width="90" height="90"
 alt="User avatar" /></a></div>{self.username(post)}</dt>
<dd class="profile-rank">{text(post.author.title)}</dd>
<dd class="profile-posts"><strong>{self.says["posts"]}:</strong> <a
 href="{self.href(f"/search.php?author_id={post.author.number}&sr=posts")}">31</a></dd>
<dd class="profile-joined"><strong>Joined:</strong> {joined}</dd></dl>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self.now)
        if at is None:
            return ""
        marked = sum(v.marked and v.at <= self.now for v in post.versions[1:])
        times = self.says["times"].format(marked)
        times += "s" if marked > 1 and not self.other else ""
        said = self.says["edited"].format(who=self.username(post), when=self.time(at), times=times)
        reason = ""
        if post.number % 4 == 0:
            reason = f"<br /><strong>{self.says['reason']}</strong> <em>typing &amp; tea</em>"
        return f'<div class="notice">{said}{reason}</div>\n'

    def _thanks(self, post: BoardPost) -> str:
        names = likers(self.board, post)
        if not names or not self.other:
            return ""
        return (
            f'<div id="list_thanks{post.number}" class="notice">Folgende Benutzer bedankten sich'
            f" beim Autor {text(post.shown_name)} für den Beitrag: {', '.join(names)}</div>\n"
        )

    def username(self, post: BoardPost) -> str:
        """Return a name as phpBB links it; moderators have a colour."""
        name = text(post.shown_name)
        if post.author is None:
            return f'<span class="username">{name}</span>'
        link = self.href(f"/memberlist.php?mode=viewprofile&u={post.author.number}")
        if post.author.title == "Moderator":
            return f'<a href="{link}" style="color: #00AA00;" class="username-coloured">{name}</a>'
        return f'<a href="{link}" class="username">{name}</a>'

    def time(self, moment: datetime) -> str:
        """Return a time as the version shows it."""
        if self.version == "3.2":
            return self.date(moment)
        iso = moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        return f'<time datetime="{iso}">{self.date(moment)}</time>'


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br>\n")
    return f'<div id="sig{post.number}" class="signature">{lines}</div>\n'


def _arrow(address: str, kind: str, rel: str, word: str) -> str:
    side = "left" if rel == "prev" else "right"
    return (
        f'<li class="arrow {kind}"><a class="button button-icon-only" href="{address}" rel="{rel}"'
        f' role="button"><i class="icon fa-chevron-{side} fa-fw" aria-hidden="true"></i><span'
        f' class="sr-only">{word}</span></a></li>'
    )
