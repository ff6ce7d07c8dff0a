"""What becomes of a family whose original is withdrawn and erased."""

import random
from collections.abc import Sequence
from datetime import timedelta

from tests.warehouse.conftest import Loaded
from tests.warehouse.corpus.copied_posts import VOCABULARY, some_words
from warehouse.corpus.duplicates import find_duplicates
from warehouse.corpus.index import index_posts

WORDS = some_words(random.Random(1), 60)
# Each has four fifths of the original's words, but not of the other's.
ONCE, TWICE = ((*WORDS, *VOCABULARY[start : start + 9]) for start in (800, 900))


def land(loaded: Loaded, **posts: tuple[int, Sequence[str]]) -> None:
    """Load posts by native id, each with the hours after which it was written, and compare."""
    begin = loaded.study.clock.now()
    loaded.load(
        *(
            loaded.study.post(name, " ".join(words), created_at=begin + timedelta(hours=hours))
            for name, (hours, words) in posts.items()
        )
    )
    compare(loaded)


def compare(loaded: Loaded) -> None:
    index_posts(loaded.warehouse.connection)
    find_duplicates(loaded.warehouse.connection)


def families(loaded: Loaded) -> dict[str, str | None]:
    """Return whose copy each post is, by native ids."""
    return dict(
        loaded.rows(
            "SELECT own.native_id, original.native_id FROM posts JOIN locators AS own USING"
            " (post_id) LEFT JOIN locators AS original ON original.post_id = duplicate_of"
        )
    )


def test_the_earliest_copy_inherits_and_no_fingerprint_stays(loaded):
    land(loaded, late=(9, WORDS), early=(5, WORDS), first=(1, WORDS))
    assert families(loaded) == {"late": "first", "early": "first", "first": None}
    loaded.warehouse.forget("post", "forum", "first")
    loaded.warehouse.erase_confirmed()
    assert families(loaded) == {"late": "early", "early": None}
    assert loaded.one("SELECT count(*) FROM fingerprints") == 2
    compare(loaded)
    assert families(loaded) == {"late": "early", "early": None}
    assert loaded.one("SELECT count(*) FROM waiting_comparisons") == 0


def test_copies_that_are_not_alike_part_when_their_original_is_erased(loaded):
    land(loaded, first=(1, WORDS), once=(2, ONCE), twice=(3, TWICE))
    assert families(loaded) == {"first": None, "once": "first", "twice": "first"}
    loaded.warehouse.forget("post", "forum", "first")
    loaded.warehouse.erase_confirmed()
    compare(loaded)
    assert families(loaded) == {"once": None, "twice": None}


def test_a_withdrawn_original_hides_no_copy_before_it_is_erased(loaded):
    land(loaded, first=(1, WORDS), second=(2, WORDS), third=(3, WORDS))
    loaded.warehouse.forget("post", "forum", "first")
    compare(loaded)
    assert families(loaded) == {"second": None, "third": "second"}


def test_a_missed_original_gives_way_until_it_is_seen_again(loaded):
    study = loaded.study
    land(loaded, first=(1, WORDS), second=(2, WORDS))
    study.next_night()
    loaded.load(study.saw("gone", "first"), activity="recheck")
    compare(loaded)
    assert families(loaded) == {"first": "second", "second": None}
    study.next_night()
    loaded.load(study.saw("present", "first"), activity="recheck")
    compare(loaded)
    assert families(loaded) == {"first": None, "second": "first"}
