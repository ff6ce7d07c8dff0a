"""A board as bbPress 2.5 and 2.6 show it inside a WordPress theme."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import BodyMarkup
from harvesters.simulation.forums.bodies import text as escaped
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, php_date, units_ago
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

_ROUTE = re.compile(r"/forums/(?P<kind>forum|topic|reply)/(?P<slug>[^/]+)/(?:page/(?P<page>\d+)/)?")
_ENGLISH_PHRASES = {
    "author": "Author",
    "posts": "Posts",
    "topic": "Topic",
    "voices": "Voices",
    "freshness": "Freshness",
    "started": "Started by:",
    "viewing": "Viewing {shown} posts - {first} through {last} (of {total} total)",
    "guest": "Guest",
    "member": "Participant",
    "modified": "This {what} was modified {when} by",
    "ago": "{} ago",
}
_GERMAN_PHRASES = {
    "author": "Autor",
    "posts": "Beiträge",
    "topic": "Thema",
    "voices": "Teilnehmer",
    "freshness": "Letzter Beitrag",
    "started": "Erstellt von:",
    "viewing": "Ansicht von {shown} Beiträgen – {first} bis {last} (von insgesamt {total})",  # noqa: RUF001
    "guest": "Gast",
    "member": "Teilnehmer",
    "modified": "Dieser Beitrag wurde {when} geändert von",
    "ago": "vor {}",
}


def text(words: str) -> str:
    """Escape as WordPress does; its typographic quotation marks are left away."""
    return escaped(words).replace("&amp;", "&#038;")


class BbPress(ForumSoftware):
    """bbPress 2. A topic is a post of WordPress, so its number is that of its first post.

    Edits are told by an age alone. The `other` theme is German, with the date in front and the
    lead topic in an element of its own.
    """

    name = "bbpress"
    versions = ("2.5", "2.6")
    posts_per_page = 15
    threads_per_page = 15
    charset = "UTF-8"
    shows_edits = False  # an age like "2 days, 3 hours ago" is no time

    def thread_id(self, thread: BoardThread) -> str:
        """Return the number of the topic's first post."""
        return str(thread.posts[0].number)

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return what WordPress adds."""
        return (("Link", f'<{self.base}/wp-json/>; rel="https://api.w.org/"'),)

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a topic."""
        return self._path("topic", self._slug(view.thread), page)

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a forum."""
        return self._path("forum", slug(forum.title), page)

    def _path(self, kind: str, name: str, page: int) -> str:
        path = f"/forums/{kind}/{name}/"
        return path if page == 1 else f"{path}page/{page}/"

    def _slug(self, thread: BoardThread) -> str:
        return f"{slug(thread.title)}-{thread.number}"

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        if question.path in ("/", "/forums/"):
            return self._index(view)
        if question.path == "/wp-login.php":
            return self._login()
        found = _ROUTE.fullmatch(question.path)
        if found is None:
            return self._missing()
        page = int(found["page"] or 1)
        if found["kind"] == "forum":
            forums = (f for f in self.board.forums if slug(f.title) == found["slug"])
            return self._forum(view, next(forums, None), page)
        if found["kind"] == "reply":
            return self._to_reply(view, found["slug"])
        threads = (v for v in view.threads.values() if self._slug(v.thread) == found["slug"])
        return self._topic(view, next(threads, None), page)

    def _to_reply(self, view: BoardView, name: str) -> Answer:
        number = int(name) if name.isdecimal() else 0
        thread = view.thread_of(number)
        if thread is None or all(post.number != number for post in thread.readable):
            return self._missing()
        path = self.thread_address(thread, self.page_of(thread, number))
        return self.redirect(f"{path}#post-{number}")

    def _forum(self, view: BoardView, forum: BoardForum | None, page: int) -> Answer:
        if forum is None or forum.members_only:  # a private forum is not there for guests
            return self._missing()
        listed = view.listed(forum.number)
        sticky = [entry for entry in listed if entry.thread.sticky]
        plain = [entry for entry in listed if not entry.thread.sticky]
        last = pages_of(len(plain), self.threads_per_page)
        if page > last:
            return self._missing()
        rows = [*(sticky if page == 1 else []), *on_page(plain, page, self.threads_per_page)]
        items = "".join(self._row(entry, place) for place, entry in enumerate(rows))
        pages = self._pages(lambda n: self.forum_address(forum, n), page, last, "")
        content = f"""<div id="bbpress-forums" class="bbpress-wrapper">
