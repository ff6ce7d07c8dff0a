from math import log

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.quality import npmi_coherence, topic_diversity


def brute_npmi(topic: list[str], posts: list[set[str]]) -> float:
    n = len(posts)
    scores = []
    for i, a in enumerate(topic):
        for b in topic[i + 1 :]:
            both = sum(a in post and b in post for post in posts) / n
            if both == 0:
                scores.append(-1.0)
            elif both == 1:
                scores.append(1.0)
            else:
                share_a = sum(a in post for post in posts) / n
                share_b = sum(b in post for post in posts) / n
                scores.append(log(both / (share_a * share_b)) / -log(both))
    return sum(scores) / len(scores)


def test_coherence_agrees_with_counting_posts_one_by_one() -> None:
    draw = np.random.default_rng(0)
    words = [f"w{number}" for number in range(15)]
    counts = draw.poisson(0.3, (60, 15)).astype(float)
    counts[:, 4] = 1.0
    counts[:, 9] = 2.0  # two words in every post
    posts = [{words[column] for column in np.flatnonzero(row)} for row in counts]
    topics = [words[:5], words[5:10], ["w4", "w9"], ["w14", "w0", "w7"]]
    found = npmi_coherence(topics, csr_array(counts), words)
    assert found == pytest.approx([brute_npmi(topic, posts) for topic in topics])
    assert found[2] == pytest.approx(1.0)


def test_terms_that_never_meet_score_minus_one() -> None:
    counts = csr_array(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert npmi_coherence([["a", "b"]], counts, ["a", "b"]).tolist() == [-1]


def test_a_topic_of_one_term_has_no_coherence() -> None:
    assert np.isnan(npmi_coherence([["a"]], csr_array(np.eye(2)), ["a", "b"])).all()


def test_diversity_is_the_share_of_different_terms() -> None:
    assert topic_diversity([["a", "b"], ["b", "c"]]) == 0.75
    assert np.isnan(topic_diversity([]))
