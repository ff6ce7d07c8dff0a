"""A board as Khoros communities (once Lithium) show it, in an older and a newer release."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import BodyMarkup, text
from harvesters.simulation.forums.dates import days_ago, php_date, units_ago
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
    window,
)

MARK = "\u200e"  # stands before every date, and is seen by nobody
_BOARD = re.compile(r"/t5/[^/]+/bd-p/([a-z0-9_]+)(?:/page/(\d+))?")
_MESSAGE = re.compile(r"/t5/[^/]+/[^/]+/(td-p|m-p)/(\d+)(?:/page/(\d+))?")
_ENGLISH_PHRASES = {
    "edited": "- edited",
    "replies": "Replies",
    "views": "Views",
    "wrote": "wrote:",
    "kudos": "Kudos",
    "next": "Next",
    "signed_out": "Sign In",
    "not_applicable": "Not applicable",
}
_GERMAN_PHRASES = {
    "edited": "- bearbeitet",
    "replies": "Antworten",
    "views": "Ansichten",
    "wrote": "schrieb:",
    "kudos": "Danke",
    "next": "Nächste",
    "signed_out": "Anmelden",
    "not_applicable": "Nicht anwendbar",
}


class Khoros(ForumSoftware):
    """Khoros. A topic is numbered by its first message.

    Release 23.5 writes ages for the weeks just gone and keeps the time in a title.
    """

    name = "khoros"
    versions = ("16.2", "23.5")
    posts_per_page = 10
    threads_per_page = 30
    charset = "UTF-8"

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    def thread_id(self, thread: BoardThread) -> str:
        """Return the number of the topic's first message."""
        return str(thread.posts[0].number)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the cookie of a visit."""
        return (("Set-Cookie", f"LiSESSIONID={self.token('session').upper()}; Path=/; HttpOnly"),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the path of a page of a topic."""
        path = f"{self._topic_path(view)}/td-p/{view.first.number}"
        return path if page == 1 else f"{path}/page/{page}"

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the path of a page of a board."""
        name = slug(forum.title)
        path = f"/t5/{_words(forum.title)}/bd-p/{name.replace('-', '_')}"
        return path if page == 1 else f"{path}/page/{page}"

    def _topic_path(self, view: ThreadView) -> str:
        forum = next(f for f in self.board.forums if f.number == view.forum)
        return f"/t5/{_words(forum.title)}/{_words(view.thread.title)}"

    def message_address(self, view: ThreadView, post: BoardPost) -> str:
        """Return the path of one message in its topic."""
        return f"{self._topic_path(view)}/m-p/{post.number}#M{post.number}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path == "/":
            return self._index(view)
        if question.path.startswith("/t5/user/userloginpage"):
            return self._login()
        board = _BOARD.fullmatch(question.path)
        if board is not None:
            return self._forum(view, board[1], int(board[2] or 1))
        found = _MESSAGE.fullmatch(question.path)
        thread = view.thread_of(int(found[2])) if found else None
        if found is None or thread is None:
            return self._missing()
        if view.members_only(thread.forum):
            return self.redirect("/t5/user/userloginpage?dest_url=%2F")
        number = int(found[2])
        if all(post.number != number for post in thread.readable):
            return self._missing()
        page = int(found[3] or 1)
        if found[1] == "m-p" and found[3] is None:
            page = self.page_of(thread, number)
        return self._topic(view, thread, min(page, self.n_pages(thread)))

    def _forum(self, view: BoardView, name: str, page: int) -> Answer:
        forums = (f for f in self.board.forums if slug(f.title).replace("-", "_") == name)
        forum = next(forums, None)
        if forum is None:
            return self._missing()
        if forum.members_only:
            return self.redirect("/t5/user/userloginpage?dest_url=%2F")
        listed = view.listed(forum.number)
        last = pages_of(len(listed), self.threads_per_page)
        page = min(page, last)
        rows = "".join(
            self._row(entry, place)
            for place, entry in enumerate(on_page(listed, page, self.threads_per_page))
        )
        pages = self._pages(lambda n: self.forum_address(forum, n), page, last)
        content = f"""<div id="messageList"
 class="MessageList lia-component-forums-widget-message-list lia-forum-message-list"><span
 id="message-listmessageList"></span>
{pages}
<div class="t-data-grid thread-list" id="grid"><table class="lia-list-wide"><thead
 class="lia-table-head" id="columns"><tr><th
 class="cMessageSubjectColumn lia-data-cell-text">Subject
