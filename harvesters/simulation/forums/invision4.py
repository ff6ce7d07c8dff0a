"""A board as Invision Community 4.4 and 4.7 show it."""

import re

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.invision4_posts import InvisionParts, article
from harvesters.simulation.forums.model import BoardForum, BoardView, ThreadView
from harvesters.simulation.forums.software import (
    Address,
    on_page,
    pages_of,
    slug,
    whole_number,
    window,
)

_ROUTE = re.compile(r"/(forum|topic)/(\d+)-[^/]*/(?:page/(\d+)/)?")


class Invision4(InvisionParts):
    """Invision Community 4. Pages are a parameter in 4.4 and part of the path in 4.7."""

    name = "invision4"
    versions = ("4.4", "4.7")
    posts_per_page = 25
    threads_per_page = 25
    charset = "UTF-8"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the session's cookie."""
        return (("Set-Cookie", f"ips4_IPSSessionFront={self.token('session')}; path=/; HttpOnly"),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the path of a page of a topic."""
        return self._paged(f"/topic/{view.thread.number}-{slug(view.thread.title)}/", page)

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the path of a page of a forum."""
        return self._paged(f"/forum/{forum.number}-{slug(forum.title)}/", page)

    def _paged(self, path: str, page: int) -> str:
        if page == 1:
            return path
        return f"{path}?page={page}" if self.version == "4.4" else f"{path}page/{page}/"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path in ("/", "/login/"):
            return self._index(view) if question.path == "/" else self._login()
        found = _ROUTE.fullmatch(question.path)
        if found is None:
            return self._missing()
        page = int(found[3] or whole_number(question.one("page"), otherwise=1))
        walk = self._forum if found[1] == "forum" else self._topic
        return walk(view, int(found[2]), page, question)

    def _topic(self, view: BoardView, number: int, page: int, question: Question) -> Answer:
        thread = view.thread(number)
        if thread is None or view.members_only(thread.forum):
            return self._missing() if thread is None else self._login(status=403)
        if question.one("do") in ("findComment", "getLastComment"):
            last = thread.last.number
            return self._to_post(thread, whole_number(question.one("comment"), otherwise=last))
        if question.one("do") is not None:
            return self.redirect(self.thread_address(thread), status=301)
        if page > self.n_pages(thread):
            return self.redirect(self.thread_address(thread, self.n_pages(thread)), status=303)
        return self._topic_page(view, thread, page)

    def _to_post(self, thread: ThreadView, number: int) -> Answer:
        if all(post.number != number for post in thread.readable):
            return self._missing()
        path = self.thread_address(thread, self.page_of(thread, number))
        return self.redirect(f"{path}#comment-{number}", status=301)

    def _forum(self, view: BoardView, number: int, page: int, _: Question) -> Answer:
        forum = view.forums.get(number)
        if forum is None or forum.members_only:
            return self._missing() if forum is None else self._login(status=403)
        rows = sorted(
            [*view.listed(number), *view.moved_away(number)],
            key=lambda entry: (not entry.thread.sticky, -entry.last.number),
        )
        last = pages_of(len(rows), self.threads_per_page)
        if page > last:
            return self.redirect(self.forum_address(forum, last), status=303)
        items = "".join(self._row(forum, v) for v in on_page(rows, page, self.threads_per_page))
        pages = self._pages(lambda n: self.forum_address(forum, n), page, last)
        content = f"""<div class="ipsPageHeader ipsClearfix"><header><h1 class="ipsType_pageTitle">
{text(forum.title)}</h1></header></div>
<div data-controller="forums.front.forum.forumList,core.global.core.table" class="ipsBox"><h2
 class="ipsType_sectionTitle">{len(rows)} topics in this forum</h2>
<div class="ipsButtonBar ipsPad_half ipsClearfix" data-role="tablePagination">{pages}</div>
<ol class="ipsClear ipsDataList cForumTopicTable  cTopicList " id="elTable_{self.token("t")[:8]}"
 data-role="tableRows">{items}</ol>
<div class="ipsButtonBar ipsPad_half" data-role="tablePagination">{pages}</div></div>"""
        head = self._head(lambda n: self.forum_address(forum, n), page, last)
        return self.html(self._page(forum.title, content, head=head))

    # pages

    def _page(self, title: str, content: str, *, head: str = "") -> str:
        name = text(self.board.name)
        lang = "de-DE" if self.other else "en-GB"
        layout = "ipsLayout_container ipsClearfix"
        if self.other:
            content = f'<div class="focus-wrap"><div class="focus-inner">{content}</div></div>'
        return f"""<!DOCTYPE html>
<html lang="{lang}" dir="ltr">
<head>
<meta charset="utf-8">
<title>{text(title)} - {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="og:site_name" content="{name}">
{head}
<script>var ipsDebug = false; var ipsSettings = {{ baseURL: "{self.base}/",
 csrfKey: "{self.token("csrf")}", memberID: 0 }};</script>
</head>
<body class="ipsApp ipsApp_front ipsJS_none ipsClearfix" data-controller="core.front.core.app"
 data-message="" data-pageApp="forums" data-pageLocation="front" data-pageModule="forums">
<a href="#ipsLayout_mainArea" class="ipsHide" title="Go to main content">Jump to content</a>
<div id="ipsLayout_header" class="ipsClearfix"><header><div class="{layout}"><a href="{self.base}/"
 id="elSiteTitle" accesskey="1">{name}</a><ul id="elUserNav" class="ipsList_inline cSignedOut"><li
 id="elSignInLink"><a href="{self.url("/login/")}" id="elUserSignIn">Existing user? Sign In</a></li>
</ul></div></header></div>
<main id="ipsLayout_body" class="{layout}"><div id="ipsLayout_contentArea"><div
 id="ipsLayout_contentWrapper">
<nav class="ipsBreadcrumb ipsBreadcrumb_top ipsFaded_withHover"><ul
 data-role="breadcrumbList"><li><a
 title="Home" href="{self.base}/"><span>Home</span></a></li></ul></nav>
<div id="ipsLayout_mainArea">
{content}
</div>
<div id="ipsLayout_sidebar" class="ipsLayout_sidebarright"><div class="ipsWidget
 ipsWidget_vertical ipsBox" data-blockID="app_core_whosOnline"><h3
 class="ipsType_reset ipsWidget_title">Recently Browsing</h3><p>No registered users viewing this
 page.</p></div></div>
</div></div></main>
<footer id="ipsLayout_footer" class="ipsClearfix"><p id="elCopyright"><span
 id="elCopyright_userLine"></span><a rel="nofollow" title="Invision Community"
 href="https://www.invisioncommunity.com/">Powered by Invision Community</a></p></footer>
</body>
</html>
"""

    def _missing(self) -> Answer:
        content = """<section id="elError" class="ipsType_center"><div class="ipsBox ipsPad"><i
 class="fa fa-exclamation-circle ipsType_huge"></i><p
 class="ipsType_reset ipsType_light">Sorry,
 there is a problem</p><div id="elErrorMessage"
 class="ipsPos_center">We could not locate the item you are
 trying to view.</div><p class="ipsType_light">Error code: 2F173/1</p></div></section>"""
        return self.html(self._page("We could not locate the item", content), status=404)

    def _login(self, *, status: int = 200) -> Answer:
        content = f"""<section id="elError"><div id="elErrorMessage">You do not have permission to
 view this content.</div></section><form accept-charset="utf-8" method="post"
 action="{self.url("/login/")}" data-controller="core.global.core.login"><input type="hidden"
 name="csrfKey" value="{self.token("csrf")}"><input type="text" name="auth"><input type="password"
 name="password"></form>"""
        return self.html(self._page("Sign In", content), status=status)

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(
            self._forum_row(view, forum) for forum in self.board.forums if not forum.members_only
        )
        content = f"""<section><ol class="ipsList_reset cForumList"
 data-controller="core.global.core.table, forums.front.forum.forumList"><li data-categoryID="1"
 class="cForumRow ipsBox ipsSpacer_bottom"><h2 class="ipsType_sectionTitle cForumTitle"><a
 href="{self.url("/forum/1-talk/")}">Talk</a></h2><ol class="ipsDataList ipsDataList_large"
 data-role="forums">{rows}</ol></li></ol></section>"""
        return self.html(self._page(self.board.name, content))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<li class="cForumRow ipsDataItem ipsDataItem_responsivePhoto ipsClearfix"
 data-forumID="{forum.number}"><div class="ipsDataItem_main"><h4
 class="ipsDataItem_title ipsType_large ipsType_break"><a
 href="{self.url(self.forum_address(forum))}">{text(forum.title)}</a></h4><div
 class="ipsDataItem_meta ipsType_richText">{text(forum.description)}</div></div>
<div class="ipsDataItem_stats ipsDataItem_statsLarge"><dl><dt
 class="ipsDataItem_stats_number">{posts}
</dt><dd class="ipsDataItem_stats_type ipsType_light">posts</dd></dl></div>
<ul class="ipsDataItem_lastPoster ipsDataItem_withPhoto"><li><a
 href="{self.url(self.thread_address(newest))}" title="{text(newest.thread.title)}">
{text(newest.thread.title)}</a></li><li>By {self.member(newest.last)}</li><li class="ipsType_light">
{self.time(newest.last.written_at)}</li></ul></li>
"""

    def _row(self, forum: BoardForum, view: ThreadView) -> str:
        if view.forum != forum.number:
            return self._moved_row(view)
        thread, first, last = view.thread, view.first, view.last
        path, title = self.url(self.thread_address(view)), text(thread.title)
        badges = "".join(
            f'<span><span class="ipsBadge ipsBadge_icon ipsBadge_small ipsBadge_{kind}"'
            f' data-ipsTooltip title="{said}"><i class="fa fa-{icon}"></i></span></span>'
            for on, kind, said, icon in (
                (thread.closed, "negative", "Locked", "lock"),
                (thread.sticky, "positive", "Pinned", "thumb-tack"),
            )
            if on
        )
        replies = len(view.readable) - 1
        return f"""<li class="ipsDataItem ipsDataItem_responsivePhoto    "
 data-rowID="{thread.number}" data-location="" data-controller="forums.front.forum.topicRow">
<div class="ipsDataItem_icon ipsPos_top">&nbsp;</div>
<div class="ipsDataItem_main"><h4 class="ipsDataItem_title ipsContained_container">{badges}<span
 class="ipsType_break ipsContained"><a href="{path}" class="" title="{title} " data-ipsHover
 data-ipsHover-target="{path}?preview=1" data-ipsHover-timeout="1.5"><span>
								{title}
							</span></a></span>{self._row_pages(view)}</h4>
<div class="ipsDataItem_meta ipsType_reset ipsType_light ipsType_blendLinks"><span>{self.says["by"]}
 {self.member(first)}, </span>{self.time(first.written_at)}</div></div>
<ul class="ipsDataItem_stats"><li data-stattype="forums_comments"><span
 class="ipsDataItem_stats_number">{replies}</span> <span class="ipsDataItem_stats_type">
{self.says["replies"]}</span></li><li class="ipsType_light" data-stattype="num_views"><span
 class="ipsDataItem_stats_number">{thread.views:,}</span> <span class="ipsDataItem_stats_type">
{self.says["views"]}</span></li></ul>
<ul class="ipsDataItem_lastPoster ipsDataItem_withPhoto ipsType_blendLinks"><li>
{self.photo(last, "tiny")}</li><li>{self.member(last)}</li><li class="ipsType_light"><a
 href="{path}?do=getLastComment" title="Go to last post" class="ipsType_blendLinks">
{self.time(last.written_at)}</a></li></ul></li>
"""

    def _moved_row(self, view: ThreadView) -> str:
        path = self.url(f"{self.thread_address(view)}?do=getPrefComment")
        return f"""<li class="ipsDataItem">
<div class="ipsDataItem_icon ipsType_center ipsType_noBreak"><i
 class="fa fa-arrow-left ipsType_large"></i></div><div class="ipsDataItem_main"><h4
 class="ipsDataItem_title ipsContained_container"><span class="ipsType_break ipsContained"><em><a
 href="{path}" title="Go to new location">{text(view.thread.title)}</a></em></span></h4><div
 class="ipsDataItem_meta"><p class="ipsType_reset ipsType_light">This was moved to another forum
</p></div></div></li>
"""

    def _row_pages(self, view: ThreadView) -> str:
        links = " ".join(
            f'<span class="ipsPagination_page"><a href="{self.url(self.thread_address(view, n))}'
            f'#comments">{n}</a></span>'
            for n in range(2, min(self.n_pages(view), 4) + 1)
        )
        number = view.thread.number
        mini = f'<span class="ipsPagination ipsPagination_mini" id="elPagination_{number}">'
        return f"{mini}{links}</span>" if links else ""

    def _topic_page(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        drawn = on_page(thread.readable, page, self.posts_per_page)
        posts = "".join(article(self, thread, post) for post in drawn)
        last = self.n_pages(thread)

        def address(n: int) -> str:
            return self.thread_address(thread, n)

        pages, title = self._pages(address, page, last), text(thread.thread.title)
        replies = len(thread.readable) - 1
        forum = view.forums[thread.forum]
        content = f"""<div class="ipsPageHeader ipsResponsive_pull ipsBox ipsPadding"><h1
 class="ipsType_pageTitle ipsContained_container"><span class="ipsType_break ipsContained"><span>
{title}</span></span></h1><div class="ipsPhotoPanel ipsPhotoPanel_tiny"><p>{self.says["by"]}
 {self.member(thread.first)}, {self.time(thread.first.written_at)} in <a
 href="{self.url(self.forum_address(forum))}">{text(forum.title)}</a></p></div></div>
<div id="comments" data-controller="core.front.core.commentFeed,forums.front.topic.view"
 data-autoPoll data-baseURL="{self.url(address(1))}" class="cTopic ipsClear ipsSpacer_top"
 data-feedID="topic-{thread.thread.number}"><h2 class="ipsType_sectionTitle">{replies}
 {self.says["replies"]}</h2>
<div class="ipsBox ipsResponsive_pull ipsPadding:half" data-role="commentsPagination">{pages}</div>
<div data-role="commentFeed" data-controller="core.front.core.moderation"><form method="post"
 action="{self.url(address(page))}" data-ipsPageAction data-role="moderationTools">
{posts}</form></div>
<div class="ipsBox ipsPadding:half">{pages}</div></div>"""
        head = self._head(address, page, last)
        return self.html(self._page(thread.thread.title, content, head=head))

    def _head(self, address: Address, page: int, last: int) -> str:
        links = [f'<link rel="canonical" href="{self.url(address(page))}" />']
        if page > 1:
            links.append(f'<link rel="prev" href="{self.url(address(page - 1))}" />')
        if page < last:
            links.append(f'<link rel="next" href="{self.url(address(page + 1))}" />')
            links.append(f'<link rel="last" href="{self.url(address(last))}" />')
        return "\n".join(links)

    def _pages(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        items = []
        for n in window(page, last):
            if n is not None:
                active = " ipsPagination_active" if n == page else ""
                items.append(
                    f'<li class="ipsPagination_page{active}"><a href="{self.url(address(n))}"'
                    f' data-page="{n}">{n}</a></li>'
                )
        off = " ipsPagination_inactive"
        back, on = max(page - 1, 1), min(page + 1, last)
        return f"""<ul class="ipsPagination" id="elPagination_{self.token("p")[:8]}"
 data-ipsPagination-seoPagination="true" data-pages="{last}" data-ipsPagination
 data-ipsPagination-pages="{last}" data-ipsPagination-perPage="{self.posts_per_page}">
<li class="ipsPagination_prev{"" if page > 1 else off}"><a href="{self.url(address(back))}"
 rel="prev" data-page="{back}" data-ipsTooltip title="Previous page">{self.says["prev"]}</a></li>
{"".join(items)}
<li class="ipsPagination_next{"" if page < last else off}"><a href="{self.url(address(on))}"
 rel="next" data-page="{on}" data-ipsTooltip title="Next page">{self.says["next"]}</a></li>
<li class="ipsPagination_pageJump"><a href="#" data-ipsMenu>Page {page} of {last} &nbsp;<i
 class="fa fa-caret-down"></i></a></li></ul>"""

    # parts that posts and lists share
