from pathlib import Path

import pytest

from analysis.codebook import CodebookError, load_codebook

FRAME = """
  - key: economic_value
    name: Economic value
    family: value
    definition: Worth is put in money.
    include: [costs weighed against worth]
"""
BOOK = "codebook: test_frames\nversion: 2\nlanguage: en\nframes:" + FRAME


def written(folder: Path, text: str) -> Path:
    path = folder / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_codebook_has_its_nine_frames_in_order() -> None:
    book = load_codebook()
    assert (book.name, book.version, book.language) == ("value_frames", 1, "en")
    assert book.keys == (
        "economic_value",
        "personal_value",
        "service_value",
        "public_value",
        "justice_value",
        "lived_experience",
        "consumer_participation",
        "collective_participation",
        "contestation",
    )
    assert {frame.family for frame in book.frames} == {"value", "participation", "stance"}
    assert all(frame.include and frame.exclude and frame.sources for frame in book.frames)
    assert len(book.notes) == 10


def test_a_codebook_of_one_frame_is_read_with_what_it_leaves_out(tmp_path: Path) -> None:
    book = load_codebook(written(tmp_path, BOOK))
    assert (book.name, book.version, book.notes) == ("test_frames", 2, ())
    assert book.frames[0].include == ("costs weighed against worth",)
    assert book.frames[0].exclude == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- just a list", "must be a mapping"),
        ("", "must be a mapping"),
        ("codebook: [unclosed", "line"),
        (BOOK.replace("version: 2", "version: two"), "version must be a whole number"),
        (BOOK.replace("version: 2", "version: true"), "version must be a whole number"),
        (BOOK.replace("language: en\n", ""), "language is missing"),
        (BOOK.replace("key: economic_value", "key: Economic Value"), r"frames\[0\].key is 'Econ"),
        (BOOK.replace("    name: Economic value\n", ""), r"frames\[0\].name is missing"),
        (BOOK.replace("[costs weighed against worth]", "costs"), r"frames\[0\].include must be"),
        (BOOK.replace("[costs weighed against worth]", "[{a: 1}]"), r"include\[0\] is no text"),
        (BOOK.replace("definition:", "definiton:"), r"frames\[0\].definiton is no key here"),
        (BOOK + FRAME.lstrip("\n"), r"frames\[1\].key is 'economic_value' like frames\[0\]"),
        ("codebook: x\nversion: 1\nlanguage: en\nframes: []", "frames must be a list"),
        ("codebook: x\nversion: 1\nlanguage: en\nframes: [1]", r"frames\[0\]"),
    ],
)
def test_a_malformed_codebook_is_refused_with_file_and_key(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(CodebookError, match=says) as refusal:
        load_codebook(written(tmp_path, text))
    assert "book.yaml" in str(refusal.value)


def test_a_codebook_that_is_not_there_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(CodebookError, match="cannot read the codebook"):
        load_codebook(tmp_path / "none.yaml")


def test_a_codebook_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.yaml"
    path.write_bytes(b"codebook: caf\xe9\n")
    with pytest.raises(CodebookError, match="cannot read"):
        load_codebook(path)
