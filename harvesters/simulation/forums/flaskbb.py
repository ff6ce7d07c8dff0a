"""A board as FlaskBB 2.0 and 2.2 show it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import BodyMarkup
from harvesters.simulation.forums.bodies import text as escaped
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, php_date, units_ago
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
    on_page,
    pages_of,
    slug,
    utc,
    whole_number,
    window,
)

_ROUTE = re.compile(r"/(forum|topic|post|category)/(\d+)(?:-[^/]*)?/?")
_ENGLISH_PHRASES = {
    "by": "by",
    "edited": "Last modified: {when} by {who}",
    "guest": "Guest",
    "joined": "Joined",
    "posts": "Posts",
    "pages": "Pages",
}
_GERMAN_PHRASES = {
    "by": "von",
    "edited": "Zuletzt geändert: {when} von {who}",
    "guest": "Gast",
    "joined": "Beigetreten",
    "posts": "Beiträge",
    "pages": "Seiten",
}


def text(words: str) -> str:
    """Escape as Jinja does."""
    return escaped(words).replace("&#039;", "&#39;").replace("&quot;", "&#34;")


class FlaskBB(ForumSoftware):
    """FlaskBB 2. Times are in UTC: as words in 2.0, in `<time>` elements in 2.2."""

    name = "flaskbb"
    versions = ("2.0", "2.2")
    posts_per_page = 10
    threads_per_page = 10

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    def marked_edit(self, post: BoardPost, moment: datetime) -> datetime | None:
        """Return when a post was last edited; those of guests and deleted accounts bear no mark."""
        return post.edited_at(moment) if post.author is not None else None

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a topic."""
        path = f"/topic/{view.thread.number}-{slug(view.thread.title)}"
        return path + (f"?page={page}" if page > 1 else "")

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a forum."""
        path = f"/forum/{forum.number}-{slug(forum.title)}"
        return path + (f"?page={page}" if page > 1 else "")

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path == "/":
            return self._index(view)
        if question.path == "/auth/login":
            return self._login()
        found = _ROUTE.fullmatch(question.path)
        if found is None or found[1] == "category":
            return self._missing() if found is None else self._index(view)
        number = int(found[2])
        page = whole_number(question.one("page"), otherwise=1)
        if found[1] == "post":
            return self._to_post(view, number)
        if found[1] == "forum":
            return self._forum(view, number, page)
        thread = view.thread(number)
        if thread is None or not 1 <= page <= self.n_pages(thread):
            return self._missing()
        if view.members_only(thread.forum):
            return self.redirect("/auth/login?next=%2F")
        return self._topic_page(view, thread, page)

    def _to_post(self, view: BoardView, number: int) -> Answer:
        thread = view.thread_of(number)
        if thread is None or all(post.number != number for post in thread.readable):
            return self._missing()
        path = f"/topic/{thread.thread.number}-{slug(thread.thread.title)}"
        return self.redirect(f"{path}?page={self.page_of(thread, number)}#pid{number}")

    def _forum(self, view: BoardView, number: int, page: int) -> Answer:
        forum = view.forums.get(number)
        if forum is None:
            return self._missing()
        if forum.members_only:
            return self.redirect("/auth/login?next=%2F")
        listed = view.listed(number)
        last = pages_of(len(listed), self.threads_per_page)
        if not 1 <= page <= last:
            return self._missing()
        pages = self._pages(lambda n: self.forum_address(forum, n), page, last)
        rows = "".join(self._row(entry) for entry in on_page(listed, page, self.threads_per_page))
        content = f"""<div class="forum-view"><ol class="breadcrumb flaskbb-breadcrumb bg-light">
<li class="breadcrumb-item"><a href="/">Forum</a></li>
<li class="breadcrumb-item active">{text(forum.title)}</li></ol>
<div class="row controls-row pt-0"><div class="col me-auto g-0">{pages}</div></div>
<div class="card forum"><div class="card-header forum-header"><a
 href="{self.forum_address(forum)}">{text(forum.title)}</a></div>
