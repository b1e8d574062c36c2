"""Topics and queues by name with all that publishes to them and takes from them, in a system that is said to be closed.

In: publishers, consumers and bindings of exchanges to queues. Out: a Topic for each name, only with ``closed-world`` in
the configuration: else the other end may be in another repository. A publisher or consumer whose channel is not known
may be any topic's, and a service in a language that is not read may be both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from archlint.core.facts.python import Member, PythonCall
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.messaging import Consumer, Publisher, Topic
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.messaging.handler_trace import texts_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_JOBS = frozenset({"celery", "dramatiq", "rq", "arq", "temporal"})
"""What runs jobs: its queues have workers by their own configuration."""

_RESTS = pattern(r"dlq|dlx|dead|poison|failed|error|reply|rpc|amq\.", re.IGNORECASE)
_BINDINGS = frozenset({"queue_bind", "bind"})
_OPEN = Unknown("a channel or a service of the system is not read")


def add_topics(draft: Draft) -> None:
    """Add them to the draft."""
    if not draft.config.closed_world:
        return
    publishers = [one for one in draft.select(Publisher) if one.broker not in _JOBS]
    consumers = [one for one in draft.select(Consumer) if one.broker.lower() not in _JOBS]
    is_read = all(one.is_read is True for one in draft.services if one.role in ("service", "worker", "job"))
    linked, all_bound = _bound_names(draft)
    brokers = sorted({*map(_broker, publishers), *map(_broker, consumers)})
    for broker in brokers:
        ours = [one for one in publishers if _broker(one) in (broker, "")]
        theirs = [one for one in consumers if _broker(one) in (broker, "")]
        sent, all_sent = _by_name(ours)
        taken, all_taken = _by_name([one for one in theirs if one.service])
        declared = any(not one.service for one in theirs)
        is_closed = is_read and (all_bound or broker not in ("rabbitmq", ""))
        for name in sorted({*sent, *taken}):
            if _RESTS.search(name):
                continue
            is_published = _has(name, sent, linked, all_sent and is_closed)
            is_consumed = _has(name, taken, linked, all_taken and is_closed and not declared)
            places = [*sent.get(name, ()), *taken.get(name, ())]
            missing = "nothing publishes to it" if is_published is False else ""
            missing = "nothing consumes it" if is_consumed is False else missing
            draft.add(
                Topic(
                    at=places[0],
                    name=name,
                    key=f"{broker} {name}",
                    broker=broker,
                    is_published=is_published,
                    is_consumed=is_consumed,
                    missing=missing,
                    related=tuple(Place(one, f"also {name}") for one in places[1:6]),
                )
            )


def _broker(one: Publisher | Consumer) -> str:
    return one.broker.lower().replace("pub/sub", "pubsub")


def _by_name(ends: Iterable[Publisher | Consumer]) -> tuple[dict[str, list[Span]], bool]:
    """The places by channel, and whether the channel of each is known."""
    found: dict[str, list[Span]] = {}
    complete = True
    for one in ends:
        if isinstance(one.channel, str) and one.channel:
            found.setdefault(_plain(one.channel), []).append(one.at)
        else:
            complete = False
    return found, complete


def _plain(channel: str) -> str:
    """A name without what a cloud puts around it: ARNs, URLs of queues, paths of topics."""
    if channel.startswith("arn:"):
        return channel.rpartition(":")[2]
    return channel.rpartition("/")[2] if "/" in channel else channel


def _has(name: str, ends: dict[str, list[Span]], linked: dict[str, frozenset[str]], complete: bool) -> Truth:
    """Whether the topic has such an end, by its own name, a pattern, or a name that a binding gives it."""
    for one in (name, *linked.get(name, ())):
        if one in ends or any(_meet(one, other) for other in ends):
            return True
    return False if complete else _OPEN


def _meet(one: str, other: str) -> bool:
    """Whether two names are one's pattern for the other, or the same with and without the publishing service's own
    name in front (nameko's events)."""
    return _matches(one, other) or _matches(other, one) or one.endswith(f".{other}") or other.endswith(f".{one}")


def _matches(name: str, wildcard: str) -> bool:
    """Whether a name is one that a subscription with wildcards takes: NATS ``>``, AMQP ``#``, Redis ``*``."""
    if not any(one in wildcard for one in "*>#^"):
        return False
    shape = (
        wildcard.lstrip("^").rstrip("$").replace(".>", ".*").replace("#", "*").replace(".*", "*").replace("\\\\", "")
    )
    return fnmatchcase(name, shape)


def _bound_names(draft: Draft) -> tuple[dict[str, frozenset[str]], bool]:
    """The queues, exchanges and routing keys that the code binds to each other, and whether all of them are known."""
    groups: list[set[str]] = []
    complete = True
    for module in code_scope(draft).modules():
        for call in module.calls_named(_BINDINGS):
            if call.name.rpartition(".")[2] == "bind" and not draft.program.callee(call, module).startswith(
                "aio_pika."
            ):
                continue
            names = set(_names(draft, call, module))
            complete = complete and None not in names
            groups.append({one for one in names if one})
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        for name in group:
            found[name] = (found.get(name, frozenset()) | group) - {name}
    return found, complete


def _names(draft: Draft, call: PythonCall, module: Module) -> Iterator[str | None]:
    """The names in a binding, None for one that is not known."""
    base = call.callee.base if isinstance(call.callee, Member) else None
    ends = [one.value for one in call.arguments if one.name in (None, "queue", "exchange", "routing_key")]
    for value in (*ends, base) if call.name.rpartition(".")[2] == "bind" else ends:
        made = draft.program.origin(value, module) if value is not None else None
        if made is not None and made[0].name.rpartition(".")[2] in ("declare_queue", "declare_exchange"):
            given = made[0].argument("name", 0)
            texts = list(texts_of(draft, given.value, *made)) if given is not None else []
        else:
            texts = list(texts_of(draft, value, call, module))
        yield from (one if isinstance(one, str) else None for one in texts)
        if not texts:
            yield None
