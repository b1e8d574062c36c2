"""State that lives in more than one place: what one piece of work changes together, and what keeps it together."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class DualWrite(Subject):
    """A function that changes a database and publishes a message, itself or through helpers that do one of the two.

    ``at`` is what publishes, ``write`` prints as the change (``INSERT orders``), ``broker`` and ``channel`` say where
    the message goes. ``protection`` is what keeps the two together (an outbox, change data capture), None where nothing
    does. ``function`` is the qualified name.
    """

    service: str
    function: str
    write: str
    broker: str
    channel: str | Unknown = Unknown()
    protection: Setting[str] | None | Unknown = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoPhaseCommit(Subject):
    """A place that asks for two-phase commit. ``how`` prints as what is written there (``PREPARE TRANSACTION``)."""

    how: str
    service: str | None = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Saga(Subject):
    """A change of several services, made in steps: a function with two or more state-changing calls to different
    services, or a workflow definition.

    ``kind``: ``function``, ``temporal``, ``step-functions``, ``celery``. ``steps`` print as what is called, in order;
    ``failing`` is the step whose failure leaves ``standing`` as it is. ``compensation`` is what undoes earlier steps
    then: None where nothing does, UNKNOWN where something may.
    """

    service: str
    kind: str
    steps: tuple[str, ...] = ()
    standing: str = ""
    failing: str = ""
    compensation: Setting[str] | None | Unknown = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class EventMutation(Subject):
    """A change or removal of stored events in an append-only table. ``verb``: ``update`` or ``delete``."""

    service: str
    table: str
    verb: str
    function: str = ""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class EventReplay(Subject):
    """A place that rebuilds an aggregate by applying its stored events. ``snapshot`` is what spares it the old ones."""

    service: str
    aggregate: str
    snapshot: Setting[str] | None | Unknown = None
    function: str = ""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class JoinedRead(Subject):
    """A read operation that asks several services and joins their records: what one answers is asked of the next.

    ``sources`` are the services whose records it joins, the caller's own not among them.
    """

    service: str
    sources: tuple[str, ...] = ()
    function: str = ""
    related: tuple[Place, ...] = ()


__all__ = ["DualWrite", "EventMutation", "EventReplay", "JoinedRead", "Saga", "TwoPhaseCommit"]
