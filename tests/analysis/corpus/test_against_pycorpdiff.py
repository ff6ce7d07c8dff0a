"""The statistics against pycorpdiff 0.1.0a27, in an environment of its own, on invented posts."""

import json
import subprocess
from collections import Counter
from typing import Any

import numpy as np
import pytest

from analysis.corpus.association import associate
from analysis.corpus.dispersion import dispersion
from analysis.corpus.keyness import keyness
from tests.real_servers.environments import environment

pytestmark = pytest.mark.slow

THEIRS = """
import json, sys
import pandas as pd
from pycorpdiff.collocation.cooccurrence import collocate_counts
from pycorpdiff.collocation.measures import logdice, mi_three
from pycorpdiff.keyness.dispersion import dispersion_dp, juilland_d
from pycorpdiff.keyness.effect_sizes import log_ratio
from pycorpdiff.keyness.loglikelihood import log_likelihood

posts = json.load(sys.stdin)
tokens = [token for side in posts for post in side for token in post]
sides = [pd.Series([t for post in side for t in post]).value_counts() for side in posts]
sizes = [int(side.sum()) for side in sides]
surety = log_likelihood(*sides, *sizes)
size = log_ratio(*sides, *sizes, smoothing=1e-12)
everything = posts[0] + posts[1]
near, n_node = collocate_counts(everything, "value", 5)
near = pd.Series(near)
anywhere = pd.Series(tokens).value_counts().reindex(near.index)
table = pd.DataFrame([pd.Series(post).value_counts() for post in everything]).fillna(0)
json.dump({
    "log_likelihood": surety["g2"].abs().to_dict(), "p_value": surety["p_value"].to_dict(),
    "log_ratio": size.to_dict(), "near": near.to_dict(), "n_node": n_node,
    "log_dice": logdice(near, n_node, anywhere).to_dict(),
    "mi3": mi_three(near, n_node, anywhere, len(tokens)).to_dict(),
    "juilland_d": juilland_d(table).to_dict(), "dp": dispersion_dp(table).to_dict(),
}, sys.stdout)
"""

WORDS = ["value", "care", "peer", "service", "choice", "ward", "money", "voice", "time", "group"]


def invented_posts() -> list[list[list[str]]]:
    """Return posts of two sides, as lists of words."""
    draw = np.random.default_rng(0)
    leaning = draw.dirichlet(np.full(len(WORDS), 2.0), 2)
    return [
        [draw.choice(WORDS, size=draw.integers(5, 60), p=own).tolist() for _ in range(60)]
        for own in leaning
    ]


@pytest.fixture(scope="module")
def posts() -> list[list[list[str]]]:
    return invented_posts()


@pytest.fixture(scope="module")
def theirs(posts: list[list[list[str]]]) -> dict[str, Any]:
    python = environment("pycorpdiff-0.1.0a27", ["pycorpdiff==0.1.0a27"])
    run = subprocess.run(
        [python, "-c", THEIRS], input=json.dumps(posts), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_keyness_is_theirs(posts: list[list[list[str]]], theirs: dict[str, Any]) -> None:
    sides = [Counter(token for post in side for token in post) for side in posts]
    found = keyness(
        [sides[0][word] for word in WORDS],
        [sides[1][word] for word in WORDS],
        size_target=sides[0].total(),
        size_reference=sides[1].total(),
    )
    assert min(*sides[0].values(), *sides[1].values()) > 0
    for name in ("log_likelihood", "p_value", "log_ratio"):
        own = dict(zip(WORDS, getattr(found, name).tolist(), strict=True))
        assert own == pytest.approx(theirs[name]), name


def test_association_is_theirs(posts: list[list[list[str]]], theirs: dict[str, Any]) -> None:
    anywhere = Counter(token for side in posts for post in side for token in post)
    words = list(theirs["near"])
    found = associate(
        [theirs["near"][word] for word in words],
        [anywhere[word] for word in words],
        n_node=theirs["n_node"],
        n_tokens=anywhere.total(),
        window=1,  # their MI3 expects as if a window had one position
    )
    assert dict(zip(words, found.log_dice.tolist(), strict=True)) == pytest.approx(
        theirs["log_dice"]
    )
    assert dict(zip(words, found.mi3.tolist(), strict=True)) == pytest.approx(theirs["mi3"])


def test_dispersion_is_theirs(posts: list[list[list[str]]], theirs: dict[str, Any]) -> None:
    parts = [Counter(post) for side in posts for post in side]
    counts = np.array([[part[word] for word in WORDS] for part in parts])
    found = dispersion(counts, counts.sum(axis=1))
    for name in ("juilland_d", "dp"):
        own = dict(zip(WORDS, getattr(found, name).tolist(), strict=True))
        assert own == pytest.approx(theirs[name]), name
