"""A floor under the topics: coherence, diversity and agreement with editors' sections of news."""

from pathlib import Path

import pytest
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.labels import topic_terms
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.quality import npmi_coherence, topic_diversity
from analysis.vectorise import document_term_counts


def test_topics_of_news_are_as_good_as_before(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data_dir / "topics" / "BBC_News" / "corpus.tsv"
    if not file.is_file():
        pytest.skip(f"no corpus of news at {file}")
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    vocabulary: dict[str, int] = {}
    tokens = [
        (post, vocabulary.setdefault(word, len(vocabulary)))
        for post, row in enumerate(rows)
        for word in row[0].split()
    ]
    counts = document_term_counts(range(len(rows)), *zip(*tokens, strict=True)).counts
    words = list(vocabulary)
    model = TopicModel(n_topics=5).fit(counts, words)
    leading = leading_topics(model.transform(counts, words))
    listed = topic_terms(model.components_, model.vocabulary_)
    measured = {
        "coherence": float(npmi_coherence(listed, counts, words).mean()),
        "diversity": topic_diversity(listed),
        "agreement": float(adjusted_mutual_info_score([row[2] for row in rows], leading)),
        "without topic": float((leading < 0).mean()),
    }
    with capsys.disabled():
        print(  # noqa: T201 # the measured figures are wanted in the log
            "\ntopics gate:", {name: round(value, 3) for name, value in measured.items()}, end=""
        )
    assert measured["coherence"] >= 0.35
    assert measured["diversity"] >= 0.95
    assert measured["agreement"] >= 0.63
    assert measured["without topic"] <= 0.01
