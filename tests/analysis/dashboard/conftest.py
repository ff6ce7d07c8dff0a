"""Invented public tables: nine frames, six communities, nine weeks, ten topics, cells left out."""

import math
import random
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from analysis.dashboard.about import About
from warehouse.protection.gate import GateReport, TableReport

RUN = "20260504T020000-demo"
FIRST = date(2026, 3, 2)
FRAMES = (
    ("economic_value", "Economic value", "value", 0.14),
    ("personal_value", "Personal value", "value", 0.31),
    ("service_value", "Service value", "value", 0.27),
    ("public_value", "Public and social value", "value", 0.11),
    ("justice_value", "Justice and equality", "value", 0.12),
    ("lived_experience", "Lived experience as knowledge", "value", 0.16),
    ("consumer_participation", "The individual as consumer", "participation", 0.07),
    ("collective_participation", "Collective and democratic participation", "participation", 0.13),
    ("contestation", "Contestation", "stance", 0.09),
)
DEFINITIONS = (
    (
        "Worth is put in money or scarce resources: cost, savings, efficiency, value for money, "
        "funding, cuts, waste, return on investment, productivity, being affordable or fundable."
    ),
    (
        "Worth is what a person gains in themselves: recovery, wellbeing, hope, confidence, "
        "identity, meaning, being heard, feeling less alone."
    ),
    (
        "Worth lies in how well a service works: quality, access, waiting, continuity, safety, "
        "staff skill and attitude, outcomes, effectiveness, capacity and reach."
    ),
    (
        "Worth reaches beyond the person served: community, society, social cohesion, families, "
        "public attitudes and stigma, public health, citizenship, the common good."
    ),
    (
        "Worth is fairness: rights, equality, inclusion, power and its imbalance, discrimination, "
        "coercion, dignity as an entitlement, accountability for harm."
    ),
    (
        "What people know from having lived it counts as expertise, beside or against "
        "professional knowledge."
    ),
    (
        "The person takes part as an individual who chooses, buys, compares, rates, switches or "
        "complains: choice, customer, satisfaction, personalisation, managing one's own care."
    ),
    (
        "People act or decide together: peer support as mutual aid, user-led groups, campaigns, "
        "co-production as shared power, solidarity, democracy, movements."
    ),
    (
        "A claim of value, recovery, involvement or co-production is disputed: as tokenism, spin, "
        "co-optation, cuts in disguise, empty rhetoric, blame moved onto the person."
    ),
)
COMMUNITIES = (
    ("harbour", "board-1", "Harbour Forum", "GB", "service_users"),
    ("harbour", "board-2", "Harbour: carers' corner", "GB", "carers"),
    ("kite", "kite.example", "Kite Survivors' Network", "GB", "movement"),
    ("kite", "tag-minds", "#OpenMinds", None, "movement"),
    ("nurses", "list", "Ward & Community Nurses", "IE", "practitioners"),
    ("policy", "blog", "Mental Health Policy Notes", "GB", "policy"),
)
TOPICS = (
    ("Waiting for a first appointment", "wait appointment weeks list referral letter triage"),
    ("Medication and side effects", "dose tablets sleep weight taper side effects"),
    ("Crisis line and night support", "crisis line night call answer duty team"),
    ("Peer groups that meet", "group meet tea peer hall welcome"),
    ("Benefit assessments", "assessment form claim appeal points letter"),
    ("Talking therapies", "sessions therapist course cbt waiting end"),
    ("Co-production meetings", "meeting panel involved minutes say paid"),
    ("Ward life", "ward staff door bed leave section"),
    ("Caring for a grown child", "son daughter worry home rest carer"),
    ("Funding and closures", "cut close budget service centre council"),
)


def share_row(rng: random.Random, share: float, n: int) -> dict[str, float]:
    """Return an estimate with an interval and a band that hold it, rounded as the gate does."""
    half = 1.96 * math.sqrt(share * (1 - share) / n) * 1.5
    value = min(max(rng.gauss(share, half / 3), 0.0), 0.95)
    digits = 3 if n >= 400 else 2
    return {
        "estimate": round(value, digits),
        "lower": round(max(0.0, value - half), digits),
        "upper": round(min(1.0, value + half), digits),
        "band_lower": round(max(0.0, value - 1.4 * half), digits),
        "band_upper": round(min(1.0, value + 1.4 * half), digits),
    }


EMPTY = dict.fromkeys(("estimate", "lower", "upper", "band_lower", "band_upper"))


def reason_for_none(frame: int, community: int, week: int) -> str | None:
    """Leave out cells as a gate and an estimator would."""
    if community == 3 and (frame + week) % 4 == 0:
        return "withheld: fewer_than_10_authors"
    if community == 4 and week in {4, 5}:
        return "4 more codings needed"
    if frame == 6 and community in {1, 4} and week < 3:
        return "withheld: numerator_1_to_7"
    return None


