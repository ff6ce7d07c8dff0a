"""The truth that is planted in a world: how topics and frames move, night by night.

A post's topic is drawn from its community's mix of that night, and each frame then by its own
probability given topic, community and night; so shares are known exactly before a word is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harvesters.simulation.catalogue import COMMUNITIES, HABITS
from harvesters.simulation.entities import SimCommunity

Floats = NDArray[np.float64]

FRAMES = (
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
TOPICS = (
    "waiting_lists",
    "medication",
    "benefits_pip",
    "peer_groups",
    "crisis_care",
    "talking_therapy",
    "work_study",
    "carers_life",
    "inpatient_wards",
    "digital_apps",
    "winter_rooms",
)
NEW_TOPIC, ENDING_TOPIC = "digital_apps", "winter_rooms"

# When things happen, as parts of the simulated time: nights 25, 35 and 40 of 60.
BIRTH_AT, DEATH_AT, EVENT_AT = 25 / 60, 35 / 60, 40 / 60
RISE_FROM, RISE_TO = 10 / 60, 55 / 60
BIRTH_NIGHTS = 5  # from the first post to the full share
DEATH_NIGHTS = 8  # from the full share to the last post
EVENT_FRAME, EVENT_COMMUNITIES, EVENT_LOGIT = "economic_value", ("blog", "mhpractice"), 1.4
EVENT_LABEL = "Funding settlement announced"
RISE_FRAME, RISE_COMMUNITY, RISE_LOGIT = "contestation", "openminds", 1.2
TOPIC_SWAY, FRAME_SWAY = 0.3, 0.18  # logits, up and down over months

# How much likelier a frame is in posts of a topic, in logits; where nothing stands, a bit less.
AFFINITIES: Mapping[str, Mapping[str, float]] = {
    "waiting_lists": {"service_value": 0.8, "economic_value": 0.3, "justice_value": 0.2},
    "medication": {
        "lived_experience": 0.8,
        "consumer_participation": 0.3,
        "service_value": 0.2,
        "personal_value": 0.1,
    },
    "benefits_pip": {"economic_value": 0.9, "justice_value": 0.9, "service_value": -0.6},
    "peer_groups": {
        "collective_participation": 1.0,
        "personal_value": 0.7,
        "service_value": -0.7,
    },
    "crisis_care": {"service_value": 0.7, "justice_value": 0.3, "contestation": 0.1},
    "talking_therapy": {
        "consumer_participation": 0.8,
        "personal_value": 0.5,
        "service_value": 0.2,
    },
    "work_study": {"public_value": 0.6, "economic_value": 0.4, "personal_value": 0.2},
    "carers_life": {
        "lived_experience": 0.5,
        "public_value": 0.4,
        "collective_participation": 0.1,
    },
    "inpatient_wards": {
        "justice_value": 1.0,
        "service_value": 0.4,
        "consumer_participation": -0.5,
    },
    "digital_apps": {"consumer_participation": 0.9, "contestation": 0.5, "economic_value": 0.3},
    "winter_rooms": {
        "public_value": 0.7,
        "collective_participation": 0.6,
        "economic_value": 0.2,
    },
}
OTHERWISE = -0.12


@dataclass(frozen=True, slots=True)
class PlantedEvent:
    """Something that happens on one night: a topic's first or last night, or a lasting shift."""

    kind: Literal["birth", "death", "shift", "rise"]
    name: str
    night: int
    day: date
    communities: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Truth:
    """What was planted; arrays have one row a night, columns in the order of the names.

    `topic_mix` (nights, topics) and `frame_mix` (nights, frames) are expected shares of a
    community's posts; `frame_given_topic` is (nights, topics, frames); `n_posts` (nights,) counts
    the people's posts that were written, bots and repeats left out.
    """

    start: date
    topics: tuple[str, ...]
    frames: tuple[str, ...]
    topic_mix: Mapping[str, Floats]
    frame_given_topic: Mapping[str, Floats]
    frame_mix: Mapping[str, Floats]
    n_posts: Mapping[str, NDArray[np.int64]]
    births: tuple[PlantedEvent, ...]
    deaths: tuple[PlantedEvent, ...]
    events: tuple[PlantedEvent, ...]

    def planted_share(
        self, community: str, frame: str, period_start: date, period_end: date
    ) -> float:
        """Return the expected share of a frame from one day up to, not including, another.

        Nights are weighted by the posts that were written in them. Raises ValueError where the
        world has no posts of the community in that time.
        """
        rows, weights = self._nights(community, period_start, period_end)
        column = self.frames.index(frame)
        return float(np.average(self.frame_mix[community][rows, column], weights=weights))

    def planted_topic_share(
        self, community: str, topic: str, period_start: date, period_end: date
    ) -> float:
        """Return the expected share of a topic, as `planted_share` does for a frame."""
        rows, weights = self._nights(community, period_start, period_end)
        column = self.topics.index(topic)
        return float(np.average(self.topic_mix[community][rows, column], weights=weights))

    def _nights(
        self, community: str, period_start: date, period_end: date
    ) -> tuple[slice, NDArray[np.int64]]:
        if community not in self.n_posts:
            raise ValueError(
                f"the world has no community {community}; it has {', '.join(self.n_posts)}"
            )
        counts = self.n_posts[community]
        first = max(0, (period_start - self.start).days)
        last = min(len(counts), (period_end - self.start).days)
        weights = counts[first:last] if last > first else counts[:0]
        if weights.sum() == 0:
            raise ValueError(
                f"the world has no posts of {community} from {period_start} to {period_end}; "
                f"it starts on {self.start} and has {len(counts)} nights"
            )
        return slice(first, last), weights


