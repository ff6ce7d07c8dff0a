"""Figures beside a timeline of topics: what its changes are due to, and what the world did then.

Arrays in, numbers and lines out. A share changes because communities talk of other things, or
because other communities are in the sample; both are told apart, between the same days of two
years. And a birth is held against a list of events in the world whose dates anybody can look up.
The list was made by hand, of news that 33 communities on health, services and politics could have
talked of, and the words that stand for an event are its own, not the topics'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.series import topic_shares
from tests.benchmarks.topics_posts import Posts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WEEKS = 4
"""Weeks before an event, and from its own on, whose posts are counted."""
EARLIEST = -2
"""A topic is of an event where it was born from so many weeks after it on, until `WEEKS` after."""
LEAST_POSTS = 20
"""Posts that a community needs in both years for its own rise or fall to be counted."""


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """A public event, with words that were hardly said before it."""

    day: date
    name: str
    words: tuple[str, ...]


WORLD = (
    WorldEvent(date(2010, 3, 21), "US House passes the Affordable Care Act", ("reform", "hcr")),
    WorldEvent(date(2010, 5, 6), "UK general election", ("clegg", "tories", "election")),
    WorldEvent(date(2010, 11, 28), "US cables published", ("wikileaks", "assange")),
    WorldEvent(date(2011, 1, 25), "uprising in Egypt", ("egypt", "mubarak")),
    WorldEvent(date(2011, 3, 11), "earthquake in Japan", ("japan", "fukushima", "earthquake")),
    WorldEvent(date(2011, 5, 2), "Bin Laden's death", ("osama", "laden")),
    WorldEvent(date(2011, 8, 6), "riots in England", ("riot", "riots", "rioters")),
    WorldEvent(date(2011, 9, 17), "Occupy Wall Street begins", ("occupy", "ows", "wall")),
    WorldEvent(date(2011, 10, 25), "Occupy Oakland evicted", ("oakland",)),
    WorldEvent(date(2011, 11, 18), "pepper spray at UC Davis", ("pepper", "spray", "davis")),
    WorldEvent(date(2011, 12, 23), "GoDaddy gives up SOPA", ("sopa", "godaddy")),
    WorldEvent(date(2011, 12, 25), "Christmas 2011", ("christmas",)),
    WorldEvent(date(2012, 1, 18), "blackout against SOPA", ("sopa", "pipa", "blackout")),
    WorldEvent(date(2012, 1, 31), "Komen and Planned Parenthood", ("komen",)),
    WorldEvent(date(2012, 2, 26), "shooting in Sanford", ("trayvon", "zimmerman")),
    WorldEvent(date(2012, 5, 9), "Obama for same-sex marriage", ("marriage",)),
    WorldEvent(date(2012, 6, 28), "Supreme Court on health care", ("obamacare", "mandate")),
    WorldEvent(date(2012, 7, 20), "shooting in Aurora", ("aurora",)),
    WorldEvent(date(2012, 7, 27), "Olympics open in London", ("olympic", "olympics")),
    WorldEvent(date(2012, 8, 11), "Ryan runs with Romney", ("ryan",)),
    WorldEvent(date(2012, 8, 19), "Akin's interview", ("akin",)),
    WorldEvent(date(2012, 10, 3), "first presidential debate", ("debate", "debates")),
    WorldEvent(date(2012, 10, 29), "Hurricane Sandy", ("hurricane", "sandy")),
    WorldEvent(date(2012, 11, 6), "US presidential election", ("election", "voted", "romney")),
    WorldEvent(date(2012, 11, 23), "Walmart strike on Black Friday", ("walmart",)),
    WorldEvent(date(2012, 12, 14), "shooting at Sandy Hook", ("newtown", "hook", "gun", "guns")),
    WorldEvent(date(2012, 12, 25), "Christmas 2012", ("christmas",)),
    WorldEvent(date(2013, 4, 8), "Thatcher's death", ("thatcher",)),
    WorldEvent(date(2013, 4, 15), "bombs at the Boston Marathon", ("boston",)),
    WorldEvent(date(2013, 5, 18), "DSM-5 published", ("dsm", "dsm-5", "dsm-v")),
    WorldEvent(date(2013, 5, 22), "attack in Woolwich", ("woolwich",)),
    WorldEvent(date(2013, 6, 5), "first report on the NSA", ("nsa", "prism")),
    WorldEvent(date(2013, 6, 9), "Snowden gives his name", ("snowden",)),
    WorldEvent(date(2013, 6, 25), "filibuster in Texas", ("filibuster", "wendy")),
    WorldEvent(date(2013, 6, 26), "DOMA struck down", ("doma",)),
    WorldEvent(date(2013, 7, 13), "verdict of Sanford", ("trayvon", "zimmerman")),
    WorldEvent(date(2013, 7, 22), "Cameron on pornography", ("porn",)),
)


@dataclass(frozen=True, slots=True)
class Birth:
    """A topic that was born: its week's first day, and its foremost terms in that week."""

    topic: int
    day: date
    label: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Echo:
    """An event with the posts that hold its words, and the topics that were born of it."""

    event: WorldEvent
    before: int
    after: int
    share: float
    births: tuple[Birth, ...]


def weeks_after(day: date, event: date) -> int:
    """Return how many weeks, which begin on Mondays, a day's is after an event's."""
    first, second = (each - timedelta(days=each.weekday()) for each in (event, day))
    return (second - first).days // 7


