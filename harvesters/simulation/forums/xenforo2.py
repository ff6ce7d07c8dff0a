"""A board as XenForo 2.0, 2.1, 2.2 and 2.3 show it."""

import re
from collections.abc import Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardThread,
    BoardView,
    ThreadView,
)
from harvesters.simulation.forums.software import (
    Address,
    on_page,
    pages_of,
    slug,
    whole_number,
    window,
)
from harvesters.simulation.forums.xenforo2_posts import XenForoParts, message, time_element

REDIRECT_NUMBERS = 900_000  # a moved thread leaves a redirecting thread with a number of its own
_ROUTE = re.compile(
    r"/(?P<kind>forums|threads|posts|members)/(?:[^/]*\.)?(?P<id>\d+)/?"
    r"(?P<rest>page-\d+|latest|unread|post-\d+)?"
)


class XenForo2(XenForoParts):
    """XenForo 2. The versions differ in how a post's head, its dates and its quotations look."""

    name = "xenforo2"
    versions = ("2.0", "2.1", "2.2", "2.3")

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the cookie against forged requests."""
        return (("Set-Cookie", f"xf_csrf={self.token('csrf')[:16]}; path=/"),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the path of a page of a thread."""
        return self._thread_path(view.thread, page)

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the path of a page of a forum."""
        path = f"/forums/{slug(forum.title)}.{forum.number}/"
        return path if page == 1 else f"{path}page-{page}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path == "/goto/post":
            return self._to_post(view, whole_number(question.one("id")))
        if question.path == "/login/":
            return self._login()
        if question.path == "/" or question.path.startswith("/categories/"):
            return self._index(view)
        found = _ROUTE.fullmatch(question.path)
        if found is None:
            return self._missing("page")
        number, rest = int(found["id"]), found["rest"] or ""
        if found["kind"] == "posts":
            return self._to_post(view, number)
        if found["kind"] == "members":
            return self._members()
        walk = self._forum if found["kind"] == "forums" else self._thread
        return walk(view, number, rest, question.path)

    # routes

    def _forum(self, view: BoardView, number: int, rest: str, path: str) -> Answer:
        forum = view.forums.get(number)
        if forum is None:
            return self._missing("forum")
        if forum.members_only:
            return self._members()
        page = whole_number(rest.removeprefix("page-"), otherwise=1)
        listed = view.listed(number)
        sticky = [entry for entry in listed if entry.thread.sticky]
        rest_of_them = [entry for entry in listed if not entry.thread.sticky]
        last = pages_of(len(rest_of_them), self.threads_per_page)
        if page > last:
            return self.redirect(self.forum_address(forum, last), status=303)
        if path != self.forum_address(forum, page):
            return self.redirect(self.forum_address(forum, page), status=301)
        threads = on_page(rest_of_them, page, self.threads_per_page)
        moved = view.moved_away(number) if page == 1 else []
        return self._forum_page(forum, page, last, sticky if page == 1 else [], threads, moved)

    def _thread(self, view: BoardView, number: int, rest: str, path: str) -> Answer:
        if number > REDIRECT_NUMBERS:
            moved = view.thread(number - REDIRECT_NUMBERS)
            if moved is None or moved.forum == moved.thread.forum:
                return self._missing("thread")
            return self.redirect(self.thread_address(moved), status=301)
        thread = view.thread(number)
        if thread is None or view.members_only(thread.forum):
            return self._missing("thread") if thread is None else self._members()
        if rest in ("latest", "unread"):
            return self._to_post(view, thread.last.number)
        if rest.startswith("post-"):
            return self._to_post(view, int(rest[5:]))
        page = whole_number(rest.removeprefix("page-"), otherwise=1)
        last = self.n_pages(thread)
        if page > last:
            return self.redirect(self.thread_address(thread, last), status=303)
        if path != self.thread_address(thread, page):
            return self.redirect(self.thread_address(thread, page), status=301)
        return self._thread_page(view, thread, page, last)

    def _to_post(self, view: BoardView, number: int) -> Answer:
        thread = view.thread_of(number)
        if thread is None or all(post.number != number for post in thread.readable):
            return self._missing("post")
        if view.members_only(thread.forum):
            return self._members()
        path = self.thread_address(thread, self.page_of(thread, number))
        return self.redirect(f"{path}#post-{number}", status=301)

    # pages

    def _page(self, title: str, content: str, *, template: str, crumbs: str = "") -> str:
        name = text(self.board.name)
        lang = "de-DE" if self.other else "en-GB"
        csrf = f"{int(self.now.timestamp())},{self.token('csrf')}"
        inner = f'<div class="p-body-inner">{crumbs}{self._heading(title)}{content}</div>'
        if self.other:
            inner = f'<div class="uix_contentWrapper"><div class="p-body-main">{inner}</div></div>'
        return f"""<!DOCTYPE html>