</th><th class="cRepliesCountColumn">{self.says["replies"]}</th></tr></thead>
<tbody>{rows}</tbody></table></div>
{pages}</div>"""
        return self.html(self._page(forum.title, content, kind="ForumPage"))

    # pages

    def _page(self, title: str, content: str, *, kind: str) -> str:
        name = text(self.board.name)
        skin = "lia-community custom-skin" if self.other else "lia-community"
        return f"""<!DOCTYPE html><html prefix="og: http://ogp.me/ns#" dir="ltr"
 lang="{"de" if self.other else "en"}" class="no-js">
<head>
<title>
	{text(title)} - {name}
</title>
<meta content="width=device-width, initial-scale=1.0" name="viewport"/>
<meta content="text/html; charset=UTF-8" http-equiv="Content-Type"/>
<link rel="stylesheet" type="text/css" href="/skins/6768270/responsive_peak.css"/>
<script type="text/javascript">var LITHIUM = {{}}; LITHIUM.Components = {{}};
LITHIUM.csrf = "{self.token("csrf")}";</script>
</head>
<body class="{skin} lia-user-status-anonymous {kind} lia-body lia-a11y" id="lia-body">
<div id="{kind}" class="ResponsivePage"><div class="lia-page"><center>
<div class="MinimumWidthContainer"><div class="min-width-wrapper"><div class="min-width">
<div class="lia-content">
<div class="lia-quilt lia-quilt-page lia-top-quilt"><div class="lia-quilt-row
 lia-quilt-row-header"><div class="custom-community-header"><a href="/">{name}</a><div
 class="lia-user-navigation"><a class="lia-link-navigation login-link lia-authentication-link"
 rel="nofollow" href="/t5/user/userloginpage">{self.says["signed_out"]}</a></div></div></div>
<div class="lia-quilt-row lia-quilt-row-main"><div class="lia-quilt-column lia-quilt-column-18
 lia-quilt-column-left lia-quilt-column-main-content">
<div class="lia-breadcrumb-row"><ul role="list" class="lia-list-standard-inline"><li
 class="lia-breadcrumb-node crumb"><a class="crumb-community lia-breadcrumb-community"
 href="/">{name}
</a></li></ul></div>
{content}
</div>
<aside class="lia-quilt-column lia-quilt-column-06 lia-quilt-column-side-content"><div
 class="lia-panel lia-panel-standard KudosedAuthorsTaplet"><div
 class="lia-decoration-border-top">Top Kudoed Authors</div><span class="UserName lia-user-name"><a
 class="lia-link-navigation lia-page-link lia-user-name-link"
 href="/t5/user/viewprofilepage/user-id/1"
><span>TopAuthor</span></a></span></div></aside></div>
<div class="lia-quilt-row lia-quilt-row-footer"><div class="lia-page-footer"><a
 href="https://khoros.com/powered-by-khoros" title="Powered by Khoros">Powered by Khoros</a>
</div></div>
</div></div></div></div></div></center></div></div>
<script type="text/javascript">new Image().src = "/beacon/{self.token("beacon")}.gif";</script>
</body></html>
"""

    def _missing(self) -> Answer:
        content = """<div class="lia-content-error InfoMessage lia-panel-feedback-banner-alert"><div
 role="alert" class="lia-text">The message you are trying to access is permanently deleted.</div>
