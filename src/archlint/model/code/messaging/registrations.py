"""Where code registers what handles messages: decorated functions, callbacks, listeners, loops over a consumer.

In: the modules of the workspace. Out: Handlings with the function (or the part of it) that handles, the channel and the
call as the code writes them, and when the library acknowledges.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Argument,
    Display,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Setting, Unknown
from archlint.model.code.messaging.consumer_libraries import (
    DECORATED_BY,
    DECORATORS,
    LIBRARIES,
    QUEUE_EVENTS,
    Decorator,
)
from archlint.model.code.messaging.handler_trace import text_of, trace
from archlint.model.code.scope import assigned_value, code_scope
from archlint.model.draft import Draft
from archlint.model.production import service_name_at
from archlint.model.program.program import Module

_LATE = frozenset({"task_acks_late", "CELERY_TASK_ACKS_LATE", "CELERY_ACKS_LATE"})
_POLICY = frozenset({"ack_policy", "no_ack", "auto_commit", "enable_auto_commit", "auto_ack"})
_UPDATE = frozenset({"update"})
_MEMO = "modules that set task_acks_late"


@dataclass(frozen=True, eq=False)
class Handling:
    """Code that handles the messages of a channel.

    ``calls`` limits it to part of ``function`` (the body of a loop); None for all of it. ``wrappers`` are the functions
    of the workspace between the library and the handler. ``registered_at`` is the registration in the service's code,
    ``declared_at`` the call that declared the queue, where the same function consumes what it returned.
    ``acknowledges`` is as a ``Library`` has it, or UNKNOWN; ``acknowledged_at`` is the line that says so.
    ``dead_letter`` is what the registration itself says of failed messages. ``is_queued``: a function of the cloud gets
    its messages from a queue or stream.
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
    acknowledges: str | Unknown = "manual"
    acknowledged_at: Span | None = None
    declared_at: Span | None = None
    dead_letter: Setting[str] | Unknown | None = UNKNOWN
    is_queued: bool = False


def decorated(draft: Draft, module: Module) -> Iterator[Handling]:
    """The functions that a decorator makes consumers."""
    if not any(draft.program.uses(one) for one in DECORATED_BY):
        return
    for function in module.facts.functions:
        for decorator in function.decorators:
            name, call = _decorator(draft, decorator, module)
            form = _form(name, call)
            if form is None:
                continue
            library = LIBRARIES[form.library]
            yield Handling(
                form.library, library.broker, function.at, module, call, function, module,
                _channel(draft, form, call, function, module),
                acknowledges=_acknowledges(draft, form.library, call, module),
                acknowledged_at=_place(call), declared_at=call.at if call is not None else None,
            )  # fmt: skip


def _decorator(draft: Draft, decorator: Expression, module: Module) -> tuple[str, PythonCall | None]:
    if isinstance(decorator, Result):
        call = module.facts.calls[decorator.call]
        return draft.program.callee(call, module), call
    return draft.program.qualify(decorator, module), None


def _form(name: str, call: PythonCall | None) -> Decorator | None:
    if name.startswith("?") or "." not in name:
        return None
    found = next((one for one in DECORATORS if one.name.match(name)), None)
    if found is not None and name.endswith(".event_source"):
        kind = call.argument("data_class", 0) if call is not None else None
        given = kind.value.name if kind is not None and isinstance(kind.value, Reference | Member) else ""
        return found if QUEUE_EVENTS.search(given) else None
    return found


def _channel(
    draft: Draft, form: Decorator, call: PythonCall | None, function: PythonFunction, module: Module
) -> str | Unknown:
    if form.library == "nameko" and call is not None and len(call.arguments) > 1:
        source = [text_of(draft, one.value, module) for one in call.arguments[:2]]
        return UNKNOWN if any(isinstance(one, Unknown) for one in source) else ".".join(str(one) for one in source)
    given = call.argument(form.channel or "", form.position) if call is not None else None
    if given is not None:
        return name_of_queue(draft, given.value, module)
    return function.name.rpartition(".")[2] if form.library in ("celery", "dramatiq", "temporal") else UNKNOWN


def name_of_queue(draft: Draft, expression: Expression, module: Module) -> str | Unknown:
    """The name of a queue that is given as text or as an object made from it (``RabbitQueue("orders")``); of an address
    of SQS or a path of Pub/Sub its last part."""
    items = items_of(expression)
    given, where = assigned_value(draft, items[0], module) if len(items) == 1 else (expression, module)
    if isinstance(given, Item):
        given = given.base  # ``get_queue_url(QueueName="orders")["QueueUrl"]``
    made = draft.program.origin(given, where) if len(items) == 1 else None
    if made is not None and made[0].name.endswith("subscription_path"):
        name = made[0].argument("subscription", 1)
        return text_of(draft, name.value, made[1]) if name is not None else UNKNOWN
    if made is not None and made[0].name.rpartition(".")[2] in ("create_queue", "get_queue_url"):
        name = made[0].argument("QueueName")
        return text_of(draft, name.value, made[1]) if name is not None else UNKNOWN
    if made is not None and made[0].name.rpartition(".")[2] in ("Queue", "RabbitQueue", "TopicSub", "StreamSub"):
        name = made[0].argument("name", 0)
        return text_of(draft, name.value, made[1]) if name is not None else UNKNOWN
    text = text_of(draft, expression, module)
    if isinstance(text, str) and text.startswith(("https://", "http://", "projects/")):
        return text.rstrip("/").rpartition("/")[2]
    return text