<div class="card-body forum-body"><div class="row m-0 forum-meta"><div
 class="col-8 col-sm-4 topic-name">Topic</div><div
 class="col-sm-2 d-none d-sm-block topic-stats">{self.says["posts"]}</div></div>
{rows}</div></div></div>"""
        return self.html(self._page(forum.title, content))

    # pages

    def _page(self, title: str, content: str) -> str:
        name = text(self.board.name)
        body = f'<div class="aurora-shell">{content}</div>' if self.other else content
        return f"""<!doctype html>
<html lang="{"de" if self.other else "en"}">
<head>
<meta charset="utf-8" />
<meta name="description" content="FlaskBB is a forum software written in Flask" />
<meta name="author" content="FlaskBB Team" />
<meta name="csrf-token" content="{self.token("csrf")}" />
<title>
            {text(title)} - Topic
            - {name}
        </title>
<link rel="stylesheet" href="/static/app.css" />
</head>
<body>
<div class="flaskbb-layout"><div class="container pb-3">
<div class="flaskbb-header"><div class="flaskbb-meta"><div class="flaskbb-title">{name}</div>
<div class="flaskbb-subtitle">A lightweight forum software in Flask</div></div></div>
<nav class="navbar navbar-expand-lg navbar-light bg-light flaskbb-navbar"><div
 class="container-fluid"><ul class="navbar-nav me-auto"><li class="nav-item"><a
 class="nav-link active" href="/"><i class="far fa-comment"></i> Forum</a></li></ul><div
 class="btn-group"><a class="btn btn-primary" href="/auth/login"><span class="fa fa-user fa-fw">
</span> Login</a></div></div></nav>
<div id="flashed-messages"></div>
{body}
<div class="modal fade" id="confirmModal" tabindex="-1"><div class="modal-body"><p>Are you sure that
 you want to perform this action?</p></div></div>
<div class="modal fade" id="editor-help" tabindex="-1" role="dialog"><div class="cheatsheet"><h2>
Typography</h2><p class="text-center">&gt; Blockquote</p><div class="highlight"><pre><span></span>
print "Hello World"</pre></div></div></div>
</div>
<footer class="flaskbb-footer footer mt-auto"><div class="container"><div
 class="text-muted text-end">powered by <a href="https://flaskbb.com">FlaskBB</a></div></div></footer>
</div>
<script src="/static/app.js"></script>
<script type="text/javascript">const FORUM_URL_PREFIX = "";</script>
</body>
</html>
"""

    def _missing(self) -> Answer:
        content = """<div class="page-view"><h1>Oops. Page not found.</h1><p>The page you were
 looking for does not exist.</p><a class="btn btn-primary" href="/">Back to the Forums</a></div>"""
        return self.html(self._page("Page not found", content), status=404)

    def _login(self) -> Answer:
        content = f"""<div class="card page-card"><div class="card-header page-head">Login</div>
<form class="form" method="POST"><input id="csrf_token" name="csrf_token" type="hidden"
 value="{self.token("csrf")}"><input id="login" name="login" type="text"><input id="password"
 name="password" type="password"></form></div>"""
        return self.html(self._page("Login", content))

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(self._forum_row(view, forum) for forum in self.board.forums)
        content = f"""<div class="card category mt-3"><div class="card-header category-header"><a
 href="/category/2-talk">Talk</a></div><div class="card-body category-body"><div
 class="category-meta row m-0 ps-0"><div class="col-md-5 col-sm-5 col-8 forum-name">Forum</div>
