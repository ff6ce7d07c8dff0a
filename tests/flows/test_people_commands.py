"""The commands by which people take their words back, from the command line to the bytes."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.commands.session import Study, open_study
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.hosts import host_hash
from warehouse.records import Post, SegmentHeader

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
OPENING = "https://forum.example/t/waiting/7/1"
WORDS = "quokkaserenade of zebrafinches"
SOURCES = """
[[sources]]
name = "forum"
platform = "discourse"
url = "https://forum.example"
ethics_ref = "REC 26/0123"

[[sources]]
name = "toots"
platform = "mastodon"
url = "https://a.example"
ethics_ref = "REC 26/0123"
communities = [{ community = "wait", name = "Waiting" }]
"""


def run(*arguments: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="valuetalk")


def did(*arguments: str, stdin: str | None = None) -> Any:
    """Run a command that must succeed, and return its JSON where it prints some."""
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a study and its keys once; every test gets a copy."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as environ:
        live_in(place, environ)
        did("init", "--name", "A study", "--contact", "study@example.org")
        settings = place / "study" / "valuetalk.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text[: text.index("[[sources]]")] + SOURCES, encoding="utf-8")
        fill(open_study(place / "study"))
    return place


@pytest.fixture
def study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study with two sources that holds four posts."""
    live_in(tmp_path, monkeypatch)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return open_study(tmp_path / "study")


def live_in(place: Path, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("XDG_CONFIG_HOME", str(place / "config"))
    environ.setenv("VALUETALK_HOME", str(place / "study"))
    environ.delenv("VALUETALK_KEY_FILE", raising=False)


def fill(study: Study) -> None:
    keys = study.keys()
    bea = keys.author_key("mastodon", "b.example", "bea@b.example")
    first = opening_post(study)
    plain = {"kind": "comment", "title": "", "text": "yes", "own_text": "yes"}
    toot = {"source": "toots", "community": "wait", "native_thread_id": "90", "url": None}
    load(
        study,
        first,
        replace(first, native_id="12", author_key=None, url=f"{OPENING[:-1]}2", **plain),
        replace(first, native_id="13", native_thread_id="8", author_key=None, url=None, **plain),
        replace(
            first,
            native_id="91",
            author_key=bea,
            host_key=host_hash(keys, "b.example"),
            item_key=keys.content_hash("https://b.example/users/bea/statuses/91"),
            **(plain | toot),
        ),
    )


def opening_post(study: Study) -> Post:
    keys = study.keys()
    return Post(
        source="forum",
        community="board",
        native_id="11",
        native_thread_id="7",
        native_parent_id=None,
        kind="post",
        author_key=keys.author_key("discourse", "forum.example", "Ann_B"),
        created_at=NOW,
        edited_at=None,
        harvested_at=NOW,
        title="Waiting",
        text=f"Again the {WORDS}",
        own_text=f"Waiting\nAgain the {WORDS}",
        language="en",
        url=OPENING,
        content_hash="h1",
        text_version=1,
        host_key=host_hash(keys, "forum.example"),
    )


def load(study: Study, *posts: Post) -> None:
    with study.warehouse() as warehouse:
        warehouse.connection.execute("SET force_compression = 'uncompressed'")
        for source in sorted({post.source for post in posts}):
            of_source = [post for post in posts if post.source == source]
            header = SegmentHeader(
                run_id="r",
                source=source,
                community=of_source[0].community,
                activity="harvest",
                harvested_at=NOW,
                final=True,
            )
            warehouse.load(write_segment(study.home.landing, header, posts=of_source))
        warehouse.write_state()


def held(home: Home) -> list[str]:
    with duckdb.connect(str(home.database), read_only=True) as connection:
        rows = connection.execute("SELECT native_id FROM locators ORDER BY 1").fetchall()
    return [native_id for (native_id,) in rows]


def files_with(root: Path, *words: str) -> Iterator[str]:
    for path in root.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if any(word.encode() in content for word in words):
            yield path.name


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        (["--author", "@ann_b", "--source", "forum"], ["12", "13", "91"]),
        pytest.param(
            ["--author", "ANN_B", "--platform", "discourse"],
            ["12", "13", "91"],
            marks=pytest.mark.slow,
        ),
        (["--author", "@bea@b.example", "--platform", "mastodon"], ["11", "12", "13"]),
        pytest.param(
            ["--author", "@bea@B.example", "--source", "toots"],
            ["11", "12", "13"],
            marks=pytest.mark.slow,
        ),
        (["--thread", "https://www.forum.example/t/waiting/7/"], ["13", "91"]),
        pytest.param(
            ["--thread", "https://forum.example/t/waiting/7/2"],
            ["13", "91"],
            marks=pytest.mark.slow,
        ),
        (["--thread", "7", "--source", "forum"], ["13", "91"]),
        pytest.param(
            ["--thread", "https://b.example/users/bea/statuses/91"],
            ["11", "12", "13"],
            marks=pytest.mark.slow,
        ),
        (["--host", "https://forum.example/latest"], ["91"]),
        (["--host", "b.example"], ["11", "12", "13"]),
        pytest.param(["--host", "a.example"], ["11", "12", "13"], marks=pytest.mark.slow),
        (["--phrase", "QUOKKASERENADE  of"], ["12", "13", "91"]),
    ],
)
def test_an_optout_takes_out_what_is_named(
    study: Study, request_: list[str], left: list[str]
) -> None:
    said = did("optout", "add", *request_)
    assert held(study.home) == left
    assert f"{4 - len(left)} posts were withdrawn" in said
    assert not any(part.strip("@") in said for part in request_ if not part.startswith("--"))
    if "://" not in request_[1]:  # an address is looked up among what is held
        assert did("optout", "add", *request_, "--json") == {"withdrawn": 0, "exports": []}


