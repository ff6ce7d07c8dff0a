"""Serves boards over real HTTP, one loopback port each, or to an httpx transport without a port."""

from collections.abc import Callable, Mapping

import httpx

from harvesters.simulation.answers import Question, Site
from harvesters.simulation.faults import Faults
from harvesters.simulation.forums.site import ForumSite
from harvesters.simulation.server import ServedSites, SiteMaker
from warehouse.records import Clock


def serve_forums(
    sites: Mapping[str, ForumSite],
    *,
    clock: Clock,
    faults: Faults | None = None,
    first_port: int = 0,
) -> ServedSites:
    """Return boards to be served while the context is open; their addresses become loopback ones.

    Parameters
    ----------
    sites : mapping from source to ForumSite
        The boards.
    clock : Clock
        Decides what a guest sees at the time of a request.
    faults : Faults, optional
        What goes wrong.
    first_port : int
        Port of the first board; 0 takes any that are free.

    Examples
    --------
    >>> with serve_forums({"forum": site}, clock=clock) as served:
    ...     served.url("forum")
    """
    makers = {source: _maker(site) for source, site in sites.items()}
    return ServedSites(makers, clock=clock, faults=faults, first_port=first_port)


def answer_requests(site: ForumSite, *, clock: Clock) -> Callable[[httpx.Request], httpx.Response]:
    """Return a handler for `httpx.MockTransport` that answers as a board does."""

    def handle(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        question = Question.read(target, now=clock.now(), headers=dict(request.headers))
        answer = site.answer(question)
        headers = [("Content-Type", answer.content_type), *answer.headers]
        return httpx.Response(answer.status, content=answer.body, headers=headers)

    return handle


def _maker(site: ForumSite) -> SiteMaker:
    def make(address: str) -> Site:
        site.base = address
        return site

    return make