def _acknowledges(draft: Draft, library: str, call: PythonCall | None, module: Module) -> str | Unknown:
    """When messages are acknowledged, by the decorator's arguments, else by the library's default."""
    default = LIBRARIES[library].acknowledges
    if library == "celery":
        late = call.argument("acks_late") if call is not None else None
        if late is None:
            return "after" if _acks_late(draft, module) else default
        return "after" if isinstance(late.value, Literal) and late.value.value is True else default
    if library.startswith("faststream"):
        return _of_policy(call, default)
    return default


def _of_policy(call: PythonCall | None, default: str) -> str | Unknown:
    for argument in call.arguments if call is not None else ():
        value = argument.value
        if argument.name == "ack_policy":
            if not isinstance(value, Reference | Member):
                return UNKNOWN
            return {"ACK_FIRST": "auto", "MANUAL": "manual"}.get(value.name.rpartition(".")[2], "after")
        if argument.name in ("no_ack", "auto_commit"):
            if not isinstance(value, Literal):
                return UNKNOWN
            return "auto" if value.value is True else "after"
    return UNKNOWN if call is not None and call.is_open else default


def _place(call: PythonCall | None) -> Span | None:
    """The argument that decides, else the whole call."""
    found = next((one.at for one in call.arguments if one.name in _POLICY), None) if call is not None else None
    return found or (call.at if call is not None else None)


def _acks_late(draft: Draft, module: Module) -> bool:
    """Whether the service's settings acknowledge tasks when they have run."""
    known = draft.memo.get(_MEMO)
    if not isinstance(known, frozenset):
        known = draft.memo[_MEMO] = frozenset(_late_services(draft))
    return service_name_at(draft, module.path) in known


def _late_services(draft: Draft) -> Iterator[str | None]:
    for module in code_scope(draft).modules():
        for one in module.facts.assignments:
            target = one.target
            name = target.name.rpartition(".")[2] if isinstance(target, Reference | Member) else ""
            if isinstance(target, Item) and isinstance(target.key, Literal):
                name = str(target.key.value)
            if name in _LATE and one.value == Literal(True):
                yield service_name_at(draft, module.path)
        if not any(line.module.startswith("celery") for line in module.facts.imports):
            continue
        for call in module.calls_named(_UPDATE):
            given = call.argument("task_acks_late")
            if given is not None and given.value == Literal(True):
                yield service_name_at(draft, module.path)


def followed(
    draft: Draft, call: PythonCall, module: Module, library: str, handler: Argument, channel: Expression | None,
    acknowledges: str | Unknown = "manual", acknowledged_at: Span | None = None, declared_at: Span | None = None,
) -> Iterator[Handling]:  # fmt: skip
    """The handlings that a registration leads to, through the wrappers that pass the handler on."""
    for function, home, site, site_module, name, wrappers in trace(
        draft, handler.value, channel, call, module, handler.at, (), 0
    ):
        yield Handling(
            library, LIBRARIES[library].broker, site.at, site_module, call, function, home,
            name_of_queue(draft, name, site_module) if name is not None else UNKNOWN,
            wrappers=wrappers, acknowledges=acknowledges, acknowledged_at=acknowledged_at or call.at,
            declared_at=declared_at,
        )  # fmt: skip


def switched(argument: Argument | None, default: str | Unknown, on: str = "auto", off: str = "manual") -> str | Unknown:
    """When messages are acknowledged by a switch: ``on`` where it is given as true, ``off`` where as false."""
    if argument is None:
        return default
    if isinstance(argument.value, Literal):
        return on if argument.value.value is True else off
    return UNKNOWN


def speaks(draft: Draft, call: PythonCall, module: Module, packages: tuple[str, ...]) -> bool:
    """Whether a call is the library's by its qualified name, else by what the module imports."""
    name = draft.program.callee(call, module)
    if name.startswith(packages):
        return True
    imports = [one.module for one in module.facts.imports]
    return name.startswith("?") and any(one.startswith(packages) for one in imports)


def base_call(draft: Draft, call: PythonCall, module: Module) -> tuple[PythonCall, Module] | None:
    """The call that made what a method is called on."""
    if not isinstance(call.callee, Member | Reference):
        return None
    base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
    found = draft.program.origin(base, module)
    if found is None and isinstance(base, Result):
        made = module.call(base.call)
        return (made, module) if made is not None else None
    return found


def items_of(expression: Expression | None) -> tuple[Expression, ...]:
    """The items of a display, else the expression itself."""
    if expression is None:
        return ()
    return expression.items if isinstance(expression, Display) else (expression,)


__all__ = [
    "Handling",
    "base_call",
    "decorated",
    "followed",
    "items_of",
    "name_of_queue",
    "speaks",
    "switched",
]