def test_what_opted_out_is_gone_from_every_byte_after_erase_and_is_never_shown(
    study: Study,
) -> None:
    assert [*files_with(study.home.root, WORDS)]
    did("optout", "add", "--phrase", "-", stdin=f"{WORDS}\n")
    did("optout", "add", "--author", "@ann_b", "--source", "forum")
    assert did("erase", "--json") == {
        "withdrawn": 0,
        "erased": 1,
        "published": False,
        "exports": [],
    }
    assert [*files_with(study.home.root, WORDS.partition(" ")[0])] == []
    rows = did("optout", "list", "--json")
    assert [(row["kind"], row["entries"]) for row in rows] == [("author", 1), ("phrase", 1)]
    assert {*rows[0]} == {"kind", "entries", "first", "last"}


def test_a_source_whose_host_opted_out_is_not_asked_and_that_is_recorded(study: Study) -> None:
    did("optout", "add", "--host", "forum.example")
    done = run("harvest", "forum")
    assert done.exit_code == 3
    assert "forum is not read, since its host has opted out; set enabled = false" in done.stderr
    with study.warehouse() as warehouse:
        rows = warehouse.query("SELECT status, requests, fetched, error FROM harvests").to_pylist()
    assert [row["status"] for row in rows if row["error"]] == ["blocked"]
    assert [(row["requests"], row["fetched"]) for row in rows if row["error"]] == [(0, 0)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "left"),
    [
        (["--post", "https://forum.example/t/waiting/7/1"], ["12", "13", "91"]),
        (["--post", "https://b.example/users/bea/statuses/91"], ["11", "12", "13"]),
        (["--post", "13", "--source", "forum"], ["11", "12", "91"]),
        (["--thread", "8", "--source", "forum"], ["11", "12", "91"]),
        (["--author", "bea@b.example", "--platform", "mastodon"], ["11", "12", "13"]),
    ],
)
def test_erase_takes_out_what_is_named_at_once(
    study: Study, request_: list[str], left: list[str]
) -> None:
    counts = did("erase", *request_, "--json")
    assert (counts["withdrawn"], counts["erased"]) == (4 - len(left), 4 - len(left))
    assert held(study.home) == left


