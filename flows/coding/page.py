"""The coding page: one file that opens by double click, without any network, and saves to a file.

Its own script and style stand in it, allowed by their digests; the policy forbids every request.
"""

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template
from typing import Any

from analysis.codebook import Frame
from flows.coding.sheet_contents import SKIP_REASONS, Sheet

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def build_coding_page(sheet: Sheet) -> str:
    """Return the page of a sheet; the same sheet gives the same bytes."""
    style, script = _part("page.css"), _part("page.js")
    return Template(_part("page.html")).substitute(
        title=html.escape(f"Coding: {sheet.study}"),
        language=html.escape(sheet.codebook.language),
        style_hash=_digest(style),
        script_hash=_digest(script),
        style=style,
        script=script,
        sheet=_embedded(_contents(sheet)),
    )


def _contents(sheet: Sheet) -> dict[str, Any]:
    return {
        "sheet": sheet.sheet,
        "coder": sheet.coder,
        "study": sheet.study,
        "made_on": sheet.made_on.isoformat(),
        "codebook": sheet.codebook.name,
        "codebook_version": sheet.codebook.version,
        "notes": list(sheet.codebook.notes),
        "frames": [_frame(frame) for frame in sheet.codebook.frames],
        "reasons": [{"key": key, "label": label} for key, label in SKIP_REASONS.items()],
        "support": list(sheet.support),
        "posts": [
            {
                "item": post.item,
                "community": post.community,
                "month": post.month,
                "text": post.text,
                "content_note": list(post.content_note),
            }
            for post in sheet.posts
        ],
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "key": frame.key,
        "name": frame.name,
        "family": frame.family,
        "definition": frame.definition,
        "plain": getattr(frame, "plain", ""),
        "include": list(frame.include),
        "exclude": list(frame.exclude),
        "examples": list(getattr(frame, "examples", ())),
    }


def _embedded(contents: dict[str, Any]) -> str:
    """Return JSON for a script element: it can close no tag, and is ASCII whatever is in it."""
    text = json.dumps(contents, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _part(name: str) -> str:
    return files("flows.coding").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