<div class="bbp-breadcrumb"><p><a href="{self.base}/forums/" class="bbp-breadcrumb-root">Forums</a>
<span class="bbp-breadcrumb-sep">&rsaquo;</span> <span class="bbp-breadcrumb-current">
{text(forum.title)}</span></p></div>
{pages}
<ul id="bbp-forum-{forum.number}" class="bbp-topics"><li class="bbp-header"><ul
 class="forum-titles">
<li class="bbp-topic-title">{self.says["topic"]}</li><li class="bbp-topic-voice-count">
{self.says["voices"]}</li><li class="bbp-topic-reply-count">{self.says["posts"]}</li><li
 class="bbp-topic-freshness">{self.says["freshness"]}</li></ul></li>
<li class="bbp-body">{items}</li><li class="bbp-footer"><div class="tr"><p><span
 class="td colspan4">&nbsp;</span></p></div></li></ul>
{pages}</div>"""
        return self.html(self._page(forum.title, content, kind="forum"))

    def _topic(self, view: BoardView, thread: ThreadView | None, page: int) -> Answer:
        if thread is None or view.members_only(thread.forum):
            return self._missing()
        if page > self.n_pages(thread):  # the slug without the page is what WordPress guesses
            return self.redirect(self.thread_address(thread), status=301)
        return self._topic_page(view, thread, page)

    # pages

    def _page(self, title: str, content: str, *, kind: str) -> str:
        name = text(self.board.name)
        main = f'<div class="entry-content">{content}</div>'
        article = f"""<article id="post-0" class="post-0 {kind} type-{kind} status-publish hentry">
<header class="entry-header"><h1 class="entry-title">{text(title)}</h1></header>{main}</article>"""
        if self.other:
            article = f'<div class="wp-block-post-content"><h1>{text(title)}</h1>{content}</div>'
        return f"""<!DOCTYPE html>
<html lang="{"de-DE" if self.other else "en-GB"}" class="no-js">
<head>
<meta charset="UTF-8">
<title>{text(title)} &#8211; {name}</title>
<link rel='stylesheet' id='bbp-default-css'
 href='/wp-content/plugins/bbpress/bbpress.min.css?ver=2.6.9' type='text/css' media='all' />
<link rel="https://api.w.org/" href="{self.base}/wp-json/" />
<meta name="generator" content="WordPress 6.1.9" />
<style type="text/css">.recentcomments a{{display:inline !important;}}</style>
</head>
<body
 class="{kind} bbpress bbp-no-js {kind}-template-default single single-{kind} wp-embed-responsive">
<script type="text/javascript" id="bbp-swap-no-js-body-class">
document.body.className = document.body.className.replace('bbp-no-js', 'bbp-js');</script>
<div id="page" class="site"><header id="masthead" class="site-header"><p class="site-title"><a
 href="{self.base}/" rel="home">{name}</a></p></header>
<div id="content" class="site-content"><main id="main" class="site-main">
{article}
</main></div>
<aside class="widget-area"><section id="bbp_login_widget-2" class="widget bbp_widget_login"><form
 method="post" action="{self.base}/wp-login.php" class="bbp-login-form"><input type="text"
 name="log" id="user_login" /><input type="password" name="pwd" id="user_pass" /><input
 type="hidden" id="_wpnonce" name="_wpnonce" value="{self.token("nonce")[:10]}" /></form></section>
<section id="bbp_replies_widget-2" class="widget widget_display_replies"><ul><li><a
 class="bbp-reply-topic-title" href="{self.base}/forums/">Recent replies</a> <div>2 hours ago</div>
