"""Projects for qualitative analysis: texts that all programs count alike, and places in them."""

import csv
import io
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.release.refi_qda import (
    PROJECT_NAMESPACE,
    Code,
    CodedPost,
    Coding,
    codebook_file,
    project_file,
    taguette_codebook,
)
from warehouse.release.refi_text import ascii_name, plain_text

Q = f"{{{PROJECT_NAMESPACE}}}"
CODES = (
    Code(key="service_value", name="Service value", family="value", description="What it is worth"),
    Code(key="justice", name="Justice & égalité", family="value", description="Equal <rights>"),
    Code(key="contestation", name="Contestation", family="stance", description='Says "no"'),
)
AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
POSTS = (
    CodedPost(
        post_id=7,
        source="forum",
        community="carers",
        thread_id=3,
        kind="comment",
        day=date(2026, 1, 9),
        text="The crew \U0001f600 listened.\r\nNobody else did\u2028e\u0301tait",
        codings=(
            Coding(user="Coder B", code="justice"),
            Coding(user="Coder A", code="justice", at=AT),
            Coding(user="Frame classifier c1 (machine)", code="service_value"),
        ),
        note="Frame classifier c1 (machine): service_value 0.81",
        role="carers",
    ),
    CodedPost(
        post_id=5,
        source="forum",
        community="carers",
        thread_id=3,
        kind="post",
        day=date(2026, 1, 2),
        text="We decided together \u2013 all of us.",
    ),
    CodedPost(
        post_id=9,
        source="forum",
        community="anxiété",
        thread_id=4,
        kind="post",
        day=date(2026, 2, 2),
        text="  Waiting [email] again  ",
    ),
)


def opened(project: bytes) -> tuple[ET.Element, dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(project)) as archive:
        texts = {
            name.removeprefix("Sources/"): archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith("Sources/")
        }
        return ET.fromstring(archive.read("project.qde")), texts


def in_utf16(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\r\nb\rc\x85d\u2029e\tf", "a\nb\nc\nd\ne\tf"),
        ("\ufeffcafe\u0301\x00\x1b[0m", "café[0m"),
        ("fine \U0001f44d", "fine [emoji: thumbs up sign]"),
        ("\U0001d4f1\U0001d4ee\U0001d4f5\U0001d4f9", "help"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\U0001f5a4\ufe0f", "[emoji: black heart]"),
        ("\ufa6c", "[character: cjk unified ideograph-242ee]"),  # composes to one beyond U+FFFF
        ("\U0001ffff", "[character: u+1ffff]"),
        ("\ud83d", "\ufffd"),
        ("[name] wrote to [email]", "[name] wrote to [email]"),
    ],
)
def test_text_has_what_all_programs_count_alike(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@given(st.text())
def test_any_text_counts_alike_and_is_left_alone_the_second_time(text: str) -> None:
    plain = plain_text(text)
    assert len(plain.encode("utf-16-le")) == 2 * len(plain)
    assert unicodedata.is_normalized("NFC", plain)
    assert not set(plain) & set("\r\x0b\x0c\x00\x85\ufeff\u2028\u2029")
    assert plain_text(plain) == plain


def test_names_of_codes_are_ascii() -> None:
    assert ascii_name("Justice &\négalité \U0001f600") == "Justice & egalite [emoji: grinning face]"


def test_every_passage_is_the_text_of_its_post_however_it_is_counted() -> None:
    root, texts = opened(project_file("A sample", CODES, POSTS))
    expected = {f"post {post.post_id}": plain_text(post.text).strip() for post in POSTS}
    found = {}
    for source in root.iter(f"{Q}TextSource"):
        text = texts[source.attrib["plainTextPath"].removeprefix("internal://")]
        for part in source.iter(f"{Q}PlainTextSelection"):
            start, end = int(part.attrib["startPosition"]), int(part.attrib["endPosition"])
            assert in_utf16(text, start, end) == text[start:end]
            found[part.attrib["name"]] = text[start:end]
    assert found == expected


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6))
def test_passages_hold_for_any_texts(texts: list[str]) -> None:
    posts = [
        CodedPost(
            post_id=number,
            source="s",
            community="c",
            thread_id=1,
            kind="post",
            day=date(2026, 1, 1),
            text=text,
        )
        for number, text in enumerate(texts)
    ]
    root, sources = opened(project_file("x", CODES, posts))
    (written,) = sources.values()
    spans = [
        (int(part.attrib["startPosition"]), int(part.attrib["endPosition"]))
        for part in root.iter(f"{Q}PlainTextSelection")
    ]
    assert [written[start:end] for start, end in spans] == [plain_text(t).strip() for t in texts]
    assert [in_utf16(written, *span) for span in spans] == [plain_text(t).strip() for t in texts]


