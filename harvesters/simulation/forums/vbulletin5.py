"""A board as vBulletin 5 shows it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, day_word, php_date
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardPost,
    BoardThread,
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
    slug,
    whole_number,
    window,
)

_ROUTE = re.compile(r"/forum/([^/]+)(?:/(\d+)(?:-[^/]*)?)?(?:/page(\d+))?/?")
_NODE = re.compile(r"/node/(\d+)")
_ENGLISH_PHRASES = {
    "quoted": "Originally posted by",
    "edited": "Last edited by {who}; {when}.",
    "started": "Started by",
    "responses": "{} responses",
    "views": "{} views",
    "sticky": "Sticky:",
    "redirect": "Redirect:",
    "by": "by",
    "guest": "Guest",
}
_GERMAN_PHRASES = {
    "quoted": "Zitat von",
    "edited": "Zuletzt geändert von {who}; {when}.",
    "started": "Erstellt von",
    "responses": "{} Antworten",
    "views": "{} Ansichten",
    "sticky": "Wichtig:",
    "redirect": "Verschoben:",
    "by": "von",
    "guest": "Gast",
}


class VBulletin5(ForumSoftware):
    """vBulletin 5. Topics are nodes, numbered by their first post; times have no zone.

    In 5.6 a post bears the second in which it was published.
    """

    name = "vbulletin5"
    versions = ("5.2", "5.6")
    posts_per_page = 15
    threads_per_page = 20
    charset = "UTF-8"

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    def thread_id(self, thread: BoardThread) -> str:
        """Return the number of the topic's first post."""
        return str(thread.posts[0].number)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the session's cookie."""
        return (("Set-Cookie", f"bb_sessionhash={self.token('session')}; path=/; HttpOnly"),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the path of a page of a topic, in the forum where it is."""
        forum = next(f for f in self.board.forums if f.number == view.forum)
        path = f"/forum/{slug(forum.title)}/{view.first.number}-{slug(view.thread.title)}"
        return path if page == 1 else f"{path}/page{page}"

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the path of a page of a forum."""
        path = f"/forum/{slug(forum.title)}"
        return path if page == 1 else f"{path}/page{page}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path in ("/", "/forum", "/forum/"):
            return self._index(view)
        node = _NODE.fullmatch(question.path)
        if node is not None:
            return self._to_post(view, int(node[1]))
        found = _ROUTE.fullmatch(question.path)
        forum = next((f for f in self.board.forums if found and slug(f.title) == found[1]), None)
        if found is None or forum is None:
            return self._missing()
        if forum.members_only:
            return self._members()
        page = int(found[3] or 1)
        if found[2] is None:
            return self._forum(view, forum, page)
        return self._topic(view, int(found[2]), page, whole_number(question.one("p")))

    def _to_post(self, view: BoardView, number: int) -> Answer:
        thread = view.thread_of(number)
        if thread is None or all(post.number != number for post in thread.readable):
            return self._missing()
        if view.members_only(thread.forum):
            return self._members()
        return self.redirect(f"{self.thread_address(thread)}?p={number}#post{number}", status=301)

    def _topic(self, view: BoardView, first: int, page: int, post: int) -> Answer:
        thread = view.thread_of(first)
        if thread is None or thread.first.number != first or view.members_only(thread.forum):
            return self._missing()
        if post:
            page = self.page_of(thread, post)
        return self._topic_page(thread, min(page, self.n_pages(thread)))

    def _forum(self, view: BoardView, forum: BoardForum, page: int) -> Answer:
        rows = sorted(
            [*view.listed(forum.number), *view.moved_away(forum.number)],
            key=lambda entry: (not entry.thread.sticky, -entry.last.number),
        )
        last = pages_of(len(rows), self.threads_per_page)
        page = min(page, last)
        items = "".join(self._row(forum, v) for v in on_page(rows, page, self.threads_per_page))
        pages = self._pages(lambda n: self.forum_address(forum, n), page, last)
        content = f"""<div class="conversation-toolbar-wrapper top scrolltofixed-floating">
<div class="conversation-toolbar h-clearfix"><div class="toolset-left h-left">
</div>{pages}</div></div>
<div class="conversation-content"><div
 class="canvas-widget default-widget forum-channel-content-widget">
<table class="topic-list-container stretch"><thead class="topic-list-header"><tr><th
 class="cell-topic">Topics</th><th class="cell-count">Statistics</th><th class="cell-lastpost">Last
 Post</th></tr></thead>
<tbody class="topic-list conversation-list">{items}</tbody></table></div></div>"""
        return self.html(self._page(forum.title, content))

    # pages

    def _page(self, title: str, content: str) -> str:
        name = text(self.board.name)
        outer = "l-desktop" if not self.other else "theme-flat l-desktop"
        return f"""<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" dir="ltr" itemscope
 itemtype="http://schema.org/WebPage">
<head>
<meta charset="UTF-8" />
<meta name="generator" content="vBulletin {self.version}.0" />
<base href="{self.base}/" />
<title>{text(title)} - {name}</title>
<script type="text/javascript">window.vBulletin = window.vBulletin || {{}};
var pageData = {{ "baseurl": "{self.base}", "securitytoken": "guest" }};</script>
</head>
<body id="vb-page-body" class="{outer} page22 vb-page view-mode logged-out" itemscope>
<div class="main-navbar-bottom-line"></div>
<div id="sitebuilder-wrapper" class="h-clearfix"><div id="main-navbar"
 class="main-navbar main-navbar__no-customize h-clearfix"><ul class="main-nav"><li
 class="current"><a
 class="h-left" href="forum">Forums</a></li></ul><div class="secondary-nav"><a href="#"
 id="lnkLoginSignupMenu" class="login-signup">Login or Sign Up</a><iframe id="idLoginIframe"
 src="auth/loginform?url=x"></iframe></div></div></div>
<div class="noscript-action"><noscript>JavaScript must be enabled</noscript></div>
<main id="content"><div class="canvas-layout-container js-canvas-layout-container">
<div id="breadcrumbs" class="breadcrumbs-wrapper"><ul class="breadcrumbs h-left"><li
 class="crumb"><a class="crumbs" href="forum">Forum</a></li></ul></div>
<div class="module title-only-module page-title-module"><div class="widget-header h-clearfix"><h1
 class="main-title js-main-title hide-on-editmode">{text(title)}</h1></div></div>
{content}
</div></main>
<footer id="footer"><div id="footer-copyright"><div id="footer-vb-copyright">Powered by <a
 href="https://www.vbulletin.com" id="vBulletin">vBulletin&reg;</a> Version {self.version}.0</div>
</div></footer>
</body></html>
"""

    def _missing(self) -> Answer:
        content = """<div class="message-plain">Page not found. The page you are trying to access
 doesn't exist.</div>"""
        return self.html(self._page("Error", content), status=404)

    def _members(self) -> Answer:
        content = """<div class="message-plain">You do not have permission to view this page.
 Log in to see it.</div><form action="auth/login" method="post"><input type="text"
 name="username" /><input
 type="password" name="password" /></form>"""
        return self.html(self._page("Error", content), status=403)

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(
            self._forum_row(view, forum) for forum in self.board.forums if not forum.members_only
        )
        content = f"""<table id="forum3" class="forum-list-container collapse-rows"><tbody
 class="forum-list">{rows}</tbody></table>"""
        return self.html(self._page(self.board.name, content))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<tr id="forum{forum.number}" class="forum-item read"
 data-channel-id="{forum.number}">
<td class="cell-forum"><div class="forum-wrapper"><a href="{self.base}{self.forum_address(forum)}"
 class="forum-title">{text(forum.title)}</a><div class="forum-desc">{text(forum.description)}</div>
</div></td><td class="topics-count">{len(listed)}</td><td class="posts-count">{posts}</td>
<td class="lastpost"><div class="lastpost-wrapper"><a class="lastpost-title"
 href="{self.base}{self.thread_address(newest)}">{text(newest.thread.title)}</a><div
 class="lastpost-date">{self.when(newest.last.written_at)}</div></div></td></tr>
"""

    def _row(self, forum: BoardForum, view: ThreadView) -> str:
        thread, first, last = view.thread, view.first, view.last
        moved = view.forum != forum.number
        prefix = self.says["redirect"] if moved else self.says["sticky"] if thread.sticky else ""
        states = "sticky " * thread.sticky + "closed " * thread.closed
        path = f"{self.base}{self.thread_address(view)}"
        replies = self.says["responses"].format(len(view.readable) - 1)
        counts = f"""<div class="posts-count">{replies}</div><div class="views-count">
{self.says["views"].format(f"{thread.views:,}")}</div>"""
        latest = f"""<div class="lastpost-wrapper"><div class="lastpost-by">{self.says["by"]}
 {self.member(last)}</div><span class="post-date">{self.when(last.written_at)}</span><a
 href="{path}?p={last.number}#post{last.number}" class="go-to-last-post"
 title="Go to last post"><span
 class="vb-icon vb-icon-lastpost"></span></a></div>"""
        return f"""<tr class="topic-item read {states}js-topic-item" data-node-id="{first.number}">
<td class="cell-icon"><span class="vb-icon vb-icon-topic-status"></span></td>
<td class="cell-topic"><div class="topic-wrapper h-wordwrap"><span
 class="js-topic-prefix js-prefix prefix h-left">{prefix}</span>
<a class="topic-title js-topic-title" href="{path}">{text(thread.title)}</a>
<div class="topic-info h-clear">{self.says["started"]} {self.member(first)},
 {self.when(first.written_at)}</div>{self._row_pages(view)}</div></td>
<td class="cell-count">{"" if moved else counts}</td>
<td class="cell-lastpost">{"" if moved else latest}</td></tr>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = " ".join(
            f'<a class="page" href="{self.base}{self.thread_address(view, n)}">{n}</a>'
            for n in range(1, min(last, 3) + 1)
        )
        return f'<div class="pagenav js-threadbit-pages">{links}</div>' if last > 1 else ""

    def _topic_page(self, thread: ThreadView, page: int) -> Answer:
        start = (page - 1) * self.posts_per_page + 1
        drawn = on_page(thread.readable, page, self.posts_per_page)
        posts = "".join(self._post(thread, post, n) for n, post in enumerate(drawn, start))
        last = self.n_pages(thread)
        pages = self._pages(lambda n: self.thread_address(thread, n), page, last)
        content = f"""<div class="conversation-toolbar-wrapper top"><div
 class="conversation-toolbar h-clearfix">{pages}</div></div>
<div id="thread-view-tab" class="conversation-content-widget"><div class="conversation-content"
 data-node-id="{thread.first.number}"><ul class="conversation-list list-container h-clearfix
 thread-view" data-node-id="{thread.first.number}">
{posts}</ul></div></div>
<div class="conversation-toolbar-wrapper bottom">{pages}</div>"""
        return self.html(self._page(thread.thread.title, content))

    def _pages(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        links = "".join(
            '<span class="separator">&hellip;</span>'
            if n is None
            else f'<a class="js-pagenav-button b-button {"primary" if n == page else "secondary"}"'
            f' href="{self.base}{address(n)}" data-page="{n}">{n}</a>'
            for n in window(page, last)
        )
        back, on = page - 1, page + 1 if page < last else 0
        before = f'href="{self.base}{address(back)}" rel="prev"' if back else ""
        after = f'href="{self.base}{address(on)}" rel="next"' if on else ""
        return f"""<div class="pagenav-container h-right js-pagenav-container"><div
 class="js-pagenav pagenav h-right">{links}</div><div class="pagenav-controls"><form
 class="pagenav-form h-left"><input type="text" class="js-pagenum textbox" value="{page}" /><span>
 of <span class="pagetotal">{last}</span></span></form><a {before}
 class="js-pagenav-prev-button left-arrow" data-page="{back}"><span class="vb-icon"></span></a><a
 {after} class="js-pagenav-next-button right-arrow" data-page="{on}"><span class="vb-icon">
</span></a>
</div></div>"""

    # posts

    def _post(self, view: ThreadView, post: BoardPost, number: int) -> str:
        n = post.number
        body = VBulletin5Body(self).body(post.version_at(self.now).pieces)
        order = "js-post list-item-body-wrapper b-post" if self.other else "b-post js-post"
        starter = "b-post--first " * (number == 1)
        published = ""
        if self.version == "5.6":
            published = f' data-node-publishdate="{int(post.written_at.timestamp())}"'
        local = self.local(post.written_at).strftime("%Y-%m-%dT%H:%M:%S")
        title = f'<h2 class="b-post__title js-post-title">{text(view.thread.title)}</h2>'
        link = f"{self.base}{self.thread_address(view)}?p={n}#post{n}"
        user = post.author.number if post.author else 0
        return f"""<li data-node-id="{n}" data-node-title=""{published} data-node-userid="{user}"
 class="{order} {starter}h-clearfix" itemscope itemtype="http://schema.org/Answer">
<a id="post{n}" class="anchor"></a>
<div class="l-row l-row__fixed--left">
<div class="b-userinfo b-post__hide-when-deleted h-left">{self._user(post)}</div>
<div class="l-col__flex-3 l-col__small--full"><div class="b-post__body h-restore--on-preview"><div
 class="b-post__arrow b-post__hide-when-deleted"></div>
<div class="b-post__content js-post__content b-post__hide-when-deleted"><hr
 class="b-divider--section" /><div class="b-media h-hide--on-preview"><div
 class="b-media__img--rev">
<a class="b-post__count js-show-post-link" href="{link}">#{number}</a></div><div
 class="b-media__body">{title if number == 1 else ""}<div class="b-post__timestamp"><time
 itemprop="dateCreated" datetime="{local}">{self.when(post.written_at)}</time></div></div></div>
<div class="h-padding-vert-xl"><div
 class="js-post__content-text OLD__post-content-text restore h-wordwrap" itemprop="text">
{body}
</div></div></div>{self._edit_mark(post)}{self._signature(post)}</div>
<div class="b-post__footer h-hide--on-preview"><ul class="b-post-control__list h-right">
{self._likes(post)}<li class="b-post-control b-post-control--quote">Comment</li></ul></div>
</div></div>
</li>
"""

    def _user(self, post: BoardPost) -> str:
        name = text(post.shown_name)
        if post.author is None:
            return f"""<div class="b-userinfo__details"><div class="author h-text-size--14"
 itemprop="author"><strong><span itemprop="name">{name}</span></strong></div><div class="usertitle">
{self.says["guest"]}</div></div>"""
        link = f"{self.base}/member/{post.author.number}-{slug(post.shown_name, otherwise='x')}"
        joined = php_date(self.local(post.author.joined), "M Y")
        return f"""<div class="b-userinfo__details">
<a href="{link}" class="b-avatar b-avatar--l"><img
 src="core/images/default/default_avatar_medium.png" alt="{name}" title="{name}" /></a>
<div class="author h-text-size--14" itemprop="author" itemscope
 itemtype="http://schema.org/Person"><strong><a href="{link}"
 data-vbnamecard="{post.author.number}"><span itemprop="name">{name}</span></a></strong></div>
<div class="usertitle">{text(post.author.title)}</div><ul class="b-userinfo__additional-info-block">
<li class="b-userinfo__additional-info"><label>Join Date:</label><span>{joined}</span></li>
</ul></div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self.now)
        if at is None:
            return ""
        said = self.says["edited"].format(who=self.member(post), when=self.when(at))
        return f'<div class="b-post__edit h-margin-top-m post-history">{said}</div>\n'

    def _signature(self, post: BoardPost) -> str:
        if post.author is None or not post.author.signature:
            return ""
        lines = text(post.author.signature).replace("\n", "<br />\n")
        return f"""<div class="b-post__signature-wrapper signature restore"><div class="signature">
{lines}</div></div>"""

    def _likes(self, post: BoardPost) -> str:
        count = len(likers(self.board, post))
        return f"""<li class="b-post-control"><span class="js-post__reputation votecount">
{count} likes</span></li>"""

    def member(self, post: BoardPost) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        if post.author is None:
            return f'<span class="author">{name}</span>'
        link = f"{self.base}/member/{post.author.number}-{slug(post.shown_name, otherwise='x')}"
        return f'<a href="{link}" data-vbnamecard="{post.author.number}">{name}</a>'

    def when(self, moment: datetime) -> str:
        """Return a time; today and yesterday are words."""
        local, now = self.local(moment), self.local(self.now)
        language = GERMAN if self.other else ENGLISH
        word = day_word(local, now, language)
        day = word or php_date(local, "d.m.Y" if self.other else "m-d-Y", language)
        return f"{day}, {php_date(local, 'H:i' if self.other else 'h:i A')}"


class VBulletin5Body(BodyMarkup):
    """Bodies of BBCode as vBulletin 5 writes them."""

    def __init__(self, software: VBulletin5) -> None:
        self._software = software

    def words(self, words: str) -> str:
        """Return running text; this software leaves the apostrophe as it is."""
        return text(words).replace("&#039;", "'")

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation, which has no element of its own name."""
        software, link = self._software, ""
        if quoted.post is not None:
            link = f"""<a href="{software.base}/node/{quoted.post}" rel="nofollow"><span
 class="vb-icon vb-icon-view-post"></span></a>"""
        return f"""<div class="bbcode_container"><div class="bbcode_quote">
<div class="quote_container"><div class="bbcode_quote_container vb-icon vb-icon-quote-large">
</div><div class="bbcode_postedby">
{software.says["quoted"]} <strong>{text(quoted.author)}</strong> {link}</div>
<div class="message">{inner}</div></div></div></div>"""

    def code(self, lines: str) -> str:
        """Return code."""
        return f"""<div class="bbcode_container"><div class="bbcode_description">Code:</div><pre
 class="bbcode_code">{text(lines)}</pre></div>"""

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" class="bbcode-attachment" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" target="_blank" rel="nofollow">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        return "<ul>" + "".join(f"<li>{self.words(item)}</li>" for item in items) + "</ul>"