</div>{rows}</div></div>"""
        return self.html(self._page(self.board.name, content))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        if forum.members_only:
            return ""
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        title = text(newest.thread.title)
        return f"""<div class="row category-row hover"><div
 class="col-md-5 col-sm-5 col-8 forum-info ps-2"><div class="forum-status h-100"><span
 class="far fa-comments fa-fw forum-read"></span></div><div class="forum-name"><a
 href="{self.forum_address(forum)}">{text(forum.title)}</a></div><div class="forum-description"><p>
{text(forum.description)}</p></div></div>
<div class="col-md-2 col-sm-2 d-none d-sm-block forum-topics">{len(listed)}</div>
<div class="col-md-2 col-sm-2 d-none d-sm-block forum-posts">
{sum(len(entry.readable) for entry in listed)}</div>
<div class="col-md-3 col-sm-3 col-4 forum-last-post"><div class="last-post-title"><a
 href="/post/{newest.last.number}" title="{title}">{title}</a></div><div class="last-post-time">
{self._ago(newest.last.written_at)}</div></div></div>
"""

    def _row(self, view: ThreadView) -> str:
        thread, last = view.thread, view.last
        icon = (
            "fas fa-lock" if thread.closed else "fas fa-star" if thread.sticky else "far fa-comment"
        )
        return f"""<div class="row forum-row hover "><div class="col-8 col-sm-4 topic-info"><div
 class="topic-status h-100"><span class="{icon} fa-fw topic-read"></span></div>
<div class="topic-name"><a href="{self.thread_address(view)}">{text(thread.title)}</a>
<!-- Topic Pagination --><span class="topic-pages">{self._row_pages(view)}</span></div>
<div class="topic-author">{self.says["by"]} {self.member(view.first)}</div></div>
<div class="col-md-2 col-sm-2 d-none d-sm-block topic-stats">
        {len(view.readable)}
    </div>
<div class="col-md-2 col-sm-2 d-none d-sm-block topic-stats">
        {thread.views}
    </div>
