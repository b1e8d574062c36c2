"""Callbacks that a library is given: ``basic_consume``, ``queue.consume``, ``subscribe``, listeners, job functions.

In: the calls and classes of a module. Out: Handlings, each handler followed through the wrappers that pass it on.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Expression,
    Literal,
    Parameter,
    PythonCall,
    Reference,
    Result,
)
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.code.messaging.consumer_libraries import LIBRARIES, LISTENERS
from archlint.model.code.messaging.handler_trace import text_of
from archlint.model.code.messaging.registrations import (
    Handling,
    base_call,
    followed,
    items_of,
    speaks,
    switched,
)
from archlint.model.code.objects import methods_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_REGISTERING = frozenset(
    {"basic_consume", "consume", "subscribe", "psubscribe", "Consumer", "register_callback", "receive", "receive_batch"}
    | {"enqueue", "enqueue_call", "enqueue_in", "enqueue_at"}
)
_QUEUES = frozenset({"declare_queue", "get_queue"})
_SUBSCRIBE = frozenset({"subscribe"})


def registered(draft: Draft, module: Module) -> Iterator[Handling]:
    """The callbacks that the module registers."""
    for call in module.calls_named(_REGISTERING):
        last = call.name.rpartition(".")[2]
        if last == "basic_consume":
            yield from _basic_consume(draft, call, module)
        elif last == "consume" and call.arguments and speaks(draft, call, module, ("aio_pika",)):
            yield from _consume(draft, call, module)
        elif last in ("subscribe", "psubscribe"):
            yield from _subscribe(draft, call, module)
        elif last in ("Consumer", "register_callback"):
            yield from _kombu(draft, call, module)
        elif last in ("receive", "receive_batch"):
            handler = call.argument("on_event" if last == "receive" else "on_event_batch", 0)
            if handler is not None and speaks(draft, call, module, ("azure.eventhub",)):
                yield from followed(draft, call, module, "azure-eventhub", handler, None)
        elif last.startswith("enqueue"):
            yield from _enqueued(draft, call, module, last)
    if draft.program.uses("kombu"):
        yield from _mixed_in(draft, module)
    if draft.program.uses("arq"):
        yield from _worker_settings(draft, module)


def listening(draft: Draft) -> Iterator[Handling]:
    """The methods of the workspace's classes that a library calls with messages."""
    for base, (library, names) in LISTENERS.items():
        if not draft.program.uses(base.partition(".")[0]):
            continue
        for owner in draft.program.subclasses(base):
            methods = methods_of(draft, owner)
            for name in names:
                if name not in methods:
                    continue
                function, module = methods[name]
                acknowledges: str | Unknown = LIBRARIES[library].acknowledges
                channel: str | Unknown = function.owner.rpartition(".")[2] if function.owner else UNKNOWN
                call = None
                if library == "stomp":
                    call, acknowledges, channel = _subscription(draft, module)
                yield Handling(
                    library, LIBRARIES[library].broker, function.at, module, call, function, module, channel,
                    acknowledges=acknowledges, acknowledged_at=call.at if call is not None else None,
                )  # fmt: skip


def _basic_consume(draft: Draft, call: PythonCall, module: Module) -> Iterator[Handling]:
    callback = next(
        (
            found
            for name in ("on_message_callback", "consumer_callback", "callback")
            if (found := call.argument(name)) is not None
        ),
        None,
    )
    queue = call.argument("queue", 0)
    if callback is None:
        positional = [one for one in call.arguments if one.name is None]
        named = call.argument("queue") is not None
        if len(positional) > 1:
            callback = positional[1]
        elif positional and (queue is None or named):
            callback = positional[0]
    if callback is None:
        return
    automatic = call.argument("auto_ack") or call.argument("no_ack")
    library = "aiormq" if speaks(draft, call, module, ("aiormq",)) else "pika"
    yield from followed(
        draft, call, module, library, callback, queue.value if queue is not None else None,
        UNKNOWN if automatic is None and call.is_open else switched(automatic, "manual"),
        automatic.at if automatic is not None else None,
    )  # fmt: skip


