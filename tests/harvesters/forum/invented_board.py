"""A small invented board that answers in the markup of two forums, over the polite client."""

# ruff: noqa: E501 # markup reads better unbroken

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import httpx

SITE = "https://board.example"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@dataclass
class Entry:
    id: int
    author: str
    at: datetime
    body: str
    edited: datetime | None = None
    guest: bool = False
    placeholder: bool = False


@dataclass
class Talk:
    id: int
    title: str
    posts: list[Entry] = field(default_factory=list)
    sticky: bool = False
    members_only: bool = False

    @property
    def last(self) -> Entry:
        return self.posts[-1]


class InventedBoard:
    """Threads by id, the answer to any address, and how the board answers beyond the end."""

    def __init__(self, style: str, *, per_page: int = 5, threads_a_page: int = 20) -> None:
        self.style = style
        self.per_page = per_page
        self.threads_a_page = threads_a_page
        self.threads: dict[int, Talk] = {}
        self._last_id = 100
        self.clock = START

    @property
    def community(self) -> str:
        return "forums/talk.2/" if self.style == "xenforo2" else "viewforum.php?f=2"

    def open(self, thread: int, *, n_posts: int = 1, sticky: bool = False) -> Talk:
        self.threads[thread] = Talk(thread, f"Talk {thread} & more", sticky=sticky)
        for _ in range(n_posts):
            self.reply(thread)
        return self.threads[thread]

    def reply(self, thread: int, body: str = "", *, author: str = "", **changes: object) -> Entry:
        self._last_id += 1
        self.clock += timedelta(minutes=7)
        talk = self.threads[thread]
        body = body or f"<p>Post {self._last_id} of talk {thread} about recovery groups.</p>"
        author = author or f"member_{self._last_id % 7}"
        entry = Entry(self._last_id, author, self.clock, body)
        for name, value in changes.items():
            setattr(entry, name, value)
        talk.posts.append(entry)
        return entry

    def all_ids(self) -> set[str]:
        return {str(post.id) for talk in self.threads.values() for post in talk.posts}

    # answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path, request.url.params
        return (self._xenforo if self.style == "xenforo2" else self._phpbb)(path, params)

    def _xenforo(self, path: str, params: httpx.QueryParams) -> httpx.Response:  # noqa: ARG002
        parts = [part for part in path.split("/") if part]
        page = int(parts[-1].removeprefix("page-")) if parts and parts[-1][:5] == "page-" else 1
        if parts and parts[0] == "forums":
            return _html(self._listing(page))
        if parts and parts[0] == "posts":
            found = self._find(int(parts[1]))
            if found is None:
                return httpx.Response(404, text="<p>The requested post could not be found.</p>")
            talk, number = found
            location = f"{SITE}/threads/t.{talk.id}/page-{number}#post-{parts[1]}"
            return httpx.Response(303, headers={"Location": location})
        if parts and parts[0] == "threads":
            talk = self.threads.get(int(parts[1].rpartition(".")[2]))
            return self._thread_answer(talk, page)
        return _html("<p>front</p>")

    def _phpbb(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        start = int(params.get("start") or 0)
        if path == "/viewforum.php":
            return _html(self._listing(start // self.threads_a_page + 1))
        if path == "/viewtopic.php" and "p" in params:
            found = self._find(int(params["p"]))
            if found is None:
                return httpx.Response(404, text="<p>The requested topic does not exist.</p>")
            return self._thread_answer(*found)
        if path == "/viewtopic.php":
            talk = self.threads.get(int(params["t"]))
            return self._thread_answer(talk, start // self.per_page + 1)
        return _html("<p>front</p>")

    def _find(self, native_id: int) -> tuple[Talk, int] | None:
        for talk in self.threads.values():
            for place, post in enumerate(talk.posts):
                if post.id == native_id:
                    return talk, place // self.per_page + 1
        return None

    def _thread_answer(self, talk: Talk | None, page: int) -> httpx.Response:
        if talk is None:
            return httpx.Response(404, text="<p>The requested thread could not be found.</p>")
        if talk.members_only:
            status = 403 if self.style == "xenforo2" else 200
            return httpx.Response(status, text=_LOGIN, headers=_TYPE)
        n_pages = -(-len(talk.posts) // self.per_page)
        return _html(self._thread(talk, min(page, n_pages), n_pages))  # the last page again

    def _listing(self, page: int) -> str:
        ordered = sorted(
            self.threads.values(), key=lambda each: (each.sticky, each.last.at), reverse=True
        )
        size = self.threads_a_page
        n_pages = max(1, -(-len(ordered) // size))
        page = min(page, n_pages)
        rows = "".join(self._row(each) for each in ordered[(page - 1) * size : page * size])
        if self.style == "xenforo2":
            next_page = f'<a class="pageNav-jump pageNav-jump--next" href="/forums/talk.2/page-{page + 1}">N</a>'
            return (
                '<html id="XF" data-template="forum_view"><body><div class="structItemContainer">'
                f"{rows}</div>{next_page if page < n_pages else ''}</body></html>"
            )
        next_page = f'<li class="arrow next"><a rel="next" href="./viewforum.php?f=2&amp;start={page * size}">N</a></li>'
        return (
            '<html><body id="phpbb"><h2 class="forum-title"><a>Talk</a></h2><ul class="topiclist topics">'
            f"{rows}</ul><div class='pagination'><ul>{next_page if page < n_pages else ''}</ul></div></body></html>"
        )

    def _row(self, talk: Talk) -> str:
        n_pages = -(-len(talk.posts) // self.per_page)
        replies = len(talk.posts) - 1
        if self.style == "xenforo2":
            jump = f'<a href="/threads/t.{talk.id}/page-{n_pages}">{n_pages}</a>'
            jumps = f'<span class="structItem-pageJump">{jump}</span>' if n_pages > 1 else ""
            pinned = '<i class="structItem-status structItem-status--sticky"></i>'
            return (
                f'<div class="structItem structItem--thread js-threadListItem-{talk.id}">'
                f"{pinned if talk.sticky else ''}"
                f'<div class="structItem-title"><a href="/threads/t.{talk.id}/" data-tp-primary="on">'
                f"{escape(talk.title)}</a></div>{jumps}"
                f'<div class="structItem-cell structItem-cell--meta"><dl class="pairs pairs--justified">'
                f"<dt>Replies</dt><dd>{replies}</dd></dl></div>"
                f'<div class="structItem-cell structItem-cell--latest">'
                f'<time class="structItem-latestDate" datetime="{talk.last.at.isoformat()}" '
                f'data-time="{int(talk.last.at.timestamp())}">x</time></div></div>'
            )
        start = (n_pages - 1) * self.per_page
        jump = f'<li><a class="button" href="./viewtopic.php?t={talk.id}&amp;start={start}">{n_pages}</a></li>'
        return (
            f'<li class="row bg1{" sticky" if talk.sticky else ""}"><dl class="row-item topic_read"><dt>'
            f'<div class="list-inner"><a href="./viewtopic.php?t={talk.id}&amp;sid={"0a" * 16}" class="topictitle">'
            f'{escape(talk.title)}</a><div class="pagination"><ul>{jump if n_pages > 1 else ""}</ul></div></div></dt>'
            f'<dd class="posts">{replies} <dfn>Replies</dfn></dd><dd class="lastpost"><span><dfn>Last post </dfn>'
            f'by <a class="username">x</a> <br>{self._text(talk.last.at)}</span></dd></dl></li>'
        )

    def _text(self, at: datetime) -> str:
        return at.astimezone(LONDON).strftime("%a %b %d, %Y %I:%M %p")

    def _thread(self, talk: Talk, page: int, n_pages: int) -> str:
        posts = talk.posts[(page - 1) * self.per_page : page * self.per_page]
        rows = "".join(self._post(each) for each in posts)
        if self.style == "xenforo2":
            return _XENFORO.format(
                title=escape(talk.title), rows=rows, nav=_xenforo_nav(talk.id, page, n_pages)
            )
        nav = _phpbb_nav(talk.id, page, n_pages, self.per_page)
        return _PHPBB.format(title=escape(talk.title), rows=rows, nav=nav, n=len(talk.posts))

    def _post(self, post: Entry) -> str:
        if self.style == "xenforo2":
            edited = ""
            if post.edited is not None:
                edited = f'<div class="message-lastEdit">Last edited: <time datetime="{post.edited.isoformat()}">x</time></div>'
            gone = '<div class="messageNotice messageNotice--deleted">Removed</div>'
            name = (
                f'<span class="username">{post.author}</span>'
                if post.guest
                else f'<a class="username" data-user-id="5" href="/members/x.5/">{post.author}</a>'
            )
            return (
                f'<article class="message message--post js-post" data-author="{post.author}" '
                f'data-content="post-{post.id}" id="js-post-{post.id}"><h4 class="message-name">{name}</h4>'
                f'<ul class="message-attribution-main"><li><time datetime="{post.at.isoformat()}">x</time></li></ul>'
                f"{gone if post.placeholder else ''}"
                f'<div class="message-userContent"><div class="bbWrapper">{post.body}</div></div>{edited}'
                '<aside class="message-signature"><div class="bbWrapper">My signature</div></aside></article>'
            )
        notice = ""
        if post.edited is not None:
            notice = (
                f'<div class="notice">Last edited by <a class="username">x</a> on {self._text(post.edited)}, '
                "edited 1 time in total.</div>"
            )
        tag = "span" if post.guest else "a"
        return (
            f'<div id="p{post.id}" class="post bg2"><div class="inner"><div class="postbody">'
            f'<div id="post_content{post.id}"><p class="author"><a href="./viewtopic.php?p={post.id}#p{post.id}">i</a>'
            f'<span class="responsive-hide">by <strong><{tag} class="username">{post.author}</{tag}></strong> » </span>'
            f'<time datetime="{post.at.isoformat()}">x</time></p><div class="content">{post.body}</div>{notice}'
            f'<div id="sig{post.id}" class="signature">My signature</div></div></div></div></div>'
        )


_TYPE = {"Content-Type": "text/html; charset=utf-8"}
_LOGIN = (
    '<html id="XF" data-template="login"><body><p>You must be logged-in to do that.</p>'
    '<form id="login" action="./ucp.php?mode=login"></form></body></html>'
)
_XENFORO = (
    '<html id="XF" data-template="thread_view"><body><h1 class="p-title-value">{title}</h1>'
    "<div>{rows}</div>{nav}</body></html>"
)
_PHPBB = (
    '<html><body id="phpbb"><h2 class="topic-title"><a>{title}</a></h2>'
    '<div class="action-bar"><div class="pagination">{n} posts {nav}</div></div>{rows}</body></html>'
)


def _xenforo_nav(thread: int, page: int, n_pages: int) -> str:
    if n_pages == 1:
        return ""
    pages = "".join(
        f'<li class="pageNav-page{" pageNav-page--current" if n == page else ""}">'
        f'<a href="/threads/t.{thread}/page-{n}">{n}</a></li>'
        for n in range(1, n_pages + 1)
    )
    before = f'<a class="pageNav-jump pageNav-jump--prev" href="/threads/t.{thread}/page-{page - 1}">P</a>'
    after = f'<a class="pageNav-jump pageNav-jump--next" href="/threads/t.{thread}/page-{page + 1}">N</a>'
    return (
        f'{before if page > 1 else ""}<ul class="pageNav-main">{pages}</ul>'
        f"{after if page < n_pages else ''}"
    )


def _phpbb_nav(thread: int, page: int, n_pages: int, per_page: int) -> str:
    def link(n: int, text: str, name: str = "") -> str:
        start = (n - 1) * per_page
        return f'<li class="{name}"><a class="button" href="./viewtopic.php?t={thread}&amp;start={start}">{text}</a></li>'

    pages = "".join(
        f'<li class="active"><span>{n}</span></li>' if n == page else link(n, str(n))
        for n in range(1, n_pages + 1)
    )
    before = link(page - 1, "Previous", "arrow previous") if page > 1 else ""
    after = link(page + 1, "Next", "arrow next") if page < n_pages else ""
    return f"<ul>{before}{pages}{after}</ul>"


def _html(text: str) -> httpx.Response:
    return httpx.Response(200, text=f"<!DOCTYPE html>{text}", headers=_TYPE)


Answer = Callable[[httpx.Request], httpx.Response]
