"""The beginning of a line says what it is at, and warns of few posts once."""

import pytest

from flows.topics import beginning
from flows.topics.beginning import NewLine
from tests.flows.topics.nights import Forum


def test_what_a_choice_of_topics_is_at_is_told(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "_NUMBERS", (2, 3))
    told: list[str] = []
    with forum.opened() as warehouse:
        forum.write(warehouse, 120)
        forum.run(warehouse, new=NewLine(n_topics=3, choose=True), say=told.append)
    assert told[0] == "reading 120 of 120 posts"
    tried = [text for text in told if text.startswith("trying")]
    assert len(tried) == 2 * 4
    assert tried[-1] == "trying 3 topics: subsample 4 of 4"
    assert told[9:] == [
        "fitting 3 topics",
        "topics of 120 of 120 posts",
        "storing topics and their shares",
    ]


@pytest.mark.parametrize(("steady", "n_warnings"), [(121, 1), (120, 0)])
def test_a_line_of_few_posts_is_warned_of(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, steady: int, n_warnings: int
) -> None:
    monkeypatch.setattr(beginning, "STEADY_POSTS", steady)
    warnings: list[str] = []
    with forum.opened() as warehouse:
        forum.write(warehouse, 120)
        said = forum.run(warehouse, new=NewLine(n_topics=2, on_warning=warnings.append))
        forum.next_night()
        forum.write(warehouse, 9)
        assert "are few" not in forum.run(warehouse)
    assert len(warnings) == n_warnings
    for warning in warnings:
        assert said.endswith(f"; {warning}")
        assert warning == (
            "120 posts are few: terms and topics are steady from about 121 on, so begin another"
            " line with 'valuetalk topics fit' when there are as many"
        )