</li></ul></section></aside></div>
</body></html>
"""

    def _missing(self) -> Answer:
        content = """<div class="page-content default-max-width"><p>It looks like nothing was found
 at this location. Maybe try a search?</p></div>"""
        page = self._page("Nothing here", content, kind="error404")
        return self.html(page.replace(" bbpress ", " "), status=404)

    def _login(self) -> Answer:
        content = """<form name="loginform" id="loginform" method="post"><input type="text"
 name="log" /><input type="password" name="pwd" /></form>"""
        return self.html(self._page("Log In", content, kind="login"))

    def _index(self, view: BoardView) -> Answer:
        rows = "".join(
            self._forum_row(view, forum) for forum in self.board.forums if not forum.members_only
        )
        content = f"""<div id="bbpress-forums" class="bbpress-wrapper"><ul id="forums-list-0"
 class="bbp-forums"><li class="bbp-header"><ul class="forum-titles"><li class="bbp-forum-info">Forum
</li></ul></li><li class="bbp-body">{rows}</li></ul></div>"""
        return self.html(self._page("Forums", content, kind="forum-archive"))

    def _forum_row(self, view: BoardView, forum: BoardForum) -> str:
        listed = view.listed(forum.number)
        newest = max(listed, key=lambda entry: entry.last.number)
        age = self._age(newest.last.written_at)
        posts = sum(len(entry.readable) for entry in listed)
        classes = f"loop-item-0 bbp-forum-status-open post-{forum.number} forum type-forum hentry"
        return f"""<ul id="bbp-forum-{forum.number}" class="{classes}"><li class="bbp-forum-info"><a
 class="bbp-forum-title" href="{self.base}{self.forum_address(forum)}">{text(forum.title)}</a><div
 class="bbp-forum-content">{text(forum.description)}</div></li>
<li class="bbp-forum-topic-count">{len(listed)}</li><li class="bbp-forum-reply-count">{posts}</li>
<li class="bbp-forum-freshness"><a href="{self.base}{self.thread_address(newest)}"
 title="{text(newest.thread.title)}">{age}</a></li></ul>
"""

    def _row(self, view: ThreadView, place: int) -> str:
        thread, first, last = view.thread, view.first, view.last
        number = first.number
        state = "closed" if thread.closed else "publish"
        sticky = " sticky" if thread.sticky else ""
        odd = "odd" if place % 2 else "even"
        user = first.author.number if first.author else 0
        status = f"{odd} {sticky} post-{number} topic type-topic status-{state} hentry"
        classes = f"loop-item-{place} user-id-{user} bbp-parent-forum-{view.forum} {status}"
        voices = len({post.shown_name for post in view.readable})
        link = f"{self.base}{self.thread_address(view)}"
        at_last = f"{self.base}{self.thread_address(view, self.n_pages(view))}#post-{last.number}"
        if last is first:
            at_last = link
        return f"""<ul id="bbp-topic-{number}" class="{classes}"><li class="bbp-topic-title"><a
 class="bbp-topic-permalink" href="{link}">{text(thread.title)}</a>{self._row_pages(view)}<p
 class="bbp-topic-meta"><span class="bbp-topic-started-by">{self.says["started"]}
 {self._author(first, 14)}</span></p></li>
