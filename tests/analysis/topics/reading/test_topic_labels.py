"""Labels say three things: no term of one says what another says already."""

import numpy as np
import pytest

from analysis.topics.reading.labels import says_the_same, topic_labels


def label(weights: dict[str, float], *, n: int = 3) -> str:
    """Return the label of one topic beside another that shares none of its terms."""
    basis = np.array([[*weights.values(), 0.0], [*[0.0] * len(weights), 1.0]])
    return topic_labels(basis, [*weights, "elsewhere"], n=n)[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("service", "services"),
        ("party", "parties"),
        ("movie", "movies"),
        ("clinic", "clinic's"),
        ("crisis", "crisis"),
        ("wait", "waiting"),
        ("depressed", "depression"),
        ("health", "mental health"),
        ("mental health", "health care"),
        ("carers", "carer support"),
    ],
)
def test_terms_that_say_the_same(first: str, second: str) -> None:
    assert says_the_same(first, second)
    assert says_the_same(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("service", "nurse"),
        ("bus", "business"),
        ("port", "support"),
        ("intern", "interest"),
        ("peer support", "waiting list"),
        ("ward", "award"),
        ("gas", "gain"),
    ],
)
def test_terms_that_say_something_else(first: str, second: str) -> None:
    assert not says_the_same(first, second)


def test_plurals_and_longer_forms_are_passed_over() -> None:
    weights = {"service": 0.9, "services": 0.8, "wait": 0.7, "waiting": 0.6, "nurse": 0.5}
    assert label(weights) == "service, wait, nurse"


def test_a_phrase_stands_for_its_words() -> None:
    weights = {"health": 0.9, "mental": 0.8, "mental health": 0.7, "ward": 0.3, "nurse": 0.2}
    assert label(weights) == "mental health, ward, nurse"


def test_a_phrase_of_little_weight_takes_no_words_place() -> None:
    weights = {"health": 0.9, "ward": 0.8, "mental health": 0.2, "nurse": 0.1}
    assert label(weights) == "health, ward, nurse"


def test_a_label_has_fewer_terms_where_the_others_only_repeat() -> None:
    assert label({"service": 0.9, "services": 0.8}) == "service"
    assert label({"service": 0.9, "ward": 0.8, "carer": 0.7, "nurse": 0.6}, n=4).count(",") == 3
