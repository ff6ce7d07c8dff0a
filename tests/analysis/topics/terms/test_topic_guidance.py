from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.codebook import load_codebook
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.terms.guidance import SeedError, codebook_seeds, match_seeds, seed_rows
from analysis.topics.terms.topic_terms import TopicTerms
from analysis.vectorise import document_term_counts

COMMON_THEMES = (
    ["waiting", "appointment", "clinic", "referral", "list", "nurse"],
    ["budget", "funding", "cuts", "money", "council", "savings"],
    ["rights", "law", "coercion", "ward", "detained", "appeal"],
)
RARE_THEME = ["interpreter", "language", "translated", "leaflet", "accent"]
TALK = ["today", "people", "week", "think", "know", "place"]


class Planted:
    """Posts of three common themes, and one of twenty-five about a fourth."""

    def __init__(self) -> None:
        draw = np.random.default_rng(5)
        words = sorted({*RARE_THEME, *TALK, *(w for theme in COMMON_THEMES for w in theme)})
        number = {word: column for column, word in enumerate(words)}
        self.rare = np.arange(1000) % 25 == 0
        posts, tokens = [], []
        for post, rare in enumerate(self.rare):
            theme = RARE_THEME if rare else COMMON_THEMES[post % 3]
            said = [*draw.choice(theme, 5), *draw.choice(TALK, 3)]
            posts += [post] * len(said)
            tokens += [number[word] for word in said]
        terms = document_term_counts(np.arange(1000), posts, tokens)
        self.counts, self.words = terms.counts, [words[column] for column in terms.word_ids]


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted()


def test_a_seeded_topic_collects_a_theme_that_others_do_not_separate(planted: Planted) -> None:
    seeds = {"language barriers": ["interpreter", "translated"]}
    free = TopicModel(n_topics=3).fit(planted.counts, planted.words)
    asked = TopicModel(n_topics=3, seeds=seeds).fit(planted.counts, planted.words)
    row = asked.seed_names_.index("language barriers")
    found = leading_topics(asked.transform(planted.counts, planted.words)) == row
    assert found[planted.rare].mean() > 0.95
    assert found[~planted.rare].mean() < 0.02
    for topic in range(3):
        alone = leading_topics(free.transform(planted.counts, planted.words)) == topic
        # Unseeded, no topic is this theme: whichever has its posts has ten times as many others.
        assert alone[planted.rare].mean() < 0.95 or alone[~planted.rare].mean() > 0.2


def test_a_seeded_topic_learns_the_other_words_of_its_posts(planted: Planted) -> None:
    model = TopicModel(n_topics=3, seeds={"language": ["interpreter"]})
    model.fit(planted.counts, planted.words)
    row = model.components_[model.seed_names_.index("language")]
    strongest = {model.vocabulary_[term] for term in np.argsort(-row)[:5]}
    assert strongest == set(RARE_THEME)


def test_every_topic_may_be_asked_for(planted: Planted) -> None:
    seeds = {f"theme {n}": theme[:2] for n, theme in enumerate(COMMON_THEMES)}
    model = TopicModel(n_topics=3, seeds=seeds).fit(planted.counts, planted.words)
    assert sorted(model.seed_names_) == sorted(seeds)


def test_words_that_are_no_terms_are_reported_and_a_seed_of_none_is_refused() -> None:
    vocabulary = ["garden", "mental health", "support", "peer support"]
    (seed,) = match_seeds({"calm": ["Garden", "orchard", "garden"]}, vocabulary)
    assert (seed.terms, seed.unknown) == (("garden",), ("orchard",))
    with pytest.raises(SeedError, match=r"no word of the seed 'boats' is a term \(canoe, oar\)"):
        match_seeds({"calm": ["garden"], "boats": ["canoe", "oar"]}, vocabulary)
    with pytest.raises(SeedError, match="it has no words"):
        match_seeds({"nothing": []}, vocabulary)


def test_phrases_and_their_words_find_each_other() -> None:
    vocabulary = ["garden", "mental health", "support", "peer support"]
    (seed,) = match_seeds({"s": ["mental", "Peer  Support", "garden centre"]}, vocabulary)
    assert seed.terms == ("mental health", "peer support", "garden")
    assert seed.unknown == ()


def test_a_model_refuses_a_seed_by_its_name(planted: Planted) -> None:
    with pytest.raises(ValueError, match="'boats'"):
        TopicModel(n_topics=3, seeds={"boats": ["canoe"]}).fit(planted.counts, planted.words)


def test_rows_of_seeds_weigh_what_was_asked_for_alike_and_the_most(planted: Planted) -> None:
    terms = TopicTerms().fit(planted.counts, planted.words)
    (row,) = seed_rows(match_seeds({"s": ["budget", "law"]}, terms.vocabulary_), terms)
    by_term = dict(zip(terms.vocabulary_, row, strict=True))
    assert np.linalg.norm(row) == pytest.approx(1)
    assert by_term["budget"] == pytest.approx(by_term["law"])
    assert max(by_term.values()) == by_term["law"]
    assert by_term["council"] > 0
    assert by_term["interpreter"] == 0
    assert seed_rows((), terms).shape == (0, len(terms.vocabulary_))


def test_the_codebook_asks_for_a_topic_of_each_frame() -> None:
    book = load_codebook()
    seeds = codebook_seeds(book)
    assert list(seeds) == list(book.keys)
    assert {"money", "cost", "funding"} & set(seeds["economic_value"])
    every = [word for words in seeds.values() for word in words]
    assert max(every.count(word) for word in set(every)) <= 2
    assert not {"the", "of", "is"} & set(every)
    assert all(0 < len(words) <= 10 for words in seeds.values())


def test_chosen_frames_alone_are_asked_for_and_unknown_ones_refused() -> None:
    book = load_codebook()
    assert list(codebook_seeds(book, frames=["economic_value"])) == ["economic_value"]
    with pytest.raises(SeedError, match="has no frame 'astrology'; its frames are economic_value"):
        codebook_seeds(book, frames=["astrology"])


def test_a_frame_without_words_of_its_own_is_refused(tmp_path: Path) -> None:
    frame = "  - {key: %s, name: same, family: f, definition: same, include: [same]}\n"
    text = "codebook: b\nversion: 1\nlanguage: en\nunit: post\nframes:\n"
    (tmp_path / "b.yaml").write_text(text + "".join(frame % key for key in "abc"))
    with pytest.raises(SeedError, match="frame 'a' has no words of its own"):
        codebook_seeds(load_codebook(tmp_path / "b.yaml"))


def test_without_related_terms_a_seed_is_its_words_alone(planted: Planted) -> None:
    terms = TopicTerms(related=0.0).fit(planted.counts, planted.words)
    (row,) = seed_rows(match_seeds({"s": ["budget"]}, terms.vocabulary_), terms)
    assert np.flatnonzero(row).tolist() == [terms.vocabulary_.index("budget")]
    assert isinstance(terms.spread_on(csr_array(row[None, :])), csr_array)
