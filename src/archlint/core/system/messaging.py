"""Messages: channels, publishers and consumers."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Effect(Subject):
    """What handling a message changes. ``kind``: ``insert``, ``update``, ``increment``, ``delete``, ``publish``,
    ``remote-write``, ``mail``, ``payment``, ``file``. ``is_absolute``: doing it twice leaves the same state (SET, PUT,
    upsert, delete)."""

    kind: str
    is_absolute: Truth = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Consumer(Subject):
    """A handler of messages. ``channel`` is the queue, topic or subscription.

    ``effects`` are what its handling changes; ``deduplication`` what makes a second delivery harmless, None where
    nothing does. ``handler_at`` is the handler's definition, or the loop that handles. ``is_repeatable``: every effect
    is absolute. ``acknowledgement``: ``auto``, ``before``, ``after``, or UNKNOWN; ``acknowledged_at`` is the line that
    says so. ``change`` names the change that matters most, for messages. ``failures_at`` is the line that says, or
    would say, where failed messages go, and ``failing`` what a message about that names.
    """

    service: str
    broker: str
    library: str
    channel: str | Unknown
    handler: str = ""
    handler_at: Span | None = None
    effects: tuple[Effect, ...] = ()
    changes_state: Truth = Unknown()
    is_repeatable: Truth = Unknown()
    deduplication: Setting[str] | None | Unknown = None
    change: str = ""
    acknowledgement: str | Unknown = Unknown()
    acknowledged_at: Span | None = None
    dead_letter: Setting[str] | None | Unknown = Unknown()
    failing: str = ""
    failures_at: Span | None = None
    in_production_code: Truth = True
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Publisher(Subject):
    """A place that publishes messages."""

    service: str
    broker: str
    library: str
    channel: str | Unknown
    function: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Channel(Subject):
    """A queue, topic or subscription that the system declares. ``declared_in``: ``code``, ``terraform``, ``broker``.

    ``is_consumed``: something of the system takes messages from it. ``is_dead_letter``: failed messages go to it.
    ``dead_letter`` is where its own failed messages go.
    """

    broker: str
    declared_in: str
    service: str | None = None
    is_consumed: Truth = Unknown("archlint does not read it yet")
    is_dead_letter: Truth = False
    is_transient: Truth = Unknown("archlint does not read it yet")
    dead_letter: Setting[str] | None | Unknown = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Broker(Subject):
    """A message broker that the system uses, one of each kind: ``rabbitmq``, ``sqs``, ``redis``, ``activemq``, …

    ``is_approved``: whether the standard (or ``brokers:`` in the configuration) names it.
    """

    kind: str
    is_approved: Truth = Unknown()
    services: tuple[str, ...] = ()
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Topic(Subject):
    """A topic, queue or subject by name, with all that publishes to it and takes from it. Only in a closed system.

    ``is_published`` and ``is_consumed`` are UNKNOWN where a place exists whose channel or language is not read.
    ``missing`` says for people which end is not there.
    """

    broker: str
    is_published: Truth = Unknown()
    is_consumed: Truth = Unknown()
    missing: str = ""
    related: tuple[Place, ...] = ()


__all__ = ["Broker", "Channel", "Consumer", "Effect", "Publisher", "Span", "Topic"]
