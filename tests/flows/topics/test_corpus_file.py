import gzip
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.topics import corpus_file
from flows.topics.corpus_file import CorpusFile, CorpusFileError, read_corpus_file
from harvesters.archives.files import ArchiveError

TEXTS = [
    "The waiting list, again: the list of Blackmoor.",
    "",
    'She said "it\'s my garden", and we sat in the garden.',
    "...",
    "Waiting, waiting\nfor the CRISIS team 😊",
]
LABELS = ["services", "services", "", "other", "services"]
COUNTS = [
    Counter(["the", "waiting", "list", "again", "the", "list", "of", "blackmoor"]),
    Counter(["she", "said", "it's", "my", "garden", "and", "we", "sat", "in", "the", "garden"]),
    Counter(["waiting", "waiting", "for", "the", "crisis", "team", "😊"]),
]


def as_counters(corpus: CorpusFile) -> list[Counter[str]]:
    counts, words = corpus.terms()
    return [
        Counter({words[c]: int(n) for c, n in zip(row.indices, row.data, strict=True)})
        for row in (counts[[number]] for number in range(counts.shape[0]))
    ]


def write(folder: Path, ending: str) -> Path:
    file = folder / f"corpus{ending}"
    rows = list(zip(TEXTS, LABELS, strict=True))
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in TEXTS]
    if ending == ".parquet":
        pq.write_table(pa.table({"body": TEXTS, "about": LABELS}), file)
    elif ending.startswith(".jsonl"):
        lines = "".join(json.dumps({"body": t, "about": a}) + "\n" for t, a in rows)
        file.write_bytes(gzip.compress(lines.encode()) if ending.endswith("gz") else lines.encode())
    else:
        mark = "\t" if ending == ".tsv" else ","
        lines = [mark.join(pair) for pair in zip(quoted, LABELS, strict=True)]
        file.write_text("\n".join([mark.join(("body", "about")), *lines]), encoding="utf-8")
    return file


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_format_gives_the_same_counts(tmp_path: Path, ending: str) -> None:
    corpus = read_corpus_file(write(tmp_path, ending), text=["body"], label="about")
    assert as_counters(corpus) == COUNTS
    assert corpus.labels == ["services", None, "services"]
    assert corpus.rows.tolist() == [0, 2, 4]
    assert (corpus.n_posts, corpus.n_empty, corpus.n_unreadable) == (3, 2, 0)


def test_tokens_stand_in_reading_order(tmp_path: Path) -> None:
    corpus = read_corpus_file(write(tmp_path, ".jsonl"), text=["body"])
    last = [corpus.words[n] for n in corpus.token_words[corpus.token_posts == 2]]
    assert last == ["waiting", "waiting", "for", "the", "crisis", "team", "😊"]
    assert corpus.labels is None


def test_columns_are_numbered_where_there_is_no_header_line(tmp_path: Path) -> None:
    file = tmp_path / "bare.tsv"
    file.write_text("train\tcalm garden\tnature\ntest\tward appeal\trights\n", encoding="utf-8")
    corpus = read_corpus_file(file, text=["2"], label="3")
    assert as_counters(corpus) == [Counter(["calm", "garden"]), Counter(["ward", "appeal"])]
    assert corpus.labels == ["nature", "rights"]


def test_a_column_whose_name_is_a_number_is_a_name(tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_text("1,2\nx,calm garden\n", encoding="utf-8")
    assert as_counters(read_corpus_file(file, text=["2"])) == [Counter(["calm", "garden"])]


def test_several_columns_make_one_text(tmp_path: Path) -> None:
    file = tmp_path / "titled.csv"
    file.write_text("title,body\nRespite,for carers\n,only a body\nonly a title,\n", "utf-8")
    corpus = read_corpus_file(file, text=["title", "body"])
    assert [sum(row.values()) for row in as_counters(corpus)] == [3, 3, 3]
    assert as_counters(corpus)[0] == Counter(["respite", "for", "carers"])


def test_blocks_are_joined_as_if_they_were_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_file, "BLOCK_ROWS", 6)
    n = 2 * 6 + 5
    file = tmp_path / "long.parquet"
    texts = [f"word{row % 11} and word{row % 3}" if row % 5 else "" for row in range(n)]
    pq.write_table(pa.table({"text": texts, "row": list(range(n))}), file)
    corpus = read_corpus_file(file, text=["text"], label="row")
    kept = [row for row in range(n) if row % 5]
    assert corpus.rows.tolist() == kept
    assert corpus.labels == [str(row) for row in kept]
    assert as_counters(corpus)[-1] == Counter(texts[kept[-1]].split())
    assert corpus.n_empty == n - len(kept)


def test_broken_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "torn.jsonl"
    file.write_text('{"body": "calm garden"}\n{"body": \n[1]\n{"other": 1}\n', encoding="utf-8")
    corpus = read_corpus_file(file, text=["body"])
    assert (corpus.n_posts, corpus.n_empty, corpus.n_unreadable) == (1, 1, 2)


def test_pseudonyms_of_people_are_no_words_of_a_model(tmp_path: Path) -> None:
    file = tmp_path / "mentions.csv"
    file.write_text(f"text\nthanks author_{'a' * 24} and all\n", encoding="utf-8")
    assert as_counters(read_corpus_file(file, text=["text"])) == [Counter(["thanks", "and", "all"])]


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CorpusFileError, match=r"no column text; its columns are body, about$"):
        read_corpus_file(write(tmp_path, ".csv"), text=["text"])
    with pytest.raises(CorpusFileError, match="no column topic; its columns are body, about"):
        read_corpus_file(write(tmp_path, ".parquet"), text=["body"], label="topic")
    with pytest.raises(CorpusFileError, match="no column 3; its columns are 1, 2"):
        read_corpus_file(write(tmp_path, ".tsv"), text=["3"])


def test_the_error_repeats_no_post_of_a_file_without_names(tmp_path: Path) -> None:
    file = tmp_path / "bare.tsv"
    post = "I have waited eleven weeks for somebody in that clinic to ring me back"
    file.write_text(f"{post}\tservices\n", encoding="utf-8")
    with pytest.raises(CorpusFileError, match="give the numbers of its 2 columns") as caught:
        read_corpus_file(file, text=["body"])
    assert "eleven" not in str(caught.value)


def test_a_column_without_a_word_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "silent.csv"
    file.write_text("text,n\n...,1\n,2\n", encoding="utf-8")
    with pytest.raises(CorpusFileError, match=r"no row of silent\.csv has a word in text: 2 empty"):
        read_corpus_file(file, text=["text"])


def test_a_file_of_an_unknown_kind_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.doc").write_text("text\nwords", encoding="utf-8")
    with pytest.raises(ArchiveError, match="no ending that says what it is"):
        read_corpus_file(tmp_path / "corpus.doc", text=["text"])
    with pytest.raises(ArchiveError, match="there is no file"):
        read_corpus_file(tmp_path / "nowhere.csv", text=["text"])