</div>"""
        return self.html(self._page("Sorry", content, kind="ErrorPage"), status=404)

    def _login(self) -> Answer:
        content = f"""<form action="/t5/user/userloginpage.form.form.form" method="post"
 class="lia-form"><input name="lia-form-context" type="hidden" value="{self.token("form")}"/><input
 type="text" name="login"/><input type="password" name="password"/></form>"""
        return self.html(self._page("Sign In", content, kind="UserLoginPage"))

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(
            self._board_row(view, forum) for forum in self.board.forums if not forum.members_only
        )
        content = f"""<div class="lia-nodes-list"><table class="lia-list-wide
 lia-community-structure-table"><tbody>{rows}</tbody></table></div>"""
        return self.html(self._page(self.board.name, content, kind="CommunityPage"))

    def _board_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        posts = sum(len(entry.readable) for entry in listed)
        return f"""<tr class="lia-list-row lia-node-board"><td class="cCategoryName
 lia-data-cell-primary"><h2 class="lia-node-title"><a class="lia-link-navigation board-title"
 href="{self.forum_address(forum)}">{text(forum.title)}</a></h2><div class="lia-node-description">
{text(forum.description)}</div></td><td class="lia-data-cell-integer">{posts}</td></tr>
"""

    def _row(self, view: ThreadView, place: int) -> str:
        thread, first, last = view.thread, view.first, view.last
        number, path = first.number, self.thread_address(view)
        odd = "lia-row-odd" if place % 2 == 0 else "lia-row-even"
        floated = "lia-list-row-thread-floated " * thread.sticky
        closed = "lia-list-row-thread-readonly " * thread.closed
        return f"""<tr class="lia-list-row {odd} {floated}{closed}lia-js-data-messageUid-{number}
 lia-js-data-messageRevision-1"><td class="cThreadStateColumn"></td>
<td class="cMessageSubjectColumn threadSubjectColumn lia-data-cell-primary lia-data-cell-text"><div
 class="MessageSubjectCell"><div class="MessageSubject"><div class="MessageSubjectIcons "><h2
 itemprop="name" class="message-subject"><span class="lia-message-unread"><a
 class="page-link lia-link-navigation lia-custom-event" id="link_{place}" href="{path}">
				{text(thread.title)}
			</a></span></h2></div></div>{self._row_pages(view)}
<div class="lia-component-author">by {self.member(first)} on {self.when(first.written_at)}</div>
</div></td>
<td class="cRepliesCountColumn repliesCountColumn lia-data-cell-secondary lia-data-cell-integer">
		{len(view.readable) - 1}
	</td>
<td class="cViewsCountColumn viewsCountColumn lia-data-cell-integer">
		{thread.views}
	</td>
<td class="cLatestPostDateColumn latestPostDateTimeColumn lia-data-cell-date"><span
 class="lia-info-area"><a class="lia-link-navigation" href="{self.message_address(view, last)}">
{self.when(last.written_at)}</a> by {self.member(last)}</span></td></tr>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = " ".join(
            f'<a class="lia-link-navigation" href="{self.thread_address(view, n)}">{n}</a>'
            for n in range(1, min(last, 4) + 1)
        )
        return f'<div class="lia-list-row-pager">{links}</div>' if last > 1 else ""

    def _topic(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        start = (page - 1) * self.posts_per_page
        drawn = on_page(thread.readable, page, self.posts_per_page)
        posts = "".join(self._message(thread, post, n) for n, post in enumerate(drawn, start))
        last = self.n_pages(thread)
        pages = self._pages(lambda n: self.thread_address(thread, n), page, last)
        forum, title = view.forums[thread.forum], text(thread.thread.title)
        content = f"""<div class="lia-component-forums-widget-message-subject-banner"><h1
 class="lia-message-subject-banner lia-component-forums-widget-message-subject-banner">
	{title}
