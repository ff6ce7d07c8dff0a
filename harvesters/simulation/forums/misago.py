"""A board as Misago 0.19 and 0.39 show it to a reader without scripts."""

import json
import re
from collections.abc import Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, php_date
from harvesters.simulation.forums.misago_posts import MisagoBody, paginator, text, turn
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardPost,
    BoardThread,
    BoardView,
    Shown,
    ThreadView,
)
from harvesters.simulation.forums.software import (
    ForumSoftware,
    likers,
    on_page,
    slug,
    utc,
    whole_number,
)

POSTS_TAIL = 6  # posts that join the last page instead of making one of their own
_THREAD = re.compile(r"/t/[^/]+/(\d+)/(?:(\d+)/|post/(\d+)/|(last)/)?")
_FORUM = re.compile(r"/c/[^/]+/(\d+)/(?:(\d+)/)?")


class Misago(ForumSoftware):
    """Misago. Version 0.19 numbers a category's pages, 0.39 goes on from a post's number."""

    name = "misago"
    versions = ("0.19", "0.39")
    posts_per_page = 18
    threads_per_page = 20
    leaves_notice = True
    shows_edits = False

    @property
    def early(self) -> bool:
        """Whether this is the earlier version."""
        return self.version == "0.19"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the cookie against forged requests."""
        return (("Set-Cookie", f"csrftoken={self.token('csrf')}; Path=/; SameSite=Lax"),)

    def n_pages(self, view: ThreadView) -> int:
        """Return how many pages a thread has: few posts that are left join the last page."""
        count = len(self.entries(view))
        return max(1, -(-(count - POSTS_TAIL) // self.posts_per_page))

    def page_of(self, view: ThreadView, post: int) -> int:
        """Return the page on which a post stands."""
        return min(super().page_of(view, post), self.n_pages(view))

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a thread."""
        path = f"/t/{slug(view.thread.title)}/{view.thread.number}/"
        return path if page == 1 else f"{path}{page}/"

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a category at the moment that was last asked about."""
        path = f"/c/{slug(forum.title)}/{forum.number}/"
        if page == 1:
            return path
        if self.early:
            return f"{path}{page}/"
        listed = self._listed(BoardView(self.board, self.now), forum.number)
        before = listed[: (page - 1) * self.threads_per_page]
        return f"{path}?start={before[-1].last.number if before else 0}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path == "/":
            return self._index(view)
        thread = _THREAD.fullmatch(question.path)
        if thread is not None:
            page, post, last = thread.groups()[1:]
            return self._thread(view, int(thread[1]), int(page or 1), int(post or 0), last)
        forum = _FORUM.fullmatch(question.path)
        if forum is None:
            return self._missing()
        start = whole_number(question.one("start"))
        return self._forum(view, int(forum[1]), int(forum[2] or 1), start)

    def _thread(
        self, view: BoardView, number: int, page: int, post: int, last: str | None
    ) -> Answer:
        thread = view.thread(number)
        if thread is None or page > self.n_pages(thread):
            return self._missing()
        if view.members_only(thread.forum):
            return self._members()
        if last:
            post = thread.last.number
        if post:
            if view.thread_of(post) is not thread:
                return self._missing()
            path = self.thread_address(thread, self.page_of(thread, post))
            return self.redirect(f"{path}#post-{post}")
        return self._thread_page(view, thread, page)

    def _listed(self, view: BoardView, number: int) -> list[ThreadView]:
        return view.listed(number)

    def _forum(self, view: BoardView, number: int, page: int, start: int) -> Answer:
        forum = view.forums.get(number)
        if forum is None:
            return self._missing()
        if forum.members_only:
            return self._members()
        listed = self._listed(view, number)
        sticky = [entry for entry in listed if entry.thread.sticky]
        if start:
            listed = [e for e in listed if not e.thread.sticky and e.last.number < start]
            rows, rest = listed[: self.threads_per_page], listed[self.threads_per_page :]
        else:
            rows = list(on_page(listed, page, self.threads_per_page))
            rest = listed[page * self.threads_per_page :]
        if not rows:
            return self._missing()
        return self._forum_page(view, forum, page, rows, bool(rest), sticky)

    # pages

    def _page(self, title: str, content: str, *, data: object = None) -> str:
        name = text(self.board.name)
        outer = "misago-container theme-dark" if self.other else "misago-container"
        store = json.dumps(data or {}, ensure_ascii=True).replace("<", "\\u003C")
        return f"""
