"""Topic models judged on any corpus in a file: what `valuetalk topics evaluate` prints.

Needs no home and writes nothing. The model is the one that a night fits, with its own parameters;
the first start is its own deterministic one, the others begin from random topics.
"""

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn needs it

from analysis.topics.evaluation import (
    Listing,
    TopicQuality,
    fit_from,
    seed_stability,
    spread_of,
    summarise,
    topic_quality,
)
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.reading.labels import topic_terms
from flows.topics.corpus_file import CorpusFile, CorpusFileError, read_corpus_file
from warehouse.tokeniser import TOKENISER_VERSION

SCHEMA = 1
"""Of the report; raised where a key changes its meaning or goes."""
MODELS = ("nmf", "embedded")
_LIBRARIES = ("valuetalk", "numpy", "scipy", "scikit-learn", "duckdb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to fit: kind of model, topics, starts, terms listed, whether phrases are terms.

    `min_posts` is the model's own where it is None.
    """

    k: int
    seeds: int = 5
    model: str = "nmf"
    top_n: int = 10
    min_posts: int | None = None
    phrases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """One start: its figures, its terms, and the processor seconds of fitting and assigning."""

    seed: int
    quality: TopicQuality
    listing: Listing
    fit_seconds: float
    assign_seconds: float
    converged: bool
    parameters: Mapping[str, Any]


def evaluate_topics(
    path: Path, settings: Settings, *, text: Sequence[str], label: str | None = None
) -> dict[str, Any]:
    """Fit topics to the corpus in a file from several starts; return the report as plain values.

    Raises
    ------
    CorpusFileError
        Where a column is missing, or the corpus is too small for so many topics.
    harvesters.archives.files.ArchiveError
        Where the file cannot be read.
    """
    corpus = read_corpus_file(path, text=text, label=label)
    started = process_time()
    counts, words = corpus.terms(phrases=settings.phrases)
    counting = process_time() - started
    with threadpool_limits(limits=1):
        fits = [
            _fit(settings, seed, counts=counts, words=words, labels=corpus.labels)
            for seed in range(settings.seeds)
        ]
    return _report(path, settings, corpus, fits, counting_seconds=counting)


def _fit(
    settings: Settings,
    seed: int,
    *,
    counts: csr_array,
    words: Sequence[str],
    labels: Sequence[str | None] | None,
) -> _Fit:
    started = process_time()
    try:
        model = fit_from(new_model(settings), seed, counts=counts, words=words)
    except ValueError as error:  # too few posts or terms
        raise CorpusFileError(str(error)) from error
    fitted = process_time()
    leading = leading_topics(model.transform(counts, words))
    assigned = process_time()
    listing = topic_terms(model.components_, model.vocabulary_, n=settings.top_n)
    return _Fit(
        seed=seed,
        quality=topic_quality(listing, leading, counts=counts, words=words, labels=labels),
        listing=listing,
        fit_seconds=fitted - started,
        assign_seconds=assigned - fitted,
        converged=model.converged_,
        parameters=_parameters(model),
    )


def new_model(settings: Settings) -> TopicModel:
    """Return the unfitted model that a night would fit, but for what the settings change."""
    own: dict[str, Any] = {}
    if settings.min_posts is not None:
        own["min_posts"] = settings.min_posts
    if settings.model == "embedded":
        from analysis.topics.terms.embedded import EmbeddedTerms
        from flows.topics.word_vectors import static_word_vectors

        terms = EmbeddedTerms(embed=static_word_vectors(), **own)
        return TopicModel(n_topics=settings.k, terms=terms)
    return TopicModel(n_topics=settings.k, **own)


def _report(
    path: Path,
    settings: Settings,
    corpus: CorpusFile,
    fits: Sequence[_Fit],
    *,
    counting_seconds: float,
) -> dict[str, Any]:
    overlap = spread_of(seed_stability([fit.listing for fit in fits]))
    spreads = {
        **summarise([fit.quality for fit in fits]),
        "seed_stability": overlap,
        "cpu_seconds_fit": spread_of([fit.fit_seconds for fit in fits]),
        "cpu_seconds_assign": spread_of([fit.assign_seconds for fit in fits]),
    }
    labels = None if corpus.labels is None else {label for label in corpus.labels if label}
    return {
        "schema": SCHEMA,
        "corpus": path.name,
        "sha256": _sha256(path),
        "posts": corpus.n_posts,
        "empty": corpus.n_empty,
        "unreadable": corpus.n_unreadable,
        "tokens": len(corpus.token_words),
        "words": len(corpus.words),
        "labels": None if labels is None else len(labels),
        "model": settings.model,
        "k": settings.k,
        "phrases": settings.phrases,
        "top_n": settings.top_n,
        "n_seeds": settings.seeds,
        **{name: spread.mean for name, spread in spreads.items()},
        "cpu_seconds_read": corpus.reading_seconds,
        "cpu_seconds_tokenise": corpus.cutting_seconds + counting_seconds,
        "peak_memory_mb": peak_memory_mb(),
        "sd": {name: spread.sd for name, spread in spreads.items()},
        "seeds": [_plain_fit(fit) for fit in fits],
        "parameters": dict(fits[0].parameters),
        "versions": versions(),
    }


def _plain_fit(fit: _Fit) -> dict[str, Any]:
    return {
        "seed": fit.seed,
        **asdict(fit.quality),
        "cpu_seconds_fit": fit.fit_seconds,
        "cpu_seconds_assign": fit.assign_seconds,
        "converged": fit.converged,
        "terms": fit.listing,
    }


def _parameters(model: TopicModel) -> dict[str, Any]:
    """Return a fitted model's parameters and those of its terms, as JSON can hold them."""
    terms: Any = model.terms_
    named = {
        **model.get_params(deep=False),
        **{f"terms__{name}": value for name, value in terms.get_params(deep=False).items()},
        "terms": type(terms).__name__,
    }
    return {name: _plain(value) for name, value in sorted(named.items())}


def _plain(value: object) -> object:
    """Return a parameter's value; a collection of words by its size, a function by its name."""
    if isinstance(value, set | frozenset | Mapping):
        return len(value)
    return getattr(value, "__name__", value)


def versions() -> dict[str, str]:
    """Return the versions that figures depend on."""
    return {
        "python": platform.python_version(),
        "tokeniser": str(TOKENISER_VERSION),
        **{name: version(name) for name in _LIBRARIES},
    }


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in megabytes of 10^6 bytes.

    Linux says it of the program alone; elsewhere what started the program may be in it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        if found:
            return int(found[0]) * 1024 / 1e6
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
