"""The cell rules: which figure may be shown, and how coarsely.

A cell is the counted posts behind a figure: those of a community in a period, or of a topic. Its
values are withheld where

- fewer than 10 known people wrote it;
- one person wrote more than half of what known people wrote in it;
- the figure stands for 1 to 7 posts (share times posts, rounded); 0 may be shown, as in the rules
  for sub-national health counts.

A topic's share in a community is held to these rules twice: for the community's posts in the period
and, unless it is 0, for those of them that are about the topic. A change is withheld with the
figure or the cell in which it lies; a difference, with those of the period before, too. What is
said of a community, role or country over all periods, or of a period over all communities, is held
to the same rules for its posts and for those of them that are about the topic. Where one
topic alone of a community and period is withheld, the smallest other one is, too, or the rest of
the whole would tell it.

What is shown is coarse: counts are rounded to 5; shares and their bounds to 3 decimals from 400
posts on and to 2 below, so that a share and a rounded count do not give back an exact small number.
A withheld cell stays as a row of nulls, so that a gap is seen as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from warehouse.protection.allowed import PUBLIC
from warehouse.protection.cells import CELL, TOPIC, TOPIC_CELL

RULES_VERSION = 1
LEAST_AUTHORS = 10
LEAST_NUMERATOR = 8
COUNT_STEP = 5
FINE_SHARES_FROM = 400
WITHHELD = "withheld: "  # how a reason starts where a row tells it

FEW_AUTHORS = f"fewer_than_{LEAST_AUTHORS}_authors"
ONE_AUTHOR = "one_author_over_half"
SMALL_NUMERATOR = f"numerator_1_to_{LEAST_NUMERATOR - 1}"
TELLING = "would_tell_a_withheld_one"

Rule = tuple[str, str]  # SQL: a condition on a row, and the reason where it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one table of figures is held to the rules.

    `cells` joins the cells to `figure`, the rows; `rules` are checked in their order; `n_posts`
    decides how fine shares are; `whole` names what the rows are parts of. Columns that are not
    named keep their values in a withheld row; `said` is the one that then tells why.
    """

    cells: str
    rules: tuple[Rule, ...]
    shares: tuple[str, ...]
    counts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    said: str | None = None
    n_posts: str = "figure.n_posts"
    whole: str | None = None


def _few(cell: str) -> Rule:
    return f"coalesce({cell}.persons, 0) < {LEAST_AUTHORS}", f"'{FEW_AUTHORS}'"


def _dominated(cell: str) -> Rule:
    return f"2 * {cell}.most > {cell}.known", f"'{ONE_AUTHOR}'"


def _small(share: str) -> Rule:
    # Of the posts as they are now, too: some may have gone since the figure was made.
    numerators = (f"round(figure.{share} * {n})" for n in ("figure.n_posts", "cell.n"))
    few = (f"{numerator} BETWEEN 1 AND {LEAST_NUMERATOR - 1}" for numerator in numerators)
    return " OR ".join(few), f"'{SMALL_NUMERATOR}'"


def _if_any(rule: Rule, *, share: str = "share") -> Rule:
    condition, reason = rule
    return f"round(figure.{share} * figure.n_posts) > 0 AND {condition}", reason


def _same_level(cells: str) -> str:
    """Return the SQL that joins cells of levels to figures, of which most have no period."""
    same = (f"{cells}.{key} = figure.{key}" for key in ("term", "source", "community", "level"))
    period = f"{cells}.period IS NOT DISTINCT FROM figure.period"
    return " AND ".join([*same, period, f"{cells}.bin IN ('', figure.bin)"])


def _verdict(rules: tuple[Rule, ...]) -> str:
    cases = " ".join(f"WHEN {condition} THEN {reason}" for condition, reason in rules)
    return f"CASE {cases} END"


FIGURES: Mapping[str, Figures] = MappingProxyType(
    {
        "frame_prevalence": Figures(
            cells=f"LEFT JOIN gate_cells AS cell USING ({CELL})",
            rules=(_few("cell"), _dominated("cell"), _small("estimate")),
            shares=("estimate", "lower", "upper", "band_lower", "band_upper"),
            counts=("n_posts", "n_coded", "effective_n"),
            others=("q_value", "borrowed"),
            said="refused_because",
        ),
        "topic_trends": Figures(
            cells=f"""
            LEFT JOIN gate_cells AS cell USING ({CELL})
            LEFT JOIN gate_topic_cells AS topic USING ({TOPIC_CELL})
            """,
            rules=(
                _few("cell"),
                _dominated("cell"),
                _small("share"),
                _if_any(_few("topic")),
                _if_any(_dominated("topic")),
            ),
            shares=("share", "lower", "upper"),
            counts=("n_posts",),
            whole=f"model, {CELL}",
        ),
        "topic_effects": Figures(
            cells=f"""
            LEFT JOIN gate_level_cells AS cell ON {_same_level("cell")}
            LEFT JOIN gate_topic_level_cells AS topic ON {_same_level("topic")}
                AND topic.model = figure.model AND topic.topic_id = figure.topic_id
            """,
            rules=(
                _few("cell"),
                _dominated("cell"),
                _small("estimate"),
                _if_any(_few("topic"), share="estimate"),
                _if_any(_dominated("topic"), share="estimate"),
            ),
            shares=(
                *("estimate", "lower", "upper", "band_lower", "band_upper"),
                *("difference", "difference_lower", "difference_upper"),
            ),
            counts=("n_posts", "n_authors"),
            others=("q_value", "share_seen", "share_complete"),
            said="refused_because",
            whole="model, term, source, community, level, period",
        ),
        "frame_topics": Figures(
            cells=f"LEFT JOIN gate_topic_totals AS cell USING ({TOPIC})",
            rules=(_few("cell"), _dominated("cell"), _small("share")),
            shares=("share", "lower", "upper"),
            counts=("n_posts",),
        ),
        "changes": Figures(
            cells="JOIN gate_told AS told USING (row)",
            rules=(
                ("coalesce(figure.estimate, figure.lower, figure.upper) IS NULL", "NULL"),
                ("told.reason IS NOT NULL", "told.reason"),
            ),
            shares=("estimate", "lower", "upper"),
            others=("q_value",),
            said="reason",
            n_posts="told.n",
        ),
    }
)

