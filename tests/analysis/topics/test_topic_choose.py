import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.choose import ChosenK, choose_k
from analysis.topics.model import TopicModel
from analysis.vectorise import document_term_counts

WORDS_OF_A_THEME = 15


def planted(n_themes: int, *, n_posts: int = 500, seed: int = 0) -> tuple[csr_array, list[str]]:
    """Posts of so many themes of their own words, with a fifth of words that any post may have."""
    draw = np.random.default_rng(seed)
    theme = np.arange(n_posts) % n_themes
    # Words of a theme come by Zipf's law, as words do.
    often = 1 / np.arange(1, WORDS_OF_A_THEME + 1)
    own = draw.choice(WORDS_OF_A_THEME, (n_posts, 12), p=often / often.sum())
    own += theme[:, None] * WORDS_OF_A_THEME
    shared = n_themes * WORDS_OF_A_THEME + draw.integers(0, 40, (n_posts, 3))
    tokens = np.hstack([own, shared])
    terms = document_term_counts(
        np.arange(n_posts), np.repeat(np.arange(n_posts), tokens.shape[1]), tokens.ravel()
    )
    return terms.counts, [f"w{number:03}" for number in terms.word_ids]


@pytest.mark.parametrize("n_themes", [3, 5])
def test_the_number_of_planted_themes_is_chosen(n_themes: int) -> None:
    chosen = choose_k(*planted(n_themes, n_posts=400), ks=(2, 3, 5, 6), subsamples=3)
    assert chosen.k == n_themes
    score = dict(zip(chosen.table["k"].to_pylist(), chosen.table["score"].to_pylist(), strict=True))
    assert max(score, key=lambda k: score[k]) == n_themes
    stability = chosen.table["stability"].to_pylist()
    assert all(0 <= value <= 1 for value in stability)


@pytest.fixture(scope="module")
def chosen() -> ChosenK:
    return choose_k(*planted(4, n_posts=200), ks=(4, 2, 4), subsamples=2, random_state=3)


def test_the_table_has_a_row_for_each_number_in_order(chosen: ChosenK) -> None:
    assert chosen.table["k"].to_pylist() == [2, 4]
    assert set(chosen.table.column_names) == {
        "k", "stability", "overlap", "agreement", "coherence", "diversity", "redundancy", "score",
        "score_sd",
    }  # fmt: skip
    both = zip(chosen.table["overlap"].to_pylist(), chosen.table["agreement"].to_pylist())  # noqa: B905 # of one table
    assert chosen.table["stability"].to_pylist() == pytest.approx([(a + b) / 2 for a, b in both])


def test_the_reason_says_the_figures_that_decided(chosen: ChosenK) -> None:
    row = chosen.table.filter(chosen.table["k"].to_numpy() == chosen.k).to_pylist()[0]
    assert chosen.reason.startswith(str(chosen.k))
    assert f"stability {row['stability']:.2f}" in chosen.reason


def test_the_same_posts_and_state_give_the_same_table(chosen: ChosenK) -> None:
    again = choose_k(*planted(4, n_posts=200), ks=(2, 4), subsamples=2, random_state=3)
    assert again.table.equals(chosen.table)
    other = choose_k(*planted(4, n_posts=200), ks=(2, 4), subsamples=2, random_state=4)
    assert not other.table.equals(chosen.table)


def test_of_numbers_that_cannot_be_told_apart_the_smaller_is_chosen() -> None:
    chosen = choose_k(*planted(4, n_posts=200), ks=(4, 5), subsamples=2)
    rows = chosen.table.to_pylist()
    best = max(rows, key=lambda row: row["score"])
    within = [row["k"] for row in rows if row["score"] >= best["score"] - best["score_sd"]]
    assert chosen.k == min(within)


def test_no_more_posts_are_read_than_said_and_each_fit_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    fit = TopicModel.fit

    def counted(self, counts, words):  # type: ignore[no-untyped-def] # stands in for the method
        sizes.append(counts.shape[0])
        return fit(self, counts, words)

    monkeypatch.setattr(TopicModel, "fit", counted)
    told: list[str] = []
    choose_k(*planted(3, n_posts=400), ks=(2, 3), subsamples=2, max_posts=100, progress=told.append)
    assert sizes == [80] * 4
    assert told[0] == "trying 2 topics: subsample 1 of 2"
    assert len(told) == 4


@pytest.mark.parametrize(("ks", "subsamples"), [((), 2), ((1, 3), 2), ((2, 3), 1)])
def test_a_choice_without_anything_to_compare_is_refused(
    ks: tuple[int, ...], subsamples: int
) -> None:
    with pytest.raises(ValueError, match="at least one number of topics from 2"):
        choose_k(*planted(3, n_posts=60), ks=ks, subsamples=subsamples)