<html id="XF" lang="{lang}" dir="LTR" data-app="public" data-template="{template}"
 data-container-key="node-2" data-content-key="" data-logged-in="false" data-cookie-prefix="xf_"
 data-csrf="{csrf}" class="has-no-js template-{template}"{self._html_run()}>
<head><meta charset="utf-8" /><meta http-equiv="X-UA-Compatible" content="IE=Edge" />
<title>{text(title)} | {name}</title>
<meta property="og:site_name" content="{name}" /><meta property="og:type" content="website" />
<link rel="stylesheet" href="/css.php?css=public%3Amessage.less&amp;s=1&amp;l=1" />
<script src="/js/xf/preamble.min.js?_v=d1"></script></head>
<body data-template="{template}"><div class="p-pageWrapper" id="top">
<header class="p-header" id="header"><div class="p-header-inner"><div class="p-header-content">
<div class="p-header-logo p-header-logo--image"><a href="/"><img src="/logo.png" alt="{name}" />
</a></div></div></div></header>
<div class="p-navSticky p-navSticky--primary" data-xf-init="sticky-header"><nav class="p-nav">
<div class="p-nav-inner"><ul class="p-nav-list js-offCanvasNavSource"><li>
<div class="p-navEl is-selected" data-has-children="true"><a href="/" class="p-navEl-link"
 data-nav-id="forums">{self.says["forums"]}</a></div></li></ul><div class="p-nav-opposite">
<a href="/login/" class="p-navgroup-link p-navgroup-link--textual p-navgroup-link--logIn"
 data-xf-click="overlay" rel="nofollow"><span class="p-navgroup-linkText">Log in</span></a></div>
</div></nav></div>
<div class="p-body">{inner}{self._sidebar()}</div>
<footer class="p-footer" id="footer"><div class="p-footer-inner"><div class="p-footer-copyright">
<a href="https://xenforo.com" class="u-concealed" dir="ltr" target="_blank">Community platform by
 XenForo<sup>&reg;</sup> <span class="copyright">&copy; 2010-2024 XenForo Ltd.</span></a></div>
</div></footer></div>
<script>jQuery.extend(true, XF.config, {{ csrf: '{csrf}', time: {{ now: 1, today: 0 }} }});
</script></body></html>"""

    def _html_run(self) -> str:
        return ' data-run-jobs="" data-xf="2.3"' if self.version == "2.3" else ""

    def _heading(self, title: str) -> str:
        return (
            '<div class="p-body-header"><div class="p-title "><h1 class="p-title-value">'
            f"{text(title)}</h1></div></div>"
        )

    def _sidebar(self) -> str:
        person = self.board.people[-1]
        return (
            '<div class="p-body-sidebar"><div class="block" data-widget-section="staffMembers">'
            '<div class="block-container"><h3 class="block-minorHeader">Members online</h3>'
            f'<div class="block-body"><ul class="listInline listInline--comma"><li><a '
            f'href="/members/{slug(person.name)}.{person.number}/" class="username "'
            f' dir="auto" data-user-id="{person.number}">{text(person.name)}</a></li></ul>'
            "</div></div></div></div>"
        )

    def _index(self, view: BoardView) -> Answer:
        blocks: list[str] = []
        for category in dict.fromkeys(forum.category for forum in self.board.forums):
            nodes = "".join(
                self._node(view, forum)
                for forum in self.board.forums
                if forum.category == category and not forum.members_only
            )
            blocks.append(
                f'<div class="block block--category block--category{len(blocks) + 1}">'
                f'<div class="block-container"><h2 class="block-header"><a '
                f'href="/categories/{slug(category)}.{len(blocks) + 30}/">{text(category)}</a>'
                f'</h2><div class="block-body">{nodes}</div></div></div>'
            )
        return self.html(self._page(self.board.name, "".join(blocks), template="forum_list"))

    def _node(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        posts = sum(len(entry.readable) for entry in listed)
        newest = max(listed, key=lambda entry: entry.last.number)
        return f"""<div class="node node--id{forum.number} node--depth2 node--forum node--read">
