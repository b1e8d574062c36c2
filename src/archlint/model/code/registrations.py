"""Where code registers what handles messages: callbacks, decorated functions, loops over a consumer.

In: the modules of the workspace. Out: Registrations with the handler, the channel and the call as the code writes
them, and, followed through wrappers of the workspace, the functions that in the end handle the messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Dictionary,
    Display,
    Expression,
    Literal,
    Loop,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Truth, Unknown
from archlint.model.code.handler_trace import text_of, trace
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_KAFKA = {
    "kafka.KafkaConsumer": "kafka-python",
    "kafka.consumer.group.KafkaConsumer": "kafka-python",
    "kafka.consumer.KafkaConsumer": "kafka-python",
    "aiokafka.AIOKafkaConsumer": "aiokafka",
    "aiokafka.consumer.AIOKafkaConsumer": "aiokafka",
    "confluent_kafka.Consumer": "confluent-kafka",
    "confluent_kafka.DeserializingConsumer": "confluent-kafka",
    "confluent_kafka.avro.AvroConsumer": "confluent-kafka",
}
_BROKER_CLIENTS = frozenset(
    [
        "kafka",
        "aiokafka",
        "confluent_kafka",
        "boto3",
        "aioboto3",
        "botocore",
        "redis",
        "redis_om",
        "aioredis",
        "aio_pika",
    ]
)
_QUEUES = frozenset({"declare_queue", "get_queue"})
_POLLS = frozenset({"poll", "getone", "getmany", "consume", "receive_message", "xreadgroup", "get_message", "fetch"})


@dataclass(frozen=True, eq=False)
class Handling:
    """Code that handles the messages of a channel.

    ``calls`` limits it to part of ``function`` (the body of a loop); None for all of it. ``wrappers`` are the functions
    of the workspace between the library and the handler. ``registered_at`` is the registration in the service's code,
    ``declared_at`` the call that declared the queue, where the same function consumes what it returned.
    """

    library: str
    broker: str
    registered_at: Span
    module: Module
    call: PythonCall | None
    function: PythonFunction | None
    function_module: Module | None
    channel: str | Unknown
    calls: tuple[PythonCall, ...] | None = None
    wrappers: tuple[tuple[PythonFunction, Module], ...] = ()
    acknowledged_early: Truth = False
    channel_options: Expression | None = None
    declared_at: Span | None = None


def handlings(draft: Draft, modules: list[Module]) -> Iterator[Handling]:
    """All code of the modules that handles messages."""
    for module in modules:
        yield from _decorated(draft, module)
        yield from _registered(draft, module)
        yield from _looped(draft, module)


def _decorated(draft: Draft, module: Module) -> Iterator[Handling]:
    for function in module.facts.functions:
        for decorator in function.decorators:
            name, call = _decorator(draft, decorator, module)
            found = _broker_of_decorator(name, call)
            if found is None:
                continue
            library, broker, channel = found
            text = text_of(draft, channel, module) if channel is not None else _celery_queue(call, function)
            if library == "nameko" and call is not None and len(call.arguments) > 1:
                source = [text_of(draft, one.value, module) for one in call.arguments[:2]]
                text = (
                    ".".join(str(one) for one in source)
                    if not any(isinstance(one, Unknown) for one in source)
                    else UNKNOWN
                )
            early: Truth = False
            if library == "celery":
                acks = call.argument("acks_late") if call is not None else None
                early = not (acks is not None and isinstance(acks.value, Literal) and acks.value.value is True)
            yield Handling(
                library, broker, function.at, module, call, function, module, text, acknowledged_early=early,
                channel_options=channel,
            )  # fmt: skip


def _decorator(draft: Draft, decorator: Expression, module: Module) -> tuple[str, PythonCall | None]:
    if isinstance(decorator, Result):
        call = module.facts.calls[decorator.call]
        return draft.program.callee(call, module), call
    return draft.program.qualify(decorator, module), None


def _broker_of_decorator(name: str, call: PythonCall | None) -> tuple[str, str, Expression | None] | None:
    first = next((one.value for one in call.arguments if one.name is None), None) if call is not None else None
    if name in ("nameko.events.event_handler", "nameko.messaging.consume"):
        return "nameko", "rabbitmq", first
    if name in ("celery.shared_task", "celery.task", "celery.decorators.task") or (
        name.endswith(".task") and name.startswith("celery.")
    ):
        return "celery", "celery", None
    if name.startswith("faststream.") and name.endswith(".subscriber"):
        broker = next((one for one in ("kafka", "rabbit", "nats", "redis", "confluent") if one in name), "")
        return "faststream", {"rabbit": "rabbitmq", "confluent": "kafka"}.get(broker, broker), first
    if name.startswith("faust.") and name.endswith(".agent"):
        return "faust", "kafka", first
    if name.startswith("dapr.") and name.endswith(".subscribe") and call is not None:
        topic = call.argument("topic", 1)
        return "dapr", "dapr", topic.value if topic is not None else None
    if name == "dramatiq.actor" or (name.startswith("dramatiq.") and name.endswith(".actor")):
        return "dramatiq", "dramatiq", None
    return None


def _celery_queue(call: PythonCall | None, function: PythonFunction) -> str | Unknown:
    queue = call.argument("queue") if call is not None else None
    if queue is not None and isinstance(queue.value, Literal) and isinstance(queue.value.value, str):
        return queue.value.value
    return function.name.rpartition(".")[2]


_REGISTERING = frozenset({"basic_consume", "consume", "subscribe", "Consumer"})


def _registered(draft: Draft, module: Module) -> Iterator[Handling]:
    for call in module.calls_named(_REGISTERING):
        last = call.name.rpartition(".")[2]
        if last == "basic_consume":
            callback = (
                call.argument("on_message_callback") or call.argument("consumer_callback") or call.argument("callback")
            )
            queue = call.argument("queue", 0)
            if callback is None:
                positional = [one for one in call.arguments if one.name is None]
                callback = (
                    positional[1] if len(positional) > 1 else positional[0] if positional and queue is None else None
                )
                if callback is None and len(positional) == 1 and call.argument("queue") is not None:
                    callback = positional[0]
            automatic = call.argument("auto_ack") or call.argument("no_ack")
            if callback is not None:
                yield from _followed(
                    draft,
                    call,
                    module,
                    "pika",
                    "rabbitmq",
                    callback.value,
                    queue.value if queue else None,
                    _is_true(automatic.value if automatic else None),
                    callback.at,
                )
        elif last == "consume" and call.arguments and _speaks(draft, call, module, ("aio_pika",)):
            callback = call.argument("callback", 0)
            automatic = call.argument("no_ack")
            if callback is not None:
                made = _queue_of(draft, call, module)
                name = (made.argument("name", 0) or made.argument("queue_name")) if made is not None else None
                yield from _followed(
                    draft,
                    call,
                    module,
                    "aio-pika",
                    "rabbitmq",
                    callback.value,
                    name.value if name is not None else None,
                    _is_true(automatic.value if automatic else None),
                    callback.at,
                    made.at if made is not None else None,
                )
        elif last == "subscribe" and len(call.arguments) > 1:
            named = call.argument("cb")
            callback = named or call.argument("callback", 1)
            broker = "pubsub" if named is None else "nats"
            first = call.argument("subscription", 0) if broker == "pubsub" else call.argument("subject", 0)
            if callback is not None and _speaks(
                draft,
                call,
                module,
                ("nats",) if broker == "nats" else ("google.cloud.pubsub", "google.cloud.pubsub_v1"),
            ):
                yield from _followed(
                    draft,
                    call,
                    module,
                    broker,
                    broker,
                    callback.value,
                    first.value if first else None,
                    False,
                    callback.at,
                )
        elif last == "Consumer" and call.argument("callbacks") is not None:
            callbacks, queues = call.argument("callbacks"), call.argument("queues")
            for one in items_of(callbacks.value if callbacks else None):
                yield from _followed(
                    draft, call, module, "kombu", "rabbitmq", one, queues.value if queues else None, False, call.at
                )


def _looped(draft: Draft, module: Module) -> Iterator[Handling]:
    packages = _packages(draft, module)
    if not packages & _BROKER_CLIENTS:
        return
    seen: set[Span] = set()
    for call in module.facts.calls:
        last = call.name.rpartition(".")[2]
        loop = call.loop
        if loop is not None and loop.at not in seen and loop.kind == "for":
            made = draft.program.origin(loop.over, module)
            name = draft.program.callee(*made) if made is not None else ""
            if name in _KAFKA:
                seen.add(loop.at)
                assert made is not None
                yield _loop_handling(
                    draft, module, loop.at, call, _KAFKA[name], "kafka", _topics(draft, *made), made[0]
                )
            elif name.endswith(".iterator") and "aio_pika" in packages:
                seen.add(loop.at)
                yield _loop_handling(draft, module, loop.at, call, "aio-pika", "rabbitmq", UNKNOWN, None)
        if last in _POLLS and isinstance(call.callee, Member | Reference) and (loop is None or loop.at not in seen):
            found = _polled(draft, call, module, last)
            if found is not None and loop is not None:
                seen.add(loop.at)
                library, broker, channel, made_call = found
                yield _loop_handling(draft, module, loop.at, call, library, broker, channel, made_call)


def _packages(draft: Draft, module: Module) -> frozenset[str]:
    """The packages that a module imports itself, or by the one module that makes its client."""
    by_path = draft.memo.get("packages by module")
    if not isinstance(by_path, dict):
        by_path = draft.memo["packages by module"] = {
            path: frozenset(line.module.partition(".")[0] for line in one.facts.imports)
            for path, one in draft.program.modules.items()
        }
    paths = (module.path, *draft.program.imports_of(module.path))
    return frozenset().union(*(by_path[path] for path in paths if path in by_path))


def _polled(
    draft: Draft, call: PythonCall, module: Module, last: str
) -> tuple[str, str, str | Unknown, PythonCall | None] | None:
    if last == "receive_message":
        queue = call.argument("QueueUrl")
        return ("boto3", "sqs", text_of(draft, queue.value, module) if queue else UNKNOWN, None) if queue else None
    if last == "xreadgroup":
        return "redis", "redis", _stream(draft, call, module), None
    base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
    made = draft.program.origin(base, module)
    if made is None:
        return None
    name = draft.program.callee(*made)
    if name in _KAFKA:
        return _KAFKA[name], "kafka", _topics(draft, *made), made[0]
    return None


def _loop_handling(
    draft: Draft, module: Module, loop: Span, call: PythonCall, library: str, broker: str, channel: str | Unknown,
    made: PythonCall | None,
) -> Handling:  # fmt: skip
    inside = tuple(
        one
        for one in module.facts.calls
        if one.function == call.function and one is not call and _is_inside(one.loop, loop)
    )
    function = module.facts.functions[call.function] if call.function is not None else None
    early: Truth = False
    if broker == "kafka":
        commit = made.argument("enable_auto_commit") if made is not None else None
        # Auto-commit is the default of Kafka's clients: offsets are committed whatever became of the message.
        early = UNKNOWN if commit is None else _is_true(commit.value)
    return Handling(library, broker, loop, module, made, function, module, channel, inside, acknowledged_early=early)


def _is_inside(loop: Loop | None, outer: Span) -> bool:
    """Whether a loop is the outer one or stands in its body (a span covers the loop's head only)."""
    return loop is not None and (loop.at == outer or (loop.at.line > outer.line and loop.at.column > outer.column))


def _topics(draft: Draft, made: PythonCall, module: Module) -> str | Unknown:
    for argument in made.arguments:
        if argument.name is None:
            found = text_of(draft, argument.value, module)
            if not isinstance(found, Unknown):
                return found
    for call in module.calls_named(frozenset({"subscribe"})):
        topics = call.argument("topics", 0)
        base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
        subscribed = draft.program.origin(base, module)
        if topics is not None and subscribed is not None and subscribed[0] is made:
            return text_of(draft, topics.value, module)
    return UNKNOWN


def _stream(draft: Draft, call: PythonCall, module: Module) -> str | Unknown:
    """The one stream that ``xreadgroup(group, consumer, {stream: ">"})`` reads."""
    streams = call.argument("streams", 2)
    if streams is None or not isinstance(streams.value, Dictionary) or len(streams.value.entries) != 1:
        return UNKNOWN
    return text_of(draft, streams.value.entries[0][0], module)


def _queue_of(draft: Draft, call: PythonCall, module: Module) -> PythonCall | None:
    """The call that declared or got the queue that ``queue.consume`` consumes."""
    if not isinstance(call.callee, Member | Reference):
        return None
    base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
    if isinstance(base, Result):
        made = module.facts.calls[base.call]
        if made.name.rpartition(".")[2] in _QUEUES:
            return made
    found = draft.program.origin(base, module)
    return found[0] if found is not None and found[1] is module else None


def _speaks(draft: Draft, call: PythonCall, module: Module, packages: tuple[str, ...]) -> bool:
    name = draft.program.callee(call, module)
    if name.startswith(packages):
        return True
    imports = [one.module for one in module.facts.imports]
    return name.startswith("?") and any(one.startswith(packages) for one in imports)


def _followed(
    draft: Draft, call: PythonCall, module: Module, library: str, broker: str, handler: Expression,
    channel: Expression | None, early: Truth, argument_at: Span, declared_at: Span | None = None,
) -> Iterator[Handling]:  # fmt: skip
    """The handlings that a registration leads to, through the wrappers that pass the handler on."""
    for function, home, site, site_module, name, wrappers in trace(
        draft, handler, channel, call, module, argument_at, (), 0
    ):
        yield Handling(
            library, broker, site.at, site_module, call, function, home,
            text_of(draft, name, site_module) if name is not None else UNKNOWN,
            wrappers=wrappers, acknowledged_early=early, declared_at=declared_at,
        )  # fmt: skip


def _is_true(expression: Expression | None) -> Truth:
    if expression is None:
        return False
    if isinstance(expression, Literal):
        return expression.value is True
    return UNKNOWN


def items_of(expression: Expression | None) -> tuple[Expression, ...]:
    """The items of a display, else the expression itself."""
    if expression is None:
        return ()
    return expression.items if isinstance(expression, Display) else (expression,)
