"""A controlled release as a corpus: what a researcher asks of it from Python.

The commands of `valuetalk` call the same methods. All answers are Arrow tables with raw counts
beside every statistic; `.to_pandas()` and `polars.from_arrow` take them on. The module behind each
method says which source its statistic comes from.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from analysis.corpus.bundles import OURS, BundleRule
from flows.corpus import company, contrast, nodes, sequences
from flows.corpus.mentions import masked, refuse_person
from flows.corpus.selecting import Posts, counting_alike, narrowed, posts_of
from flows.corpus.spread import spread
from flows.corpus.subcorpora import (
    Subcorpus,
    find_subcorpus,
    load_subcorpus,
    read_subcorpora,
    released_subcorpora,
)
from flows.corpus.timeline import Bin, Timeline, timeline
from flows.released import DATABASE_NAME, connect_released
from warehouse.corpus import conversation, copies, cql, sizes, texts, vocabulary
from warehouse.corpus.population import Population, population_posts
from warehouse.home import Home

if TYPE_CHECKING:
    import duckdb

Days = tuple[date | str, date | str]
"""The first day, and the first day after the last."""


class Corpus:
    """An opened release; a context manager that closes it.

    The release is read only, and goes on being read as it was opened when a night publishes the
    next one.

    Examples
    --------
    >>> with Corpus.open("valuetalk-home") as corpus:  # doctest: +SKIP
    ...     lines = corpus.kwic("recovery", within="country = 'GB'")
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, home: Home | None = None) -> None:
        self.connection = connection
        self._home = home

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Open the release of a study.

        Parameters
        ----------
        place : str or Path
            The study's home, a folder that holds `discourse.duckdb`, or that file itself.

        Raises
        ------
        NotReleased
            If there is no release.
        WarehouseError
            If the file cannot be opened.
        """
        path = Path(place).expanduser().absolute()
        home = Home(path)
        if path.is_file() or (path / DATABASE_NAME).is_file():
            return cls(connect_released(path if path.is_file() else path / DATABASE_NAME))
        return cls(connect_released(home.controlled / DATABASE_NAME), home=home)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the release; a question that still runs, as after Ctrl-C, is ended."""
        self.connection.interrupt()  # closing waits for what runs, however long that takes
        self.connection.close()

    # Which posts

    def population(
        self,
        where: str = "",
        *,
        saved: str | None = None,
        duplicates: bool = False,
        automated: bool = False,
    ) -> Population:
        """Return a selection of posts, for the `within` of every other method.

        Parameters
        ----------
        where : str
            An SQL condition over a post and its community, such as ``role = 'carers' AND year =
            2024``; the names that it may use are in `warehouse.corpus.population`.
        saved : str, optional
            A saved sub-corpus; with a condition, both hold.
        duplicates : bool
            Count copies of earlier posts too.
        automated : bool
            Count posts that programs wrote too.

        Raises
        ------
        SubcorpusError
            If no sub-corpus has that name.
        PersonRefused, PopulationRefused
            If the condition names a pseudonym, or cannot be read.
        """
        population = Population(
            where=where, include_duplicates=duplicates, include_automated=automated
        )
        if saved is not None:
            population = narrowed(population, self.subcorpus(saved).definition)
        population_posts(self.connection, posts_of(population))
        return population

    def subcorpora(self) -> dict[str, Subcorpus]:
        """Return the saved sub-corpora by name: those of the home, or those that were released."""
        if self._home is not None:
            return read_subcorpora(self._home)
        return released_subcorpora(self.connection)

    def subcorpus(self, name: str) -> Subcorpus:
        """Return one of them; raises `SubcorpusError` where there is none of that name."""
        if self._home is not None:
            return load_subcorpus(self._home, name)
        return find_subcorpus(released_subcorpora(self.connection), name)

    def sizes(self, within: Posts = "") -> pa.Table:
        """Return one row: posts, words, authors, threads, communities, first and last post."""
        return sizes.population_sizes(self.connection, posts_of(within))

    def left_out(self, within: Posts = "") -> pa.Table:
        """Return posts that fulfil the condition and do not count: reason, n_posts, n_words."""
        return sizes.left_out(self.connection, posts_of(within))

    # Words in their context

    def count(self, node: str, *, within: Posts = "") -> pa.Table:
        """Return one row: hits and posts that have any, each text once and with duplicates."""
        return nodes.count_hits(self.connection, node, posts_of(within))

    def near_spellings(self, word: str) -> list[str]:
        """Return words of the corpus that are written almost like one."""
        return vocabulary.near_spellings(self.connection, word)

    def kwic(
        self,
        node: str,
        *,
        width: int = 8,
        lines: int = 100,
        seed: int = 0,
        sort: str = "place",
        spread: Bin | None = None,
        within: Posts = "",
    ) -> pa.Table:
        """Return hits with the words left and right of them (keyword in context).

        Parameters
        ----------
        node : str
            A word, a pattern of one with ``*`` and ``?``, or a query of several words.
        width : int
            Most words on each side.
        lines : int
            Most lines, drawn at random among all hits by `seed`.
        sort : str
            "place", "time", "random", or words beside the node such as "1R,2R,1L".
        spread : {"week", "month", "year"}, optional
            Deal the lines over communities and periods of this length, first one of each, then a
            second, in place of drawing them where most is written; "place" is the order dealt.
        within : str or Population
            The posts asked about.

        Returns
        -------
        pyarrow.Table
            post_id, source, community, created_at, left_context, node, right_context; of lines
            that are spread, thread_id, period and n_hits of the community and period too.
        """
        found = nodes.node_lines(
            self.connection,
            node,
            posts_of(within),
            width=width,
            lines=lines,
            seed=seed,
            sort=sort,
            spread=spread,
        )
        return masked(found)

    def query(self, query: str, *, within: Posts = "") -> pa.Table:
        """Return every hit of a query as numbers: post_id, first_g, n_tokens."""
        refuse_person(query)
        return cql.find(self.connection, query, population=posts_of(within))

    def sample(self, node: str, *, posts: int = 10, seed: int = 0, within: Posts = "") -> pa.Table:
        """Return whole posts that have a node, for close reading, drawn by `seed`.

        Every post that has the node is as likely; those of a larger sample begin with these.

        Returns
        -------
        pyarrow.Table
            post_id, thread_id, source, community, created_at, kind, title, text.
        """
        hits = nodes.node_hits(self.connection, node, posts_of(within))
        post_ids = hits.column("post_id").unique().to_numpy(zero_copy_only=False)
        return masked(texts.sample_posts(self.connection, post_ids, n=posts, seed=seed))

    def thread(self, thread_id: int) -> pa.Table:
        """Return a whole conversation in reading order, who wrote as letters from A.

        Returns
        -------
        pyarrow.Table
            post_id, parent_id, depth, kind, created_at, voice, title, text.
        """
        return conversation.thread(self.connection, thread_id)

    def thread_of(self, post_id: int) -> int | None:
        """Return the conversation in which a post stands; None where there is no such post."""
        return texts.thread_of(self.connection, post_id)

    def duplicates(self, *, by: copies.Order = "posts", least: int = 2, most: int = 20) -> pa.Table:
        """Return families of near-duplicates in counts (`warehouse.corpus.copies`)."""
        return copies.largest_families(self.connection, by=by, least=least, most=most)

    # The company of words

    def collocates(
        self,
        node: str,
        *,
        span: int = 5,
        side: company.Side = "both",
        least: int = 5,
        order: company.Association = "log_dice",
        within: Posts = "",
    ) -> pa.Table:
        """Return the words that stand near a node more than elsewhere.

        Parameters
        ----------
        node : str
            As for `kwic`.
        span : int
            Words on each side that is looked at.
        side : {"both", "left", "right"}
        least : int
            Places near the node that a word needs.
        order : {"log_dice", "mi3", "log_likelihood", "n_near"}
            `analysis.corpus.association` has their sources.
        within : str or Population

        Returns
        -------
        pyarrow.Table
            word, n_near, n_posts, n, expected, log_dice, mi3, log_likelihood.
        """
        return company.company(
            self.connection,
            node,
            posts_of(within),
            span=span,
            side=side,
            least=least,
            order=order,
        )

    def shift(
        self,
        node: str,
        earlier: Days,
        later: Days,
        *,
        span: int = 5,
        side: company.Side = "both",
        least: int = 5,
        confidence: float = 0.95,
        within: Posts = "",
    ) -> pa.Table:
        """Return the collocates that come to a node or leave it between two times.

        Parameters
        ----------
        node : str
            As for `kwic`.
        earlier, later : pairs of days
            The first day of each time, and the first after it.
        span, side, within
            As for `collocates`.
        least : int
            Places near the node, in both times together, that a word needs.
        confidence : float
            Of the bounds, which hold by author and thread (`analysis.corpus.shift`).

        Returns
        -------
        pyarrow.Table
            word, n_near_earlier, n_posts_earlier, n_near_later, n_posts_later, log_dice_earlier,
            log_dice_later, log_dice_change, log_ratio, lower, upper, p_value, q_value.

        Raises
        ------
        ValueError
            If a time has no days or they overlap.
        """
        return company.shift(
            self.connection,
            node,
            posts_of(within),
            times=company.times(earlier, later),
            span=span,
            side=side,
            least=least,
            confidence=confidence,
        )

    def keyness(
        self,
        target: Posts,
        reference: Posts | None = None,
        *,
        within: Posts = "",
        least: int = 5,
        words: int = 50,
        order: contrast.Order = "log_likelihood",
        side: contrast.Side = "target",
        draws: int = 999,
        seed: int = 0,
        confidence: float = 0.95,
    ) -> pa.Table:
        """Return the words that one selection of posts uses more than another.

        Parameters
        ----------
        target : str or Population
        reference : str or Population, optional
            What it is compared with; by default the rest of `within`. Copies, and posts of
            programs, count on both sides if any of the three counts them.
        within : str or Population
            What both sides are taken from.
        least : int
            Occurrences on both sides together that a word needs.
        words : int
            How many words come out.
        order : {"log_likelihood", "log_ratio", "z"}
            `analysis.corpus.keyness` has their sources.
        side : {"target", "reference", "both"}
            Whose words: those that the target uses more, the reference, or both.
        draws : int
            Draws of the bootstrap by author and thread; 0 for bounds in closed form
            (`analysis.corpus.resampling`, `analysis.corpus.clustered`).
        seed : int
            Names the draws.
        confidence : float
            Of the bounds.

        Returns
        -------
        pyarrow.Table
            word, n_target, n_posts_target, n_reference, n_posts_reference, log_likelihood, q_value,
            log_ratio, log_odds, z, per_million_target, per_million_reference; lower and upper
            bounds of the log ratio, and q_clustered, which hold by author and thread.

        Raises
        ------
        ContrastRefused
            If a post is on both sides, or a side has no words.
        """
        rest_of = counting_alike(posts_of(within), target, reference)
        return contrast.contrast(
            self.connection,
            narrowed(rest_of, posts_of(target).where),
            None if reference is None else narrowed(rest_of, posts_of(reference).where),
            rest_of=rest_of,
            wanted=contrast.Wanted(
                least=least,
                words=words,
                order=order,
                side=side,
                n_draws=draws,
                seed=seed,
                confidence=confidence,
            ),
        )

    # Time and spread

    def trend(
        self,
        node: str,
        *,
        bin: Bin = "month",  # noqa: A002  the name that settings and tables give it
        confidence: float = 0.95,
        within: Posts = "",
    ) -> pa.Table:
        """Return how often a node stands in each period.

        Parameters
        ----------
        node : str
            As for `kwic`.
        bin : {"week", "month", "year"}
        confidence : float
            Of the bounds, which hold by author and thread (`analysis.corpus.trend`).
        within : str or Population

        Returns
        -------
        pyarrow.Table
            period, n, n_tokens, per_million, lower, upper, n_posts_with, n_posts, share_complete
            and gaps (how much was harvested; null for archives). A period without tokens, or of
            one author alone, has no figure.
        """
        return self.timeline(node, bin=bin, confidence=confidence, within=within).periods

    def timeline(
        self,
        node: str,
        *,
        bin: Bin = "month",  # noqa: A002  the name that settings and tables give it
        confidence: float = 0.95,
        within: Posts = "",
    ) -> Timeline:
        """Return the periods of `trend`, and one row with the change over all of them.

        The `change` has ratio_per_period, lower, upper and p_value.
        """
        return timeline(self.connection, node, posts_of(within), bin=bin, confidence=confidence)

    def dispersion(self, node: str, *, within: Posts = "") -> pa.Table:
        """Return how evenly a node is spread over posts, threads, communities and authors.

        Returns
        -------
        pyarrow.Table
            part, n, n_parts_with, n_parts, dp, dp_norm, juilland_d (`analysis.corpus.dispersion`);
            posts of unknown authors are left out of the row of authors.
        """
        return spread(self.connection, node, posts_of(within))

    def ngrams(self, n: int, *, least: int = 20, within: Posts = "") -> pa.Table:
        """Return the sequences of `n` words, 2 to 6, that stand at least so often in posts.

        Returns
        -------
        pyarrow.Table
            ngram, n, per_million, n_posts, n_authors, n_communities.
        """
        return sequences.ngrams(self.connection, n, posts_of(within), least=least)

    def bundles(
        self,
        shortest: int = 3,
        longest: int = 5,
        *,
        rule: BundleRule = OURS,
        within: Posts = "",
    ) -> pa.Table:
        """Return lexical bundles: sequences that many people use often, none a piece of another.

        Parameters
        ----------
        shortest, longest : int
            Lengths in words, 2 to 6.
        rule : BundleRule
            What a sequence needs: a rate, posts and people (`analysis.corpus.bundles`).
        within : str or Population

        Returns
        -------
        pyarrow.Table
            As of `ngrams`.
        """
        return sequences.bundles(self.connection, shortest, longest, posts_of(within), rule=rule)
