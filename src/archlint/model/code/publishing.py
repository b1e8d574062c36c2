"""What a call that publishes publishes to: the broker, and the queues, topics or subjects by name.

In: a call that sends a message. Out: the broker as consumers name it, and each channel that the call is seen to send
to, followed to the callers of a wrapper; UNKNOWN where none is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from archlint.core.facts.python import Expression, Literal, PythonCall
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.code.handler_trace import texts_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_BROKERS = {
    "pika": "rabbitmq",
    "aio_pika": "rabbitmq",
    "kombu": "rabbitmq",
    "amqp": "rabbitmq",
    "nameko": "rabbitmq",
    "kafka": "kafka",
    "aiokafka": "kafka",
    "confluent_kafka": "kafka",
    "faust": "kafka",
    "nats": "nats",
    "redis": "redis",
    "aioredis": "redis",
    "redis_om": "redis",
    "dapr": "dapr",
    "celery": "celery",
}
_FASTSTREAM = {"rabbit": "rabbitmq", "kafka": "kafka", "confluent": "kafka", "nats": "nats", "redis": "redis"}
_TASKS = frozenset({"delay", "apply_async", "send_task"})
_NAMES = ("topic", "subject", "channel", "queue", "QueueUrl", "TopicArn", "TargetArn", "topic_name", "stream", "name")
_MOST = 20


def broker_of(draft: Draft, call: PythonCall, module: Module) -> str:
    """The broker that a publishing call speaks to, empty where its library is not known."""
    if call.name.rpartition(".")[2] in _TASKS:
        return "celery"
    name = draft.program.callee(call, module)
    if call.argument("QueueUrl") is not None:
        return "sqs"
    if call.argument("TopicArn") is not None or call.argument("TargetArn") is not None:
        return "sns"
    if name.startswith("google.cloud.pubsub"):
        return "pubsub"
    if name.startswith("faststream."):
        return next((broker for word, broker in _FASTSTREAM.items() if word in name), "")
    return _BROKERS.get(name.partition(".")[0], "rabbitmq" if name.endswith("basic_publish") else "")


def channels_of(draft: Draft, call: PythonCall, module: Module) -> tuple[str | Unknown, ...]:
    """What the call publishes to: at least one, UNKNOWN where no name is seen."""
    found: dict[str, None] = {}
    for expression in _channel_arguments(draft, call, module):
        for text in islice(texts_of(draft, expression, call, module), _MOST):
            if isinstance(text, str) and text:
                found[text] = None
        if found:
            break
    return tuple(found) or (UNKNOWN,)


def _channel_arguments(draft: Draft, call: PythonCall, module: Module) -> Iterator[Expression]:
    """The arguments that may name the channel, the most telling first."""
    last = call.name.rpartition(".")[2]
    broker = broker_of(draft, call, module)
    if broker == "rabbitmq":
        exchange = 0 if last == "basic_publish" else None
        for name, position in (("routing_key", 1), ("exchange", exchange), ("queue", None)):
            found = call.argument(name, position)
            if found is not None and found.value != Literal(""):
                yield found.value
        return
    for name in _NAMES:
        found = call.argument(name)
        if found is not None:
            yield found.value
            return
    found = call.argument("", 1 if broker == "dapr" else 0)
    if found is None:
        return
    made = draft.program.origin(found.value, module) if broker == "pubsub" else None
    if made is not None and made[0].name.endswith("topic_path") and len(made[0].arguments) > 1:
        yield made[0].arguments[1].value
        return
    yield found.value
