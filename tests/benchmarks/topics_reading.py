"""What it costs, and gains, to leave posts without a topic that no topic explains.

For each corpus the floor under what is explained of a post is raised, and the posts under it have
no leading topic. Printed are the share of posts without a topic; how far leading topics agree with
the labels (adjusted mutual information) with these posts as a group of their own, and among the
others alone; and the share of the others that bear the commonest label of their topic (purity).
Then, how terms listed by weight and by FREX differ. The floor was chosen on the news alone.

Run as ``python -m tests.benchmarks.topics_reading``.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.quality import npmi_coherence, topic_diversity
from analysis.topics.reading.badly_explained import explained_share, leading_where_explained
from analysis.topics.reading.distinctive import frex_terms, topic_exclusivity, topic_redundancy
from analysis.topics.reading.labels import topic_terms
from tests.benchmarks.topics_posts import DATA, Posts, archive_posts, preprocessed_posts

CORPORA = (("BBC_News", 10), ("DBLP", 4), ("M10", 10), ("reddit_communities", 33))
FLOORS = (0.0, 0.0025, 0.01, 0.0225, 0.04)


def read(name: str, data: Path = DATA) -> Posts:
    """Return the posts of a corpus of the test data."""
    if name == "reddit_communities":
        return archive_posts(data / f"{name}.parquet")
    return preprocessed_posts(data / "topics" / name / "corpus.tsv")


def purity(label: NDArray[np.int64], leading: NDArray[np.int64]) -> float:
    """Return the share of led posts that bear the commonest label of their topic."""
    led = leading >= 0
    commonest = [
        np.bincount(label[leading == topic]).max() for topic in np.unique(leading[led]).tolist()
    ]
    return float(sum(commonest) / max(led.sum(), 1))


def floors(posts: Posts, model: TopicModel) -> Iterator[dict[str, Any]]:
    """Yield what each floor leaves without a topic, and how the rest agrees with the labels."""
    loadings = model.loadings(posts.counts, posts.words)
    terms = model.terms_.transform(posts.counts, posts.words)
    explained = explained_share(terms, model.components_, loadings)
    for least in FLOORS:
        leading = leading_where_explained(leading_topics(loadings), explained, least=least)
        led = leading >= 0
        yield {
            "floor": least,
            "without": float((~led).mean()),
            "AMI, all": float(adjusted_mutual_info_score(posts.label, leading)),
            "AMI, led": float(adjusted_mutual_info_score(posts.label[led], leading[led])),
            "purity, led": purity(posts.label, leading),
        }


def listings(posts: Posts, model: TopicModel) -> Iterator[dict[str, Any]]:
    """Yield coherence and diversity of ten terms by weight, and by FREX."""
    by = {
        "weight": topic_terms(model.components_, model.vocabulary_),
        "FREX": frex_terms(model.components_, model.vocabulary_),
    }
    for name, listed in by.items():
        coherence = npmi_coherence(listed, posts.counts, posts.words)
        yield {"terms by": name, "NPMI": coherence.mean(), "diversity": topic_diversity(listed)}


def main() -> None:
    """Print the figures of every corpus."""
    for name, k in CORPORA:
        posts = read(name)
        model = TopicModel(n_topics=k).fit(posts.counts, posts.words)
        exclusivity = float(topic_exclusivity(model.components_).mean())
        nearest = float(topic_redundancy(model.components_).cosine.max())
        _say(f"{name}: exclusivity {exclusivity:.2f}, most alike two topics {nearest:.2f}")
        for row in (*floors(posts, model), *listings(posts, model)):
            _say("  " + "  ".join(f"{key} {_said(value)}" for key, value in row.items()))


def _said(value: object) -> str:
    return f"{value:.4f}".rstrip("0") if isinstance(value, float) else str(value)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