<li class="bbp-topic-voice-count">{voices}</li>
<li class="bbp-topic-reply-count">{len(view.readable)}</li>
<li class="bbp-topic-freshness"><a href="{at_last}" title="Reply To: {text(thread.title)}">
{self._age(last.written_at)}</a><p class="bbp-topic-meta"><span class="bbp-topic-freshness-author">
{self._author(last, 14)}</span></p></li></ul>
"""

    def _row_pages(self, view: ThreadView) -> str:
        last = self.n_pages(view)
        links = " ".join(
            f'<a class="page-numbers" href="{self.base}{self.thread_address(view, n)}">{n}</a>'
            for n in range(1, min(last, 4) + 1)
        )
        return f'<span class="bbp-topic-pagination">{links}</span>' if last > 1 else ""

    def _topic_page(self, view: BoardView, thread: ThreadView, page: int) -> Answer:
        drawn = on_page(thread.readable, page, self.posts_per_page)
        first = (page - 1) * self.posts_per_page + 1
        total = len(thread.readable)
        said = self.says["viewing"].format(
            shown=len(drawn), first=first, last=first + len(drawn) - 1, total=total
        )
        last = self.n_pages(thread)
        pages = self._pages(lambda n: self.thread_address(thread, n), page, last, said)
        posts = "".join(self._post(thread, post, n) for n, post in enumerate(drawn, first))
        forum, number = view.forums[thread.forum], thread.first.number
        closed = ""
        if thread.thread.closed:
            closed = f"""<div id="no-reply-{number}" class="bbp-no-reply"><div
 class="bbp-template-notice"><ul><li>The topic &#8216;{text(thread.thread.title)}&#8217; is closed
 to new replies.</li></ul></div></div>"""
        content = f"""<div id="bbpress-forums" class="bbpress-wrapper">
<div class="bbp-breadcrumb"><p><a href="{self.base}/forums/" class="bbp-breadcrumb-root">Forums</a>
<span class="bbp-breadcrumb-sep">&rsaquo;</span> <a href="{self.base}{self.forum_address(forum)}"
 class="bbp-breadcrumb-forum">{text(forum.title)}</a></p></div>
<div class="bbp-template-notice info"><ul><li
 class="bbp-topic-description">This topic has {total - 1}
 replies and was last updated <a href="#post-{thread.last.number}">
{self._age(thread.last.written_at)}</a> by {self._author(thread.last, 14)}.</li></ul></div>
{pages}
<ul id="topic-{number}-replies" class="forums bbp-replies"><li class="bbp-header"><div
 class="bbp-reply-author">{self.says["author"]}</div><div class="bbp-reply-content">
{self.says["posts"]}</div></li>
<li class="bbp-body">
{posts}</li>
<li class="bbp-footer"><div class="bbp-reply-author">{self.says["author"]}</div><div
 class="bbp-reply-content">{self.says["posts"]}</div></li></ul>
{pages}
{closed}</div>"""
        return self.html(self._page(thread.thread.title, content, kind="topic"))

    def _pages(self, address: Address, page: int, last: int, said: str) -> str:
        links = []
        if page > 1:
            links.append(
                f'<a class="prev page-numbers" href="{self.base}{address(page - 1)}">&larr;</a>'
            )
        for n in window(page, last) if last > 1 else []:
            if n is None:
                links.append('<span class="page-numbers dots">&hellip;</span>')
            elif n == page:
                links.append(f'<span aria-current="page" class="page-numbers current">{n}</span>')
            else:
                links.append(f'<a class="page-numbers" href="{self.base}{address(n)}">{n}</a>')
        if page < last:
            links.append(
                f'<a class="next page-numbers" href="{self.base}{address(page + 1)}">&rarr;</a>'
            )
        return f"""<div class="bbp-pagination"><div class="bbp-pagination-count">{said}</div>
<div class="bbp-pagination-links">{"".join(links)}</div></div>"""

    # posts

    def _post(self, view: ThreadView, post: BoardPost, position: int) -> str:
        n, opens = post.number, post is view.first
        body = BbPressBody(self).body(post.version_at(self.now).pieces)
        odd = "odd" if position % 2 else "even"
        kind = "topic" if opens else "reply"
        user = post.author.number if post.author else 0
        classes = (
            f"loop-item-{position - 1} user-id-{user} bbp-parent-forum-{view.forum} "
            f"bbp-parent-topic-{view.first.number} bbp-reply-position-{position} {odd} "
            f"post-{n} {kind} type-{kind} status-publish hentry"
        )
        path = self.thread_address(view, self.page_of(view, n))
        head = f"""<span class="bbp-reply-post-date">{self.when(post.written_at)}</span>
