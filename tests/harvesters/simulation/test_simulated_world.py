"""The world is the same for the same arguments, and lives as it promises to."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from harvesters.simulation.entities import SimPost
from harvesters.simulation.oracle import content_of
from harvesters.simulation.world import World, build_world

START = date(2026, 1, 5)
AFTERWARDS = datetime(2027, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def people(world: World, community: str) -> list[SimPost]:
    return [post for post in world.of_community(community) if not post.automated]


def test_the_same_arguments_give_the_same_world(small_world: World) -> None:
    again = build_world(seed=5, start=START, nights=12, scale=0.3)
    assert again.digest == small_world.digest
    assert again.posts == small_world.posts


def test_another_process_with_another_hash_seed_gives_the_same_world(small_world: World) -> None:
    program = (
        "from datetime import date\n"
        "from harvesters.simulation.world import build_world\n"
        "print(build_world(seed=5, start=date(2026, 1, 5), nights=12, scale=0.3).digest)"
    )
    for hash_seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == small_world.digest


def test_another_seed_gives_another_world(small_world: World) -> None:
    other = build_world(seed=6, start=START, nights=12, scale=0.3)
    assert other.digest != small_world.digest
    mine = {version.raw for post in small_world.posts for version in post.versions}
    theirs = {version.raw for post in other.posts for version in post.versions}
    assert len(mine & theirs) < 0.1 * len(mine)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"nights": 0}, {"scale": 0.0}])
def test_impossible_worlds_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least one night"):
        build_world(**({"seed": 1, "start": START, "nights": 3} | wrong))  # type: ignore[arg-type]


def test_it_is_as_busy_as_promised(world: World) -> None:
    assert 205 <= len(world.posts) / world.nights <= 235
    for community in world.communities:
        for week in range(8):
            since = START + week * WEEK
            standing = [
                post
                for post in people(world, community.community)
                if since <= post.created_at.date() < since + WEEK
                and post.repeats is None
                and post.is_visible(AFTERWARDS)
            ]
            assert len(standing) >= 200, (community.community, week)
            assert len({post.handle for post in standing}) >= 60, (community.community, week)


def test_most_cells_are_large_enough_to_be_published(world: World) -> None:
    cells = [
        world.truth.planted_share(c.community, frame, START + w * WEEK, START + (w + 1) * WEEK)
        for c in world.communities
        for frame in world.truth.frames
        for w in range(8)
    ]
    assert sum(share >= 0.06 for share in cells) >= 0.9 * len(cells)
    assert min(cells) * 200 >= 8


def test_scale_multiplies_the_posts(small_world: World) -> None:
    assert 0.25 * 220 <= len(small_world.posts) / small_world.nights <= 0.36 * 220


def test_a_large_world_finds_enough_names() -> None:
    large = build_world(seed=1, start=START, nights=1, scale=8.0)
    assert len(large.posts) > 8 * 200
    accounts = {(p.source, p.handle.lower()): p.author.number for p in large.posts}
    assert all(
        accounts[post.source, post.handle.lower()] == post.author.number for post in large.posts
    )


def test_four_sources_with_roles_and_countries(world: World) -> None:
    assert {site.platform for site in world.sources} == {
        "wordpress",
        "discourse",
        "mastodon",
        "feed",
    }
    assert {c.role for c in world.communities} == {
        "movement",
        "service_users",
        "carers",
        "practitioners",
        "policy",
    }
    assert len({c.country for c in world.communities}) == 2


def test_native_ids_are_unique_and_grow_with_time(world: World) -> None:
    by_sequence: dict[tuple[str, str], list[SimPost]] = defaultdict(list)
    for post in world.posts:
        own_numbers = post.kind if post.source == "sim_blog" else "all"
        by_sequence[post.source, own_numbers].append(post)
    assert len({(post.source, post.native_id) for post in world.posts}) == len(world.posts)
    for posts in by_sequence.values():
        numbers = [post.number for post in posts]
        assert numbers == sorted(numbers)
        assert [p.created_at for p in posts] == sorted(p.created_at for p in posts)


def test_native_ids_have_the_platforms_forms(world: World) -> None:
    forms = {
        "sim_blog": r"(post|comment):\d{3,5}",
        "sim_forum": r"\d{4,6}",
        "sim_social": r"\d{18}",
        "sim_feed": r"http://bulletin\.example/\?p=\d+",
    }
    for post in world.posts:
        assert re.fullmatch(forms[post.source], post.native_id)
        if post.source == "sim_social":
            written = datetime.fromtimestamp((post.number >> 16) / 1000, UTC)
            assert abs(written - post.created_at) < timedelta(milliseconds=2)


def test_replies_answer_what_could_be_read(world: World) -> None:
    by_number = {(p.source, p.kind == "post", p.number): p for p in world.posts}
    replies = [post for post in world.posts if post.parent is not None]
    assert len(replies) > 0.5 * len(world.posts)
    for reply in replies:
        parents = [
            by_number[key]
            for key in ((reply.source, True, reply.parent), (reply.source, False, reply.parent))
            if key in by_number
        ]
        parent = next(p for p in parents if p.thread == reply.thread)
        assert parent.is_visible(reply.created_at)
        assert parent.native_id == reply.native_parent_id
        assert parent.native_thread_id == reply.native_thread_id
        assert reply.kind == "comment"


def test_replies_quote_now_and_then(world: World) -> None:
    replies = [post for post in world.posts if post.kind == "comment"]
    quoting = [post for post in replies if post.quoted is not None]
    assert 0.12 <= len(quoting) / len(replies) <= 0.18
    marks = {"sim_blog": "<blockquote>", "sim_forum": "[quote=", "sim_social": "quote-inline"}
    assert all(marks[post.source] in post.versions[0].raw for post in quoting)


def test_posts_are_edited_touched_and_taken_back(world: World) -> None:
    edited = [post for post in world.posts if len(post.versions) > 1]
    assert 0.03 <= len(edited) / len(world.posts) <= 0.05
    kinds = Counter[str]()
    for post in edited:
        contents = [content_of(post, n) for n in range(len(post.versions))]
        moments = [version.at for version in post.versions]
        assert moments == sorted(set(moments))
        assert moments[-1] - post.created_at < timedelta(days=10)
        assert post.deleted_at is None or moments[-1] < post.deleted_at
        if len(contents) == 3 and contents[0] == contents[2] != contents[1]:
            kinds["taken back"] += 1
        kinds["touched" if len(set(contents)) == 1 else "changed"] += 1
    assert min(kinds["taken back"], kinds["touched"]) >= 20
    assert kinds["changed"] >= 300


def test_posts_are_deleted_soon_or_weeks_later(world: World) -> None:
    deleted = [post for post in world.posts if post.deleted_at is not None]
    assert 0.03 <= len(deleted) / len(world.posts) <= 0.065
    lives = [post.deleted_at - post.created_at for post in deleted if post.deleted_at]
    assert sum(life < timedelta(hours=6) for life in lives) >= 100
    assert sum(life > timedelta(days=7) for life in lives) >= 100
    assert set(Counter(post.deletion_reason for post in deleted)) == {"author", "moderator"}


def test_a_deleted_topic_or_article_takes_its_replies_along(world: World) -> None:
    roots = {
        (post.source, post.thread): post.deleted_at
        for post in world.posts
        if post.kind == "post" and post.deleted_at and post.source in ("sim_blog", "sim_forum")
    }
    replies = [
        post
        for post in world.posts
        if post.kind == "comment" and (post.source, post.thread) in roots
    ]
    assert len(replies) >= 10
    for post in replies:
        assert post.deleted_at is not None
        ended = roots[post.source, post.thread]
        assert ended is not None
        assert post.deleted_at <= max(ended, post.created_at)


def test_some_comments_wait_for_a_moderator(world: World) -> None:
    held = [post for post in world.posts if post.visible_from > post.created_at]
    assert len(held) >= 20
    assert {post.source for post in held} == {"sim_blog"}
    assert max(p.visible_from - p.created_at for p in held) < timedelta(days=2)


def test_bots_and_repeats_are_marked(world: World) -> None:
    bots = [post for post in world.posts if post.automated]
    assert {post.source for post in bots} == {"sim_social"}
    assert len(bots) >= 100
    assert all(post.author.bot and not post.frames for post in bots)
    repeats = [post for post in world.posts if post.repeats is not None]
    assert 15 <= len(repeats) <= 120
    for post in repeats:
        first = world.post(post.source, str(post.repeats))
        assert first.handle == post.handle
        assert timedelta(0) < post.created_at - first.created_at < timedelta(minutes=20)


def test_planted_identifiers_stand_in_the_text(world: World) -> None:
    telling = [post for post in world.posts if post.identifiers]
    assert len(telling) >= 100
    for post in telling:
        assert all(value in post.versions[0].raw for value in post.identifiers)
    kinds = Counter(
        "email" if "@" in value else "nhs" if value.startswith("999") else "phone"
        for post in telling
        for value in post.identifiers
    )
    assert min(kinds[kind] for kind in ("email", "nhs", "phone")) >= 10


def test_nhs_numbers_are_of_the_test_range_with_a_right_check_digit(world: World) -> None:
    numbers = {v for p in world.posts for v in p.identifiers if v.startswith("999")}
    for number in numbers:
        digits = [int(digit) for digit in number.replace(" ", "")]
        total = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
        assert (11 - total % 11) % 11 == digits[9]


def test_texts_are_short_and_long_and_hold_more_than_ascii(world: World) -> None:
    lengths = sorted(
        len(post.versions[0].raw) for post in world.posts if post.source == "sim_forum"
    )
    assert lengths[len(lengths) // 20] < 110
    assert lengths[-len(lengths) // 20] > 400
    everything = "".join(post.versions[0].raw for post in world.posts)
    assert all(
        mark in everything for mark in ("☕", "木漏れ日", "Siân", "\N{RIGHT SINGLE QUOTATION MARK}")
    )
    assert "{" not in everything


def test_the_feed_publishes_more_than_its_window_on_some_days(world: World) -> None:
    a_day = Counter(post.night for post in world.of_source("sim_feed"))
    bursts = [night for night, count in a_day.items() if count > world.feed_window]
    assert 5 <= len(bursts) <= 9
    assert min(a_day.values()) < world.feed_window


def test_posts_spread_over_the_day(world: World) -> None:
    hours = Counter(post.created_at.hour for post in world.posts)
    assert len(hours) == 24
    assert hours[20] > 4 * hours[3]
    assert all(0 <= (post.created_at.date() - START).days == post.night for post in world.posts)


def test_visible_agrees_with_every_post_asked_by_itself(world: World, midwinter: datetime) -> None:
    for site in world.sources:
        expected = [p for p in world.of_source(site.source) if p.is_visible(midwinter)]
        assert world.visible(site.source, midwinter) == expected
        assert 0 < len(expected) < len(world.of_source(site.source))