@dataclass(frozen=True, slots=True)
class Plan:
    """The moving mixes of one community before posts are written."""

    topic_mix: Floats
    frame_given_topic: Floats

    @property
    def frame_mix(self) -> Floats:
        """Expected share of every frame in every night, (nights, frames)."""
        mix: Floats = np.einsum("nt,ntf->nf", self.topic_mix, self.frame_given_topic)
        return mix


def plan_community(community: SimCommunity, *, seed: int, nights: int) -> Plan:
    """Plan how topics and frames of one community move."""
    position = COMMUNITIES.index(community)
    generator = np.random.default_rng((seed, position, 1))
    habits = HABITS[community.community]
    night = np.arange(nights, dtype=np.float64)
    weights = np.array([habits.topics[topic] for topic in TOPICS])
    mix = weights * np.exp(TOPIC_SWAY * _sways(generator, night, len(TOPICS)))
    mix[:, TOPICS.index(NEW_TOPIC)] *= _rising(night, _at(BIRTH_AT, nights), BIRTH_NIGHTS)
    mix[:, TOPICS.index(ENDING_TOPIC)] *= _falling(night, _at(DEATH_AT, nights), DEATH_NIGHTS)
    mix /= mix.sum(axis=1, keepdims=True)
    shares = np.array([habits.shares[frame] for frame in FRAMES])
    logits = np.log(shares / (1 - shares)) + FRAME_SWAY * _sways(generator, night, len(FRAMES))
    logits += _shifts(community.community, night, nights)
    given = _sigmoid(logits[:, None, :] + _affinity_matrix()[None, :, :])
    return Plan(topic_mix=mix, frame_given_topic=given)


def make_truth(
    plans: Mapping[str, Plan],
    *,
    start: date,
    nights: int,
    n_posts: Mapping[str, NDArray[np.int64]],
) -> Truth:
    """Write down what was planted."""
    new = tuple(name for name in plans if HABITS[name].topics[NEW_TOPIC] > 0)
    old = tuple(name for name in plans if HABITS[name].topics[ENDING_TOPIC] > 0)

    def event(
        kind: Literal["birth", "death", "shift", "rise"],
        name: str,
        when: float,
        where: Sequence[str],
        label: str,
    ) -> PlantedEvent:
        night = _at(when, nights)
        return PlantedEvent(kind, name, night, start + timedelta(days=night), tuple(where), label)

    return Truth(
        start=start,
        topics=TOPICS,
        frames=FRAMES,
        topic_mix={name: plan.topic_mix for name, plan in plans.items()},
        frame_given_topic={name: plan.frame_given_topic for name, plan in plans.items()},
        frame_mix={name: plan.frame_mix for name, plan in plans.items()},
        n_posts=dict(n_posts),
        births=(event("birth", NEW_TOPIC, BIRTH_AT, new, "First posts of the topic"),),
        deaths=(event("death", ENDING_TOPIC, DEATH_AT, old, "First night without the topic"),),
        events=(
            event("shift", EVENT_FRAME, EVENT_AT, EVENT_COMMUNITIES, EVENT_LABEL),
            event("rise", RISE_FRAME, RISE_FROM, (RISE_COMMUNITY,), "Contestation starts to rise"),
        ),
    )


def _at(part: float, nights: int) -> int:
    return round(part * nights)


def _sways(generator: np.random.Generator, night: Floats, columns: int) -> Floats:
    """Return slow waves of amplitude 1, one a column, each with its own length and phase."""
    lengths = generator.uniform(45.0, 90.0, size=columns)
    phases = generator.uniform(0.0, 2 * np.pi, size=columns)
    waves: Floats = np.sin(2 * np.pi * night[:, None] / lengths + phases)
    return waves


def _rising(night: Floats, first: int, length: int) -> Floats:
    return np.clip((night - first + 1) / length, 0.0, 1.0)


def _falling(night: Floats, end: int, length: int) -> Floats:
    return np.clip((end - night) / length, 0.0, 1.0)


def _shifts(community: str, night: Floats, nights: int) -> Floats:
    """Return what the event and the rise add to a community's logits, (nights, frames)."""
    added = np.zeros((len(night), len(FRAMES)))
    if community in EVENT_COMMUNITIES:
        added[night >= _at(EVENT_AT, nights), FRAMES.index(EVENT_FRAME)] += EVENT_LOGIT
    if community == RISE_COMMUNITY:
        span = max(1.0, (RISE_TO - RISE_FROM) * nights)
        rise = np.clip((night - _at(RISE_FROM, nights)) / span, 0.0, 1.0)
        added[:, FRAMES.index(RISE_FRAME)] += RISE_LOGIT * rise
    return added


def _affinity_matrix() -> Floats:
    return np.array(
        [[AFFINITIES[topic].get(frame, OTHERWISE) for frame in FRAMES] for topic in TOPICS]
    )


def _sigmoid(logits: Floats) -> Floats:
    probabilities: Floats = 1 / (1 + np.exp(-logits))
    return probabilities