<!DOCTYPE html>
<html lang="{"de" if self.other else "en"}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <title>{text(title)} | {name}</title>
    <meta name="description" content=""><meta property="og:site_name" content="{name}" />
    <link href="/static/misago/css/misago.css" rel="stylesheet">
    <script type="application/ld+json">{{"@context":"http://schema.org","@type":"WebSite"}}</script>
    <script type="text/javascript">window.misago_locale = "en-us"; window.misago_csrf = "csrftoken"
    </script>
  </head>
  <body class="misago-anonymous">
    <div id="auth-message-mount"></div><div id="snackbar-mount"></div>
    <div id="misago-container" class="{outer}">
<nav id="misago-navbar" class="navbar" role="navigation"><div class="container navbar-container">
<div class="navbar-branding"><a href="/" class="navbar-branding-text">{name}</a></div>
<div class="navbar-right"><button class="btn btn-sign-in btn-navbar-sign-in" type="button" disabled>
Sign in</button></div></div></nav>
      <div id="page-mount">
{content}
      </div>
<footer class="misago-footer"><div class="container"><noscript><p class="noscript-message"><i
 class="material-icon hidden-xs hidden-sm">info_outline</i>For complete experience please enable
 JavaScript.</p></noscript><a href="http://misago-project.org" class="misago-branding">powered by
 <strong>misago</strong></a></div></footer>
    </div>
    <form aria-hidden="true" id="hidden-login-form" method="post" action="/login/"
 style="display: none;"><input type="hidden" name="csrfmiddlewaretoken"
 value="{self.token("form")}"><input type="hidden" name="username"><input type="hidden"
 name="password"></form>
    <script type="text/javascript">misago.init({store});</script>
  </body>
</html>
"""

    def _missing(self) -> Answer:
        content = """<div class="page page-error page-error-404"><div class="container"><div
 class="message-panel"><div class="message-icon"><span
 class="material-icon">info_outline</span></div>
<div class="message-body"><p class="lead">The page you are looking for could not be found.</p></div>
</div></div></div>"""
        return self.html(self._page("Page not found", content), status=404)

    def _members(self) -> Answer:
        content = """<div class="page page-error page-error-403"><div class="container"><div
 class="message-body"><p class="lead">This page is not available.</p><p
 class="help-block">You have to
 sign in to see the contents of this category.</p></div></div></div>"""
        return self.html(self._page("Page not available", content), status=403)

    def _index(self, view: BoardView) -> Answer:
        items = "".join(
            f'<li><a href="{self.forum_address(forum)}" class="subcategory ">'
            f"{text(forum.title)}</a></li>"
            for forum in self.board.forums
            if not forum.members_only
        )
        threads = [entry for entry in view.threads.values() if not view.members_only(entry.forum)]
        threads.sort(key=lambda entry: -entry.last.number)
        rows = "".join(self._row(view, entry, n) for n, entry in enumerate(threads[:20], 1))
        content = f"""<div class="page page-threads"><div class="container"><noscript><section
 class="subcategories"><ul class="list-unstyled">{items}</ul></section></noscript>
<section><div class="threads-list"><ul class="list-group">{rows}</ul></div></section></div></div>"""
        return self.html(self._page(self.board.name, content))

    def _forum_page(
        self,
        view: BoardView,
        forum: BoardForum,
        page: int,
        rows: Sequence[ThreadView],
        more: bool,
        sticky: Sequence[ThreadView],
    ) -> Answer:
        items = "".join(self._row(view, entry, n) for n, entry in enumerate(rows, 1))
        path = self.forum_address(forum)
        after = ""
        if more and self.early:
            after = f"""<nav class="misago-pagination"><a class="btn btn-default btn-icon"
 href="{path}{page + 1}/" title="Go to next page" rel="next"><span class="material-icon">
chevron_right</span></a></nav>"""
        elif more:
            start = [entry for entry in rows if entry not in sticky][-1].last.number
            after = f"""<div class="pager-more"><a class="btn btn-default btn-outline"
 href="{path}?start={start}">Show more</a></div>"""
        content = f"""<div class="page page-threads"><div class="container page-header-container">
<div class="page-header page-header-category-threads"><h1>{text(forum.title)}</h1></div></div>
<div class="container page-container"><section><div class="threads-list"><ul class="list-group"
 itemscope itemtype="http://schema.org/ItemList"><meta itemprop="itemListOrder"
 content="http://schema.org/ItemListOrderDescending">
{items}</ul></div></section>{after}</div></div>"""
        return self.html(self._page(forum.title, content))

    def _row(self, view: BoardView, entry: ThreadView, position: int) -> str:
        thread, path, first, last = (
            entry.thread,
            self.thread_address(entry),
            entry.first,
            entry.last,
        )
        forum = view.forums[entry.forum]
        replies = len(entry.shown) - 1
        said = f"{replies} repl{'y' if replies == 1 else 'ies'}"
        flags = self._flags(thread)
        latest = self._poster(last, "last-poster", "latest poster")
        title_tag = "item-title thread-title" if self.early else "threads-list-item-title"
        row = "list-group-item threads-list-item"
        return f"""<li id="threads-item-{thread.number}" class="{row}" itemprop="itemListElement"
 itemscope itemtype="http://schema.org/ListItem">
