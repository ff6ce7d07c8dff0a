"""The one door to the warehouse: open it, load segments, ask it, write results, erase.

A `Warehouse` is the one writer. Harvests never open it: they read the files under `state/`, which
it writes for them, and land segments, which it loads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from warehouse import ledger
from warehouse.errors import SegmentError, WarehouseError, clear_errors
from warehouse.home import Home, make_private_folder
from warehouse.known import write_stale_state
from warehouse.landing import Segment
from warehouse.leftovers import remove_leftovers as remove_half_written
from warehouse.loading import load_segment, threads_for
from warehouse.lock import WriterLock
from warehouse.migrations import migrate
from warehouse.private_copy import remove_private_copy
from warehouse.protection import (
    erasure,
    erasure_list,
    exported,
    rotation,
    segment_rewriting,
    sheets,
)
from warehouse.protection.erasure_list import ErasedKind, ErasureList, Register
from warehouse.protection.exported import Export
from warehouse.protection.fresh_copy import (
    connect_private,
    copy_afresh,
    keep_private,
    remove_damaged,
    remove_leftovers,
)
from warehouse.protection.keys import KeyFileError, KeyRing
from warehouse.protection.rotation import RotationCounts
from warehouse.protection.segment_rewriting import Pending, Sweep
from warehouse.rechecks import RecheckPolicy
from warehouse.records import Clock, LoadCounts, Run, SourceInfo
from warehouse.registers import finish_run, register_sources, start_run
from warehouse.results import replace_rows
from warehouse.state import remove_half_written_state, remove_source_state

LOCK = "warehouse.lock"
_DEFAULT_POLICY = RecheckPolicy()
# Each checkpoint compresses the newest 122,880 rows again: a fifth of the time of a large import.
_FEWER_CHECKPOINTS = "SET checkpoint_threshold = '256MB'"


class Warehouse:
    """The private working database of one study, open for writing; use it in a `with` statement.

    Attributes
    ----------
    connection : duckdb.DuckDBPyConnection
        For the other rooms of `warehouse`. It is another one after `erase_confirmed`, which closes
        it together with its cursors.
    """

    def __init__(
        self, home: Home, *, keys: KeyRing, clock: Clock, recheck: RecheckPolicy, lock: WriterLock
    ) -> None:
        self.home = home
        self.keys = keys
        self.clock = clock
        self.recheck = recheck
        self._lock = lock
        self.connection = connect_private(home.database)
        self.connection.execute(_FEWER_CHECKPOINTS)

    @classmethod
    def open(
        cls, home: Home, *, keys: KeyRing, clock: Clock, recheck: RecheckPolicy = _DEFAULT_POLICY
    ) -> Self:
        """Open the warehouse of a home, making or migrating it where that is needed.

        Raises
        ------
        WarehouseLocked
            If another process writes it, or holds the file open.
        SchemaError
            If the file is newer than this version, or no warehouse.
        WarehouseError
            If it is damaged, may not be written, or the disk is full.
        """
        with clear_errors(home.database):
            for folder in (home.root, home.state, home.landing, home.quarantine):
                make_private_folder(folder)
            lock = WriterLock(home.state / LOCK).acquire(now=clock.now())
            try:
                return cls._open_locked(home, keys=keys, clock=clock, recheck=recheck, lock=lock)
            except BaseException:
                lock.release()
                raise

    @classmethod
    def _open_locked(
        cls, home: Home, *, keys: KeyRing, clock: Clock, recheck: RecheckPolicy, lock: WriterLock
    ) -> Self:
        remove_leftovers(home.database)
        ledger.remove_rewriting(home.landing)
        remove_half_written_state(home.state)
        remove_half_written(home, clock_file=lock.path)
        warehouse = cls(home, keys=keys, clock=clock, recheck=recheck, lock=lock)
        try:
            migrate(warehouse.connection, path=home.database, now=clock.now())
            rotation.check_chain(warehouse.connection, keys)
            warehouse.advance_keys()
        except BaseException:
            warehouse.connection.close()
            raise
        return warehouse

    def close(self) -> None:
        """Close the database and let the next writer in."""
        try:
            with clear_errors(self.home.database):
                self.connection.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Do everything inside or nothing of it."""
        with clear_errors(self.home.database):
            self.connection.begin()
            try:
                yield self.connection
                self.connection.commit()
                keep_private(self.home.database)
            except BaseException:
                _roll_back(self.connection)
                raise

    def register_sources(self, sources: Sequence[SourceInfo]) -> None:
        """Enter configured sources and their communities; what is known of them already stays."""
        with self.transaction() as connection:
            register_sources(connection, sources)

    def start_run(self, run: Run) -> None:
        """Enter a run as running."""
        with self.transaction() as connection:
            start_run(connection, run)

    def finish_run(self, run_id: str, *, status: str, error: str | None = None) -> None:
        """Enter how a run ended: `complete`, `partial` or `failed`.

        Raises
        ------
        WarehouseError
            If no such run was started.
        """
        with self.transaction() as connection:
            if not finish_run(connection, run_id, status=status, error=error, now=self.clock.now()):
                raise WarehouseError(f"no run {run_id} was started here; start it first")

    def pending_segments(self) -> list[Path]:
        """Return the segments that wait to be loaded, in the order of loading.

        A truncated, renamed or foreign file is put aside instead: see `quarantined`.
        """
        sound = []
        with clear_errors(self.home.database):
            for file in ledger.waiting(self.connection, self.home.landing):
                try:
                    self._read(file)
                except SegmentError:
                    continue
                sound.append(file)
        return sound

    def quarantined(self) -> list[str]:
        """Return one sentence for each file that was put aside, oldest first."""
        with clear_errors(self.home.database):
            return ledger.quarantined(self.connection)

    def load(self, segment: Path) -> LoadCounts:
        """Load one segment in one transaction; loading it again changes nothing.

        Raises
        ------
        SegmentError
            If the file is truncated, renamed or foreign; it was put aside, and nothing was loaded.
        """
        landing, now = self.home.landing, self.clock.now()
        path = ledger.relative_path(landing, segment)
        with clear_errors(self.home.database):
            if not segment.is_file() and ledger.has(self.connection, path=path):
                return LoadCounts(already_loaded=True)
            content = self._read(segment)
            kept = self._settle(content, ErasureList.read(self.connection))
        with threads_for(self.connection, kept), self.transaction() as connection:
            if ledger.has(connection, path=path, sha256=kept.sha256):
                ledger.enter_again(connection, content, path=path, now=now)
                return LoadCounts(already_loaded=True)
            counts = load_segment(connection, kept, policy=self.recheck, now=now)
            ledger.enter(connection, kept, path=ledger.relative_path(landing, kept.path), now=now)
            if kept is not content:
                ledger.enter_again(connection, content, path=path, now=now)
        return counts.plus(LoadCounts(refused=content.rows.num_rows - kept.rows.num_rows))

    def write_state(self) -> None:
        """Write the files of what harvests must know, for every community that changed."""
        with clear_errors(self.home.database):
            erasure_list.write_lists(self.connection, self.home.state, self.keys)
            write_stale_state(
                self.connection, self.home.state, policy=self.recheck, now=self.clock.now()
            )

    def forget(self, kind: ErasedKind, *parts: str, register: Register = "erasures") -> int:
        """Take out what somebody asks for, for good: erased, or opted out.

        Returns how many posts are withdrawn; their bytes go with the next `erase_confirmed`. What
        is named so is refused whenever it is harvested, restored or imported again.

        Parameters
        ----------
        kind : str
            What is named.
        *parts : str
            A `post` or `thread` by source and native id, an `author` by the author key, a `source`,
            a `host` or a `phrase` by itself.
        register : {"erasures", "optouts"}
            Which list remembers it.
        """
        with self.transaction() as connection:
            withdrawn = erasure.forget(
                connection,
                self.keys,
                kind=kind,
                parts=parts,
                now=self.clock.now(),
                register=register,
            )
        self.write_state()
        return withdrawn

    def forget_source(self, source: str) -> int:
        """Withdraw every post of a source whose host opted out; return how many."""
        with self.transaction() as connection:
            withdrawn = erasure.forget_source(connection, source, now=self.clock.now())
        self.write_state()
        return withdrawn

    def exports_concerned(self) -> list[Export]:
        """Return what left through the controlled door and may hold posts that wait for erasure."""
        with clear_errors(self.home.database):
            return exported.concerned(self.connection, self.home.exports)

    def rotate_keys(self, key_file: Path) -> RotationCounts:
        """Add a link to the author chain in the key file, and bring all that is stored under it.

        Raises
        ------
        KeyFileError
            If the key file does not hold the keys that this warehouse was opened with.
        """
        if KeyRing.read(key_file) != self.keys:
            raise KeyFileError(f"the key file {key_file} was changed; open the study again")
        longer = self.keys.with_new_link()
        longer.overwrite(key_file)
        self.keys = longer
        return self.advance_keys()

    def advance_keys(self) -> RotationCounts:
        """Bring what is stored to the newest author key, or finish what did; cheap where it is."""
        counts = None
        with clear_errors(self.home.database):
            if rotation.is_behind(self.connection, self.keys):
                with self.transaction() as connection:
                    counts = rotation.advance_rows(connection, self.keys)
            erasure_list.restore_lists(self.connection, self.home.state, self.keys)
            if rotation.is_unfinished(self.connection):
                segment_rewriting.advance_segments(self.connection, self.home.landing, self.keys)
                self._settle_waiting()
                self.write_state()
                self._copy_afresh()
        return counts or RotationCounts()

    def reapply_erasures(self) -> int:
        """Take out whatever is held though the erasure list names it, as after a restore."""
        with self.transaction() as connection:
            return erasure.reapply(connection, self.keys, now=self.clock.now())

    def erase_confirmed(self) -> int:
        """Remove every byte of the posts confirmed as gone; return how many posts they were.

        Their rows leave every table, their landed segments and state files are written anew without
        them, and the database is copied into a fresh file, since deleting leaves bytes behind. A
        process that is ended in between leaves whole files; the next call does what was left.
        """
        with clear_errors(self.home.database):
            sweep = erasure.sweep_due(self.connection, self.keys)
            pending = erasure.read_pending(self.connection)
            if pending or sweep:
                if self._settle_waiting(pending):
                    pending = erasure.read_pending(self.connection)
                self._erase_files(pending, sweep)
                self._erase_rows(sweep)
            if erasure.copy_is_due(self.connection):
                self.write_state()
                self._copy_afresh()
        return len(pending)

    def _copy_afresh(self) -> None:
        """Leave no byte of what was deleted, in the database or in what was copied from it."""
        remove_private_copy(self.home)
        remove_damaged(self.home.database)
        self.connection = copy_afresh(self.connection, self.home.database)

    def _erase_files(self, pending: Sequence[Pending], sweep: Sweep | None) -> None:
        ledger.remove_half_written(self.home.landing, clock_file=self._lock.path)
        exported.remove_holding(self.connection, self.home.exports)
        gone = [post.post_id for post in pending]
        items = sheets.items_of(self.connection, gone)
        sheets.remove_posts(self.home.coding, gone, items=items)
        sheets.remove_posts(self.home.sheets, items=items)
        segment_rewriting.rewrite_segments(self.connection, self.home.landing, pending, sweep=sweep)

    def _erase_rows(self, sweep: Sweep | None) -> None:
        now = self.clock.now()
        sources = erasure.erased_sources(self.connection, sweep) if sweep else []
        for source in sources:
            remove_source_state(self.home.state, source)
        with self.transaction() as connection:
            erasure.delete_sources(connection, sources, now=now)
            erasure.delete_rows(connection, self.keys, now=now)

    def drop_superseded_texts(self, *, days: int) -> int:
        """Drop the texts of revisions superseded longer ago; their bytes go with the next erase."""
        now = self.clock.now()
        with self.transaction() as connection:
            return erasure.drop_superseded(connection, before=now - timedelta(days=days), now=now)

    def remove_old_segments(self, *, days: int) -> int:
        """Remove segments that were loaded longer ago, and files put aside; return how many."""
        with clear_errors(self.home.database):
            ledger.remove_half_written(self.home.landing, clock_file=self._lock.path)
            return ledger.remove_old(
                self.connection,
                self.home.landing,
                before=self.clock.now() - timedelta(days=days),
            )

    def query(self, sql: str, parameters: Sequence[object] | None = None) -> pa.Table:
        """Return the rows of a query."""
        with clear_errors(self.home.database):
            return self.connection.execute(sql, parameters).to_arrow_table()

    def replace(self, table: str, rows: pa.Table, *, keys: Sequence[str]) -> int:
        """Insert rows in place of those with equal keys, all or nothing; return how many.

        Without keys the rows replace the whole table.

        Raises
        ------
        WarehouseError
            If there is no such table, or a column is missing or unknown.
        """
        with self.transaction() as connection:
            return replace_rows(connection, table, rows, keys=keys)

    def _settle_waiting(self, pending: Sequence[Pending] = ()) -> bool:
        """Bring segments that wait under the newest key, without what is refused or pending.

        Returns whether any waited.
        """
        listed = ErasureList.read(self.connection, with_deleted=True)
        going = {self.keys.erasure_hash("post", p.source, p.native_id): p.asked_at for p in pending}
        listed = replace(listed, deleted={**listed.deleted, **going})
        waiting = self.pending_segments()
        for file in waiting:
            self._settle(self._read(file), listed)
        return bool(waiting)

    def _settle(self, segment: Segment, listed: ErasureList) -> Segment:
        """Return a waiting segment as it may be loaded, on disk too.

        What is held of a refused post is withdrawn first: it may be a version without the phrase.
        That a post was gone when an older version was read says nothing of what is held of it.
        """
        judge = partial(segment_rewriting.judge_waiting, segment, keys=self.keys)
        judged = judge(listed=listed)
        refused = judged.refused
        if refused and listed.deleted:
            refused = judge(listed=replace(listed, deleted={})).refused
        if refused:
            with self.transaction() as connection:
                erasure.withdraw_refused(
                    connection, segment.header.source, refused, now=self.clock.now()
                )
        return segment_rewriting.settle_waiting(self.home.landing, judged)

    def _read(self, file: Path) -> Segment:
        return ledger.read_or_put_aside(
            self.connection, self.home.landing, file, now=self.clock.now()
        )


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:  # the failure itself has ended the transaction
        return
