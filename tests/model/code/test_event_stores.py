"""Event stores by their names and columns, and what is done to stored events beside appending them."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.system.consistency import EventMutation, EventReplay
from archlint.core.values import Unknown
from archlint.model.code.consistency.event_stores import add_event_stores
from archlint.model.code.consistency.event_tables import event_tables
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from tests.model.code.python_systems import system_of


def system(text: str) -> Draft:
    main = f'{textwrap.dedent(text)}\n\nif __name__ == "__main__":\n    print()\n'
    return system_of({"shop/main.py": main}, ("shop",))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('execute("INSERT INTO events (stream_id, version, data) VALUES (1, 2, 3)")', {"events"}),
        ('execute("CREATE TABLE IF NOT EXISTS order_events (aggregate_id uuid, sequence int)")', {"order_events"}),
        ('execute("CREATE TABLE event_store (stream text, version int, body jsonb)")', {"event_store"}),
        ('Table("stored_events", meta, Column("originator_id"), Column("originator_version"))', {"stored_events"}),
        ('db.events.insert_one({"aggregate_id": 1, "version": 2})', {"events"}),
        (
            """
            class EventModel(Base):
                __tablename__ = "domain_events"
                aggregate_id = Column(String)
                version = Column(Integer)
            """,
            {"eventmodel", "domain_events"},
        ),
        ('execute("INSERT INTO events (title, starts_at) VALUES (1, 2)")', set()),
        ('execute("INSERT INTO outbox_events (aggregate_id, version) VALUES (1, 2)")', set()),
        ('execute("INSERT INTO order_snapshots (aggregate_id, version) VALUES (1, 2)")', set()),
        (
            """
            class EventStore:
                version = 1
                stream = "orders"
            """,
            set(),
        ),
    ],
)
def test_a_table_is_an_event_store_by_its_name_and_the_stream_and_position_among_its_columns(
    text: str, names: set[str]
) -> None:
    draft = system(text)
    assert event_tables(draft, code_scope(draft)).get("shop", frozenset()) == names


STORE = """
    from sqlalchemy import Column, Integer, String, delete, update
    from sqlalchemy.orm import declarative_base

    Base = declarative_base()

    class StoredEvent(Base):
        __tablename__ = "stored_events"
        aggregate_id = Column(String)
        version = Column(Integer)
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("session.execute(delete(StoredEvent).where(StoredEvent.version < 5))", ["delete of StoredEvent"]),
        ("session.execute(update(StoredEvent).values(body=None))", ["update of StoredEvent"]),
        ("session.execute('UPDATE stored_events SET body = NULL')", ["update of stored_events"]),
        ("session.execute('TRUNCATE stored_events')", ["delete of stored_events"]),
        ("session.execute(update(StoredEvent).values(published=True))", []),
        ("session.execute('UPDATE stored_events SET processed_at = now() WHERE id = 1')", []),
        ("session.add(StoredEvent())", []),
        ("session.execute('DELETE FROM projections')", []),
    ],
)
def test_stored_events_are_appended_and_marked_but_not_changed(line: str, expected: list[str]) -> None:
    draft = system(f"{STORE}\n    def work(session):\n        {line}\n")
    add_event_stores(draft)
    assert [f"{one.verb} of {one.table}" for one in draft.select(EventMutation)] == expected


@pytest.mark.parametrize(
    ("load", "snapshot"),
    [
        ("for event in store.get_events(key):\n            account.apply(event)", None),
        ("for event in sorted(store.load_stream(key)):\n            account.apply(event)", None),
        ("from functools import reduce\n        reduce(account.apply, store.read_events(key), account)", None),
        ("rebuild(store.load_events(key))", None),
        ("for event in store.get_events(key, after_version=3):\n            account.apply(event)", "unknown"),
        ("for event in store.get_all_events():\n            account.apply(event)", "none"),
        ("for event in store.get_events(key):\n            print(event)", "none"),
    ],
)
def test_a_replay_is_a_loop_that_applies_all_events_of_one_stream(load: str, snapshot: str | None) -> None:
    draft = system(
        f"""{STORE}
    def load(store, account, key):
        {load}

    def rebuild(events):
        account = object()
        for event in events:
            account.apply(event)
"""
    )
    add_event_stores(draft)
    found = ["unknown" if isinstance(one.snapshot, Unknown) else one.snapshot for one in draft.select(EventReplay)]
    assert found == ([] if snapshot == "none" else [snapshot])


def test_whatever_is_called_a_snapshot_spares_the_old_events() -> None:
    draft = system(
        f"""{STORE}
    def take_snapshot(account):
        print(account)

    def load(store, account, key):
        for event in store.get_events(key):
            account.apply(event)
"""
    )
    add_event_stores(draft)
    (replay,) = draft.select(EventReplay)
    assert str(replay.snapshot) == "take_snapshot"
