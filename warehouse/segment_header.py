"""The header of a segment as JSON, there and back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from warehouse.records import (
    CommunityCount,
    Gap,
    SegmentHeader,
    ThreadCount,
    Traffic,
    Validator,
)


def header_to_json(header: SegmentHeader) -> str:
    """Return a header as JSON."""
    return json.dumps(
        {
            "run_id": header.run_id,
            "source": header.source,
            "community": header.community,
            "activity": header.activity,
            "harvested_at": header.harvested_at.isoformat(),
            "final": header.final,
            "status": header.status,
            "error": header.error,
            "expected": header.expected,
            "fetched": header.fetched,
            "drops": dict(header.drops),
            "gaps": [
                [gap.since.isoformat(), gap.until.isoformat(), gap.reason] for gap in header.gaps
            ],
            "threads": [
                [thread.native_thread_id, thread.expected, thread.fetched]
                for thread in header.threads
            ],
            "validators": validators_to_plain(header.validators),
            "cursor": None if header.cursor is None else dict(header.cursor),
            "covers_from": None if header.covers_from is None else header.covers_from.isoformat(),
            "traffic": [
                header.traffic.requests,
                header.traffic.not_modified,
                header.traffic.throttled_seconds,
                dict(header.traffic.decisions),
            ],
            "evidence": header.evidence,
            "author_links": header.author_links,
            **({"communities": _counts_to_plain(header)} if header.communities else {}),
        },
        ensure_ascii=False,
    )


def header_from_json(text: str | bytes) -> SegmentHeader:
    """Return the header that `header_to_json` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the text is not such a header.
    """
    plain: dict[str, Any] = json.loads(text)
    plain["harvested_at"] = datetime.fromisoformat(plain["harvested_at"])
    if plain["covers_from"] is not None:
        plain["covers_from"] = datetime.fromisoformat(plain["covers_from"])
    plain["gaps"] = tuple(
        Gap(since=datetime.fromisoformat(since), until=datetime.fromisoformat(until), reason=reason)
        for since, until, reason in plain["gaps"]
    )
    plain["threads"] = tuple(
        ThreadCount(native_thread_id=thread, expected=expected, fetched=fetched)
        for thread, expected, fetched in plain["threads"]
    )
    plain["validators"] = validators_from_plain(plain["validators"])
    requests, not_modified, throttled, *decisions = plain["traffic"]
    plain["traffic"] = Traffic(
        requests=requests,
        not_modified=not_modified,
        throttled_seconds=throttled,
        decisions=decisions[0] if decisions else {},  # earlier versions did not count them
    )
    plain["communities"] = tuple(
        CommunityCount(community=community, expected=expected, fetched=fetched, drops=drops)
        for community, expected, fetched, drops in plain.get("communities", ())
    )
    return SegmentHeader(**plain)


def _counts_to_plain(header: SegmentHeader) -> list[Any]:
    return [
        [count.community, count.expected, count.fetched, dict(count.drops)]
        for count in header.communities
    ]


def validators_to_plain(
    validators: Mapping[str, Validator],
) -> dict[str, list[str | int | None]]:
    """Return HTTP validators by address as what JSON can hold."""
    return {
        address: [validator.etag, validator.last_modified, validator.trusted]
        for address, validator in validators.items()
    }


def validators_from_plain(plain: Mapping[str, Any]) -> dict[str, Validator]:
    """Return the validators that `validators_to_plain` wrote."""
    return {
        address: Validator(etag=etag, last_modified=last_modified, trusted=trusted)
        for address, (etag, last_modified, trusted) in plain.items()
    }
