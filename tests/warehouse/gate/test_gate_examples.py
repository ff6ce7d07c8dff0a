"""The export gate shows approved paraphrases only, and of their time the month."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.warehouse.gate.planted import rows_of
from tests.warehouse.invented import FEBRUARY, JANUARY, Study
from warehouse.protection.gate import pass_gate

OWN = "the heron clinic on mill lane lost my letter twice in autumn"


def example_with(text: str = "An invented paraphrase.", **columns: Any) -> Callable[[Study], None]:
    return lambda study: study.example(text, **columns)


def of_withheld_post(study: Study) -> None:
    study.sql("UPDATE posts SET withheld = true WHERE post_id = 2")
    study.example("An invented paraphrase.", post_ids=[1, 2])


def own_words(study: Study) -> None:
    (post,) = study.add_posts(1, text=OWN)
    study.index()
    study.example("They said: the Heron clinic on Mill — what a place.", post_ids=[post])


def anybodys_words(study: Study) -> None:
    study.add_posts(1, text=OWN)
    study.index()
    study.example("Once, Mill Lane lost my letter twice in autumn, it was said.", post_ids=[1])


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (example_with(approved_by=None), "not_approved"),
        (example_with(withdrawn_on=FEBRUARY), "withdrawn"),
        (example_with(kind="verbatim"), "no_paraphrase"),
        (example_with(post_ids=[1, 999_999]), "post_withheld_or_gone"),
        (of_withheld_post, "post_withheld_or_gone"),
        (example_with("Write to a.person@example.org for more."), "identifier"),
        (own_words, "verbatim"),
        (anybodys_words, "verbatim"),
    ],
)
def test_no_example_that_is_not_an_approved_paraphrase_is_shown(
    study: Study, plant: Callable[[Study], None], reason: str
) -> None:
    study.sql("DELETE FROM examples")
    plant(study)
    tables = pass_gate(study.connection)
    assert tables.tables["examples"].num_rows == 0
    assert tables.report.tables["examples"].left_out == {reason: 1}


def test_an_example_may_share_turns_of_speech_with_posts(study: Study) -> None:
    (post,) = study.add_posts(1, text=OWN)
    study.index()
    study.example("My letter twice in: four words of its own post.", post_ids=[post])
    study.example("Seven of any: clinic on mill lane lost my letter.", post_ids=[1])
    assert pass_gate(study.connection).tables["examples"].num_rows == 3


def test_an_example_tells_its_month_only(study: Study) -> None:
    study.sql("UPDATE examples SET month = DATE '2026-01-17'")
    (row,) = rows_of(pass_gate(study.connection), "examples")
    assert row["month"] == JANUARY
