"""Archives of an invented list, answered by functions: HyperKitty, Pipermail and public-inbox."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from harvesters.mail.headers import archive_hash

LIST = "voices@lists.example"
START = datetime(2025, 12, 1, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Note:
    """One mail of the list: `day` days after the first."""

    name: str
    day: float
    parent: str | None = None
    text: str = "What being heard is worth."

    @property
    def message_id(self) -> str:
        return f"{self.name}@people.example"

    @property
    def hash(self) -> str:
        return archive_hash(self.message_id)

    @property
    def written(self) -> datetime:
        return START + timedelta(days=self.day)

    @property
    def sender(self) -> str:
        return f"p{len(self.name) % 3}@people.example"

    def source(self, *, references: bool) -> bytes:
        lines = [
            f"From: Invented Person <{self.sender}>",
            f"Subject: {'Re: ' if self.parent else ''}Voices",
            f"Date: {self.written:%a, %d %b %Y %H:%M:%S +0000}",
            f"Message-ID: <{self.message_id}>",
        ]
        if self.parent:
            lines.append(f"In-Reply-To: <{self.parent}@people.example>")
            if references:
                lines.append(f"References: <{self.parent}@people.example>")
        return "\n".join([*lines, "", self.text, ""]).encode()


def mbox(notes: list[Note], *, references: bool = True) -> bytes:
    begin = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
    return b"".join(begin + n.source(references=references) + b"\n" for n in notes)


@dataclass
class HyperKittySite:
    """Answers as HyperKitty does; `withheld` are mails that it counts and does not show."""

    notes: list[Note]
    export: bool = True
    api: bool = True
    withheld: frozenset[str] = frozenset()
    spoken: list[Callable[[httpx.Request], httpx.Response | None]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        for speak in self.spoken:
            if (said := speak(request)) is not None:
                return said
        path = request.url.path
        if "/api/" in path:
            return self._rest(request, path) if self.api else httpx.Response(404)
        if "/export/" in path:
            return self._export(request.url.params) if self.export else httpx.Response(400)
        return httpx.Response(200, content=b"<html>hyperkitty</html>")

    def thread_of(self, note: Note) -> str:
        named = {n.name: n for n in self.notes}
        while note.parent and note.parent in named:
            note = named[note.parent]
        return note.hash

    def _export(self, params: httpx.QueryParams) -> httpx.Response:
        notes = [n for n in self.notes if n.name not in self.withheld]
        if "thread" in params:
            notes = [n for n in notes if self.thread_of(n) == params["thread"]]
        if "start" in params:
            start, end = (
                datetime.fromisoformat(params[k]).replace(tzinfo=UTC) for k in ("start", "end")
            )
            notes = [n for n in notes if start <= n.written < end]
        return httpx.Response(200, content=gzip.compress(mbox(notes, references=False)))

    def _rest(self, request: httpx.Request, path: str) -> httpx.Response:
        if found := re.search(r"/email/([A-Z2-7]{32})/$", path):
            note = next((n for n in self.notes if n.hash == found[1]), None)
            return httpx.Response(200, json=self._email(note)) if note else httpx.Response(404)
        if path.endswith("/threads/"):
            return self._page(request, [self._thread(t) for t in self._threads()])
        if path.endswith("/emails/"):
            thread = re.search(r"/thread/([A-Z2-7]{32})/", path)
            notes = [n for n in self.notes if not thread or self.thread_of(n) == thread[1]]
            return self._page(request, [self._email(n) for n in reversed(notes)])
        return httpx.Response(200, json={"name": LIST, "archive_policy": "public"})

    def _page(self, request: httpx.Request, items: list[dict[str, Any]]) -> httpx.Response:
        # `page` is not looked at
        limit = int(request.url.params.get("limit", "10"))
        offset = int(request.url.params.get("offset", "0"))
        rest = "more" if offset + limit < len(items) else None
        answer = {"count": len(items), "next": rest, "results": items[offset : offset + limit]}
        return httpx.Response(200, content=json.dumps(answer).encode())

    def _threads(self) -> list[list[Note]]:
        threads: dict[str, list[Note]] = {}
        for note in self.notes:
            threads.setdefault(self.thread_of(note), []).append(note)
        return sorted(threads.values(), key=lambda t: max(n.written for n in t), reverse=True)

    def _thread(self, notes: list[Note]) -> dict[str, Any]:
        thread = self.thread_of(notes[0])
        return {
            "url": f"https://lists.example/api/list/{LIST}/thread/{thread}/",
            "thread_id": thread,
            "date_active": max(n.written for n in notes).isoformat(),
            "replies_count": len(notes) - 1,
        }

    def _email(self, note: Note) -> dict[str, Any]:
        root = f"https://lists.example/api/list/{LIST}"
        parent = archive_hash(f"{note.parent}@people.example") if note.parent else None
        return {
            "url": f"{root}/email/{note.hash}/",
            "message_id": note.message_id,
            "message_id_hash": note.hash,
            "thread": f"{root}/thread/{self.thread_of(note)}/",
            "parent": f"{root}/email/{parent}/" if parent else None,
            "sender": {"address": note.sender.replace("@", " (a) ")},
            "sender_name": "Invented Person",
            "subject": "Re: Voices" if note.parent else "Voices",
            "date": note.written.isoformat(),
            "content": note.text + "\n",
            "attachments": [],
        }


@dataclass
class PublicInboxSite:
    """Answers as public-inbox does; `search` False is an inbox without an index."""

    notes: list[Note]
    search: bool = True
    missing: bytes = b"not found"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params.get("q", "")
        if found := re.match(r"(rt|dt):(\d+)\.\.(\d+)$", query):
            shown = [
                n
                for n in self.notes
                if _stamp(n, found[1]) in range(int(found[2]), int(found[3]) + 1)
            ]
            if not shown:
                return httpx.Response(404, content=b"No results found\n")
            if request.method == "POST":
                return httpx.Response(200, content=gzip.compress(mbox(shown[::-1])))
            return httpx.Response(200, content=f"Results 1-{len(shown)} of {len(shown)}".encode())
        name = request.url.path.strip("/").split("/")
        if name[-1] == "t.mbox.gz":
            return self._thread(name[-2])
        if name[-1] == "new.atom":
            return self._feed(request.url.params.get("t", "99999999999999"))
        if name == ["voices"]:
            form = "<input\nname=q\ntype=text />" if self.search else ""
            page = f'{form}<a href="new.atom">Atom</a><a href="_/text/help/">help</a>'
            return httpx.Response(200, content=page.encode())
        return httpx.Response(404, content=b"Not Found")

    def _thread(self, message_id: str) -> httpx.Response:
        named = {n.name: n for n in self.notes}
        name = message_id.partition("@")[0]
        if name not in named:
            return httpx.Response(300, content=self.missing)
        root = _root(named, named[name])
        return httpx.Response(
            200, content=gzip.compress(mbox([n for n in self.notes if _root(named, n) is root]))
        )

    def _feed(self, before: str) -> httpx.Response:
        newest = [n for n in reversed(self.notes) if _stamp(n, "dt") < int(before)][:5]
        entries = "".join(
            f"<entry><title>x</title><updated>{n.written:%Y-%m-%dT%H:%M:%SZ}</updated><link\n"
            f'href="https://inbox.example/voices/{n.message_id}/"/></entry>'
            for n in newest
        )
        return httpx.Response(200, content=f'<?xml version="1.0"?><feed>{entries}</feed>'.encode())


def _root(named: dict[str, Note], note: Note) -> Note:
    while note.parent in named:
        note = named[note.parent]
    return note


def _stamp(note: Note, field_name: str) -> int:
    if field_name == "rt":
        return int(note.written.timestamp())
    return int(f"{note.written:%Y%m%d%H%M%S}")
