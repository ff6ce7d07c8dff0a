"""From plans to SQL over the token tables.

The statement is a chain of small tables. The first has the anchor's places; each step moves every
row over one part of the pattern, to the right of the anchor and then to the left. A word that is
named is an equal join of positions, one that is left out an anti-join, and a gap arithmetic:
nothing ranges over the stream. Where ways meet at one place, only the best end is kept, which is
what the strategies choose among: the nearest, or for `longest` the farthest.

Which post a match lies in is looked up at the end, when few are left: where the nearest end is
beyond the post, so are all others. The farthest end is another matter, so that `longest` gives
each anchor the bounds of its post at the beginning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from warehouse.corpus.cql.plan import Plan
from warehouse.corpus.cql.tree import (
    Chain,
    Choice,
    Condition,
    Pattern,
    Plain,
    Repeat,
    Strategy,
    Token,
)
from warehouse.corpus.cql.words import Words

MOST_STEPS = 400
"""How many steps a statement may have; repeated groups are written out."""

MOST_VISITED = 500_000_000
"""How many places a step may visit one after the other, which bounds the time (some 20 s)."""

MOST_HELD = 15_000_000
"""How many places a step may hold at once, which bounds the memory (some 1.5 GB)."""

_INLINED = "NOT MATERIALIZED"
_FAR = 2**61  # beyond every position, and small enough to be added to one


class QueryTooLarge(ValueError):
    """A query would take too many steps, or visit or hold too many places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many posts and tokens a corpus has, and how many tokens its longest post."""

    posts: int
    tokens: int
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A step's table: at most `n` rows at `places` positions, of which `each` stand at one.

    In a `reduced` table no row could stand for another.
    """

    name: str
    n: int
    places: int
    each: int = 1
    reduced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """How to move over tokens: SQL on a row `k` and a place `p` of a word ahead.

    The position of a row is that of the next token on the way right, and that of the last token
    on the way left.
    """

    kept: str  # the other columns of a row
    at: str  # where the next token would stand
    moved: str  # the position after {o} tokens
    room: str  # tokens left in the post
    ahead: str  # the place of the {o}th token
    run: str  # the last place of a run of words
    along: str  # tokens of the run from place `p` on
    best: str  # the rows that stand for others
    leftwards: bool


def _right() -> _Direction:
    return _Direction(
        kept="start, lo, hi",
        at="k.g",
        moved="k.g + {o}",
        room="k.hi - k.g",
        ahead="k.g + {o} - 1",
        run="max",
        along="p.last - p.g + 1",
        best="SELECT DISTINCT g, start, lo, hi FROM {rows}",
        leftwards=False,
    )


def _left(best_end: str) -> _Direction:
    return _Direction(
        kept="stop, lo",
        at="k.g - 1",
        moved="k.g - {o}",
        room="k.g - k.lo",
        ahead="k.g - {o}",
        run="min",
        along="p.g - p.last + 1",
        best=f"SELECT g, {best_end}(stop) AS stop, any_value(lo) AS lo FROM {{rows}} GROUP BY g",
        leftwards=True,
    )


# A match lies in another where it begins no earlier and ends no later.
_CHOSEN: Mapping[Strategy, str] = {
    "traditional": "FROM inside",
    "standard": "SELECT min(g) AS g, stop, any_value(lo) AS lo FROM inside GROUP BY stop",
    "shortest": (
        "FROM inside QUALIFY coalesce(stop < min(stop) OVER (ORDER BY g"
        " ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), true)"
    ),
    "longest": (
        "FROM inside QUALIFY coalesce(stop > max(stop) OVER (ORDER BY g"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)"
    ),
}


def inside_posts(rows: str, posts: str) -> str:
    """Return the SQL of the rows that lie in a post, with its bounds: g, stop, lo and hi.

    Posts and rows are sorted together, and each row has the bounds of the last post before it.
    DuckDB's ASOF join does the same faster, but where it expects few rows it compares every row
    with every post, and it cannot foresee how often a word stands.

    Parameters
    ----------
    rows : str
        SQL query of g (the first token) and stop (the position after the last).
    posts : str
        SQL query whose column `post_id` holds the posts that count.
    """
    return f"""
    SELECT g, stop, lo, hi FROM (
        SELECT g, stop, max(lo) OVER line AS lo, max(hi) OVER line AS hi
        FROM (
            SELECT first_g AS g, NULL AS stop, first_g AS lo, first_g + n_tokens AS hi
            FROM token_posts WHERE n_tokens > 0 AND post_id IN (SELECT post_id FROM (
            {posts}
            ))
            UNION ALL SELECT g, stop, NULL AS lo, NULL AS hi FROM ({rows})
        )
        WINDOW line AS (ORDER BY g, stop NULLS FIRST ROWS UNBOUNDED PRECEDING)
    )
    WHERE stop <= hi"""


