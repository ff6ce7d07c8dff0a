from pathlib import Path

import pytest

from analysis.codebook import CodebookError, codebook_errors, load_codebook

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


def test_every_error_of_a_codebook_is_found_with_its_place(tmp_path: Path) -> None:
    text = BOOK.replace("version: 2", "version: 0").replace("family: value", "family: My Family")
    errors = [str(error) for error in codebook_errors(written(tmp_path, text + "  - key: other\n"))]
    assert [error.split(" ")[1] for error in errors] == [
        *("version", "frames[0].family"),
        *("frames[1].name", "frames[1].family", "frames[1].definition", "frames[1].include"),
    ]
    assert all(error.startswith("book.yaml: ") for error in errors)
    assert codebook_errors(written(tmp_path, BOOK)) == []
    repeated = codebook_errors(written(tmp_path, BOOK + FRAME.lstrip("\n")))
    assert [str(error).split(" ")[1] for error in repeated] == ["frames[1].key"]
    assert "must be a mapping" in str(codebook_errors(written(tmp_path, "[]"))[0])


def test_plain_words_examples_and_since_are_read(tmp_path: Path) -> None:
    more = '    plain: About money.\n    examples: ["The bus costs more than the group."]\n'
    frame = load_codebook(written(tmp_path, BOOK + more.lstrip("\n") + "    since: 1\n")).frames[0]
    assert (frame.plain, frame.since) == ("About money.", 1)
    assert frame.examples == ("The bus costs more than the group.",)
    with pytest.raises(CodebookError, match=r"since is 3, and this is version 2"):
        load_codebook(written(tmp_path, BOOK + "    since: 3\n"))


def test_the_digest_is_of_what_is_said_and_not_of_the_layout(tmp_path: Path) -> None:
    book = load_codebook(written(tmp_path, BOOK))
    wrapped = BOOK.replace(
        "definition: Worth is put in money.", "definition: >-\n      Worth is\n      put in money."
    )
    assert load_codebook(written(tmp_path, wrapped)).digest == book.digest
    assert load_codebook(written(tmp_path, BOOK + "    since: 1\n")).digest == book.digest
    other = BOOK.replace("put in money", "put into money")
    assert load_codebook(written(tmp_path, other)).digest != book.digest


def test_the_shipped_codebook_says_what_version_1_says() -> None:
    # Studies have recorded it: who changes it raises the version, and writes its digest here.
    digests = {1: "ffcf17d460e6b5f3c298ea1fad7686814c82a71207fb87661f0e2251f7c3a14a"}
    book = load_codebook()
    assert book.digest == digests[book.version]
    assert all(frame.plain and frame.examples for frame in book.frames)
