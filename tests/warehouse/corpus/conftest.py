"""The invented corpus that the queries are held against."""

from collections.abc import Iterator

import pytest

from tests.warehouse.corpus.talk import Talk, talk_at


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A release of some 2,000 posts, and the posts themselves."""
    with talk_at(tmp_path_factory.mktemp("talk")) as made:
        yield made