</h1></div><div class="lia-menu-bar lia-menu-bar-top"><a class="lia-link-navigation"
 href="{self.forum_address(forum)}">{text(forum.title)}</a><span class="lia-thread-replies-count">
{len(thread.readable) - 1} {self.says["replies"]}</span></div>
<div class="lia-component-topic-message-list linear-message-list message-list">
{pages}
{posts}
{pages}</div>"""
        return self.html(self._page(thread.thread.title, content, kind="ForumTopicPage"))

    def _pages(self, address: Address, page: int, last: int) -> str:
        if last == 1:
            return ""
        items = []
        for n in window(page, last):
            if n is None:
                items.append('<li class="lia-paging-page-ellipsis">…</li>')
                continue
            place = {1: "first", last: "last"}.get(n, "link")
            inner = (
                f'<span aria-current="page" class="lia-js-data-pageNum-{n} lia-link-navigation'
                f' lia-link-disabled">{n}</span>'
                if n == page
                else f'<a class="lia-js-data-pageNum-{n} lia-link-navigation"'
                f' href="{address(n)}">{n}</a>'
            )
            items.append(
                f'<li class="lia-paging-page-{place} lia-js-data-pageNum-{n}">{inner}</li>'
            )
        before = f'<a class="lia-link-navigation" rel="prev" href="{address(page - 1)}">«</a>'
        after = f"""<a class="lia-link-navigation" aria-label="{self.says["next"]} Page" rel="next"
 href="{address(page + 1)}"><span class="lia-paging-page-link">{self.says["next"]}</span></a>"""
        off = '<span class="lia-link-navigation lia-link-disabled" aria-disabled="true">»</span>'
        wrapper = "lia-paging-full-wrapper lia-paging-pager lia-paging-full-left-position"
        return f"""<div class="{wrapper}"><ul class="lia-paging-full"><li
 class="lia-paging-page-previous lia-component-previous">{before if page > 1 else off}</li><li
 class="lia-component-pagesnumbered"><ul class="lia-paging-full-pages">{"".join(items)}</ul></li><li
 class="lia-paging-page-next lia-component-next">{after if page < last else off}</li></ul></div>"""

    # messages

    def _message(self, view: ThreadView, post: BoardPost, place: int) -> str:
        n = post.number
        body = KhorosBody(self).body(post.version_at(self.now).pieces)
        kind = "lia-thread-topic" if post is view.first else "lia-thread-reply"
        solved = " lia-accepted-solution" if n % 17 == 0 else ""
        title = text(view.thread.title)
        subject = title if post is view.first else f"Re: {title}"
        tail = "" if place == 0 else f"_{place - 1}"
        view_classes = (
            "MessageView lia-message-view-forum-message lia-message-view-display "
            f"lia-row-standard-unread {kind}{solved}"
        )
        layout = (
            "lia-quilt-layout-one-column-message"
            if self.other
            else ("lia-quilt-layout-two-column-message")
        )
        return f"""<div class="lia-linear-display-message-view"><div
 class="lia-panel-message message-uid-{n}" id="messageview{tail}" data-lia-message-uid="{n}">
<div class="{view_classes}" id="messageView2_1{tail}"><span
 class="lia-message-state-indicator"></span>
<span id="U{n}"></span><span id="M{n}"></span>
<div class="lia-quilt lia-quilt-forum-message {layout}" data-lia-message-uid="{n}">
<div class="lia-quilt-row lia-quilt-row-message-header"><div class="lia-message-author-with-avatar">
{self.member(post, role=True)}</div>{self._rank(post)}
<div class="lia-message-options"></div>
<p class="lia-message-dates lia-message-post-date lia-component-post-date-last-edited">
<span class="DateTime lia-message-posted-on lia-component-common-widget-date">
{self.when(post.written_at)}
</span>{self._edit_mark(post)}</p></div>
<div class="lia-quilt-row lia-quilt-row-message-body"><div class="lia-message-heading
 lia-component-message-header"><div class="lia-message-subject"><h2 itemprop="name"
 class="message-subject"><span class="lia-message-unread">{subject}</span></h2></div></div>
{self._body(body, tail)}{self._signature(post)}</div>
<div class="lia-quilt-row lia-quilt-row-message-footer">{self._kudos(post)}<a
 class="lia-button lia-button-primary" href="{self.message_address(view, post)}">Reply</a></div>
</div></div></div></div>
"""

    def _body(self, inner: str, tail: str) -> str:
        content = f"""<div itemprop="text" id="bodyDisplay{tail}" class="lia-message-body"><div
 class="lia-message-body-content">
{inner}
</div></div>"""
        if self.version == "16.2":
            return content
        wrapper = "lia-message-body-wrapper lia-component-message-view-widget-body"
        return f'<div class="{wrapper}">{content}</div>'

    def _rank(self, post: BoardPost) -> str:
        rank = text(post.author.title) if post.author else self.says["not_applicable"]
        return f"""<div class="lia-message-author-rank lia-component-author-rank
 lia-component-message-view-widget-author-rank">
			{rank}
		</div>"""

    def _edit_mark(self, post: BoardPost) -> str:
        at = post.edited_at(self.now)
        if at is None:
            return ""
        return f"""