def test_erase_names_who_was_given_it_and_publishes_anew(study: Study) -> None:
    did("erase", "--publish")
    release = study.home.controlled / "discourse.duckdb"
    did("sql", "SELECT post_id, text FROM posts", "--to", "Dr A")
    assert [*study.home.exports.iterdir()]
    said = did("erase", "--post", "11", "--source", "forum", "--publish")
    assert "1 posts were erased" in said
    assert "tell them to delete these" in said
    assert "Dr A" in said
    assert [*study.home.exports.iterdir()] == []
    with duckdb.connect(str(release), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (3,)
    assert [*files_with(study.home.root, WORDS)] == []


WRONG_USE = [
    ("optout add", 2, "give one of --author, --thread, --host, --phrase"),
    ("optout add --author a --phrase b", 2, "give one of"),
    ("optout add --author ann", 2, "say with --source or --platform where the account is"),
    ("optout add --author ann --platform lemmy", 2, "no source of the platform lemmy"),
    ("optout add --author @ --source forum", 2, "the handle is empty"),
    ("optout add --author ann.example --platform bluesky", 2, "is known by its DID"),
    ("optout add --author ann --source frum", 2, "did you mean forum?"),
    ("optout add --thread 7", 2, "by its native id and --source"),
    ("optout add --thread https://forum.example/t/none/9", 1, "no post is held under that"),
    ("optout add --thread https://", 2, "cannot be read; copy it from the browser"),
    ("optout add --thread 7 --source frum", 2, "did you mean forum?"),
    ("optout add --host forum", 2, "write it as forum.example"),
    ("optout add --phrase ...", 2, "the phrase has no word"),
    ("optout add --phrase @ann", 2, "use --author for an account"),
    ("erase --post 1 --author 2", 2, "give one of --post, --thread, --author"),
    ("erase --post 1", 2, "by its native id and --source"),
    ("erase --post https://forum.example/x", 1, "no post is held under that address"),
    ("keys destroy --yes other", 2, "nothing was destroyed"),
    ("restore none.tar.zst --home elsewhere", 1, "there is no backup at"),
    ("restore x --home elsewhere --lists nowhere", 2, "there is no list of erasures in"),
]


def test_wrong_use_is_one_sentence_and_changes_nothing(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.home.root.parent)
    for arguments, code, said in WRONG_USE:
        done = run(*arguments.split())
        assert (done.exit_code, done.stderr.count("\n")) == (code, 1), done.stderr
        assert said in done.stderr
    assert held(study.home) == ["11", "12", "13", "91"]
    assert not (study.home.state / "optouts.json").exists()


def test_an_address_that_fits_two_threads_is_refused(study: Study) -> None:
    done = run("optout", "add", "--thread", "https://forum.example/t/waiting")
    assert done.exit_code == 0  # one thread lies under it
    address = "https://forum.example/x/21"
    first = replace(opening_post(study), native_id="21", native_thread_id="21", url=address)
    other = replace(first, native_id="22", native_thread_id="22", url="https://forum.example/x/22")
    load(study, first, other)
    done = run("erase", "--thread", "https://forum.example/x")
    assert done.exit_code == 2
    assert "fits 2 threads" in done.stderr
    assert held(study.home) == ["13", "21", "22", "91"]


def test_keys_rotate_and_the_release_follows(study: Study) -> None:
    did("erase", "--publish")
    before = study.keys()
    old = before.author_key("discourse", "forum.example", "ann_b")
    assert "The author key has 2 links; 2 pseudonyms" in did("keys", "rotate")
    after = study.keys()
    assert after.author[:1] == before.author
    rows = did("sql", "SELECT DISTINCT author_key FROM posts WHERE source = 'forum'", "--json")
    assert [row["author_key"] for row in rows if row["author_key"]] == [after.relink(old)]
    assert [*files_with(study.home.root, old)] == []


def test_a_whole_source_is_erased_when_its_name_is_given_twice_and_is_read_no_more(
    study: Study, tmp_path: Path
) -> None:
    did("erase", "--publish")
    assert run("erase", "--whole-source", "forum", "--yes", "form").exit_code == 2
    assert run("erase", "--whole-source", "forum", stdin="blog\n").exit_code == 2
    assert run("erase", "--whole-source", "nowhere", "--yes", "nowhere").exit_code == 1
    assert held(study.home) == ["11", "12", "13", "91"]
    counts = did("erase", "--whole-source", "forum", "--yes", "forum", "--json")
    assert (counts["withdrawn"], counts["erased"]) == (3, 3)
    assert held(study.home) == ["91"]
    with duckdb.connect(
        str(study.home.controlled / "discourse.duckdb"), read_only=True
    ) as released:
        assert released.execute("SELECT source FROM posts").fetchall() == [("toots",)]
    done = run("harvest", "forum")
    assert done.exit_code == 3
    assert "forum is not read, since it was erased as a whole" in done.stderr
    (tmp_path / "old.csv").write_text("id,text,author\n1,we waited,ann\n")
    done = run("import", str(tmp_path / "old.csv"), "--source", "forum", "--licence", "CC0")
    assert done.exit_code == 1
    assert "forum was erased as a whole" in done.stderr


def test_a_release_that_cannot_be_renewed_after_an_erasure_is_withdrawn(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    did("erase", "--publish")
    assert (study.home.controlled / "discourse.duckdb").is_file()
    monkeypatch.setattr("warehouse.release.controlled.publish_controlled", lambda *_: 1 / 0)
    assert run("erase", "--post", "11", "--source", "forum").exit_code == 1
    assert not study.home.controlled.exists()
    assert held(study.home) == ["12", "13", "91"]


def test_destroyed_keys_close_the_study(study: Study, tmp_path: Path) -> None:
    copy = tmp_path / "b.tar.zst"
    did("backup", str(copy))
    assert run("keys", "destroy", stdin="another\n").exit_code == 2
    study.keys()
    assert "the study is closed" in did("keys", "destroy", stdin="A study\n")
    for command in (
        ["harvest"],
        ["import", str(copy), "--source", "forum"],
        ["optout", "add", "--host", "b.example"],
        ["erase"],
        ["backup", str(tmp_path / "c.tar.zst")],
        ["restore", str(copy), "--home", str(tmp_path / "again")],
        ["keys", "rotate"],
        ["keys", "destroy", "--yes", "A study"],
    ):
        done = run(*command)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1), command
        assert "were destroyed and the study is closed" in done.stderr, command
    assert not (tmp_path / "again").exists()


@pytest.mark.usefixtures("study")
def test_a_backup_is_restored_under_the_living_home_s_lists(tmp_path: Path) -> None:
    said = did("backup")
    (file,) = tmp_path.glob("study-*.tar.zst")
    assert str(file) in said
    did("optout", "add", "--author", "ann_b", "--source", "forum")
    did("erase", "--post", "91", "--source", "toots")
    did("keys", "rotate")
    again = tmp_path / "again"
    said = did("restore", str(file), "--home", str(again))
    assert "2 posts taken out" in said
    assert "Only the backup's own list" not in said
    assert held(Home(again)) == ["12", "13"]
    assert [*files_with(again, WORDS)] == []
    with open_study(again).warehouse() as warehouse:
        assert warehouse.keys.links == 2


@pytest.mark.slow
def test_a_restore_without_a_living_list_says_so(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b.tar.zst"
    did("backup", str(file))
    did("erase", "--post", "91", "--source", "toots")
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "again"))
    assert "Only the backup's own list" in did("restore", str(file))
    assert held(Home(tmp_path / "again")) == ["11", "12", "13", "91"]
    named = ("--lists", str(study.home.root))
    assert "1 posts" in did("restore", str(file), "--home", str(tmp_path / "third"), *named)
    assert held(Home(tmp_path / "third")) == ["11", "12", "13"]