def echoes(
    posts: Posts, births: Sequence[Birth], *, world: Sequence[WorldEvent] = WORLD
) -> list[Echo]:
    """Return what posts and births say of each event."""
    column = {word: number for number, word in enumerate(posts.words)}
    found = []
    for event in world:
        columns = [column[word] for word in event.words if word in column]
        holds = np.asarray(posts.counts[:, columns].sum(axis=1)).ravel() > 0
        monday = np.datetime64(event.day - timedelta(days=event.day.weekday()), "D")
        span = np.timedelta64(7 * WEEKS, "D")
        before = (posts.day >= monday - span) & (posts.day < monday)
        after = (posts.day >= monday) & (posts.day < monday + span)
        n_after = int((holds & after).sum())
        found.append(
            Echo(
                event=event,
                before=int((holds & before).sum()),
                after=n_after,
                share=n_after / max(int(after.sum()), 1),
                births=tuple(
                    birth
                    for birth in births
                    if set(birth.terms) & set(event.words)
                    and EARLIEST <= weeks_after(birth.day, event.day) <= WEEKS
                ),
            )
        )
    return found


def echo_lines(found: Sequence[Echo], births: Sequence[Birth]) -> Iterator[str]:
    """Yield a table of events that gave topics, and sentences on the others and other births."""
    yield "| event | day | posts with its words, four weeks before → from it on | born |"
    yield "|---|---|---|---|"
    for echo in found:
        if echo.births:
            born = "; ".join(
                f"{birth.topic} *{birth.label}* {_weeks(weeks_after(birth.day, echo.event.day))}"
                for birth in echo.births
            )
            counted = f"{echo.before} → {echo.after} ({echo.share:.1%})"
            yield f"| {echo.event.name} | {_day(echo.event.day)} | {counted} | {born} |"
    silent = [
        f"{echo.event.name} ({_day(echo.event.day)}: {echo.before} → {echo.after},"
        f" {echo.share:.1%})"
        for echo in found
        if not echo.births
    ]
    yield f"Without a topic: {'; '.join(silent)}."
    of_events = {birth.topic for echo in found for birth in echo.births}
    others = [
        f"{each.topic} *{each.label}* ({_day(each.day)})"
        for each in births
        if each.topic not in of_events
    ]
    with_topic = sum(bool(echo.births) for echo in found)
    yield (
        f"Of {len(found)} events {with_topic} have a topic born of them; of {len(births)} births"
        f" {len(births) - len(others)} are of an event, and not {'; '.join(others)}."
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _weeks(number: int) -> str:
    if number == 0:
        return "in its week"
    unit = "week" if abs(number) == 1 else "weeks"
    return f"{abs(number)} {unit} {'later' if number > 0 else 'before'}"


def shares_by_month(
    leading: Integers, month: Integers, topics: Sequence[int]
) -> Mapping[str, Floats]:
    """Return share, lower and upper bound (n_topics, n_months) of topics, months from 0.

    Months without posts have NaN.
    """
    place = {topic: number for number, topic in enumerate(topics)}
    rows = np.array([place.get(topic, -1) for topic in leading.tolist()], dtype=np.int64)
    table = topic_shares(rows, month, n_topics=len(topics))
    topic, period = (table[name].to_numpy() for name in ("topic", "period"))
    shares = {}
    for name in ("share", "lower", "upper"):
        shares[name] = np.full((len(topics), int(month.max()) + 1), np.nan)
        shares[name][topic, period] = table[name].to_numpy(zero_copy_only=False)
    return shares


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a topic's share between two times: in all, by the mix of communities, within them.

    `within_error` is the standard error of `within`, of posts that are independent; `rising` and
    `falling` count communities with `LEAST_POSTS` posts both times.
    """

    early: float
    late: float
    by_mix: float
    within: float
    within_error: float
    rising: int
    falling: int


def decompose(
    led: NDArray[np.bool_], community: Integers, late: NDArray[np.bool_], early: NDArray[np.bool_]
) -> Change:
    """Return how a share changed, and how much of that the communities' weights make.

    A community that one of the times lacks has its own share from the other.
    """
    n = int(community.max()) + 1
    posts = np.array([np.bincount(community[each], minlength=n) for each in (early, late)])
    with_topic = np.array(
        [np.bincount(community[each & led], minlength=n) for each in (early, late)]
    )
    rates = np.divide(with_topic, posts, out=np.full((2, n), np.nan), where=posts > 0)
    rates = np.nan_to_num(np.where(np.isnan(rates), rates[::-1], rates))
    weights = posts / posts.sum(axis=1, keepdims=True)
    mean_weight = weights.mean(axis=0)
    mix = float(((weights[1] - weights[0]) * rates.mean(axis=0)).sum())
    shares = (weights * rates).sum(axis=1)
    variance = (rates * (1 - rates) / np.maximum(posts, 1)).sum(axis=0)
    counted = (posts >= LEAST_POSTS).all(axis=0)
    return Change(
        early=float(shares[0]),
        late=float(shares[1]),
        by_mix=mix,
        within=float((mean_weight * (rates[1] - rates[0])).sum()),
        within_error=float(np.sqrt((mean_weight**2 * variance).sum())),
        rising=int((counted & (rates[1] > rates[0])).sum()),
        falling=int((counted & (rates[1] < rates[0])).sum()),
    )


def posts_by_year(label: Integers, year: Integers, *, n_labels: int) -> Integers:
    """Return posts (n_labels, n_years) of each community in each year from the first on."""
    n_years = int(year.max()) + 1
    return np.bincount(label * n_years + year, minlength=n_labels * n_years).reshape(-1, n_years)
