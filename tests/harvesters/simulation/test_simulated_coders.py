"""Simulated coders err at their rate, always in the same way, and can be asked about every post."""

import dataclasses
import hashlib
from datetime import date, timedelta

import numpy as np
import pytest

from harvesters.simulation.coders import CodingTeam, SimulatedCoder, simulated_codings
from harvesters.simulation.truth import FRAMES
from harvesters.simulation.world import World

START = date(2026, 1, 5)


def test_a_coder_errs_at_its_rate_both_ways(world: World) -> None:
    coder = SimulatedCoder("simulated-1")
    planted = np.array([[f in post.frames for f in FRAMES] for post in world.posts[:4000]])
    coded = np.array([[coder.value(post, f) for f in FRAMES] for post in world.posts[:4000]])
    wrong = planted != coded
    for kind in (True, False):
        rate = wrong[planted == kind].mean()
        assert abs(rate - 0.10) < 4 * np.sqrt(0.09 / (planted == kind).sum())


def test_codes_are_fixed_and_coders_err_independently(world: World) -> None:
    posts = world.posts[:3000]
    one, same, other = (SimulatedCoder(n) for n in ("simulated-1", "simulated-1", "simulated-2"))
    wrong = [
        [coder.value(p, FRAMES[0]) != (FRAMES[0] in p.frames) for p in posts]
        for coder in (one, same, other)
    ]
    assert wrong[0] == wrong[1]
    both = np.mean(np.array(wrong[0]) & np.array(wrong[2]))
    assert abs(both - 0.01) < 0.008
    reseeded = SimulatedCoder("simulated-1", seed=3)
    assert [reseeded.value(p, FRAMES[0]) for p in posts] != [one.value(p, FRAMES[0]) for p in posts]


def test_codes_never_change_with_versions_or_processes(world: World) -> None:
    """Worked out by hand from BLAKE2b: another answer would change every simulated study."""
    post = dataclasses.replace(world.posts[0], source="s", native_id="1", frames=frozenset())
    expected = []
    for frame in FRAMES:
        words = f"simulated-1\x1fs\x1f1\x1f{frame}".encode()
        digest = hashlib.blake2b(words, key=bytes(8), digest_size=8).hexdigest()
        expected.append(int(int(digest, 16) < 0.10 * 2**64))
    assert [SimulatedCoder("simulated-1").value(post, frame) for frame in FRAMES] == expected


def test_a_tenth_is_coded_twice_and_the_rest_shared_out(world: World) -> None:
    team = CodingTeam()
    names = [tuple(c.name for c in team.assigned(post)) for post in world.posts]
    twice = np.mean([len(entry) == 2 for entry in names])
    first = np.mean([entry == ("simulated-1",) for entry in names])
    assert abs(twice - 0.10) < 0.012
    assert abs(first - 0.45) < 0.02


def test_every_frame_of_a_post_is_coded(world: World) -> None:
    for post in world.posts[:200]:
        codings = simulated_codings(post)
        assert {coding.frame for coding in codings} == set(FRAMES)
        assert len(codings) == len(FRAMES) * len({coding.coder for coding in codings})


def test_what_is_expected_is_the_mean_of_the_codes(world: World) -> None:
    team = CodingTeam()
    for post in world.posts[:300]:
        for frame in FRAMES:
            values = [c.value for c in team.codes(post) if c.frame == frame]
            assert team.expected_value(post, frame) == np.mean(values)


def test_errors_draw_shares_towards_a_half(world: World) -> None:
    team = CodingTeam()
    posts = [p for p in world.of_community("5") if not p.automated]
    planted = world.truth.planted_share("5", "contestation", START, START + timedelta(days=60))
    found = team.expected_share(posts, "contestation")
    assert found == pytest.approx(planted * 0.9 + (1 - planted) * 0.1, abs=0.03)
    with pytest.raises(ValueError, match="no posts"):
        team.expected_share([], "contestation")