<div class="col-4 col-sm-3 topic-last-post"><a href="/post/{last.number}">
{self._ago(last.written_at)}</a><br />
<div class="topic-author">{self.says["by"]} {self.member(last)}</div></div></div>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = ", ".join(
            f'<a href="{self.thread_address(view, n)}">{n}</a>' for n in range(1, min(last, 4) + 1)
        )
        return f"({links})" if last > 1 else ""

    def _topic_page(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        start = (page - 1) * self.posts_per_page + 1
        posts = "".join(
            self._post(post, number)
            for number, post in enumerate(
                on_page(thread.readable, page, self.posts_per_page), start
            )
        )
        forum, title = view.forums[thread.forum], text(thread.thread.title)
        pages = self._pages(lambda n: self.thread_address(thread, n), page, self.n_pages(thread))
        content = f"""<div class="topic-view"><ol class="breadcrumb flaskbb-breadcrumb bg-light">
<li class="breadcrumb-item"><a href="/">Forum</a></li>
<li class="breadcrumb-item"><a href="{self.forum_address(forum)}">{text(forum.title)}</a></li>
<li class="breadcrumb-item active">{title}</li></ol>
<div class="row controls-row pt-0"><div class="col me-auto g-0">{pages}</div></div>
<div class="card topic"><div class="card-header topic-header"><a
 href="{self.thread_address(thread)}">{title}</a></div>
<div class="card-body topic-body">
{posts}</div></div>
<div class="pt-2"><div class="row controls-row pt-0"><div
 class="col me-auto g-0">{pages}</div></div>
</div></div>"""
        return self.html(self._page(thread.thread.title, content))

    def _pages(self, address: Address, page: int, last: int) -> str:
        label = f'<span class="pages-label">{self.says["pages"]}</span>'
        items = [f'<li class="page-item disabled"><a class="page-link" href="#">{label}</a></li>']
        if page > 1:
            items.append(_turn(address(page - 1), "&laquo;"))
        for n in window(page, last):
            if n is None:
                items.append(
                    '<li class="page-item disabled"><a class="page-link" href="#">…</a></li>'
                )
            elif n == page:
                items.append(
                    f'<li class="page-item active"><a class="page-link" href="#">{n}</a></li>'
                )
            else:
                items.append(_turn(address(n), str(n)))
        if page < last:
            items.append(_turn(address(page + 1), "&raquo;"))
        return f"<ul class='pagination'>{''.join(items)}</ul>"

    # posts

    def _post(self, post: BoardPost, number: int) -> str:
        n = post.number
        body = FlaskBBBody().body(post.version_at(self.now).pieces)
        narrow = "col-12" if self.version == "2.2" else "col-xs-12"
        order = (
            f"{narrow} author col-md-2 col-sm-3"
            if self.other
            else (f"author col-md-2 col-sm-3 {narrow}")
        )
        return f"""<div id="{n}" class="row post-row">
<div class="{order}">{self._author(post)}</div>
<div class="post-box col-md-10 col-sm-9 {narrow}"><div class="post-meta row"><div
 class="col-auto me-auto g-0"><!-- Creation date / Date modified --><a href="/post/{n}">
{self.when(post.written_at)}</a>
{self._edit_mark(post)}</div><div class="col-auto g-0"><strong>#{number}</strong></div></div>
<div class="post-content" id="pid{n}">

{body}

<!-- Signature Begin -->
{_signature(post)}
<!-- Signature End -->
</div>
<div class="post-footer"><div class="post-menu float-end"></div></div></div></div>
"""

    def _author(self, post: BoardPost) -> str:
        if post.author is None:
            return f"""<!-- user deleted or guest --><div class="author-name"><h4>
{text(post.shown_name)}</h4></div><div class="author-title"><h5>{self.says["guest"]}</h5></div>"""
        joined = self.when(post.author.joined, day_only=True)
        return f"""<!-- Registered User -->
<div class="author-name"><h4>{self.member(post)}</h4></div>
<div class="author-offline" data-bs-toggle="tooltip" title="offline"></div>
<div class="author-title"><h5>{text(post.author.title)}</h5></div>
<div class="author-registered">{self.says["joined"]}: {joined}</div>
<div class="author-posts">{self.says["posts"]}: {post.author.number}</div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = self.marked_edit(post, self.now)
        if at is None:
            return ""
        said = self.says["edited"].format(when=self.when(at), who=self.member(post))
        return f"<small>({said})</small>"

    def member(self, post: BoardPost) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return name
        return f'<a href="/user/{quote(post.shown_name)}">{name}</a>'

    def when(self, moment: datetime, *, day_only: bool = False) -> str:
        """Return a time in UTC."""
        at = utc(moment)
        if self.other:
            day = php_date(at, "d.m.Y", GERMAN)
            words = day if day_only else f"{day}, {php_date(at, 'H:i:s')}"
        else:
            day = php_date(at, "M j, Y", ENGLISH)
            words = day if day_only else f"{day}, {php_date(at, 'g:i:s A')}"
            words += "" if day_only or self.version == "2.0" else " UTC"
        if self.version == "2.0":
            return words
        kind = "date-only" if day_only else "date-and-time"
        iso = at.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00")
        return f'<time datetime="{iso}" data-what_to_display="{kind}">{words}</time>'

    def _ago(self, moment: datetime) -> str:
        first = units_ago(moment, self.now, german=self.other).partition(",")[0]
        return f"vor {first}" if self.other else f"{first} ago"


class FlaskBBBody(BodyMarkup):
    """Bodies of Markdown; who is quoted stands above the quotation, as a paragraph."""

    breaks = False

    def words(self, words: str) -> str:
        """Return running text."""
        return text(words)

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "\n".join(f"<li>{self.words(item)}</li>" for item in items)
        return f"<ul>\n{inner}\n</ul>"

    def code(self, lines: str) -> str:
        """Return code."""
        return f'<div class="highlight"><pre><span></span>{text(lines)}</pre></div>'

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation."""
        name = text(quoted.author)
        who = f'<a href="/user/{quote(quoted.author)}">{name}</a>'
        said = f"<p><strong>{who} wrote:</strong></p>"
        return f"{said}\n<blockquote>\n{inner}\n</blockquote>"


def _signature(post: BoardPost) -> str:
    if post.author is None or not post.author.signature:
        return ""
    lines = text(post.author.signature).replace("\n", "<br />\n")
    return f'<div class="post-signature hidden-xs"><hr /><p>{lines}</p></div>'


def _turn(address: str, said: str) -> str:
    return f'<li class="page-item"><a class="page-link" href="{address}">{said}</a></li>'
