"""Transcripts of interviews and focus groups: what is said in the room, turn by turn.

Each turn becomes a post by a pseudonymous speaker, so that the talk of a room can be set beside the
talk online. A turn is known by the keyed hash of its transcript's name and its number: a corrected
transcript, imported again, brings revisions and no second copy. Speakers' names become author keys
wherever they stand in the text. Facilitators' turns go into a community of their own, since their
questions are not what participants say.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from harvesters.archives.files import ArchiveError
from harvesters.archives.turns import Turn, read_turns
from harvesters.markup import plain_to_text
from harvesters.posts import ReadContext, build_post
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Post, ThreadCount

PLATFORM = "transcript"
FACILITATORS = " (facilitators)"
EMPTY = "empty"
BATCH_TURNS = 2_000
_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
# labels of one transcript only: P1 of two interviews are two people
_LABEL = re.compile(
    r"(?:p|participant|speaker|person|f|m|r|respondent|resp|voice|sp|int|interviewer|interviewee|"
    r"facilitator|fac|mod|moderator|researcher|i|q|a|unknown(?: speaker)?)[\s._-]*\d*",
    re.IGNORECASE,
)
# words that are also first names: told from the word only inside a sentence
_WORDLIKE = frozenset(
    (
        *("amber", "april", "bill", "charity", "crystal", "dawn", "faith", "frank", "grace"),
        *("grant", "guy", "heather", "holly", "hope", "ivy", "jack", "joy", "june", "lily"),
        *("mark", "max", "may", "mercy", "miles", "olive", "patience", "pat", "penny", "ray"),
        *("rob", "rose", "ruby", "rusty", "sandy", "sky", "sue", "summer", "sunny", "will"),
    )
)
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptDescription:
    """What an import of a transcript would read: counts only, since names are people's."""

    n_turns: int
    n_speakers: int
    n_words: int
    day: date | None


def describe_transcript(path: Path) -> TranscriptDescription:
    """Tell how many turns, speakers and words a transcript has; raises `ArchiveError`."""
    turns = read_turns(path)
    return TranscriptDescription(
        n_turns=len(turns),
        n_speakers=len({turn.speaker.lower() for turn in turns}),
        n_words=sum(len(turn.text.split()) for turn in turns),
        day=_day_in(path.name),
    )


def read_transcript(
    path: Path,
    *,
    source: str,
    community: str,
    keys: KeyRing,
    harvested_at: datetime,
    day: date | None = None,
    facilitators: Collection[str] = (),
) -> Iterator[Batch]:
    """Yield the turns of a transcript as posts of one thread.

    Parameters
    ----------
    path : Path
        A .docx, .txt or .vtt file.
    source, community : str
        Where its posts belong.
    keys : KeyRing
        What pseudonyms, hashes and ids are made with.
    harvested_at : datetime
        The time of the import.
    day : date, optional
        When the talk was; else the ISO date in the file's name.
    facilitators : collection of str
        Speakers, as the transcript names them, whose turns are no participants'.

    Raises
    ------
    ArchiveError
        If the file cannot be read, has no speakers, does not say its day, or a facilitator is
        named who does not speak.
    """
    turns = read_turns(path)
    held_on = day or _day_in(path.name)
    if held_on is None:
        raise ArchiveError(
            f"{path.name} does not say when the talk was; give its day with --date, or put it into "
            "the file's name, as in group-2026-03-14.docx"
        )
    asking = {name.strip().lower() for name in facilitators}
    if missing := asking - {turn.speaker.lower() for turn in turns}:
        raise ArchiveError(
            f"{len(missing)} of the facilitators named do not speak in {path.name}; write each "
            "name as the transcript does"
        )
    reader = _Reader(
        source=source, keys=keys, harvested_at=harvested_at, name=path.stem, turns=turns
    )
    begun = datetime.combine(held_on, time(), UTC)
    of_whom = {
        community: [(n, t) for n, t in enumerate(turns) if t.speaker.lower() not in asking],
        f"{community}{FACILITATORS}": [
            (n, t) for n, t in enumerate(turns) if t.speaker.lower() in asking
        ],
    }
    for name, numbered in of_whom.items():
        for start in range(0, len(numbered), BATCH_TURNS):
            yield reader.batch(name, numbered[start : start + BATCH_TURNS], begun)


