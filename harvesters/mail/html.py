"""The text of mails that are HTML only: what mail programs quote below the author's words.

Every program marks quotations its own way; here they become `blockquote`, which
`markup.html_to_text` keeps apart, and the lines that say who wrote them go.
"""

import re

from bs4 import BeautifulSoup
from bs4.element import Tag

from harvesters.mail.text import LONGEST_BODY, without_announcements, without_author
from harvesters.markup import Markup, html_to_text

_ATTRIBUTIONS = (
    ".gmail_attr, .moz-cite-prefix, .moz-signature, .gmail_signature, .OutlookMessageHeader"
)
_QUOTATIONS = ".yahoo_quoted, .gmail_extra, .protonmail_quote, .zmail_extra"
_HEADS_OF_OLD_MAILS = "#divRplyFwdMsg, #appendonsend, #mail-editor-reference-message-container"
_MARKS = re.compile(
    "gmail_|moz-|Outlook|yahoo_quoted|protonmail_|zmail_|RplyFwd|appendonsend|mail-edi"
)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_MOST_READ = 20_000  # tags: a tree of more is an attack, and only its words are read
_MOST_TAGS = 5_000  # of a page that is looked at for marks; a mail has some hundred


def mail_html_to_text(html: str, author: str = "") -> Markup:
    """Return the clean text of an HTML mail, and what of it the author wrote."""
    if not html.strip():
        return Markup("", "")
    html = html[:LONGEST_BODY]
    if html.count("<") > _MOST_READ:
        html = _TAG.sub(" ", html)
    read = html_to_text(_with_quotations(html))
    text = without_author(without_announcements(read.text), author)
    if read.own_text == read.text:
        return Markup(text, text)
    return Markup(text, without_author(without_announcements(read.own_text), author))


def _with_quotations(html: str) -> str:
    """Return the HTML with what is quoted in block quotations and attributions taken out."""
    if not _MARKS.search(html) or html.count("<") > _MOST_TAGS:
        return html
    soup = BeautifulSoup(html.replace("\x00", ""), "lxml")
    marked = [*soup.select(_ATTRIBUTIONS), *soup.select(_QUOTATIONS), *_below_heads(soup)]
    if not marked:
        return html
    for tag in soup.select(_ATTRIBUTIONS):
        tag.decompose()
    for tag in [*soup.select(_QUOTATIONS), *_below_heads(soup)]:
        tag.name = "blockquote"
    for tag in soup.select(_HEADS_OF_OLD_MAILS):
        tag.decompose()
    return str(soup)


def _below_heads(soup: BeautifulSoup) -> list[Tag]:
    """Return what stands below the copied head of an old mail."""
    heads = soup.select(_HEADS_OF_OLD_MAILS)
    return [below for head in heads for below in head.find_next_siblings() if below.name != "br"]
