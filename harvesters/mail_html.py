"""The text of mails that are HTML only: what mail programs quote below the author's words.

Every program marks quotations its own way; here they become `blockquote`, which
`markup.html_to_text` keeps apart, and the lines that say who wrote them go.
"""

from bs4 import BeautifulSoup
from bs4.element import Tag

from harvesters.mail_text import LONGEST_BODY, without_announcements, without_author
from harvesters.markup import Markup, html_to_text

_ATTRIBUTIONS = (
    ".gmail_attr, .moz-cite-prefix, .moz-signature, .gmail_signature, .OutlookMessageHeader"
)
_QUOTATIONS = ".yahoo_quoted, .gmail_extra, .protonmail_quote, .zmail_extra"
_HEADS_OF_OLD_MAILS = "#divRplyFwdMsg, #appendonsend, #mail-editor-reference-message-container"


def mail_html_to_text(html: str, author: str = "") -> Markup:
    """Return the clean text of an HTML mail, and what of it the author wrote."""
    if not html.strip():
        return Markup("", "")
    read = html_to_text(_with_quotations(html[:LONGEST_BODY]))
    text = without_author(without_announcements(read.text), author)
    if read.own_text == read.text:
        return Markup(text, text)
    return Markup(text, without_author(without_announcements(read.own_text), author))


def _with_quotations(html: str) -> str:
    """Return the HTML with what is quoted in block quotations and attributions taken out."""
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