def _consume(draft: Draft, call: PythonCall, module: Module) -> Iterator[Handling]:
    callback = call.argument("callback", 0)
    if callback is None:
        return
    automatic = call.argument("no_ack", 1)
    found = base_call(draft, call, module)
    made = found[0] if found is not None and found[1] is module else None
    name = (made.argument("name", 0) or made.argument("queue_name")) if made is not None else None
    yield from followed(
        draft, call, module, "aio-pika", callback, name.value if name is not None else None,
        switched(automatic, "manual"), automatic.at if automatic is not None else None,
        made.at if made is not None else None,
    )  # fmt: skip


def _subscribe(draft: Draft, call: PythonCall, module: Module) -> Iterator[Handling]:
    named = call.argument("cb")
    if named is not None:
        if speaks(draft, call, module, ("nats",)):
            yield from _nats(draft, call, module, named)
        return
    if speaks(draft, call, module, ("redis", "aioredis")):
        for channel, handler in _handlers_by_channel(call):
            yield from followed(draft, call, module, "redis pub/sub", handler, channel, "never")
        return
    callback = call.argument("callback", 1)
    if callback is not None and speaks(draft, call, module, ("google.cloud.pubsub", "google.cloud.pubsub_v1")):
        first = call.argument("subscription", 0)
        yield from followed(draft, call, module, "pubsub", callback, first.value if first is not None else None)


def _nats(draft: Draft, call: PythonCall, module: Module, callback: Argument) -> Iterator[Handling]:
    subject = call.argument("subject", 0)
    library = "jetstream" if is_jetstream(draft, call, module) else "nats"
    acknowledges: str | Unknown = LIBRARIES[library].acknowledges
    at = None
    if library == "jetstream":
        manual = call.argument("manual_ack")
        acknowledges = switched(manual, acknowledges, "manual", "after")
        policy = _ack_policy(draft, call, module)
        if policy is not None:
            acknowledges, at = "auto", policy.at
    yield from followed(
        draft, call, module, library, callback, subject.value if subject is not None else None, acknowledges, at
    )