<a href="{self.base}{path}#post-{n}" class="bbp-reply-permalink">#{n}</a>
<span class="bbp-admin-links"></span>"""
        header = f"""<div id="post-{n}" class="bbp-reply-header"><div class="bbp-meta">
{head}</div></div>"""
        inner = f"""<div class="{classes}"><div class="bbp-reply-author">
{self._author(post, 80, role=True)}</div>
<div class="bbp-reply-content">
{body}
{self._revisions(post, kind)}{self._likes(post)}</div></div>"""
        if self.other:
            return f'<div class="bbp-reply-card">{header}{inner}</div>\n'
        return f"{header}\n{inner}\n"

    def _author(self, post: BoardPost, size: int, *, role: bool = False) -> str:
        name = text(post.shown_name)
        picture = f"""<span class="bbp-author-avatar"><img alt='' src='/avatar.png'
 class='avatar avatar-{size} photo' height='{size}' width='{size}' /></span>"""
        if self.version == "2.5":
            picture = picture.replace("<span class=", "<span data-old class=").replace(
                "</span>", ""
            )
            picture = picture.replace('<span data-old class="bbp-author-avatar">', "")
        name_class = "bbp-author-name"
        shown = f'<span class="{name_class}">{name}</span>'
        if post.author is None:
            said = self.says["guest"]
            inner = f"{picture}<br />{shown}" if role else f"{picture}{shown}"
        else:
            said = self.says["member"]
            link = f"{self.base}/forums/users/{slug(post.shown_name, otherwise='user')}/"
            wrapped = f'<a href="{link}" title="View profile" class="bbp-author-link">'
            if self.version == "2.5":  # picture and name are links of their own
                avatar = wrapped.replace("author-link", "author-avatar")
                named = wrapped.replace("author-link", "author-name")
                inner = f"{avatar}{picture}</a>{'<br />' if role else ''}{named}{name}</a>"
            else:
                inner = f"{wrapped}{picture}{shown}</a>"
        return f'{inner}<br /><div class="bbp-author-role">{said}</div>' if role else inner

    def _revisions(self, post: BoardPost, kind: str) -> str:
        at = post.edited_at(self.now)
        if at is None:
            return ""
        said = self.says["modified"].format(what=kind, when=self._age(at))
        log = f"bbp-{kind}-revision-log"
        return f"""<ul id="{log}-{post.number}" class="{log}"><li
 id="{log}-{post.number}-item-9{post.number}" class="{log}-item">{said} {self._author(post, 14)}.
</li></ul>"""

    def _likes(self, post: BoardPost) -> str:
        names = likers(self.board, post)
        if not names or not self.other:
            return ""
        return f'<div class="d4p-bbt-thanks"><p>Danke: {", ".join(names)}</p></div>'

    def _age(self, moment: datetime) -> str:
        return self.says["ago"].format(units_ago(moment, self.now, german=self.other))

    def when(self, moment: datetime) -> str:
        """Return a time in full, without its zone."""
        local = self.local(moment)
        if self.other:
            return php_date(local, "j. F Y \\u\\m G:i \\U\\h\\r", GERMAN)
        return php_date(local, "F j, Y \\a\\t g:i a", ENGLISH)


class BbPressBody(BodyMarkup):
    """Bodies of a few HTML elements; in 2.6 plug-ins quote with a title, in 2.5 by hand."""

    breaks = False

    def __init__(self, software: BbPress) -> None:
        self._plain = software.version == "2.5"

    def words(self, words: str) -> str:
        """Return running text."""
        return text(words).replace("&#039;", "'")

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{escaped(address)}" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{escaped(address)}" rel="nofollow">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        inner = "\n".join(f"<li>{self.words(item)}</li>" for item in items)
        return f"<ul>\n{inner}\n</ul>"

    def code(self, lines: str) -> str:
        """Return code."""
        return f"<pre><code>{escaped(lines)}</code></pre>"

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation."""
        if self._plain or quoted.post is None:
            return f"<blockquote>\n{inner}\n</blockquote>"
        title = f'<div class="d4p-bbp-quote-title"><a href="#post-{quoted.post}">'
        return f"""<blockquote class="d4pbbc-quote">{title}{text(quoted.author)} wrote:</a></div>
{inner}</blockquote>"""
