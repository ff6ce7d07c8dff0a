"""The oracle agrees with looking at every post at every read, and its groups are whole."""

from datetime import UTC, datetime, timedelta

import pytest

from harvesters.simulation.oracle import content_of, what_reads_show
from harvesters.simulation.world import World

READS = [datetime(2026, 1, 6, 2, tzinfo=UTC) + timedelta(days=day) for day in range(40)]


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social", "sim_feed"])
def test_every_post_is_in_one_group(world: World, source: str) -> None:
    found = what_reads_show(world, source, READS)
    groups = [set(found.seen), found.too_short_lived, found.aged_out, found.not_yet]
    everything = {post.native_id for post in world.of_source(source)}
    assert set().union(*groups) == everything
    assert sum(map(len, groups)) == len(everything)
    assert len(found.too_short_lived) > 0
    assert bool(found.aged_out) == (source == "sim_feed")
    assert all(world.post(source, key).visible_from > READS[-1] for key in found.not_yet)


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social"])
def test_what_is_seen_is_what_each_read_shows(world: World, source: str) -> None:
    found = what_reads_show(world, source, READS)
    contents: dict[str, list[tuple[str, str]]] = {}
    missing: dict[str, datetime] = {}
    for read in READS:
        visible = {post.native_id: post for post in world.visible(source, read)}
        for native_id, post in visible.items():
            content = content_of(post, post.version_at(read))
            seen = contents.setdefault(native_id, [])
            if not seen or seen[-1] != content:
                seen.append(content)
        for native_id in contents.keys() - visible.keys():
            missing.setdefault(native_id, read)
    assert set(found.seen) == set(contents)
    assert found.missing == missing
    assert found.n_revisions == sum(map(len, contents.values()))
    for native_id, entry in found.seen.items():
        assert [content_of(entry.post, v) for v in entry.versions] == contents[native_id]
    assert any(len(entry.versions) == 3 for entry in found.seen.values())


def test_feed_items_are_lost_when_more_come_than_the_window_shows(world: World) -> None:
    nightly = what_reads_show(world, "sim_feed", READS)
    four_a_day = [read + timedelta(hours=6 * part) for read in READS for part in range(4)]
    often = what_reads_show(world, "sim_feed", four_a_day)
    assert 40 <= len(nightly.aged_out) <= 300
    assert not often.aged_out
    lost_nights = {world.post("sim_feed", key).night for key in nightly.aged_out}
    assert lost_nights <= set(range(4, 60, 9)) | {n + 1 for n in range(4, 60, 9)}


def test_weekly_posts_of_the_feed_suffice_in_spite_of_losses(world: World) -> None:
    reads = [datetime(2026, 1, 6, 2, tzinfo=UTC) + timedelta(days=day) for day in range(60)]
    seen = what_reads_show(world, "sim_feed", reads).seen
    for week in range(8):
        count = sum(week * 7 <= entry.post.night < week * 7 + 7 for entry in seen.values())
        assert count >= 200


def test_no_reads_show_nothing_to_say(world: World) -> None:
    with pytest.raises(ValueError, match="at least one moment"):
        what_reads_show(world, "sim_blog", [])