class _Reader:
    """Makes posts of one transcript's turns."""

    def __init__(
        self,
        *,
        source: str,
        keys: KeyRing,
        harvested_at: datetime,
        name: str,
        turns: Sequence[Turn],
    ) -> None:
        self._source = source
        self._keys = keys
        self._harvested_at = harvested_at.astimezone(UTC)
        self._thread = keys.content_hash(f"{PLATFORM} {source} {name}")
        self._speakers = _Speakers(
            {turn.speaker for turn in turns}, source=source, scope=self._thread, keys=keys
        )

    def batch(self, community: str, numbered: Sequence[tuple[int, Turn]], begun: datetime) -> Batch:
        """Return the posts of some turns of one community."""
        spoken = [(n, turn) for n, turn in numbered if turn.text.strip()]
        posts = tuple(self._post(community, n, turn, begun) for n, turn in spoken)
        n_empty = len(numbered) - len(spoken)
        return Batch(
            source=self._source,
            community=community,
            posts=posts,
            threads=(
                ThreadCount(
                    native_thread_id=self._thread, expected=len(numbered), fetched=len(numbered)
                ),
            ),
            expected=len(numbered),
            fetched=len(posts),
            drops={EMPTY: n_empty} if n_empty else {},
        )

    def _post(self, community: str, number: int, turn: Turn, begun: datetime) -> Post:
        text, hits = self._speakers.hide(turn.text)
        said_at = begun + timedelta(seconds=turn.seconds if turn.seconds is not None else number)
        post = build_post(
            ReadContext(
                source=self._source,
                platform=PLATFORM,
                host=self._source,
                community=community,
                fetched_at=self._harvested_at,
                keys=self._keys,
            ),
            native_id=f"{self._thread}-{number}",
            native_thread_id=self._thread,
            native_parent_id=f"{self._thread}-{number - 1}" if number else None,
            kind="comment" if number else "post",
            handle=self._speakers.handle(turn.speaker),
            created_at=said_at,
            edited_at=None,
            title="",
            body=plain_to_text(text),
            raw=turn.text,
            url=None,
        )
        counts = {**post.redactions, "speaker": hits} if hits else post.redactions
        return replace(post, redactions=counts)


class _Speakers:
    """Knows a transcript's speakers, and hides their names where others say them."""

    def __init__(self, names: Collection[str], *, source: str, scope: str, keys: KeyRing) -> None:
        self._scope = scope
        tokens: dict[str, str] = {}
        for name in names:
            if _LABEL.fullmatch(name):
                continue
            token = f"author_{keys.author_key(PLATFORM, source, self.handle(name))}"
            tokens[name] = token
            first = name.split()[0]
            if len(first) >= _SHORTEST_NAME:
                tokens.setdefault(first, token)
        self._tokens = tokens
        longest_first = sorted(map(re.escape, tokens), key=len, reverse=True)
        self._pattern = re.compile(rf"\b(?:{'|'.join(longest_first)})\b") if tokens else None

    def handle(self, name: str) -> str:
        """Return the account that stands for a speaker: a label belongs to its transcript alone."""
        return f"{self._scope}:{name}" if _LABEL.fullmatch(name) else name

    def hide(self, text: str) -> tuple[str, int]:
        """Return a text with speakers' names as author tokens, and how many there were."""
        if self._pattern is None:
            return text, 0
        hits = 0

        def token(match: re.Match[str]) -> str:
            nonlocal hits
            if match[0].lower() in _WORDLIKE and _begins_sentence(text, match.start()):
                return match[0]
            hits += 1
            return self._tokens[match[0]]

        return self._pattern.sub(token, text), hits


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip()
    return not before or before[-1] in ".!?…:\"'\u201c\u2018"


def _day_in(name: str) -> date | None:
    match = _DAY_IN_NAME.search(name)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
