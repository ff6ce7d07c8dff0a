"""Draw a sample of the corpus as a project for programs of qualitative analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from flows.corpus.mentions import masked
from warehouse.corpus.population import population_posts
from warehouse.release import qda_sample
from warehouse.release.refi_qda import (
    Code,
    CodedPost,
    codebook_file,
    project_file,
    taguette_codebook,
)

if TYPE_CHECKING:
    from flows.corpus import Corpus, Population
    from warehouse.home import Home

Rows = list[dict[str, object]]
PLAIN_THRESHOLD = 0.5
"""From which probability on the classifier codes, where its own thresholds are not at hand."""


class UnknownFrame(ValueError):
    """A frame is asked for that the codebook does not have."""

    exit_code = 2


class NoPosts(ValueError):
    """No released post is what is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A drawn sample with its codings."""

    name: str
    codes: tuple[Code, ...]
    posts: tuple[CodedPost, ...]

    @property
    def project(self) -> bytes:
        """The `.qdpx`."""
        return project_file(self.name, self.codes, self.posts)

    @property
    def codebook(self) -> bytes:
        """The `.qdc`."""
        return codebook_file(self.codes)

    @property
    def taguette(self) -> bytes:
        """The codebook as Taguette imports it, CSV."""
        return taguette_codebook(self.codes)

    @property
    def counts(self) -> str:
        """How many posts and codings of whom it holds, in words."""
        codings = [coding for post in self.posts for coding in post.codings]
        machine = sum(coding.user.endswith("(machine)") for coding in codings)
        coders = {coding.user for coding in codings if not coding.user.endswith("(machine)")}
        return (
            f"{len(self.posts)} posts with {len(codings) - machine} codings of people"
            f" ({len(coders)} coders) and {machine} of the classifier"
        )


def draw_sample(
    corpus: Corpus,
    within: Population,
    *,
    n: int,
    seed: int,
    name: str,
    frames: Sequence[str] = (),
    coded: bool = False,
    thresholds: Mapping[str, float | None],
    cleared: Callable[[pa.Table], Rows],
) -> Sample:
    """Draw posts of the release, and what people and the classifier said of them.

    Parameters
    ----------
    corpus : Corpus
    within : Population
        The posts that are drawn from.
    n : int
        Most posts.
    seed : int
        Seeds the draw.
    name : str
        What programs call the project.
    frames : sequence of str
        Keys of the frames wanted; all where none is named.
    coded : bool
        Draw only among posts that people coded.
    thresholds : mapping
        From which probability on the classifier codes each frame, None for never; empty: its
        codings are left out.
    cleared : callable
        Takes people's names out of the drawn rows.

    Raises
    ------
    UnknownFrame
        If the codebook has no frame of that key.
    NoPosts
        If there is no such post.
    """
    codes = _chosen(qda_sample.read_codes(corpus.connection, thresholds), frames)
    post_ids = population_posts(corpus.connection, within)
    drawn = qda_sample.draw_posts(corpus.connection, post_ids, n=n, seed=seed, coded=coded)
    if not drawn.num_rows:
        raise NoPosts(
            "no released post is what is asked for; ask for more with --where, or leave --coded out"
        )
    posts = qda_sample.coded_posts(
        corpus.connection, cleared(masked(drawn)), codes=codes, thresholds=thresholds
    )
    return Sample(name=name, codes=tuple(codes), posts=tuple(posts))


def own_thresholds(corpus: Corpus, home: Home) -> dict[str, float | None] | None:
    """Return from which probability on the classifier itself says that a frame is expressed.

    None stands for a frame on which it abstains; without released scores there is nothing to code.
    Returns None where the classifier of the released scores is not among the study's models.
    """
    from analysis.frames.storage import load_classifier
    from analysis.saved_arrays import SavedModelError

    name = qda_sample.read_classifier(corpus.connection)
    if name is None:
        return {}
    try:
        model = load_classifier(home.models / name)
    except SavedModelError:
        return None
    told = zip(model.classes_, model.thresholds_, model.abstained_, strict=True)
    return {frame: None if abstained else float(least) for frame, least, abstained in told}


def one_threshold(corpus: Corpus, least: float) -> dict[str, float | None]:
    """Return the same threshold for every frame of the codebook."""
    return {code.key: least for code in qda_sample.read_codes(corpus.connection, {})}


def _chosen(codes: Sequence[Code], frames: Sequence[str]) -> list[Code]:
    known = [code.key for code in codes if code.key != qda_sample.NO_CODE]
    if unknown := sorted(set(frames) - set(known)):
        raise UnknownFrame(
            f"the codebook has no frame {', '.join(unknown)}; it has {', '.join(known)}"
        )
    return [code for code in codes if not frames or code.key in (*frames, qda_sample.NO_CODE)]