def test_posts_of_a_community_and_month_are_one_text_in_the_order_of_reading() -> None:
    root, texts = opened(project_file("A sample", CODES, POSTS))
    names = [source.attrib["name"] for source in root.iter(f"{Q}TextSource")]
    assert names == ["forum anxiete 2026-02", "forum carers 2026-01"]
    carers = next(text for text in texts.values() if "crew" in text)
    lines = [line for line in carers.splitlines() if line.startswith("[post")]
    assert lines == [
        "[post 5, thread 3, post, 2026-01-02]",
        "[post 7, thread 3, comment, 2026-01-09]",
    ]


def test_each_coder_and_the_classifier_are_users_of_their_own() -> None:
    root, _ = opened(project_file("A sample", CODES, POSTS))
    users = {user.attrib["guid"]: user.attrib["name"] for user in root.iter(f"{Q}User")}
    codes = {code.attrib["guid"]: code.attrib["name"] for code in root.iter(f"{Q}Code")}
    said = [
        (
            users[coding.attrib["creatingUser"]],
            codes[coding[0].attrib["targetGUID"]],
            coding.get("creationDateTime"),
        )
        for coding in root.iter(f"{Q}Coding")
    ]
    assert said == [
        ("Coder A", "Justice & egalite", "2026-02-03T04:05:06Z"),
        ("Coder B", "Justice & egalite", None),
        ("Frame classifier c1 (machine)", "Service value", None),
    ]
    assert [n.text for n in root.iter(f"{Q}Description")][-1] == POSTS[0].note


def test_the_same_sample_has_the_same_bytes_and_another_text_another_guid() -> None:
    project = project_file("A sample", CODES, POSTS)
    assert project_file("A sample", CODES, tuple(reversed(POSTS))) == project
    with zipfile.ZipFile(io.BytesIO(project)) as archive:
        assert archive.namelist()[0] == "project.qde"
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    _, texts = opened(project)
    _, fewer = opened(project_file("A sample", CODES, POSTS[1:]))
    assert len(texts.keys() & fewer.keys()) == 1  # the text that lost no post


def test_a_codebook_nests_codes_under_families_that_cannot_code() -> None:
    root = ET.fromstring(codebook_file(CODES))
    tree = [
        (
            family.attrib["name"],
            family.attrib["isCodable"],
            [code.attrib["name"] for code in family],
        )
        for family in root[0]
    ]
    assert tree == [
        ("value", "false", ["Service value", "Justice & egalite"]),
        ("stance", "false", ["Contestation"]),
    ]
    project, _ = opened(project_file("A sample", CODES, POSTS))
    guids = {code.attrib["guid"] for code in project.iter(f"{Q}Code")}
    assert {code.attrib["guid"] for code in root.iter() if code.tag.endswith("}Code")} == guids


def test_taguette_gets_a_tag_and_a_description() -> None:
    rows = list(csv.DictReader(io.StringIO(taguette_codebook(CODES).decode())))
    assert list(rows[0]) == ["tag", "description"]
    assert [row["tag"] for row in rows] == [
        "value.service_value",
        "value.justice",
        "stance.contestation",
    ]
    assert rows[2]["description"] == 'Contestation: Says "no"'


def test_without_codings_there_are_no_users() -> None:
    root, _ = opened(project_file("A sample", CODES, POSTS[1:2]))
    assert [part.tag.removeprefix(Q) for part in root] == ["CodeBook", "Variables", "Sources"]