<div class="threads-list-item-col-starter">{self._poster(first, "starter", "original poster")}</div>
<div class="threads-list-item-right-col"><div class="threads-list-item-top-row">{flags}<div
 class="threads-list-item-col-title"><a href="{path}" class="{title_tag}">
          {text(thread.title)}
        </a></div></div>
<div class="threads-list-item-bottom-row"><div class="threads-list-item-bottom-left"><div
 class="threads-list-item-col-category"><a
 href="{self.forum_address(forum)}" class="threads-list-item-category threads-list-category-label">
{text(forum.title)}</a></div></div>
<div class="threads-list-item-bottom-right"><div
 class="threads-list-item-col-replies"><span class="threads-replies" title="{said}"><span
 class="material-icon">chat_bubble_outline</span>
  {replies}
</span></div>
<div class="threads-list-item-col-last-poster">{latest}</div>
<div class="threads-list-item-col-last-activity"><a href="{path}last/"
 class="threads-list-item-last-activity" title="{self.when(last.written_at)} - latest activity">
{self.day(last.written_at)}</a></div></div></div></div>
<meta itemprop="position" content="{position}"><meta itemprop="url" content="{self.base}{path}">
<meta itemprop="name" content="{text(thread.title)}"></li>
"""

    def _flags(self, thread: BoardThread) -> str:
        flags = [("pinned-locally", "Pinned in category", "bookmark_border")] * thread.sticky
        flags += [("closed", "Closed", "lock")] * thread.closed
        items = "".join(
            f'<li class="thread-flag-{flag}" title="{said}"><span class="material-icon">{icon}'
            "</span></li>"
            for flag, said, icon in flags
        )
        if not items:
            return ""
        flag_list = f'<ul class="thread-flags">{items}</ul>'
        return f'<div class="threads-list-item-col-flags">{flag_list}</div>'

    def _poster(self, post: BoardPost, role: str, said: str) -> str:
        title = f"{text(post.shown_name)} - {said}"
        image = '<img class="user-avatar" src="/static/avatar.png" width="30" height="30" alt="">'
        css = f"threads-list-item-{role}"
        if post.author is None:
            return f'<span class="{css}" title="{title}">{image}</span>'
        return f'<a href="{self._account(post)}" class="{css}" title="{title}">{image}</a>'

    def _account(self, post: BoardPost) -> str:
        number = post.author.number if post.author else 0
        return f"/u/{slug(post.shown_name, otherwise='user')}/{number}/"

    def _thread_page(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        entries, last = self.entries(thread), self.n_pages(thread)
        start = (page - 1) * self.posts_per_page
        drawn = entries[start:] if page == last else entries[start : start + self.posts_per_page]
        posts = "".join(self._entry(thread, entry) for entry in drawn)
        forum = view.forums[thread.forum]
        count = len(thread.shown) - 1
        said = f"{count} repl{'y' if count == 1 else 'ies'}"
        pages = self._pages(thread, page, last)
        content = f"""<div class="page page-thread "><div class="container page-header-container">
<div class="page-header page-header-category-threads"><ul class="breadcrumbs"><li
 id="thread-breadcrumb-{forum.number}" class="breadcrumbs-item"><a
 href="{self.forum_address(forum)}">
<span class="breadcrumbs-item-name">{text(forum.title)}</span></a></li></ul>
<h1>{text(thread.thread.title)}</h1>
<div class="page-header-details page-header-thread-details"><span class="text-muted"
 title="Started on: {self.when(thread.first.written_at)}">{self.day(thread.first.written_at)}</span>
