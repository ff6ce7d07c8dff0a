"""One harvest of one board: its listing from the newest activity down, then what was left over."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from harvesters.base import Gone, HarvestError, ParseError
from harvesters.html_forum.pages import (
    LOGIN_REQUIRED,
    NOT_FOUND,
    BoardPage,
    ListedThread,
    NotShown,
    ShownPost,
    ThreadPage,
)
from harvesters.html_forum.posts import NO_DATE, Addresses, read_posts, withdrawn
from harvesters.html_forum.reader import ForumReader
from harvesters.html_forum.walk import (
    MOST_CUT,
    Comparison,
    Cut,
    Position,
    Stop,
    newest_activity,
    promised,
)
from harvesters.posts import ReadContext
from harvesters.reading import MALFORMED
from warehouse.records import Batch, Community, Known, KnownThread, ThreadCount

BOARD_PAGES = 1000  # of one harvest
THREAD_PAGES = 200  # of one thread and harvest; the next harvest goes on from there
UNREADABLE = "unreadable_thread"
_DROPS = {LOGIN_REQUIRED: LOGIN_REQUIRED, NOT_FOUND: "thread_not_found"}
_ENOUGH_TO_DOUBT = 5  # threads in a row that cannot be read


class BoardNight:
    """Reads what changed on a board, thread by thread.

    Parameters
    ----------
    reader : ForumReader
        Of the forum.
    community : Community
        The board.
    known : Known
        What earlier harvests have read.
    since : datetime, optional
        Bounds what is read of threads of which nothing is known.
    context : ReadContext
        Where the posts are read, and the keys that their authors are hidden by.
    """

    def __init__(
        self,
        reader: ForumReader,
        community: Community,
        known: Known,
        *,
        since: datetime | None,
        context: ReadContext,
    ) -> None:
        self._reader = reader
        self._community = community
        self._known = known
        self._since = since
        self._context = context
        self._addresses = Addresses(reader.site, reader.profile)
        self._position = Position.read(known.cursor)
        self._compare = Comparison(known, replace(self._position), since)
        self._n_unreadable = 0
        self._listed_to: datetime | None = None
        self._whole = False

    def batches(self) -> Iterator[Batch]:
        """Yield the batches of what changed, then of what earlier harvests left over."""
        left_over = list(self._position.cut)
        yield from self._listing()
        self._n_unreadable = -len(left_over)  # what could not be read once may stay so
        for thread in left_over:
            cut = self._position.cut.get(thread)
            if cut is not None:
                yield from self._leg(thread, cut, self._known.threads.get(thread), resumed=True)
        position = self._position
        if self._whole and len(position.cut) <= MOST_CUT:
            position.listed_to = self._listed_to or position.listed_to
        position.whole = self._whole and not position.cut
        yield self._batch(complete=position.whole)

    def _listing(self) -> Iterator[Batch]:
        sound = True
        for number, (page, fetched_at) in enumerate(self._pages()):
            if number == 0:
                self._listed_to = newest_activity(page.threads, fetched_at=fetched_at)
                sound = bool(page.threads) or not self._known.threads
            if page.n_broken:
                yield self._batch(drops={MALFORMED: page.n_broken}, complete=False)
            for thread in page.threads:
                if self._compare.has_changed(thread):
                    yield from self._thread(thread)
            self._whole = sound and page.next_page is None

    def _pages(self) -> Iterator[tuple[BoardPage, datetime]]:
        """Yield the pages of the listing with the threads that were on none before.

        Boards answer behind their end with the last page, the first, or an error: nothing that was
        not met before is the end. The last page that is yielded leads nowhere.
        """
        address: str | None = self._reader.board_address(self._community.community)
        seen: set[str] = set()
        for _ in range(BOARD_PAGES):
            if address is None:
                return
            try:
                page, fetched_at = self._reader.board(address)
            except Gone:
                if not seen:
                    raise
                page, fetched_at = BoardPage(threads=(), next_page=None), self._context.fetched_at
            fresh = tuple(each for each in page.threads if each.native_id not in seen)
            seen.update(each.native_id for each in fresh)
            over = not fresh or self._compare.ends_with(page.threads)
            address = None if over else page.next_page
            yield replace(page, threads=fresh, next_page=address), fetched_at

    def _thread(self, listed: ListedThread) -> Iterator[Batch]:
        """Read what is new in a thread."""
        held = self._known.threads.get(listed.native_id)
        stop = Stop.before(held, self._since)
        cut = Cut(listed.last_page or listed.address, listed.address, stop)
        yield from self._leg(listed.native_id, cut, held, listed=listed)

    def _leg(
        self,
        thread: str,
        cut: Cut,
        held: KnownThread | None,
        *,
        listed: ListedThread | None = None,
        resumed: bool = False,
    ) -> Iterator[Batch]:
        """Walk through a thread; one that cannot be read does not end the harvest."""
        walk = _Walk(self._reader, self._position, thread, cut, held, listed, resumed=resumed)
        try:
            for page, wanted, count in walk.pages():
                yield self._page_batch(thread, page, wanted, count)
        except NotShown as error:
            self._position.cut.pop(thread, None)
            is_gone = error.reason == NOT_FOUND
            yield self._batch(drops={_DROPS[error.reason]: 1}, complete=is_gone)
        except ParseError:
            self._n_unreadable += 1
            if self._n_unreadable >= _ENOUGH_TO_DOUBT:
                raise
            self._position.cut.setdefault(thread, cut)
            yield self._batch(drops={UNREADABLE: 1}, complete=False, counts=walk.cut_short())
        except HarvestError:
            yield self._batch(complete=False, counts=walk.cut_short())
            raise
        else:
            self._n_unreadable = min(self._n_unreadable, 0)
            if walk.cut_short():
                yield self._batch(complete=False, counts=walk.cut_short())

    def _page_batch(
        self,
        thread: str,
        page: ThreadPage,
        wanted: Sequence[ShownPost],
        count: ThreadCount | None,
    ) -> Batch:
        context = replace(self._context, fetched_at=page.fetched_at)
        reading = read_posts(page, wanted, context, thread=thread, addresses=self._addresses)
        drops = dict(reading.drops)
        if page.n_broken:
            drops[MALFORMED] = drops.get(MALFORMED, 0) + page.n_broken
        lacking = count is not None and count.fetched < (count.expected or 0)
        return replace(
            self._batch(
                drops=drops, complete=not lacking and not {MALFORMED, NO_DATE} & set(drops)
            ),
            posts=reading.posts,
            sightings=withdrawn(
                wanted, context, reason=self._reader.profile.rules.post.deleted_reason
            ),
            threads=(count,) if count else (),
            expected=len(wanted) + page.n_broken,
            fetched=len(reading.posts),
        )

    def _batch(
        self,
        *,
        drops: dict[str, int] | None = None,
        complete: bool = True,
        counts: tuple[ThreadCount, ...] = (),
    ) -> Batch:
        return Batch(
            source=self._community.source,
            community=self._community.community,
            threads=counts,
            cursor=self._position.as_cursor(),
            drops=drops or {},
            complete=complete,
        )


class _Walk:
    """One walk back through the pages of a thread; the position says what is still to do."""

    def __init__(
        self,
        reader: ForumReader,
        position: Position,
        thread: str,
        cut: Cut,
        held: KnownThread | None,
        listed: ListedThread | None,
        *,
        resumed: bool,
    ) -> None:
        self._reader = reader
        self._position = position
        self._thread = thread
        self._cut = cut
        self._held = held
        self._listed = listed
        self._resumed = resumed
        earlier = position.cut.get(thread)
        self._earlier = None if resumed else earlier
        self._n_read = promised(held, cut=earlier is not None)
        self._count: ThreadCount | None = None

    def pages(self) -> Iterator[tuple[ThreadPage, list[ShownPost], ThreadCount | None]]:
        """Yield page after page with the posts that are wanted, the count with the last one."""
        seen: set[str] = set()
        page = self._first()
        for _ in range(THREAD_PAGES):
            fresh = [post for post in page.posts if post.native_id not in seen]
            seen.update(post.native_id for post in fresh)
            wanted, met, bounded = self._cut.stop.cut(fresh)
            if met and not bounded and self._lacks(page, wanted):
                self._cut = replace(self._cut, stop=Stop())
                self._n_read = len(seen) - len(fresh)
                wanted, met = fresh, False
            further = None if met else self._reader.previous(page, thread=self._cut.first)
            stuck = further is not None and not fresh
            self._note(None if stuck else further)
            self._n_read += sum(post.created is not None or post.deleted for post in wanted)
            self._count = self._counted(page, bounded=bounded)
            if further is None or stuck:
                count = self._count if further is None else None
                self._count = self._count if stuck else None
                yield page, wanted, count
                return
            yield page, wanted, None
            page = self._reader.thread(further)

    def cut_short(self) -> tuple[ThreadCount, ...]:
        """Return the count of a thread that was not read to where it was to be."""
        return () if self._count is None else (self._count,)

    def _first(self) -> ThreadPage:
        if self._resumed:
            return self._reader.thread(self._cut.address)
        return self._reader.last_page(self._cut.address, thread=self._cut.first)

    def _lacks(self, page: ThreadPage, wanted: Sequence[ShownPost]) -> bool:
        """Tell whether a thread promises more than its new posts: some came in among the old ones.

        Moderators put posts back, let them pass late, or move them here. The whole is read then.
        """
        expected = self._counted(page, bounded=False).expected
        n_new = sum(post.created is not None or post.deleted for post in wanted)
        whole_before = not self._resumed and self._earlier is None
        return expected is not None and whole_before and self._n_read + n_new < expected

    def _note(self, further: str | None) -> None:
        """Remember what of a thread is still to be read: of this walk, else of an earlier one."""
        earlier = self._earlier
        if further is not None:
            end = self._cut.stop if earlier is None else earlier.stop
            self._position.cut[self._thread] = replace(self._cut, address=further, stop=end)
        elif earlier is not None:
            self._position.cut[self._thread] = earlier
        else:
            self._position.cut.pop(self._thread, None)

    def _counted(self, page: ThreadPage, *, bounded: bool) -> ThreadCount:
        """Return what a thread promises: nothing where the study asks for its newest part only."""
        held, listed = self._held, self._listed
        shown = page.n_posts
        if shown is None:
            shown = listed.n_posts if listed else held.expected if held else None
        partly = bounded or (held is not None and held.expected is None)
        return ThreadCount(
            native_thread_id=self._thread,
            expected=None if partly else shown,
            fetched=self._n_read,
        )
