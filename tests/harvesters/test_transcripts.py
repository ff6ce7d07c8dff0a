"""Transcripts: every way to write who said what gives the same turns, and speakers are hidden."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.archives.files import ArchiveError
from harvesters.archives.transcripts import describe_transcript, read_transcript
from harvesters.archives.turns import read_turns, turns_of_lines
from warehouse.records import Batch, Post

NOW = datetime(2026, 4, 1, tzinfo=UTC)
SAID = [
    ("Facilitator", "What did being asked change?"),
    ("Orla Fenwick", "We were heard. Nobody had asked before.\nIt felt like ours."),
    ("Dev", "As Orla says: the ward listened. 共同生产 🧠"),
    ("Orla Fenwick", "And Dev wrote the leaflet."),
]


def as_lines(template: str) -> str:
    return "\n".join(
        template.format(who=who, what=what.replace("\n", "\n"), at=f"0:{n}0", n=n)
        for n, (who, what) in enumerate(SAID)
    )


def written(folder: Path, name: str, template: str) -> Path:
    path = folder / name
    if name.endswith(".docx"):
        document = Document()
        for line in as_lines(template).splitlines():
            document.add_paragraph(line)
        document.save(str(path))
    else:
        path.write_text(as_lines(template), encoding="utf-8")
    return path


WAYS = {
    "plain.txt": "{who}: {what}",
    "timed.txt": "[00:0{n}:00] {who}: {what}",
    "behind.txt": "{who} (00:0{n}:00): {what}",
    "headed.docx": "{who}   {at}\n{what}",
    "plain.docx": "{who}: {what}",
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_writing_gives_the_same_turns(tmp_path: Path, name: str) -> None:
    turns = read_turns(written(tmp_path, name, WAYS[name]))
    assert [(turn.speaker, turn.text) for turn in turns] == SAID
    timed = name not in {"plain.txt", "plain.docx"}
    assert [turn.seconds is not None for turn in turns] == [timed] * 4


VTT_VOICES = """WEBVTT

1
00:00:03.200 --> 00:00:05.000
<v Orla Fenwick>We waited &amp; waited.</v>

00:00:05.100 --> 00:00:07.000
<v Orla Fenwick>For months.</v>

00:00:08.000 --> 00:00:09.000
<v Dev>Same here</v>
"""
VTT_NAMES = """WEBVTT

00:00:03.200 --> 00:00:05.000
Orla Fenwick: We waited & waited.

00:00:05.100 --> 00:00:07.000
For months.