def is_jetstream(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a NATS subscription is one of JetStream: by the name of its object where nothing else tells."""
    name = draft.program.callee(call, module)
    if name.startswith("nats."):
        return ".js." in name or "jetstream" in name.lower()
    base = call.name.rpartition(".")[0].lower()
    return base.endswith(("js", "jetstream")) or any(
        one.name in ("durable", "manual_ack", "stream", "config", "deliver_policy") for one in call.arguments
    )


def _ack_policy(draft: Draft, call: PythonCall, module: Module) -> PythonCall | None:
    """The consumer's configuration where it wants no acknowledgements."""
    config = call.argument("config")
    made = draft.program.origin(config.value, module) if config is not None else None
    policy = made[0].argument("ack_policy") if made is not None else None
    if policy is None or made is None:
        return None
    value = policy.value
    return made[0] if isinstance(value, Reference) and value.name.endswith("AckPolicy.NONE") else None


def _handlers_by_channel(call: PythonCall) -> Iterator[tuple[Expression | None, Argument]]:
    """``subscribe(**{"orders": handle})`` and ``subscribe(orders=handle)`` of redis."""
    for one in call.arguments:
        if one.name == "**" and isinstance(one.value, Dictionary):
            for key, value in one.value.entries:
                yield key, Argument(one.at, None, value)
        elif one.name not in (None, "*", "**", "ignore_subscribe_messages"):
            yield Literal(one.name), one


def _kombu(draft: Draft, call: PythonCall, module: Module) -> Iterator[Handling]:
    if call.name.endswith("register_callback"):
        found = base_call(draft, call, module)
        handler = call.argument("callback", 0)
        if handler is not None and found is not None and draft.program.callee(*found).startswith("kombu."):
            queues = found[0].argument("queues", 1)
            yield from followed(draft, call, module, "kombu", handler, queues.value if queues is not None else None)
        return
    if speaks(draft, call, module, ("kombu", "celery")) or not draft.program.callee(call, module).startswith("?"):
        yield from _kombu_consumer(draft, call, module)


def _mixed_in(draft: Draft, module: Module) -> Iterator[Handling]:
    """``get_consumers(self, Consumer, channel)`` of a ConsumerMixin: the class comes as a parameter."""
    for function in module.facts.functions:
        if function.name.endswith(".get_consumers"):
            for call in draft.program.calls_in(function, module):
                if isinstance(call.callee, Parameter):
                    yield from _kombu_consumer(draft, call, module)


def _kombu_consumer(draft: Draft, call: PythonCall, module: Module) -> Iterator[Handling]:
    callbacks, single = call.argument("callbacks"), call.argument("on_message")
    queues = call.argument("queues", 0 if isinstance(call.callee, Parameter) else 1)
    given = [(callbacks, one) for one in items_of(callbacks.value)] if callbacks is not None else []
    given += [(single, single.value)] if single is not None else []
    automatic = call.argument("no_ack")
    for argument, handler in given:
        yield from followed(
            draft, call, module, "kombu", Argument(argument.at, None, handler),
            queues.value if queues is not None else None, switched(automatic, "manual"),
            automatic.at if automatic is not None else None,
        )  # fmt: skip


def _enqueued(draft: Draft, call: PythonCall, module: Module, last: str) -> Iterator[Handling]:
    """The functions that rq is given to run: every one is a handler, wherever it is enqueued."""
    if not speaks(draft, call, module, ("rq.", "rq", "django_rq", "flask_rq")):
        return
    position = {"enqueue": 0, "enqueue_call": 0}.get(last, 1)
    handler = call.argument("func", position) or call.argument("f")
    found = draft.program.function_of(handler.value, module) if handler is not None else None
    if found is not None:
        yield Handling(
            "rq", "rq", found[0].at, found[1], call, *found, found[0].name.rpartition(".")[2], acknowledges="once"
        )


def _worker_settings(draft: Draft, module: Module) -> Iterator[Handling]:
    """arq: ``class WorkerSettings: functions = [send, func(charge, max_tries=1)]``."""
    for one in module.facts.assignments:
        if not isinstance(one.target, Reference) or not one.target.name.endswith("Settings.functions"):
            continue
        for item in items_of(one.value):
            call = module.facts.calls[item.call] if isinstance(item, Result) else None
            inner = call.argument("coroutine", 0) if call is not None else None
            found = draft.program.function_of(inner.value if inner is not None else item, module)
            if found is not None:
                yield Handling(
                    "arq", "arq", found[0].at, found[1], call, *found, found[0].name.rpartition(".")[2],
                    acknowledges="after", declared_at=one.value_at,
                )  # fmt: skip


def _subscription(draft: Draft, module: Module) -> tuple[PythonCall | None, str | Unknown, str | Unknown]:
    """The one subscription of STOMP that a listener belongs to: in its module, or in one that imports it."""
    found = [
        (call, where)
        for where in (module, *(one for one in draft.program.modules.values() if one is not module))
        if any(line.module.partition(".")[0] == "stomp" for line in where.facts.imports)
        for call in where.calls_named(_SUBSCRIBE)
    ]
    modes = {_mode(draft, *one) for one in found}
    if not found or len(modes) > 1:
        return None, UNKNOWN, UNKNOWN
    call, where = found[0]
    destination = call.argument("destination", 0)
    return call, modes.pop(), text_of(draft, destination.value, where) if destination is not None else UNKNOWN


def _mode(draft: Draft, call: PythonCall, module: Module) -> str | Unknown:
    given = call.argument("ack", 2)
    if given is None:
        return UNKNOWN if call.is_open else "auto"
    value = text_of(draft, given.value, module)
    return value if isinstance(value, Unknown) else "auto" if value == "auto" else "manual"
