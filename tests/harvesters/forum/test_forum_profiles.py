"""What a profile has to be, and how one that is not is refused."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harvesters.html_forum.dates import DateReader
from harvesters.html_forum.fields import Field, Selector
from harvesters.html_forum.pages import Page, parse_thread
from harvesters.html_forum.profile import (
    SHIPPED,
    ProfileError,
    load_profile,
    read_profile,
    shipped_names,
)
from tests.harvesters.forum.invented_board import SITE, START, InventedBoard

DOCS = Path(__file__).resolve().parents[3] / "docs" / "forum-profiles.md"
SMALL = """
name = "small"
software = "Small board"
evidence = "unverified"
[detect]
texts = ["Powered by Small"]
[board]
marker = "#list"
thread = ".row"
thread_id = { select = "a", attribute = "href", pattern = 't=(\\d+)' }
link = "a@href"
[thread]
marker = "#posts"
title = "h1"
[post]
each = ".post"
id = ".@data-id"
author = ".name"
time = "time@datetime"
body = ".body"
"""


def write(folder: Path, text: str, name: str = "small") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_profile_is_sound_and_says_its_evidence(name: str) -> None:
    profile = load_profile(name)

    assert profile.shipped
    assert re.fullmatch("[0-9a-f]{64}", profile.digest)
    kind = profile.evidence.partition(":")[0]
    assert kind in {"real server", "recording", "shipped template", "unverified"}
    assert profile.is_tested == (kind != "unverified")
    assert kind == "unverified" or profile.rules.evidence_detail
    assert profile.rules.versions


def test_a_small_profile_is_enough(tmp_path: Path) -> None:
    profile = read_profile(write(tmp_path, SMALL))

    assert (profile.name, profile.shipped, profile.evidence) == ("small", False, "unverified")


def test_the_digest_is_of_what_a_profile_says_and_not_of_how(tmp_path: Path) -> None:
    first = read_profile(write(tmp_path, SMALL)).digest
    commented = SMALL.replace("[board]", "# a comment\n\n[board]")
    assert read_profile(write(tmp_path, commented)).digest == first
    changed = SMALL.replace('marker = "#list"', 'marker = "#lists"')
    assert read_profile(write(tmp_path, changed)).digest != first


def test_a_studys_own_profile_goes_before_a_shipped_one_and_counts_as_untested(
    tmp_path: Path,
) -> None:
    own = (SHIPPED / "phpbb3.toml").read_text(encoding="utf-8")
    write(tmp_path, own, "phpbb3")

    profile = load_profile("phpbb3", tmp_path)

    assert (profile.shipped, profile.is_tested, profile.evidence) == (False, False, "unverified")
    assert load_profile("smf2", tmp_path).is_tested


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('marker = "#list"', "", "board.marker: is missing"),
        ('marker = "#list"', 'marker = "#list["', "board.marker: the selector '#list['"),
        ('marker = "#list"', 'marker = "xpath:.//a["', "board.marker: the selector"),
        ('marker = "#list"', "marker = 3", "board.marker: a selector is a text"),
        ('title = "h1"', 'title = "h1"\ntitel = "h1"', "thread.titel: is not a key"),
        ("t=(\\d+)", "t=\\d+", "thread_id.0.pattern: the pattern has no group"),
        ("t=(\\d+)", "t=(", "thread_id.0.pattern: "),
        ('evidence = "unverified"', 'evidence = "trust me"', "evidence: "),
        ('texts = ["Powered by Small"]', "", "detect: name at least one mark"),
        ("[board]", '[dates]\ntimezone = "London"\n[board]', "dates.timezone: 'London'"),
        ("[board]", '[dates]\norder = "DYM"\n[board]', "dates.order: "),
        ('title = "h1"', 'title = "h1"\naddress = "t/{id}"', "{id} is not known"),
        ('name = "small"', 'name = "large"', "write the file's own name, 'small'"),
        ('name = "small"', "name = ", "is no TOML file"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_key_and_what_to_write(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in SMALL
    with pytest.raises(ProfileError) as error:
        read_profile(write(tmp_path, SMALL.replace(old, new)))

    assert said in str(error.value)
    assert str(error.value).startswith("small.toml")


@pytest.mark.parametrize("name", ["no_such_board", "../secrets", "", "A" * 500])
def test_a_profile_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ProfileError, match="xenforo2") as error:
        load_profile(name, tmp_path)

    assert len(str(error.value)) < 400


def test_a_sources_options_go_before_the_profiles_dates() -> None:
    profile = load_profile("mybb18")

    assert isinstance(profile.date_reader({}), DateReader)
    dates = profile.date_reader(
        {"timezone": "Europe/London", "date_order": "DMY", "profile": "mybb18"}
    )
    assert (dates.timezone, dates.order) == ("Europe/London", "DMY")
    assert profile.date_reader({"language": "cy, en"}).languages == ("cy", "en")
    for wrong in ({"timezone": "Cardiff"}, {"date_order": "british"}):
        with pytest.raises(ProfileError, match="options"):
            profile.date_reader(wrong)


def test_selectors_find_an_element_itself_and_what_xpath_returns() -> None:
    from lxml import html  # noqa: PLC0415 # this test alone

    tree = html.fromstring('<div class="a"><p title="t">One <b>two</b></p>tail</div>')

    assert Selector(".").all(tree) == [tree]
    assert Selector(".a").first(tree) is tree
    assert Selector("xpath:.//p/@title").all(tree) == []
    assert list(Field.model_validate({"select": "xpath:string(.//b)"}).values(tree)) == ["two"]
    assert list(Field.model_validate({"select": "p", "attribute": "TITLE"}).values(tree)) == ["t"]
    assert list(Field.model_validate({"select": "p", "pattern": r"(\d+)"}).values(tree)) == []


def example_of_the_docs() -> str:
    found: Any = re.search(r"```toml\n(name = .*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return str(found[1])


def test_the_example_of_the_docs_is_a_profile(tmp_path: Path) -> None:
    text = example_of_the_docs()
    name = tomllib.loads(text)["name"]

    profile = read_profile(write(tmp_path, text, name))

    assert load_profile(name, tmp_path) == profile


def test_the_docs_name_every_key_and_every_shipped_profile_with_its_evidence() -> None:
    from harvesters.html_forum.profile import Rules  # noqa: PLC0415 # this test alone

    text = DOCS.read_text(encoding="utf-8")
    for name, field in Rules.model_fields.items():
        assert f"`{name}`" in text or f"[{name}]" in text
        for key in getattr(field.annotation, "model_fields", {}):
            assert f"`{key}`" in text, key
    for name in shipped_names():
        assert f"| `{name}` | {load_profile(name).evidence} |" in text


def test_a_board_may_name_the_badge_of_its_machines() -> None:
    shipped = load_profile("xenforo2")
    post = shipped.rules.post.model_copy(update={"automated": Selector(".message-name .is-bot")})
    profile = replace(shipped, rules=shipped.rules.model_copy(update={"post": post}))
    board = InventedBoard("xenforo2")
    page = board._thread(board.open(1, n_posts=2), 1, 1)
    name = '<h4 class="message-name">'
    assert page.count(name) == len(board.threads[1].posts) == 2
    marked = page.replace(name, f"{name}<em class='is-bot'>Bot</em>", 1)

    for profile_read, automated in ((profile, [True, False]), (shipped, [False, False])):
        thread = parse_thread(
            Page(content=marked.encode(), address=f"{SITE}/x", fetched_at=START),
            profile_read,
            profile_read.date_reader({}),
        )
        assert [each.automated for each in thread.posts] == automated
