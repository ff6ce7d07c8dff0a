"""Rotation: every author key and mention moves on at once, and whatever is behind follows."""

import pytest

from tests.warehouse.conftest import Loaded
from warehouse.corpus.index import index_posts
from warehouse.errors import WarehouseError
from warehouse.landing import read_segment
from warehouse.protection import rotation
from warehouse.protection.erasure_list import ListFile, list_file
from warehouse.protection.keys import KeyFileError, KeyRing
from warehouse.protection.mentions import replace_mentions
from warehouse.records import LoadCounts


def key_file(study):
    return study.home.root.parent / "keys" / "study.key"


def account(study, name):
    return study.keys.author_key("discourse", "forum.example", name)


def said(study, native_id, name, text, **changes):
    """Return a post as a harvest makes it with the study's keys: mentions are pseudonyms."""
    hidden = replace_mentions(
        text, platform="discourse", host="forum.example", keys=study.keys
    ).text
    return study.post(
        native_id,
        hidden,
        author_key=account(study, name),
        content_hash=study.keys.content_hash(text),
        **changes,
    )


def plant(study, warehouse):
    """Load posts that mention each other, an edit, opt-outs, and leave one segment waiting."""
    posts = [
        said(study, "1", "ann", "thanks @bea", kind="post", title="Title"),
        said(study, "2", "bea", "@ann and @cat waited"),
    ]
    warehouse.load(study.land(*posts))
    study.next_night()
    warehouse.load(study.land(said(study, "2", "bea", "@ann waited long")))
    index_posts(warehouse.connection)
    warehouse.forget("author", account(study, "dan"), register="optouts")
    warehouse.forget("author", account(study, "eve"))
    return study.land(said(study, "3", "cat", "hello @ann"))


NAMES = ("ann", "bea", "cat", "dan", "eve")


def test_no_byte_of_an_old_pseudonym_is_left_and_each_is_the_same_person(loaded, holding):
    study, root = loaded.study, loaded.study.home.root
    loaded.warehouse.connection.execute("SET force_compression = 'uncompressed'")
    old = [account(study, name) for name in NAMES]
    plant(study, loaded.warehouse)
    loaded.warehouse.connection.execute("CHECKPOINT")
    assert set().union(*holding(root, *old).values()) == set(old)
    counts = loaded.warehouse.rotate_keys(key_file(study))
    assert counts.authors == 2
    assert holding(root, *old) == {}
    study.keys = KeyRing.read(key_file(study))
    assert study.keys.links == 2
    ann, bea, cat, dan, eve = (account(study, name) for name in NAMES)
    assert loaded.rows("SELECT author_key FROM posts ORDER BY post_id") == [(ann,), (bea,)]
    assert loaded.rows("SELECT text FROM posts ORDER BY post_id") == [
        (f"thanks author_{bea}",),
        (f"author_{ann} waited long",),
    ]
    assert loaded.one("SELECT text FROM post_revisions WHERE text IS NOT NULL") == (
        f"author_{ann} and author_{cat} waited"
    )
    words = {word for (word,) in loaded.rows("SELECT word FROM words")}
    assert {f"author_{ann}", f"author_{bea}"} <= words
    for name, listed in (("optouts", dan), ("erasures", eve)):
        file = ListFile.read(list_file(study.home.state, name))
        assert (file.links, [row[0] for row in file.rows if row[1] == "author"]) == (2, [listed])


def test_harvesting_again_after_a_rotation_finds_no_edit_and_the_same_authors(loaded):
    study = loaded.study
    waiting = plant(study, loaded.warehouse)
    loaded.warehouse.rotate_keys(key_file(study))
    study.keys = KeyRing.read(key_file(study))
    assert not waiting.exists()
    (settled,) = loaded.warehouse.pending_segments()
    assert read_segment(settled).header.author_links == 2
    assert loaded.warehouse.load(settled) == LoadCounts(new=1)
    study.next_night()
    again = loaded.load(
        said(study, "1", "ann", "thanks @bea", kind="post", title="Title"),
        said(study, "2", "bea", "@ann waited long"),
        said(study, "3", "cat", "hello @ann"),
        said(study, "4", "dan", "opted out"),
        said(study, "5", "eve", "was erased"),
        author_links=2,
    )
    assert again == LoadCounts(unchanged=3, refused=2)
    assert loaded.rows("SELECT author_key FROM posts ORDER BY post_id") == [
        (account(study, name),) for name in ("ann", "bea", "cat")
    ]