<div class="node-body"><span class="node-icon" aria-hidden="true"><i></i></span>
<div class="node-main js-nodeMain"><h3 class="node-title"><a href="{self.forum_address(forum)}"
 data-xf-init="element-tooltip" data-shortcut="node-description">{text(forum.title)}</a></h3>
<div class="node-description node-description--tooltip js-nodeDescTooltip">
{text(forum.description)}</div><div class="node-meta"><div class="node-statsMeta">
<dl class="pairs pairs--inline"><dt>{self.says["threads"]}</dt><dd>{len(listed)}</dd></dl>
<dl class="pairs pairs--inline"><dt>{self.says["messages"]}</dt><dd>{posts}</dd></dl></div></div>
</div><div class="node-extra"><div class="node-extra-row">
<a href="{self._thread_path(newest.thread)}latest" class="node-extra-title">
{text(newest.thread.title)}</a></div><div class="node-extra-row"><ul
 class="listInline listInline--bullet"><li>{self._time(newest.last.written_at, "node-extra-date ")}
</li><li class="node-extra-user">{self.username(newest.last)}</li></ul></div></div></div></div>
"""

    def _forum_page(
        self,
        forum: BoardForum,
        page: int,
        last: int,
        sticky: Sequence[ThreadView],
        threads: Sequence[ThreadView],
        moved: Sequence[ThreadView],
    ) -> Answer:
        navigation = self._navigation(lambda n: self.forum_address(forum, n), page, last)
        groups = ""
        if sticky:
            groups = (
                '<div class="structItemContainer-group structItemContainer-group--sticky">'
                f"{''.join(self._item(entry) for entry in sticky)}</div>"
            )
        items = "".join([*map(self._item, threads), *map(self._moved_item, moved)])
        content = f"""<div class="block" data-xf-init="" data-type="thread">
<div class="block-outer"><div class="block-outer-main">{navigation}</div></div>
<div class="block-container"><div class="block-filterBar"><div class="filterBar">
<a class="filterBar-menuTrigger" data-xf-click="menu" role="button">{self.says["filters"]}</a>
</div></div><div class="block-body"><div class="structItemContainer">{groups}
<div class="structItemContainer-group js-threadList">{items}</div></div></div></div>
<div class="block-outer block-outer--after">{navigation}</div></div>"""
        return self.html(self._page(forum.title, content, template="forum_view"))

    def _item(self, view: ThreadView) -> str:
        thread, first, last = view.thread, view.first, view.last
        path = self._thread_path(thread)
        primary = ' data-tp-primary="on"'
        extra = " uix_threadItem" if self.other else ""
        classes = f"structItem structItem--thread{extra} js-inlineModContainer"
        return f"""<div class="{classes} js-threadListItem-{thread.number}"
 data-author="{text(first.shown_name)}">
