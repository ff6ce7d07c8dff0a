"""Topics that a study asks for: a name, and words that the topic is held to."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from analysis.codebook import Codebook
from analysis.topics.terms.guidance import codebook_seeds

ALL_FRAMES = "all"
Seeds = dict[str, tuple[str, ...]]


class SeedRefused(ValueError):
    """Seeds that cannot be used; the message says which and what to write."""

    exit_code = 2


def read_seeds(
    file: Path | None = None,
    given: Sequence[str] = (),
    frames: Sequence[str] = (),
    *,
    codebook: Callable[[], Codebook],
) -> Seeds:
    """Return the topics that are asked for, in their order.

    Parameters
    ----------
    file : Path, optional
        TOML: names with lists of words, at the top or in a table `seeds`.
    given : sequence of str
        Each a name and words, as in ``housing: rent, landlord``; they go before the file's.
    frames : sequence of str
        Keys of frames of the codebook whose words are a seed each, or ``all``.
    codebook : callable
        Reads the study's codebook; it is asked only where a frame is.

    Raises
    ------
    SeedRefused
        If the file cannot be read, a name comes twice, or a seed has no word.
    analysis.codebook.CodebookError
        If a frame is asked for and the codebook cannot be read.
    analysis.topics.terms.guidance.SeedError
        If the codebook has no frame of such a key.
    """
    seeds: Seeds = {}
    for name, words in [*map(_split, given), *_of_file(file), *_of_frames(frames, codebook)]:
        if name in seeds:
            raise SeedRefused(f"the seed {name!r} comes twice; name each topic once")
        seeds[name] = _cleaned(name, words)
    return seeds


def _split(text: str) -> tuple[str, list[str]]:
    name, colon, words = text.partition(":")
    if not colon:
        raise SeedRefused(f"{text!r} is no seed; write a name and words: 'housing: rent, landlord'")
    return name.strip(), words.split(",")


def _of_file(file: Path | None) -> list[tuple[str, object]]:
    if file is None:
        return []
    try:
        held = tomllib.loads(file.expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SeedRefused(f"there is no file {file}; name a TOML file of seeds") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SeedRefused(f"{file} is no TOML: {error}; write housing = ['rent']") from None
    table = held.get("seeds", held)
    if not isinstance(table, Mapping):
        raise SeedRefused(f"seeds in {file} is no table; write housing = ['rent'] under [seeds]")
    return list(table.items())


def _of_frames(frames: Sequence[str], codebook: Callable[[], Codebook]) -> list[tuple[str, object]]:
    if not frames:
        return []
    found = codebook_seeds(codebook(), frames=None if ALL_FRAMES in frames else frames)
    return list(found.items())


def _cleaned(name: str, words: object) -> tuple[str, ...]:
    texts = [words] if isinstance(words, str) else words
    if not isinstance(texts, list) or not all(isinstance(word, str) for word in texts):
        raise SeedRefused(
            f"the words of the seed {name!r} are no list of texts: ['rent', 'landlord']"
        )
    # Terms are lower case, with one blank between the words of a phrase.
    kept = dict.fromkeys(" ".join(word.lower().split()) for word in texts)
    kept.pop("", None)
    if not name or not kept:
        raise SeedRefused(f"the seed {name!r} needs a name and a word: 'housing: rent, landlord'")
    return tuple(kept)