<span class="DateTime lia-message-edited-on lia-component-common-widget-date">
<span class="edited-on">{self.says["edited"]}</span>
{self.when(at)}
</span>
"""

    def _signature(self, post: BoardPost) -> str:
        if post.author is None or not post.author.signature:
            return ""
        lines = text(post.author.signature).replace("\n", "<BR />")
        return f"""<div class="lia-message-signature lia-component-message-view-widget-signature">
{lines}</div>"""

    def _kudos(self, post: BoardPost) -> str:
        names = likers(self.board, post)
        return f"""<div class="KudosButton lia-button-image-kudos-wrapper"><span
 class="MessageKudosCount lia-component-kudos-widget-message-kudos-count">
			{len(names)}
		</span><span class="lia-button-image-kudos-label">{self.says["kudos"]}</span><span
 class="kudos-givers">{", ".join(names)}</span></div>"""

    def member(self, post: BoardPost, *, role: bool = False) -> str:
        """Return a name, with a link to the account where there is one."""
        name = text(post.shown_name)
        more = " lia-component-message-view-widget-author-username" if role else ""
        if post.author is None:
            return f"""<span class="UserName lia-user-name lia-user-rank-Not-applicable{more}"><span
 class="">{name}</span></span>"""
        rank = post.author.title
        return f"""<span class="UserName lia-user-name lia-user-rank-{rank}{more}"><a
 class="lia-link-navigation lia-page-link lia-user-name-link" style="" target="_self"
 aria-label="View Profile of {name}" itemprop="url"
 href="/t5/user/viewprofilepage/user-id/{post.author.number}"><span
 class="">{name}</span></a></span>"""

    def when(self, moment: datetime) -> str:
        """Return a time: day and hour apart, or an age that bears the time in its title."""
        local, now = self.local(moment), self.local(self.now)
        day = MARK + php_date(local, "Y-m-d" if self.other else "d-m-Y")
        hour = php_date(local, "H:i" if self.other else "h:i A")
        if self.version == "23.5" and days_ago(local, now) < 28:  # noqa: PLR2004 # four weeks
            age = units_ago(local, now, german=self.other).partition(",")[0]
            words = f"vor {age}" if self.other else f"{age} ago"
            return (
                f'<span class="local-friendly-date" title="{day} {hour}">\n{MARK}{words}\n</span>'
            )
        return f'<span class="local-date">{day}</span>\n<span class="local-time">{hour}</span>'


class KhorosBody(BodyMarkup):
    """Bodies of a rich editor that writes some elements in capitals."""

    breaks = False

    def __init__(self, software: Khoros) -> None:
        self._software = software

    def words(self, words: str) -> str:
        """Return running text; the editor leaves apostrophes."""
        return text(words).replace("&#039;", "'")

    def paragraph(self, inner: str) -> str:
        """Return a paragraph, in capitals as the older editor does."""
        tag = "P" if self._software.version == "16.2" else "p"
        return f"<{tag}>{inner}</{tag}>"

    def picture(self, address: str) -> str:
        """Return a picture."""
        name = address.rpartition("/")[2]
        return f"""<span class="lia-inline-image-display-wrapper lia-image-align-inline"
 image-alt="{name}"><span class="lia-message-image-wrapper"><img src="{text(address)}" role="button"
 title="{name}" alt="{name}"/></span></span>"""

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return (
            f'<A href="{text(address)}" target="_blank" rel="nofollow noopener">{text(label)}</A>'
        )

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "".join(f"<LI>{self.words(item)}</LI>" for item in items)
        return f"<UL>{inner}</UL>"

    def code(self, lines: str) -> str:
        """Return code."""
        return f'<pre class="lia-code-sample language-python"><code>{text(lines)}</code></pre>'

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation between lines, whose first words say whose it is."""
        name = text(quoted.author)
        number = self._software.account_numbers.get(quoted.author)
        who = f"@{name}"
        if number is not None and quoted.post is not None:
            who = f'<a href="/t5/user/viewprofilepage/user-id/{number}" target="_blank">@{name}</a>'
        said = self._software.says["wrote"]
        return f"<BLOCKQUOTE><HR /> {who}&nbsp;{said}<BR />{inner}<HR /></BLOCKQUOTE>"


def _words(title: str) -> str:
    return "-".join(word.capitalize() for word in slug(title).split("-"))
