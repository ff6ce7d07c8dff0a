"""Every platform of the registry keeps the harvesters' protocol."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from harvesters.base import SourceSpec
from harvesters.registry import PLATFORMS, UnknownPlatform, open_harvester

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_platform_is_opened_under_the_name_it_gives_itself(site: Any, platform: str) -> None:
    spec = SourceSpec(source="s", platform=platform, url="https://site.example.org")

    harvester = site.open(spec, lambda _: httpx.Response(404))

    assert harvester.platform == platform
    assert isinstance(harvester, PLATFORMS[platform])
    assert all(callable(getattr(harvester, n)) for n in ("communities", "harvest", "recheck"))


def test_an_unknown_platform_is_refused_with_the_known_ones(site: Any) -> None:
    spec = SourceSpec(source="s", platform="usenet", url="https://site.example.org")

    with pytest.raises(UnknownPlatform, match=r"discourse, feed, .*mastodon, .*wordpress"):
        open_harvester(spec, client=None, keys=site.keys, clock=site.clock)  # type: ignore[arg-type]


def test_the_pages_say_against_what_each_platform_was_tested() -> None:
    rows = (DOCS / "sources.md").read_text(encoding="utf-8").splitlines()
    told = dict(row.strip("| ").split(" | ", 1) for row in rows if row.startswith("| `"))
    assert {name.strip("`") for name in told} == set(PLATFORMS)
    for name, platform in PLATFORMS.items():
        evidence = getattr(platform, "evidence", None)
        if isinstance(evidence, str):
            assert told[f"`{name}`"] == evidence
        else:  # it depends on what the source's entry says
            assert told[f"`{name}`"].startswith("by ")