def prevalence(rng: random.Random, weeks: int) -> pa.Table:
    rows = []
    for f, (frame, _, _, base) in enumerate(FRAMES):
        for c, (source, community, *_) in enumerate(COMMUNITIES):
            level = base * (0.7 + 0.12 * ((f * 5 + c * 3) % 7))
            slope = 0.35 if (f, c) in {(0, 0), (8, 2), (4, 2)} else 0.0
            slope = -0.07 if (f, c) == (1, 5) else slope
            for week in range(weeks):
                n = 5 * rng.randint(30, 90)
                reason = reason_for_none(f, c, week)
                share = min(max(level * (1 + slope * week), 0.02), 0.85)
                cell = EMPTY if reason else share_row(rng, share, n)
                rows.append(
                    {
                        "run_id": RUN,
                        "frame": frame,
                        "source": source,
                        "community": community,
                        "bin": "week",
                        "period": FIRST + timedelta(weeks=week),
                        **cell,
                        "q_value": None if reason else round(rng.random(), 4),
                        "n_posts": None if reason else n,
                        "n_coded": None if reason else 5 * rng.randint(4, 12),
                        "effective_n": None if reason else round(rng.uniform(40, 200), 1),
                        "borrowed": None if reason else round(rng.uniform(0, 0.5), 3),
                        "refused_because": reason,
                        "method": "ppi",
                        "classifier": "frames-20260503",
                        "codebook_version": 1,
                    }
                )
    return pa.Table.from_pylist(rows)


def trends(rng: random.Random, weeks: int) -> pa.Table:
    rows = []
    for t in range(len(TOPICS)):
        for c, (source, community, *_) in enumerate(COMMUNITIES):
            for week in range(weeks):
                hidden = (t + c + week) % 9 == 0 or (t == 9 and week < 4)
                n = 5 * rng.randint(30, 90)
                cell = share_row(rng, 0.05 + 0.02 * ((t + c) % 5), n)
                rows.append(
                    {
                        "run_id": RUN,
                        "model": "nmf-20260301",
                        "topic_id": t,
                        "source": source,
                        "community": community,
                        "bin": "week",
                        "period": FIRST + timedelta(weeks=week),
                        "share": None if hidden else cell["estimate"],
                        "lower": None if hidden else cell["lower"],
                        "upper": None if hidden else cell["upper"],
                        "n_posts": None if hidden else n,
                    }
                )
    return pa.Table.from_pylist(rows)


def topics() -> tuple[pa.Table, pa.Table]:
    found = [
        {
            "model": "nmf-20260301",
            "topic_id": t,
            "label": label,
            "terms": terms.split(),
            "born_on": FIRST + timedelta(weeks=4) if t == 9 else FIRST,
            "retired_on": FIRST + timedelta(weeks=7) if t == 7 else None,
            "n_posts": 4000 - 310 * t,
            "coherence": round(0.61 - 0.03 * t, 3),
        }
        for t, (label, terms) in enumerate(TOPICS)
    ]
    events = [
        ("nmf-20260301", 9, FIRST + timedelta(weeks=4), "born", "kept for 14 nights"),
        ("nmf-20260301", 7, FIRST + timedelta(weeks=7), "retired", "under 0.5% for 30 nights"),
    ]
    names = ("model", "topic_id", "day", "event", "detail")
    return (
        pa.Table.from_pylist(found),
        pa.Table.from_pylist([dict(zip(names, event, strict=True)) for event in events]),
    )


def together(rng: random.Random, weeks: int) -> pa.Table:
    rows = []
    for t in range(len(TOPICS)):
        for f, (frame, _, _, base) in enumerate(FRAMES):
            for week in range(weeks):
                hidden = (t * f + week) % 6 == 0
                cell = share_row(rng, base * (0.5 + (t * f) % 4 / 2), 150)
                rows.append(
                    {
                        "run_id": RUN,
                        "model": "nmf-20260301",
                        "topic_id": t,
                        "frame": frame,
                        "bin": "week",
                        "period": FIRST + timedelta(weeks=week),
                        "share": None if hidden else cell["estimate"],
                        "lower": None if hidden else cell["lower"],
                        "upper": None if hidden else cell["upper"],
                        "n_posts": None if hidden else 150,
                    }
                )
    return pa.Table.from_pylist(rows)


def evaluations(rng: random.Random) -> pa.Table:
    rows = []
    for frame, *_ in FRAMES:
        for kind, measure, n in (
            ("agreement", "krippendorff_alpha", 240),
            ("classifier", "f1", 600),
            ("classifier", "precision", 600),
            ("classifier", "recall", 600),
            ("calibration", "expected_calibration_error", 600),
        ):
            value = rng.uniform(0.02, 0.06) if kind == "calibration" else rng.uniform(0.58, 0.88)
            bare = kind == "calibration"
            rows.append(
                {
                    "run_id": RUN,
                    "kind": kind,
                    "frame": frame,
                    "measure": measure,
                    "value": round(value, 3),
                    "lower": None if bare else round(value - 0.06, 3),
                    "upper": None if bare else round(value + 0.05, 3),
                    "n": n,
                    "version": "1" if kind == "agreement" else "frames-20260503",
                }
            )
    return pa.Table.from_pylist(rows)


