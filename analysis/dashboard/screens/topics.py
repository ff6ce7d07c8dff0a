"""Topics: what people talk about."""

from analysis.dashboard import sentences
from analysis.dashboard.calendar import day, period_name
from analysis.dashboard.figures import CommunityInfo, Figures, Row, TopicInfo
from analysis.dashboard.markup import Html, element
from analysis.dashboard.panels import Grid, Subject, panel
from analysis.dashboard.screens.frames import legend
from analysis.dashboard.screens.layout import community_key, screen

LEAD = "Share of counted posts whose leading topic it is."
WHAT_A_TOPIC_IS = (
    "A topic is a set of words that a model found together; its label is a name for them. "
    "Coherence says how well the words hang together: a property of the model, without interval."
)
GOES_WITH = 3


def topics_screen(figures: Figures, grid: Grid) -> Html:
    """Return the topics with words, life span, trend per community and the frames they go with."""
    if not figures.topics:
        return screen(figures, "topics", "What is talked about?", "No topics were published yet.")
    rows = (
        _topic_row(figures, topic, place, grid)
        for place, topic in enumerate(figures.topics, start=1)
    )
    return screen(
        figures,
        "topics",
        "What is talked about?",
        LEAD,
        element("p", WHAT_A_TOPIC_IS, class_="hint"),
        legend(figures, figures.topic_series.values()),
        *rows,
    )


def _topic_row(figures: Figures, topic: TopicInfo, place: int, grid: Grid) -> Html:
    panels = (
        _topic_panel(figures, topic, community, grid, f"t{place}-c{number}")
        for number, community in enumerate(figures.communities, start=1)
    )
    status = Html()
    if topic.retired_on:
        status = element("small", f"retired {day(topic.retired_on)}", class_="tag")
    return element(
        "article",
        element(
            "header",
            element("h3", topic.label, status),
            element("p", ", ".join(topic.terms), class_="terms"),
            element("p", _life(figures, topic)),
        ),
        element(
            "div",
            element("div", *panels, class_="panels"),
            _frames_beside(figures, topic),
        ),
        class_="row topic",
    )


def _topic_panel(
    figures: Figures, topic: TopicInfo, community: CommunityInfo, grid: Grid, anchor: str
) -> Html:
    subject = Subject(
        anchor=anchor,
        heading=community.name,
        sentence=f"{topic.label} in {community.name}",
        keys={"c": community_key(community)},
    )
    cells = figures.topic_series.get((topic.key, community.key), ())
    return panel(subject, cells, grid, breaks={})


def _life(figures: Figures, topic: TopicInfo) -> str:
    held = "few posts" if topic.n_posts is None else sentences.plural(topic.n_posts, "post")
    facts = [f"{held} since {day(topic.born_on)}"]
    if topic.coherence is not None:
        facts.append(f"coherence {topic.coherence:.2f}")
    model, number = topic.key
    facts += [
        f"{row['event']} {day(row['day'])}: {row['detail']}"
        for row in figures.table("topic_events")
        if (row["model"], row["topic_id"]) == (model, number)
    ]
    return "; ".join(facts) + "."


def _frames_beside(figures: Figures, topic: TopicInfo) -> Html:
    model, number = topic.key
    found = [
        row
        for row in figures.table("frame_topics")
        if (row["model"], row["topic_id"]) == (model, number)
        and row["period"] == figures.last_complete
        and None not in (row["share"], row["lower"], row["upper"])
    ]
    if not found or figures.last_complete is None:
        return Html()
    found.sort(key=lambda row: (-row["share"], row["frame"]))
    names = {f.key: f.name for f in figures.frames}
    shares = "; ".join(_share_of_frame(row, names) for row in found[:GOES_WITH])
    when = period_name(figures.last_complete, figures.about.bin)
    return element(
        "p",
        element("b", "Goes most with "),
        f"{shares} (shares of its posts in {when}).",
        class_="hint beside",
    )


def _share_of_frame(row: Row, names: dict[str, str]) -> str:
    between = sentences.interval(row["lower"], row["upper"])
    name = names.get(row["frame"], row["frame"])
    return f"{name} {sentences.percent(row['share'])} ({between})"
