"""Loops over messages: over a consumer, a subscription or a queue, and loops that poll for messages.

In: the calls of a module that speaks to a broker. Out: a Handling for each loop, whose body handles.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Element,
    Expression,
    Item,
    Literal,
    Loop,
    Member,
    Parameter,
    PythonCall,
    Reference,
    Result,
)
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.code.messaging.consumer_libraries import CLIENTS, ITERATED, KAFKA, LIBRARIES, POLLED, POLLS, Source
from archlint.model.code.messaging.handler_trace import text_of
from archlint.model.code.messaging.registrations import Handling, base_call, name_of_queue, speaks, switched
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_KAFKA_POLLS = frozenset({"poll", "getone", "getmany", "consume"})
_SUBSCRIBE = frozenset({"subscribe", "assign"})
_DEPTH = 6
_NAMING = ("name", "queue_name", "QueueName", "subject", "url", "topic_name")
_NO_ACK = frozenset({"no_ack", "auto_ack", "noack"})


def looped(draft: Draft, module: Module) -> Iterator[Handling]:
    """The loops of the module that handle messages."""
    if not _packages(draft, module) & CLIENTS:
        return
    seen: set[Span] = set()
    for place, call in enumerate(module.facts.calls):
        loop = call.loop
        if loop is not None and loop.at not in seen and loop.kind == "for":
            found = _over(draft, loop.over, module)
            if found is not None:
                seen.add(loop.at)
                yield _handling(draft, module, loop, call, None, *found)
        if _last(call) not in POLLS or not isinstance(call.callee, Member | Reference):
            continue
        outer = loop if loop is not None else _loop_over_result(place, call, module)
        if outer is None or outer.at in seen:
            continue
        found = _polled(draft, call, module)
        if found is not None:
            seen.add(outer.at)
            yield _handling(draft, module, outer, call, call, *found)


_Found = tuple[str, str | Unknown, PythonCall | None, Module]
"""The library, the channel, and the call that says how messages are acknowledged, with its module."""


def _last(call: PythonCall) -> str:
    return call.name.rpartition(".")[2]


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


def _over(draft: Draft, over: Expression, module: Module) -> _Found | None:
    """What a ``for`` loop goes over, where that gives messages."""
    made = draft.program.origin(over, module)
    if made is not None:
        name = draft.program.callee(*made)
        if name in KAFKA:
            return KAFKA[name], _topics(draft, *made), made[0], made[1]
    found = _attribute(draft, over, module)
    if found is not None:
        return found
    call = module.call(over.call) if isinstance(over, Result) else None
    for one, where in ((call, module), made or (None, module)):
        if one is None:
            continue
        source = _source(draft, one, where, ITERATED)
        if source is not None:
            return source.library, _channel(draft, source, one, where), one, where
    return None


def _attribute(draft: Draft, over: Expression, module: Module) -> _Found | None:
    """``sub.messages`` of a NATS subscription."""
    if isinstance(over, Member):
        base, name = over.base, over.name
    elif isinstance(over, Reference) and "." in over.name:
        owner, _, name = over.name.rpartition(".")
        base = Reference(owner)
    else:
        return None
    for source in ITERATED:
        if name in source.methods and name == "messages":
            made = draft.program.origin(base, module)
            if made is None and isinstance(base, Result):
                call = module.call(base.call)
                made = (call, module) if call is not None else None
            if made is not None and source.name.match(draft.program.callee(*made)):
                subject = made[0].argument("subject", 0)
                channel = text_of(draft, subject.value, made[1]) if subject is not None else UNKNOWN
                return source.library, channel, made[0], made[1]
    return None


def _source(draft: Draft, call: PythonCall, module: Module, sources: tuple[Source, ...]) -> Source | None:
    last = _last(call)
    for source in sources:
        if last in source.methods:
            name = draft.program.callee(call, module)
            if source.name.match(name) or (source.packages and speaks(draft, call, module, source.packages)):
                return source
    return None


def _channel(draft: Draft, source: Source, call: PythonCall, module: Module) -> str | Unknown:
    if source.channel == "streams":
        return _stream(draft, call, module)
    given = call.argument(source.channel or "", source.position) if source.channel is not None else None
    if given is None and source.on_base:
        made = base_call(draft, call, module)
        if made is not None:
            names = (made[0].argument(name) for name in _NAMING)
            given, module = next((one for one in names if one is not None), made[0].argument("", 0)), made[1]
    if given is None and source.library == "pubsub":
        request = call.argument("request", 0)
        found = draft.program.structure(request.value, module) if request is not None else None
        if found is not None and isinstance(found[0], Dictionary):
            for key, value in found[0].entries:
                if key == Literal("subscription"):
                    return name_of_queue(draft, value, found[1])
    return name_of_queue(draft, given.value, module) if given is not None else UNKNOWN


def _stream(draft: Draft, call: PythonCall, module: Module) -> str | Unknown:
    """The one stream that ``xreadgroup(group, consumer, {stream: ">"})`` reads."""
    streams = call.argument("streams", 2)
    if streams is None or not isinstance(streams.value, Dictionary) or len(streams.value.entries) != 1:
        return UNKNOWN
    key = streams.value.entries[0][0]
    return text_of(draft, key, module) if key is not None else UNKNOWN


def _polled(draft: Draft, call: PythonCall, module: Module) -> _Found | None:
    last = _last(call)
    source = _source(draft, call, module, POLLED)
    if source is not None and (source.library != "sqs" or last != "receive_message" or call.argument("QueueUrl")):
        made = base_call(draft, call, module) if source.on_base else None
        return source.library, _channel(draft, source, call, module), *(made or (call, module))
    if last == "receive_message" and call.argument("QueueUrl") is not None:
        queue = call.argument("QueueUrl")
        return "sqs", name_of_queue(draft, queue.value, module) if queue is not None else UNKNOWN, call, module
    if last not in _KAFKA_POLLS:
        return None
    base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
    made = draft.program.origin(base, module)
    name = draft.program.callee(*made) if made is not None else ""
    return (KAFKA[name], _topics(draft, *made), *made) if made is not None and name in KAFKA else None


def _loop_over_result(place: int, call: PythonCall, module: Module) -> Loop | None:
    """The loop of the same function that goes over what a poll gave."""
    for one in module.facts.calls[place + 1 :]:
        if one.function == call.function and one.loop is not None and one.loop.kind == "for":
            if _mentions(one.loop.over, place, module, 0):
                return one.loop
        elif one.function != call.function and one.at.line > call.at.line + 200:
            break
    return None


def _mentions(expression: Expression, place: int, module: Module, depth: int) -> bool:
    """Whether an expression is something of the result of a call."""
    if depth > _DEPTH:
        return False
    if isinstance(expression, Result):
        if expression.call == place:
            return True
        inner = module.call(expression.call)
        return (
            inner is not None
            and isinstance(inner.callee, Member)
            and _mentions(inner.callee.base, place, module, depth + 1)
        )
    if isinstance(expression, Member | Item):
        return _mentions(expression.base, place, module, depth + 1)
    if isinstance(expression, Element):
        return _mentions(expression.iterable, place, module, depth + 1)
    if isinstance(expression, Choice):
        return any(_mentions(one, place, module, depth + 1) for one in expression.options)
    return False


def _handling(
    draft: Draft, module: Module, loop: Loop, call: PythonCall, poll: PythonCall | None, library: str,
    channel: str | Unknown, made: PythonCall | None, made_in: Module,
) -> Handling:  # fmt: skip
    inside = tuple(
        one
        for one in module.facts.calls
        if one.function == call.function and one is not poll and _is_inside(one.loop, loop.at)
    )
    function = module.function(call.function)
    acknowledges: str | Unknown = LIBRARIES[library].acknowledges
    at = None
    if LIBRARIES[library].broker == "kafka":
        acknowledges, at = _commits(draft, made, made_in)
    elif library == "jetstream":
        acknowledges = "manual"  # only what is given to a callback is acknowledged for it
    elif made is not None:
        acknowledges, at = _switched(made, acknowledges)
    return Handling(
        library, LIBRARIES[library].broker, loop.at, module, made, function, module, channel, inside,
        acknowledges=acknowledges, acknowledged_at=at, declared_at=made.at if made is not None else None,
    )  # fmt: skip


def _is_inside(loop: Loop | None, outer: Span) -> bool:
    """Whether a loop is the outer one or stands in its body (a span covers the loop's head only)."""
    return loop is not None and (loop.at == outer or (loop.at.line > outer.line and loop.at.column > outer.column))


def _switched(made: PythonCall, default: str | Unknown) -> tuple[str | Unknown, Span | None]:
    for argument in made.arguments:
        if argument.name in _NO_ACK:
            return switched(argument, default), argument.at
        if argument.name == "receive_mode":
            name = argument.value.name if isinstance(argument.value, Reference) else str(argument.value)
            taken = "RECEIVE_AND_DELETE" in name or "receiveanddelete" in name.lower()
            return ("auto" if taken else default), argument.at
    return default, None


def _commits(draft: Draft, made: PythonCall | None, module: Module) -> tuple[str | Unknown, Span | None]:
    """When a Kafka client commits offsets: by itself unless it is told not to."""
    if made is None:
        return UNKNOWN, None
    known, settings = _settings(draft, made, module)
    for key in ("enable_auto_commit", "enable.auto.commit", "enable.auto.offset.store"):
        given = settings.get(key)
        if given is None:
            continue
        if isinstance(given.value, Literal) and given.value.value in (False, "false", "False"):
            return "manual", given.at
        if not isinstance(given.value, Literal):
            return UNKNOWN, given.at
        if key != "enable.auto.commit":
            return "auto", given.at
    commit = settings.get("enable.auto.commit")
    if commit is not None:
        return "auto", commit.at
    if not known:
        return UNKNOWN, None
    if "group_id" not in settings and "group.id" not in settings:
        return Unknown("a consumer without a group commits nothing"), None
    return "auto", made.at


def _settings(draft: Draft, made: PythonCall, module: Module) -> tuple[bool, dict[str, Argument]]:
    """The settings that a Kafka consumer is made with, and whether all of them are seen."""
    known = True
    settings: dict[str, Argument] = {}
    for argument in made.arguments:
        if argument.name not in (None, "*", "**"):
            settings[argument.name or ""] = argument
            continue
        if argument.name is None and isinstance(argument.value, Literal):
            continue  # a topic
        if isinstance(argument.value, Parameter) and argument.name == "**":
            known = False
            continue
        found = draft.program.structure(argument.value, module)
        if found is None or not isinstance(found[0], Dictionary):
            known = known and argument.name is None and not _is_mapping_expected(made)
            continue
        for key, value in found[0].entries:
            if isinstance(key, Literal) and isinstance(key.value, str):
                settings.setdefault(key.value, Argument(argument.at, key.value, value))
            else:
                known = False
    return known, settings


def _is_mapping_expected(made: PythonCall) -> bool:
    """Whether the first argument is the settings (confluent-kafka), not a topic."""
    return _last(made) in ("Consumer", "DeserializingConsumer", "AvroConsumer", "AIOConsumer")


def _topics(draft: Draft, made: PythonCall, module: Module) -> str | Unknown:
    for argument in made.arguments:
        if argument.name is None:
            found = text_of(draft, argument.value, module)
            if not isinstance(found, Unknown):
                return found
    for call in module.calls_named(_SUBSCRIBE):
        topics = call.argument("topics", 0)
        base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
        subscribed = draft.program.origin(base, module)
        if topics is not None and subscribed is not None and subscribed[0] is made:
            return text_of(draft, topics.value, module)
    return UNKNOWN