def hits_among(matches: str, *, posts: str, strategy: Strategy) -> str:
    """Return the SQL of the hits among matches: post_id, first_g, n_tokens, position in the post.

    Parameters
    ----------
    matches : str
        SQL query of g (the first token) and stop (the position after the last).
    posts : str
        SQL query whose column `post_id` holds the posts that count.
    strategy : {"standard", "shortest", "longest", "traditional"}
        Which matches count.
    """
    return f"""
WITH inside AS ({inside_posts(matches, posts)}
)
SELECT post_id, g AS first_g, (stop - g)::INTEGER AS n_tokens, (g - lo)::INTEGER AS position
FROM ({_CHOSEN[strategy]}) JOIN token_posts ON first_g = lo AND token_posts.n_tokens > 0
""".strip()


class Compiler:
    """Writes the statement.

    Parameters
    ----------
    words : mapping
        The words of every condition.
    strategy : {"standard", "shortest", "longest", "traditional"}
        Which matches count.
    posts : str
        SQL query whose column `post_id` holds the posts that count.
    extent : Extent
        How large the corpus is, from which the work is estimated.
    """

    def __init__(
        self,
        words: Mapping[Condition, Words],
        *,
        strategy: Strategy,
        posts: str,
        extent: Extent,
    ) -> None:
        self._words = words
        self._best_end = "max" if strategy == "longest" else "min"
        self._posts = posts
        self._extent = extent
        self._written: list[str] = []
        self._way = _right()
        self._n_begun = 0

    def matches(self, plans: Sequence[Plan]) -> str:
        """Return the SQL of g (the first token) and stop (the position after the last) of matches.

        There is one match a beginning; some may leave their post.

        Parameters
        ----------
        plans : sequence of Plan
            They find every match together.

        Raises
        ------
        QueryTooLarge
            If it would take more than `MOST_STEPS`, `MOST_VISITED` or `MOST_HELD` allow.
        """
        matches = self._best(self._union([self._walked(plan) for plan in plans]))
        tables = ",\n".join(self._written)
        return f"WITH {tables}\nSELECT g, stop FROM {matches.name}"

    def _walked(self, plan: Plan) -> _Table:
        """Return the table of a plan's matches: g, stop and lo."""
        anchors = self._anchors(plan.anchor)
        select = f"SELECT g, g + 1 AS stop, lo FROM {anchors}"
        if plan.after:
            self._way = _right()
            select = f"SELECT g + 1 AS g, g AS start, lo, hi FROM {anchors}"
            reached = self._over_all(plan.after, self._begun(select, plan.n))
            self._check(reached.n, MOST_HELD, "hold")
            select = (
                f"SELECT start AS g, {self._best_end}(g) AS stop, any_value(lo) AS lo"
                f" FROM {reached.name} GROUP BY start"
            )
        self._way = _left(self._best_end)
        return self._over_all(plan.before, self._begun(select, plan.n))

    def _anchors(self, condition: Condition) -> str:
        """Return the table of an anchor's places with the bounds of its post, or of everything."""
        places = self._places(condition)
        if self._best_end == "max":
            rows = f"SELECT g, g + 1 AS stop FROM {places}"
            return self._write(inside_posts(rows, self._posts))
        return self._write(f"SELECT g, {-_FAR} AS lo, {_FAR} AS hi FROM {places}")

    def _begun(self, select: str, n: int) -> _Table:
        self._n_begun = n
        self._check(n, MOST_HELD, "hold")
        return _Table(name=self._write(select), n=n, places=n, reduced=True)

    def _over_all(self, parts: Sequence[Pattern], table: _Table) -> _Table:
        for part in reversed(parts) if self._way.leftwards else parts:
            table = self._over(part, table)
        return table

    def _over(self, pattern: Pattern, table: _Table) -> _Table:
        """Return the table of where the rows of `table` can be after a pattern."""
        match pattern:
            case Token(condition=condition):
                return self._over_token(condition, table)
            case Chain(parts=parts):
                return self._over_all(parts, table)
            case Choice(branches=branches):
                shared = self._best(table, form="MATERIALIZED")
                return self._union([self._over(branch, shared) for branch in branches])
            case Repeat(part=Token(condition=condition), least=least, most=most):
                return self._over_run(condition, least, most, table)
            case Repeat(part=part, least=least, most=most):
                return self._over_repeats(part, least, most, table)
            case Plain():
                raise TypeError("plain words are to be cut before")

    def _over_token(self, condition: Condition | None, table: _Table) -> _Table:
        way = self._way
        join, n, places = "", table.n, table.places
        if condition is not None:
            words = self._words[condition]
            kind = "ANTI JOIN" if words.left_out else "JOIN"
            join = f"{kind} {self._places(condition)} AS p ON p.g = {way.at}"
            places = places if words.left_out else min(places, words.n)
            n = min(n, places * table.each)
        name = self._write(
            f"SELECT {way.moved.format(o=1)} AS g, {way.kept} FROM {table.name} AS k {join}"
            f" WHERE {way.room} > 0"
        )
        return replace(table, name=name, n=n, places=places)

    def _over_run(
        self, condition: Condition | None, least: int, most: int, table: _Table
    ) -> _Table:
        """Move over `least` to `most` tokens of one kind: as many as stand there in a row."""
        words = None if condition is None else self._words[condition]
        form = "MATERIALIZED" if words is not None and words.left_out else _INLINED
        table = self._best(table, form=form)
        join, free = self._ahead(condition, most, table)
        counted = (
            f"SELECT k.*, unnest(range({least}, least({most}, {free}) + 1)) AS o"
            f" FROM {table.name} AS k {join}"
        )
        ways = min(most - least, self._extent.longest) + 1
        self._check(table.n * ways, MOST_VISITED, "visit")
        moved = self._way.moved.format(o="o")
        name = self._write(f"SELECT {moved} AS g, {self._way.kept} FROM ({counted}) AS k")
        each, reduced = table.each * ways, table.reduced and ways == 1
        n, places = table.n * ways, table.places * ways
        if words is not None and not words.left_out:
            stayed = int(least == 0)
            n = min(n, stayed * table.n + words.n * each)
            places = min(places, stayed * table.places + words.n)
        return _Table(name=name, n=n, places=places, each=each, reduced=reduced)

    def _ahead(self, condition: Condition | None, most: int, table: _Table) -> tuple[str, str]:
        """Return the join and the expression of how many tokens of one kind stand ahead."""
        way = self._way
        if condition is None:
            return "", way.room
        if self._words[condition].left_out:
            join = f"LEFT JOIN {self._stops(condition, most, table)} AS p ON p.g = k.g"
            return join, f"least({way.room}, coalesce(p.o - 1, {way.room}))"
        if most == 1:
            join = f"LEFT JOIN {self._places(condition)} AS p ON p.g = {way.at}"
            return join, f"CASE WHEN p.g IS NULL THEN 0 ELSE {way.room} END"
        join = f"LEFT JOIN {self._runs(condition)} AS p ON p.g = {way.at}"
        return join, f"least({way.room}, coalesce({way.along}, 0))"

    def _over_repeats(self, part: Pattern, least: int, most: int, table: _Table) -> _Table:
        """Move over a group `least` to `most` times, each time written out."""
        reached = self._best(table, form="MATERIALIZED")
        ends = [reached] if least == 0 else []
        for time in range(1, max(min(most, self._extent.longest), least) + 1):
            reached = self._best(self._over(part, reached), form="MATERIALIZED")
            if time >= least:
                ends.append(reached)
        return self._union(ends)

    def _union(self, tables: Sequence[_Table]) -> _Table:
        if len(tables) == 1:
            return tables[0]
        return _Table(
            name=self._write(" UNION ALL ".join(f"FROM {table.name}" for table in tables)),
            n=sum(table.n for table in tables),
            places=sum(table.places for table in tables),
            each=sum(table.each for table in tables),
        )

    def _best(self, table: _Table, *, form: str = _INLINED) -> _Table:
        """Return a table without the rows for which others stand."""
        if form == _INLINED and table.reduced:
            return table
        within = self._extent.longest + 1
        leftwards = self._way.leftwards
        places = min(table.places, self._extent.tokens)
        n = min(table.n, places if leftwards else self._n_begun * within)
        each = 1 if leftwards else min(table.each, within)
        self._check(n, MOST_HELD, "hold")
        name = self._write(self._way.best.format(rows=table.name), form=form)
        return replace(table, name=name, n=n, places=places, each=each, reduced=True)

    def _places(self, condition: Condition) -> str:
        return f"(SELECT g FROM token_places WHERE {self._words[condition].rows})"

    def _stops(self, condition: Condition, most: int, table: _Table) -> str:
        """Return the positions of a table with the first token, of `most`, that is left out."""
        self._check(table.n * min(most, self._extent.longest), MOST_VISITED, "visit")
        ahead = self._way.ahead.format(o="o")
        begun = f"SELECT DISTINCT g FROM {table.name}"
        tokens = f"SELECT g, unnest(range(1, {most + 1})) AS o FROM ({begun})"
        return self._write(
            f"SELECT k.g, min(o) AS o FROM (SELECT k.g, o, {ahead} AS at FROM ({tokens}) AS k) AS k"
            f" JOIN {self._places(condition)} AS p ON p.g = k.at GROUP BY k.g"
        )

    def _runs(self, condition: Condition) -> str:
        """Return places of a word with the last place of the run that each belongs to."""
        numbered = (
            "SELECT g, g - row_number() OVER (ORDER BY g) AS run"
            f" FROM token_places WHERE {self._words[condition].rows}"
        )
        last = f"{self._way.run}(g) OVER (PARTITION BY run)"
        return f"(SELECT g, {last} AS last FROM ({numbered}))"

    def _write(self, select: str, *, form: str = _INLINED) -> str:
        """Add a table to the statement and return its name."""
        if len(self._written) >= MOST_STEPS:
            raise QueryTooLarge(
                f"it takes more than {MOST_STEPS} steps when its repeated groups are written out;"
                " repeat them less often"
            )
        name = f"t{len(self._written) + 1}"
        self._written.append(f"{name} AS {form} (\n  {select}\n)")
        return name

    def _check(self, n: int, most: int, what: str) -> None:
        if n > most:
            raise QueryTooLarge(
                f"it may have to {what} {n / 1e6:,.0f} million places, of {most / 1e6:,.0f} million"
                " at most; make its gaps narrower, or name rarer words"
            )
