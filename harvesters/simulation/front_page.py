"""The front page of a simulated site: what a visitor's browser gets at its address.

It bears the marks by which its software is told, and links to the terms, as real ones do.
"""

from collections.abc import Mapping
from html import escape

from harvesters.simulation.answers import HTML, Answer, Question
from harvesters.simulation.entities import SimSource

_HEAD: Mapping[str, str] = {
    "wordpress": '<meta name="generator" content="WordPress 6.8">'
    '<link rel="https://api.w.org/" href="{base}/wp-json/">'
    '<link rel="alternate" type="application/rss+xml" href="{base}/feed/">',
    "discourse": '<meta name="generator" content="Discourse 3.4.0 - https://www.discourse.org">',
    "mastodon": '<meta property="og:type" content="website">',
    "feed": '<link rel="alternate" type="application/rss+xml" href="{base}/feed.xml">',
}
_BODY: Mapping[str, str] = {"mastodon": '<div id="mastodon" class="notranslate"></div>'}


def front_page(site: SimSource, question: Question, *, base: str) -> Answer | None:
    """Return the page at a site's address; None for every other question."""
    if question.path not in {"", "/"}:
        return None
    title = escape(site.title)
    page = (
        f"<!DOCTYPE html><html><head><title>{title}</title>"
        f"{_HEAD[site.platform].format(base=base)}</head><body><h1>{title}</h1>"
        f"{_BODY.get(site.platform, '')}"
        '<footer><a href="/terms">Terms of use</a> <a href="/privacy">Privacy</a></footer>'
        "</body></html>"
    )
    return Answer(200, page.encode(), HTML)
