"""What a call that publishes publishes to: the queues, topics or subjects by name.

In: a call that sends a message. Out: each channel that the call is seen to send to, by its arguments or those of what
made the sender, followed to the callers of a wrapper; UNKNOWN where none is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from archlint.core.facts.python import Expression, Item, Literal, PythonCall
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.code.messaging.handler_trace import texts_of
from archlint.model.code.messaging.publications import publication_of
from archlint.model.code.messaging.publish_libraries import Way
from archlint.model.code.objects import base_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NAMES = ("topic", "subject", "channel", "queue", "QueueUrl", "TopicArn", "TargetArn", "topic_name", "stream", "name")
_ANY = Way("", (), (), (), _NAMES, 0)
_SENDERS = {
    "get_queue_sender": ("queue_name", 0),
    "get_topic_sender": ("topic_name", 0),
    "get_queue_by_name": ("QueueName", 0),
    "get_queue_url": ("QueueName", None),
    "create_queue": ("QueueName", None),
    "create_producer": ("topic", 0),
    "topic_path": ("topic", 1),
    "topic": ("", 0),
    "Topic": ("", 0),
    "Queue": ("", 0),
    "SimpleQueue": ("name", 0),
    "EventHubProducerClient": ("eventhub_name", None),
    "from_connection_string": ("eventhub_name", None),
}
"""The calls that make what sends, and where they name its channel."""

_MOST = 20


def channels_of(draft: Draft, call: PythonCall, module: Module, way: Way | None = None) -> tuple[str | Unknown, ...]:
    """What the call publishes to: at least one, UNKNOWN where no name is seen."""
    if way is None:
        publication = publication_of(draft, call, module)
        way = publication.way if publication is not None else _ANY
    found: dict[str, None] = {}
    for expression, at, where in _naming(draft, call, module, way):
        for text in islice(texts_of(draft, expression, at, where), _MOST):
            if isinstance(text, str) and text:
                found[text] = None
        if found:
            break
    return tuple(found) or (UNKNOWN,)


def _naming(
    draft: Draft, call: PythonCall, module: Module, way: Way
) -> Iterator[tuple[Expression, PythonCall, Module]]:
    """What may name the channel, the most telling first, and the call and module in which it stands."""
    given = [one.value for name in way.channel if (one := call.argument(name)) is not None]
    if way.position is not None:
        placed = call.argument("", way.position)
        given += [placed.value] if placed is not None else []
        exchange = call.argument("", 0) if way.broker == "rabbitmq" and call.name.endswith("basic_publish") else None
        given += [exchange.value] if exchange is not None else []
    for value in given:
        if value != Literal(""):
            yield from _made(draft, value, module)
            yield value, call, module
    sender = base_of(call.callee)
    if sender is not None:
        yield from _made(draft, sender, module)


def _made(draft: Draft, value: Expression, module: Module) -> Iterator[tuple[Expression, PythonCall, Module]]:
    """The name that was given to what made a sender, a queue's address or a topic."""
    if isinstance(value, Item):
        value = value.base
    made = draft.program.origin(value, module)
    if made is None:
        return
    keyword, position = _SENDERS.get(made[0].name.rpartition(".")[2], (None, None))
    named = made[0].argument(keyword, position) if keyword is not None else None
    if named is not None:
        yield named.value, *made