def test_what_a_harvest_that_ran_meanwhile_lands_is_brought_forward_at_its_load(loaded):
    study = loaded.study
    plant(study, loaded.warehouse)
    loaded.warehouse.rotate_keys(key_file(study))
    late = study.land(said(study, "7", "ann", "hello @bea"), said(study, "8", "dan", "refused"))
    assert read_segment(late).header.author_links == 1
    assert loaded.warehouse.load(late) == LoadCounts(new=1, refused=1)
    assert not late.exists()
    study.keys = KeyRing.read(key_file(study))
    held = loaded.rows("SELECT author_key, text FROM posts ORDER BY post_id DESC LIMIT 1")
    assert held == [(account(study, "ann"), f"hello author_{account(study, 'bea')}")]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["advance_rows", "advance_segments", "write_lists", "copy_afresh"])
def test_a_rotation_that_was_ended_is_gone_on_with_by_whoever_opens(
    study, monkeypatch, step, holding
):
    with study.open() as warehouse:
        warehouse.connection.execute("SET force_compression = 'uncompressed'")
        plant(study, warehouse)
        old = [account(study, name) for name in NAMES]
        place = {
            "advance_rows": "warehouse.protection.rotation.advance_rows",
            "advance_segments": "warehouse.protection.segment_rewriting.advance_segments",
            "write_lists": "warehouse.protection.erasure_list.write_lists",
            "copy_afresh": "warehouse.gateway.copy_afresh",
        }[step]

        def ended(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(place, ended)
        with pytest.raises(KeyboardInterrupt):
            warehouse.rotate_keys(key_file(study))
        monkeypatch.undo()
    study.keys = KeyRing.read(key_file(study))
    assert study.keys.links == 2
    with study.open() as warehouse:
        assert holding(study.home.root, *old) == {}
        assert not rotation.is_unfinished(warehouse.connection)
        found = Loaded(study, warehouse).rows("SELECT author_key FROM posts ORDER BY post_id")
        assert found == [(account(study, "ann"),), (account(study, "bea"),)]


@pytest.mark.slow
def test_three_rotations_at_once_are_as_three_one_by_one(study):
    with study.open() as warehouse:
        plant(study, warehouse)
    for _ in range(3):
        study.keys = study.keys.with_new_link()
    with study.open() as warehouse:
        found = Loaded(study, warehouse).one("SELECT author_key FROM posts WHERE post_id = 1")
        assert found == account(study, "ann")


def test_keys_that_do_not_fit_what_is_stored_are_refused(study, tmp_path):
    first = study.keys
    with study.open() as warehouse:
        plant(study, warehouse)
        warehouse.rotate_keys(key_file(study))
    with pytest.raises(WarehouseError, match="older than what is stored"):
        study.open()
    study.keys = first.with_new_link()
    with pytest.raises(WarehouseError, match="not the one that this warehouse was made with"):
        study.open()
    study.keys = KeyRing.create(tmp_path / "other.key").with_new_link()
    with pytest.raises(WarehouseError, match="not the one that this warehouse was made with"):
        study.open()
    study.keys = KeyRing.read(key_file(study))
    study.open().close()


def test_a_key_file_that_changed_meanwhile_is_not_rotated(loaded):
    path = key_file(loaded.study)
    loaded.study.keys.with_new_link().overwrite(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="was changed"):
        loaded.warehouse.rotate_keys(path)
    assert path.read_bytes() == before


def test_a_segment_of_newer_keys_than_the_key_file_is_not_loaded(loaded):
    segment = loaded.study.land(loaded.study.post("1"), author_links=2)
    with pytest.raises(WarehouseError, match="put the study's own key file back"):
        loaded.warehouse.load(segment)
    assert segment.exists()


def test_content_and_erasure_keys_never_rotate(loaded):
    before = loaded.study.keys
    loaded.warehouse.rotate_keys(key_file(loaded.study))
    after = KeyRing.read(key_file(loaded.study))
    assert (after.content, after.erasure, after.author[:1]) == (
        before.content,
        before.erasure,
        before.author,
    )