<div class="structItem-cell structItem-cell--icon"><div class="structItem-iconContainer">
{self.avatar(first, "s")}</div></div>
<div class="structItem-cell structItem-cell--main" data-xf-init="touch-proxy">
{self._statuses(thread)}<div class="structItem-title"><a href="{path}" class=""{primary}
 data-xf-init="preview-tooltip" data-preview-url="{path}preview">{text(thread.title)}</a></div>
<div class="structItem-minor"><ul class="structItem-parts"><li>{self.username(first)}</li>
<li class="structItem-startDate"><a href="{path}" rel="nofollow">
{self._time(first.written_at)}</a></li></ul>{self._page_jump(view)}</div></div>
<div class="structItem-cell structItem-cell--meta" title="First message reaction score: 2">
<dl class="pairs pairs--justified"><dt>{self.says["replies"]}</dt>
<dd>{_short(len(view.readable) - 1)}</dd></dl><dl class="pairs pairs--justified structItem-minor">
<dt>{self.says["views"]}</dt><dd>{_short(thread.views)}</dd></dl></div>
<div class="structItem-cell structItem-cell--latest"><a href="{path}latest" rel="nofollow">
{self._time(last.written_at, "structItem-latestDate ")}</a><div class="structItem-minor">
{self.username(last)}</div></div>
<div class="structItem-cell structItem-cell--icon structItem-cell--iconEnd"><div
 class="structItem-iconContainer">{self.avatar(last, "xxs")}</div></div></div>
"""

    def _moved_item(self, view: ThreadView) -> str:
        thread = view.thread
        number = REDIRECT_NUMBERS + thread.number
        path = f"/threads/{slug(thread.title)}.{number}/"
        classes = "structItem structItem--thread js-inlineModContainer"
        return f"""<div class="{classes} js-threadListItem-{number}"
 data-author="{text(view.first.shown_name)}">
<div class="structItem-cell structItem-cell--main"><ul class="structItem-statuses"><li>
<i class="structItem-status structItem-status--redirect" aria-hidden="true" title="Redirect"></i>
<span class="u-srOnly">Redirect</span></li></ul><div class="structItem-title"><a href="{path}"
 class="" data-tp-primary="on">{text(thread.title)}</a></div><div class="structItem-minor">
<ul class="structItem-parts"><li>{self.username(view.first)}</li></ul></div></div>
<div class="structItem-cell structItem-cell--meta"><dl class="pairs pairs--justified">
<dt>{self.says["replies"]}</dt><dd>&ndash;</dd></dl></div>
<div class="structItem-cell structItem-cell--latest">N/A</div></div>
"""

    def _statuses(self, thread: BoardThread) -> str:
        marks = [("locked", "Locked")] * thread.closed + [("sticky", "Sticky")] * thread.sticky
        if not marks:
            return ""
        items = "".join(
            f'<li><i class="structItem-status structItem-status--{mark}" aria-hidden="true"'
            f' title="{word}"></i><span class="u-srOnly">{word}</span></li>'
            for mark, word in marks
        )
        return f'<ul class="structItem-statuses">{items}</ul>'

    def _page_jump(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = "".join(
            f'<a href="{self._thread_path(view.thread, page)}">{page}</a>'
            for page in range(max(2, last - 2), last + 1)
        )
        return f'<span class="structItem-pageJump">{links}</span>' if links else ""

    def _thread_page(self, view: BoardView, thread: ThreadView, page: int, last: int) -> Answer:
        drawn = on_page(thread.readable, page, self.posts_per_page)
        start = (page - 1) * self.posts_per_page + 1
        posts = "".join(
            message(self, thread, post, number) for number, post in enumerate(drawn, start)
        )
        navigation = self._navigation(lambda n: self.thread_address(thread, n), page, last)
        forum = view.forums[thread.forum]
        crumbs = f"""<ul class="p-breadcrumbs " itemscope
 itemtype="https://schema.org/BreadcrumbList"><li itemprop="itemListElement"><a href="/"
 itemprop="item"><span itemprop="name">{self.says["forums"]}</span></a></li><li><a
 href="{self.forum_address(forum)}" itemprop="item"><span itemprop="name">{text(forum.title)}
