"""A line's state between nights: the model and what its keeper remembers, as files."""

from pathlib import Path

import pyarrow as pa

from analysis.saved_arrays import SavedModelError, load_arrays, save_arrays
from analysis.topics.nights.candidates import Writers
from analysis.topics.nights.keeper import TopicKeeper
from analysis.topics.storage import load_topic_model, save_topic_model
from flows.arrow_rows import coded, values_of
from flows.topics.posts import Integers
from warehouse.gateway import Warehouse

KIND = "topic keeper"
SCHEMA = 1
BESIDE = "_keeper"
"""What stands after a model's name in the name of its keeper's file."""

_WRITERS = """
SELECT post_id, author_key, thread_id FROM posts SEMI JOIN written_posts USING (post_id)
WHERE NOT withheld ORDER BY post_id
"""


def save_keeper(keeper: TopicKeeper, path: Path) -> str:
    """Save a keeper and its model under `path`; return the checksum of both."""
    digest = save_topic_model(keeper.model, path)
    state = keeper.state()
    numbers = {name: value for name, value in state.items() if isinstance(value, int | float)}
    arrays = {name: value for name, value in state.items() if name not in numbers}
    return save_arrays(
        _beside(path), arrays, {"model": digest, "numbers": numbers}, kind=KIND, schema=SCHEMA
    )


def load_keeper(path: Path) -> TopicKeeper:
    """Return the keeper that was saved under `path`.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where it or its model is missing, damaged or of another version.
    """
    model = load_topic_model(path)
    saved = load_arrays(_beside(path), kind=KIND, schema=SCHEMA)
    state = {**saved.arrays, **saved.description["numbers"]}
    try:
        return TopicKeeper.from_state(state, model=model)
    except KeyError as missing:
        raise SavedModelError(
            f"{_beside(path)} was saved by another version of valuetalk (it has no {missing});"
            " begin a line with 'valuetalk topics fit'"
        ) from None


def is_kept(path: Path) -> bool:
    """Whether a keeper is saved beside the model that is saved under `path`."""
    return _beside(path).with_name(f"{_beside(path).name}.json").is_file()


def kept_model(path: Path) -> Path:
    """Return the path of the model beside which a keeper is saved."""
    return path.with_name(path.name.removesuffix(BESIDE))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}{BESIDE}")


def writers_of(warehouse: Warehouse, post_ids: Integers) -> Writers:
    """Return who wrote posts and where, as numbers that mean nothing beyond this night."""
    warehouse.connection.register("written_posts", pa.table({"post_id": post_ids}))
    try:
        found = warehouse.connection.execute(_WRITERS).to_arrow_table()
    finally:
        warehouse.connection.unregister("written_posts")
    return Writers(
        post_ids=values_of(found, "post_id"),
        authors=coded(found, "author_key"),
        threads=coded(found, "thread_id"),
    )