def coverage(weeks: int) -> pa.Table:
    rows = []
    for c, (source, community, *_) in enumerate(COMMUNITIES):
        for week in range(weeks):
            gaps = 1 if (c, week) in {(1, 3), (5, 6), (2, 8)} else 0
            rows.append(
                {
                    "source": source,
                    "community": community,
                    "bin": "week",
                    "period": FIRST + timedelta(weeks=week),
                    "share_complete": 1.0 - 2 * gaps / 7,
                    "gaps": gaps,
                }
            )
    return pa.Table.from_pylist(rows)


def changes() -> pa.Table:
    nothing = {"topic_id": None, "estimate": None, "lower": None, "upper": None, "q_value": None}
    common = {"run_id": RUN, "bin": "week", "series": "frame"}
    return pa.Table.from_pylist(
        [
            {
                **common,
                **nothing,
                "frame": "service_value",
                "source": "policy",
                "community": "blog",
                "period": FIRST + timedelta(weeks=5),
                "kind": "break",
                "reason": "the site changed what it lists",
            },
            {
                **common,
                **nothing,
                "frame": "economic_value",
                "source": "harbour",
                "community": "board-1",
                "period": FIRST + timedelta(weeks=5),
                "kind": "change_point",
                "estimate": 0.06,
                "lower": 0.02,
                "upper": 0.1,
                "q_value": 0.01,
                "reason": "level shift",
            },
        ]
    )


def invent_tables(seed: int = 11, weeks: int = 9) -> dict[str, pa.Table]:
    """Return invented public tables; the same seed gives the same tables."""
    rng = random.Random(seed)
    topic_rows, topic_events = topics()
    return {
        "communities": pa.Table.from_pylist(
            [
                {"source": s, "community": c, "name": n, "country": k, "role": r, "tags": ["nhs"]}
                for s, c, n, k, r in COMMUNITIES
            ]
        ),
        "frames": pa.Table.from_pylist(
            [
                {"frame": f, "name": n, "family": g, "definition": d, "codebook_version": 1}
                for (f, n, g, _), d in zip(FRAMES, DEFINITIONS, strict=True)
            ]
        ),
        "frame_prevalence": prevalence(rng, weeks),
        "topics": topic_rows,
        "topic_trends": trends(rng, weeks),
        "topic_events": topic_events,
        "frame_topics": together(rng, weeks),
        "coverage_by_period": coverage(weeks),
        "evaluations": evaluations(rng),
        "changes": changes(),
        "events": pa.Table.from_pylist(
            [
                {
                    "event_id": 1,
                    "day": date(2026, 3, 18),
                    "label": "Invented budget statement",
                    "url": "https://news.example/budget",
                },
                {
                    "event_id": 2,
                    "day": date(2026, 4, 16),
                    "label": "Invented report on waiting times",
                    "url": None,
                },
            ]
        ),
        "examples": pa.Table.from_pylist(
            [
                {
                    "frame": "economic_value",
                    "kind": "paraphrase",
                    "text": "Someone says the day centre costs less than one week in hospital.",
                    "month": date(2026, 3, 1),
                },
                {
                    "frame": "contestation",
                    "kind": "composite",
                    "text": "Several people find that being asked is not the same as deciding.",
                    "month": date(2026, 4, 1),
                },
            ]
        ),
    }


def invent_report(tables: dict[str, pa.Table]) -> GateReport:
    """Return the gate's report on the invented tables."""
    reports = {
        name: TableReport(shown=table.num_rows, refused=0, withheld={}, left_out={})
        for name, table in tables.items()
    }
    reports["frame_prevalence"] = TableReport(
        shown=441,
        refused=18,
        withheld={"fewer_than_10_authors": 21, "numerator_1_to_7": 6},
        left_out={"unknown_community": 2},
    )
    return GateReport(tables=reports)


def invent_about(**changed: object) -> About:
    """Return the page's own particulars; the ninth week is not over when it is built."""
    values: dict[str, object] = {
        "study": "Value in mental-health talk",
        "contact": "team@study.example",
        "licence": "https://licences.example/by/4.0/",
        "simulated": True,
        "coders_note": "coded by simulated coders with 10 % error",
        "built_at": datetime(2026, 5, 1, 3, 10, tzinfo=UTC),
        "run_id": RUN,
        "version": "0.1.0",
        "bin": "week",
        "support_lines": (
            "Samaritans: 116 123, free, day and night",
            "Shout: text SHOUT to 85258",
        ),
    }
    return About(**{**values, **changed})  # type: ignore[arg-type] # the caller names real fields


@pytest.fixture(scope="session")
def tables() -> dict[str, pa.Table]:
    return invent_tables()


@pytest.fixture(scope="session")
def about() -> About:
    return invent_about()


@pytest.fixture(scope="session")
def report(tables: dict[str, pa.Table]) -> GateReport:
    return invent_report(tables)