</span></a></li></ul>"""
        closed = ""
        if thread.thread.closed:
            closed = (
                '<dl class="blockStatus"><dt>Status</dt><dd class="blockStatus-message '
                'blockStatus-message--locked">Not open for further replies.</dd></dl>'
            )
        content = f"""<div class="p-description"><ul class="listInline listInline--bullet"><li>
{self.username(thread.first)}</li><li><a href="{self._thread_path(thread.thread)}"
 class="u-concealed">{self._time(thread.first.written_at)}</a></li></ul></div>
<div class="block block--messages" data-xf-init="" data-type="post" data-href="/inline-mod/">
<div class="block-outer"><div class="block-outer-main">{navigation}</div></div>
<div class="block-outer js-threadStatusField">{closed}</div>
<div class="block-container lbContainer" data-xf-init="lightbox select-to-quote"
 data-message-selector=".js-post" data-lb-id="thread-{thread.thread.number}"
 data-lb-universal="0"><div class="block-body js-replyNewMessageContainer">
{posts}</div></div>
<div class="block-outer block-outer--after"><div class="block-outer-main">{navigation}</div>
</div></div>
<div class="blockMessage blockMessage--none"><a href="/login/" data-xf-click="overlay">
{self.says["must_log_in"]}</a></div>"""
        title = thread.thread.title
        return self.html(self._page(title, content, template="thread_view", crumbs=crumbs))

    def _navigation(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        back = f'<a href="{address(page - 1)}" class="pageNav-jump pageNav-jump--prev">Prev</a>'
        on = f'<a href="{address(page + 1)}" class="pageNav-jump pageNav-jump--next">Next</a>'
        items = "".join(
            '<li class="pageNav-page pageNav-page--skip"><a data-xf-init="tooltip"'
            ' title="Go to page" data-xf-click="menu" role="button" tabindex="0">…</a></li>'
            if number is None
            else f'<li class="pageNav-page {"pageNav-page--current " if number == page else ""}">'
            f'<a href="{address(number)}">{number}</a></li>'
            for number in window(page, last)
        )
        simple = f'<a class="pageNavSimple-el pageNavSimple-el--current">{page} of {last}</a>'
        return (
            '<nav class="pageNavWrapper pageNavWrapper--mixed "><div class="pageNav  ">'
            f'{back if page > 1 else ""}<ul class="pageNav-main">{items}</ul>'
            f'{on if page < last else ""}</div><div class="pageNavSimple">{simple}</div></nav>'
        )

    def _missing(self, what: str) -> Answer:
        content = f'<div class="blockMessage">The requested {what} could not be found.</div>'
        return self.html(
            self._page("Oops! We ran into some problems.", content, template="error"), status=404
        )

    def _login(self, *, status: int = 200, message: str = "") -> Answer:
        content = f"""{message}<form action="/login/login" method="post" class="block"
 data-xf-init="ajax-submit"><div class="block-container"><div class="block-body">
<input type="text" class="input" name="login" autocomplete="username" />
<input type="password" name="password" class="input" autocomplete="current-password" />
<input type="hidden" name="_xfToken" value="{self.token("csrf")}" /></div></div></form>"""
        return self.html(self._page("Log in", content, template="login"), status=status)

    def _members(self) -> Answer:
        message = (
            '<div class="blockMessage blockMessage--error blockMessage--iconic">'
            "You must be logged-in to do that.</div>"
        )
        return self._login(status=403, message=message)

    # parts that posts and lists share

    def _thread_path(self, thread: BoardThread, page: int = 1) -> str:
        path = f"/threads/{slug(thread.title)}.{thread.number}/"
        return path if page == 1 else f"{path}page-{page}"

    def _time(self, moment: datetime, classes: str = "") -> str:
        return time_element(self, moment, classes)


def _short(count: int) -> str:
    return f"{count // 1000}K" if count >= 1000 else str(count)  # noqa: PLR2004 # a thousand