<span class="threads-replies" title="{said}"><span class="material-icon">chat_bubble_outline</span>
{count}</span></div></div></div>
<div class="container page-container">
<div class="toolbar">{pages}</div>
<ul class="posts-list ui-ready">
{posts}</ul>
<div class="toolbar">{pages}</div>
</div></div>"""
        data = {
            "THREAD": {"id": thread.thread.number, "title": thread.thread.title},
            "POSTS": {"page": page, "pages": last, "count": len(entries)},
        }
        return self.html(self._page(thread.thread.title, content, data=data))

    def _pages(self, thread: ThreadView, page: int, last: int) -> str:
        if last == 1:
            return '<div class="toolbar-spacer hidden-xs"></div>'
        return (
            self._turns(thread, page, last)
            if self.early
            else paginator(self.thread_address(thread), page, last)
        )

    def _turns(self, thread: ThreadView, page: int, last: int) -> str:
        parts = []
        if page > 1:
            parts.append(turn(self.thread_address(thread), "Go to first page", "", "first_page"))
            back = self.thread_address(thread, page - 1)
            parts.append(turn(back, "Go to previous page", "prev", "chevron_left"))
        parts.append(
            '<button class="btn btn-default btn-block btn-outline" type="button">'
            f"Page {page} of {last}</button>"
        )
        if page < last:
            on, end = self.thread_address(thread, page + 1), self.thread_address(thread, last)
            parts.append(turn(on, "Go to next page", "next", "chevron_right"))
            parts.append(turn(end, "Go to last page", "", "last_page"))
        return f'<nav class="misago-pagination">{"".join(parts)}</nav>'

    # posts

    def _entry(self, thread: ThreadView, entry: Shown) -> str:
        post, link = entry.post, f"{self.thread_address(thread)}post/{entry.post.number}/"
        first = "post-primary " if post is thread.first else ""
        hidden = "post-hidden" if entry.deleted else ""
        if entry.deleted:
            body = f"""<div class="post-body post-body-hidden" itemprop="articleBody">
<p class="lead">This post is hidden. You cannot not see its contents.</p><p
 class="text-muted">Hidden by <span
 class="item-title">Moderator</span> on {self.when(self.now)}.</p></div>"""
        else:
            inner = MisagoBody(early=self.early).body(post.version_at(self.now).pieces)
            body = f"""<div class="post-body" itemprop="articleBody"><article class="misago-markup">
      {inner}
    </article></div>"""
        footer = self._likes(post)
        return f"""<li id="post-{post.number}" class="post {hidden} {first}" itemscope
 itemtype="http://schema.org/DiscussionForumPosting"><div class="panel panel-default panel-post">
<div class="panel-body">
{self._side(post, link)}
<div class="panel-content">{self._heading(post, link)}
{body}
<div class="post-footer">{footer}</div></div></div></div></li>
"""

    def _heading(self, post: BoardPost, link: str) -> str:
        iso = utc(post.written_at).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        words = self.when(post.written_at)
        lead = "posted on " if self.early else ""
        classes = "posted-on hidden-xs" if self.early else "btn btn-link posted-on hidden-xs"
        heading = "panel-heading post-heading" if self.early else "post-heading"
        return f"""<div class="{heading}"><a href="{link}" class="{classes}"><time
 itemprop="datePublished" datetime="{iso}">
      {lead}{words}
    </time></a><a href="{link}" class="btn btn-link posted-on visible-xs-inline-block">
    {words}
  </a><div class="pull-right"><a href="{link}" title="Post link" class="btn btn-default btn-icon">
<span class="material-icon">
        link
      </span></a></div></div>"""

    def _side(self, post: BoardPost, link: str) -> str:
        name = text(post.shown_name)
        share = f'<div class="pull-right"><a href="{link}" title="Post link">link</a></div>'
        if post.author is None:
            return f"""<div class="post-side post-side-anonymous">{share}<div class="media"><div
 class="media-body"><span class="media-heading item-title" itemprop="author">
          {name}
        </span><span class="user-title user-title-anonymous">Removed user</span></div></div>
</div>"""
        return f"""<div class="post-side post-side-registered">{share}<div class="media"><div
 class="media-left"><a href="{self._account(post)}"><img class="poster-avatar"
 src="/static/avatar.png" alt=""></a></div><div class="media-body"><div class="media-heading"><a
 class="item-title" href="{self._account(post)}"><span itemprop="author">{name}</span></a></div>
<span class="user-title ">{text(post.author.title)}</span><span class="user-postcount">
{post.author.number} posts</span></div></div></div>"""

    def _likes(self, post: BoardPost) -> str:
        names = likers(self.board, post)
        return f'<div class="post-likes">{", ".join(names)} like this.</div>' if names else ""

    def when(self, moment: datetime) -> str:
        """Return a time in UTC as Django writes it: `Nov. 22, 2026, 7:49 p.m.`."""
        at = utc(moment)
        if self.other:
            return f"{php_date(at, 'j. F Y', GERMAN)} {php_date(at, 'H:i')}"
        hour = php_date(at, "g:i") if at.minute else php_date(at, "g")
        return f"{self.day(moment)}, {hour} {'a' if at.hour < 12 else 'p'}.m."  # noqa: PLR2004

    def day(self, moment: datetime) -> str:
        """Return the day of a time."""
        at = utc(moment)
        if self.other:
            return php_date(at, "j. F Y", GERMAN)
        short = "" if at.month in (3, 4, 5, 6, 7) else "."
        pattern = "F" if not short else "M"
        month = php_date(at, pattern, ENGLISH)
        return f"{'Sept' if at.month == 9 else month}{short} {at.day}, {at.year}"  # noqa: PLR2004