_MONTHS = "CASE bin WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END"
_BEFORE = f"CASE bin WHEN 'week' THEN period - 7 ELSE (period - to_months({_MONTHS}))::DATE END"
EVENT_SPAN = 3
"""Periods before and after an event whose shares its difference is made of."""
_BESIDE = f"""
list_transform(
    list_filter(range(-{EVENT_SPAN}, {EVENT_SPAN} + 1), lambda k: k <> 0),
    lambda k: CASE bin WHEN 'week' THEN period + (7 * k)::INTEGER
                       ELSE (period + to_months(({_MONTHS} * k)::INTEGER))::DATE END)
"""

# One verdict a change, from every cell and figure that it tells of.
TELL_CHANGES = f"""
CREATE TEMP TABLE gate_told AS
WITH spot AS (
    SELECT rowid AS row, source, community, bin, frame, topic_id,
           unnest(CASE kind WHEN 'difference' THEN [period, {_BEFORE}]
                            WHEN 'event' THEN {_BESIDE} ELSE [period] END) AS period
    FROM changes
), judged AS (
    SELECT {CELL}, frame, NULL AS topic_id, withheld FROM gate_frame_prevalence
    UNION ALL BY NAME
    SELECT {CELL}, NULL AS frame, topic_id, withheld FROM gate_topic_trends
), verdict AS (
    SELECT row, n, {_verdict((_few("cell"), _dominated("cell")))} AS reason
    FROM spot LEFT JOIN gate_cells AS cell USING ({CELL})
    UNION ALL
    SELECT row, NULL, withheld FROM spot JOIN judged USING ({CELL})
    WHERE spot.frame = judged.frame OR spot.topic_id = judged.topic_id
)
SELECT row, min(n) AS n, min(reason) AS reason FROM verdict GROUP BY row
"""


def judged(table: str) -> str:
    """Return the SQL of a table of figures as it may be shown, then `withheld` and `left_out`.

    It reads `figure`: the rows to be judged, their number as `row`, and why one is `left_out`.
    """
    rules = FIGURES[table]
    columns = ", ".join(_shown(column, rules) for column in PUBLIC[table].public)
    rows = f"""
    SELECT figure.*, {rules.n_posts} AS n_behind, {_verdict(rules.rules)} AS withheld
    FROM figure {rules.cells}
    """
    if rules.whole:
        rows = _without_telling_parts(rows, rules.whole, rules.shares[0])
    return f"SELECT {columns}, withheld, left_out FROM ({rows})"


def _without_telling_parts(rows: str, whole: str, share: str) -> str:
    """Withhold the smallest shown part of each whole of which exactly one part is withheld."""
    some = f"round({share} * n_posts) > 0"
    return f"""
    SELECT * REPLACE (CASE WHEN n_withheld = 1 AND withheld IS NULL AND {some} AND place = 1
                           THEN '{TELLING}' ELSE withheld END AS withheld)
    FROM (
        SELECT *, count(withheld) FILTER ({some}) OVER (PARTITION BY {whole}) AS n_withheld,
               row_number() OVER (
                   PARTITION BY {whole}, withheld IS NULL AND {some} ORDER BY {share}, topic_id
               ) AS place
        FROM ({rows})
    )
    """


def _shown(column: str, rules: Figures) -> str:
    share = rules.shares[0]
    if column in rules.shares:  # without a share there was nothing to judge bounds by
        rounded = (
            f"CASE WHEN {share} IS NULL THEN NULL"
            f" WHEN n_behind >= {FINE_SHARES_FROM} THEN round({column}, 3)"
            f" ELSE round({column}, 2) END"
        )
    elif column in rules.counts:
        rounded = f"round({column} / {COUNT_STEP}) * {COUNT_STEP}"
        rounded = rounded if column == "effective_n" else f"({rounded})::BIGINT"
    elif column in rules.others:
        rounded = f"round({column}, 3)"
    elif column == rules.said:
        told = f"'{WITHHELD}' || withheld"
        return (
            f"CASE WHEN withheld IS NULL OR ({share} IS NULL AND {column} IS NOT NULL)"
            f" THEN {column} ELSE {told} END AS {column}"
        )
    else:
        return column
    return f"CASE WHEN withheld IS NULL THEN {rounded} END AS {column}"