00:00:08.000 --> 00:00:09.000
Dev: Same here
"""


@pytest.mark.parametrize("content", [VTT_VOICES, VTT_NAMES])
def test_captions_of_one_speaker_are_one_turn(tmp_path: Path, content: str) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text(content, encoding="utf-8")
    assert [(t.speaker, t.text, t.seconds) for t in read_turns(path)] == [
        ("Orla Fenwick", "We waited & waited.\nFor months.", 3.0),
        ("Dev", "Same here", 8.0),
    ]


def test_a_table_with_the_speaker_in_one_cell_is_read(tmp_path: Path) -> None:
    document = Document()
    table = document.add_table(rows=0, cols=2)
    for who, what in (("P1", "We were heard."), ("P2", "So were we.")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = who, what
    document.save(str(tmp_path / "group.docx"))
    turns = read_turns(tmp_path / "group.docx")
    assert [(t.speaker, t.text) for t in turns] == [
        ("P1", "We were heard."),
        ("P2", "So were we."),
    ]


def test_a_phrase_before_a_colon_is_no_speaker() -> None:
    lines = ["P1: Three things matter", "However: one is money", "P2: Yes", "P3: No", "P4: Maybe"]
    assert [t.speaker for t in turns_of_lines(lines)] == ["P1", "P1", "P2", "P3", "P4"]


Read = Callable[..., list[Batch]]


@pytest.fixture
def read(keys: Any, tmp_path: Path) -> Read:
    def read_all(name: str = "group-2026-03-14.txt", **changes: Any) -> list[Batch]:
        path = tmp_path / name
        if not path.exists():
            written(tmp_path, name, WAYS["plain.txt"])
        values = {"source": "room", "community": "group", "keys": keys, "harvested_at": NOW}
        return list(read_transcript(path, **{**values, **changes}))

    return read_all


def posts_of(batches: list[Batch]) -> list[Post]:
    posts = [post for batch in batches for post in batch.posts]
    return sorted(posts, key=lambda post: post.created_at)


def test_turns_become_posts_of_one_thread_by_pseudonymous_speakers(read: Read, keys: Any) -> None:
    first, orla, dev, again = posts_of(read())
    assert {post.native_thread_id for post in (first, orla, dev, again)} == {first.native_thread_id}
    assert [post.kind for post in (first, orla, dev, again)] == ["post"] + ["comment"] * 3
    assert orla.native_parent_id == first.native_id
    assert orla.author_key == again.author_key != dev.author_key
    assert orla.author_key == keys.author_key("transcript", "room", "orla fenwick")
    assert first.created_at.date() == date(2026, 3, 14)


def test_speakers_are_hidden_where_others_name_them(read: Read) -> None:
    _, orla, dev, again = posts_of(read())
    assert dev.text == f"As author_{orla.author_key} says: the ward listened. 共同生产 🧠"
    assert again.text == f"And author_{dev.author_key} wrote the leaflet."
    assert dev.redactions["speaker"] == 1
    assert not any("rla" in post.text or "Dev" in post.text for post in posts_of(read()))


def test_a_name_that_is_a_word_is_told_from_it_inside_a_sentence_only(
    read: Read, tmp_path: Path
) -> None:
    lines = ["Will: Hello", "P2: Will you stay? I asked Will twice.", "Will: Yes"]
    (tmp_path / "a-2026-03-14.txt").write_text("\n".join(lines))
    will, other, _ = posts_of(read("a-2026-03-14.txt"))
    assert other.text == f"Will you stay? I asked author_{will.author_key} twice."


def test_labels_belong_to_their_transcript_and_names_to_the_source(
    read: Read, tmp_path: Path
) -> None:
    for name in ("a-2026-03-14.txt", "b-2026-03-15.txt"):
        (tmp_path / name).write_text("P1: One\nOrla Fenwick: Two\nP1: Three")
    a, b = (posts_of(read(name)) for name in ("a-2026-03-14.txt", "b-2026-03-15.txt"))
    assert a[0].author_key == a[2].author_key != b[0].author_key
    assert a[1].author_key == b[1].author_key


def test_facilitators_speak_in_a_community_of_their_own(read: Read) -> None:
    batches = read(facilitators=["facilitator"])
    assert {b.community: len(b.posts) for b in batches} == {"group": 3, "group (facilitators)": 1}


def test_a_corrected_transcript_keeps_the_turns(read: Read, tmp_path: Path) -> None:
    before = posts_of(read())
    path = tmp_path / "group-2026-03-14.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("heard", "listened to"), "utf-8")
    after = posts_of(read())
    assert [p.native_id for p in before] == [p.native_id for p in after]
    changed = [a.content_hash != b.content_hash for a, b in zip(before, after, strict=True)]
    assert changed == [False, True, False, False]


def test_a_description_counts_and_names_nobody(read: Read, tmp_path: Path) -> None:
    read()
    found = describe_transcript(tmp_path / "group-2026-03-14.txt")
    assert (found.n_turns, found.n_speakers, found.day) == (4, 3, date(2026, 3, 14))
    assert "Orla" not in repr(found)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"P1: hello\nP2: hi", "does not say when the talk was"),
        ("a-2026-03-14.txt", b"nobody says anything", "names no speakers"),
        ("a-2026-03-14.docx", b"PK\x03\x04 broken", "is damaged"),
        ("a-2026-03-14.vtt", b"no captions", "is damaged"),
        ("a-2026-03-14.pdf", b"%PDF", "is no transcript"),
    ],
)
def test_what_cannot_be_read_is_said(
    read: Read, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArchiveError, match=sentence):
        read(name)


def test_a_facilitator_who_does_not_speak_is_refused_without_the_name(read: Read) -> None:
    with pytest.raises(ArchiveError, match="1 of the facilitators") as refused:
        read(facilitators=["Morwenna"])
    assert "Morwenna" not in str(refused.value)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400), suffix=st.sampled_from([".txt", ".vtt", ".docx"]))
def test_no_bytes_break_the_reading(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        turns = read_turns(path)
    except ArchiveError:
        return
    assert all(turn.speaker for turn in turns)
