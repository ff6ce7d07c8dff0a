"""The bodies of a Misago page, and how its pages are turned."""

from harvesters.simulation.forums.bodies import BodyMarkup
from harvesters.simulation.forums.bodies import text as escaped
from harvesters.simulation.forums.model import Quoted
from harvesters.simulation.forums.software import slug

_ICONS = ("first_page", "chevron_left", "chevron_right", "last_page")


def text(words: str) -> str:
    """Escape as Django does."""
    return escaped(words).replace("&#039;", "&#x27;")


class MisagoBody(BodyMarkup):
    """Bodies of Markdown and some BBCode as Misago writes them."""

    breaks = False

    def __init__(self, *, early: bool) -> None:
        self._early = early

    def words(self, words: str) -> str:
        """Return running text; the parser leaves apostrophes."""
        return text(words).replace("&#x27;", "'").replace("&quot;", '"')

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img alt="{address.rpartition("/")[2]}" src="{text(address)}">'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" rel="external nofollow noopener">{text(label)}</a>'

    def code(self, lines: str) -> str:
        """Return code."""
        return f'<pre><code class="language-python">{text(lines)}</code></pre>'

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation."""
        name = text(quoted.author)
        path = f"/u/{slug(quoted.author, otherwise='user')}/{quoted.post or 1}/"
        who = f"{name}" if self._early or quoted.post is None else f'<a href="{path}">@{name}</a>'
        return f"""<aside class="quote-block">
<div class="quote-heading" data-noquote="1">{who} has written:</div>
<blockquote class="quote-body">
{inner}
</blockquote>
</aside>"""


def paginator(path: str, page: int, last: int) -> str:
    """Return how a later version turns pages: what leads nowhere is there and cannot be used."""
    back = path if page <= 2 else f"{path}{page - 1}/"  # noqa: PLR2004 # the first has no number
    before = (("first", path, ""), ("previous", back, "prev"))
    after = (("next", f"{path}{page + 1}/", "next"), ("last", f"{path}{last}/", ""))
    icons = dict(zip(("first", "previous", "next", "last"), _ICONS, strict=True))

    def turns(places: tuple[tuple[str, str, str], ...], *, usable: bool) -> str:
        return "".join(
            turn(address, f"Go to {name} page", rel, icons[name])
            if usable
            else '<button class="btn btn-default btn-outline btn-icon" type="button"'
            f' title="Go to {name} page" disabled><span class="material-icon">{icons[name]}</span>'
            "</button>"
            for name, address, rel in places
        )

    return f"""<div class="toolbar-section"><div class="toolbar-item"><nav class="thread-paginator"
 role="nav" itemscope itemtype="http://schema.org/SiteNavigationElement">
{turns(before, usable=page > 1)}
<div class="dropdown"><button class="btn btn-default btn-block btn-outline" type="button"
 data-toggle="dropdown">
      Page {page} of {last}
    </button><div class="dropdown-menu" role="menu"><form class="thread-paginator-form"><input
 type="number" min="1" max="{last}" class="form-control" placeholder="Page" required><button
 class="btn btn-primary" type="submit">Go</button></form></div></div>
{turns(after, usable=page < last)}</nav></div></div>"""


def turn(address: str, said: str, rel: str, icon: str) -> str:
    """Return a button that leads to a page."""
    related = f' rel="{rel}"' if rel else ""
    return (
        f'<a class="btn btn-default btn-outline btn-icon"{related} title="{said}"'
        f' href="{address}"><span class="material-icon">{icon}</span></a>'
    )
