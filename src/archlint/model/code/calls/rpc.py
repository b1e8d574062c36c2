"""Calls over a broker that wait for their answer: nameko's RPC, Celery results, RabbitMQ replies, NATS requests.

In: the production Python of each service, and the consumers that were found. Out: one ``RpcCall`` a place and service.
The callee is the service whose code handles the messages: a class of nameko by its name, a task by its function, a
queue or subject by its consumers. A call whose answer nobody waits for is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Expression, Literal, Member, PythonCall, Reference, Result
from archlint.core.record import dataclass
from archlint.core.system.calls import RpcCall
from archlint.core.system.messaging import Consumer
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.calls.rpc_libraries import (
    CLUSTERS,
    PROXIES,
    PUBLISHES,
    REQUESTS,
    TASKS,
    WAITS_FOR_REPLY,
    WAITS_FOR_TASK,
    Request,
)
from archlint.model.code.calls.timeouts import Timeout, timeout_of
from archlint.model.code.messaging.publishing import channels_of
from archlint.model.code.objects import base_of, call_of, member_of, text_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NOT_CALLED = frozenset({"start", "stop", "__enter__", "__exit__", "call_async", "result", "init_app"})


@dataclass(frozen=True)
class _Found:
    """A call that waits: what it asks for, and where that is said. ``handlers`` serve it: services and functions."""

    call: PythonCall
    library: str
    broker: str
    subject: str | Unknown
    procedure: str
    timeout: Timeout
    handlers: tuple[tuple[str, str], ...]
    chain: tuple[Place, ...] = ()


def add_rpc_calls(draft: Draft) -> None:
    """Add the calls over brokers of all services."""
    scope = code_scope(draft)
    index = _Handlers(draft, scope)
    for module in scope.modules():
        for found in _calls(draft, index, module):
            for service in scope.services_running(found.call, module):
                draft.add(_subject(service, found, module))


def _subject(service: str, found: _Found, module: Module) -> RpcCall:
    callees = sorted({name for name, _ in found.handlers})
    # Replicas of one code under several names are one callee each; which of several answers cannot be told.
    target = service if service in callees else callees[0] if len(callees) == 1 else None
    shown = str(found.subject) if isinstance(found.subject, str) else "a queue that is not known"
    where = module.facts.functions[found.call.function].name if found.call.function is not None else ""
    name = ".".join(one for one in (target or shown, found.procedure) if one)
    return RpcCall(
        at=found.call.at,
        name=name,
        key=f"{service} {where.rpartition('.')[2]} {found.library} {name}",
        service=service,
        library=found.library,
        target=target or shown,
        target_kind="service" if target is not None else "unknown",
        timeout=found.timeout,
        function=where,
        related=found.chain,
        broker=found.broker,
        subject=found.subject,
        handlers=tuple(sorted({handler for name, handler in found.handlers if name == target})),
    )


class _Handlers:
    """Who answers: nameko classes by name, tasks by function, queues and subjects by their consumers."""

    def __init__(self, draft: Draft, scope: CodeScope) -> None:
        self.by_channel: dict[str, list[tuple[str, str]]] = {}
        self.by_function: dict[str, list[tuple[str, str]]] = {}
        self.nameko: dict[str, list[tuple[str, str]]] = {}
        for consumer in draft.select(Consumer):
            one = (consumer.service, consumer.handler)
            if isinstance(consumer.channel, str):
                self.by_channel.setdefault(consumer.channel, []).append(one)
            if consumer.handler:
                self.by_function.setdefault(consumer.handler, []).append(one)
        if draft.program.uses("nameko"):
            self._read_nameko(draft, scope)
        self._tasks: dict[str, list[tuple[str, str]]] = {}
        if draft.program.uses("celery"):
            self._read_task_names(scope)

    def of_task(self, name: str) -> tuple[tuple[str, str], ...]:
        """Who runs the task of that name: the one that is named so, else functions whose qualified name ends so
        (Celery names a task by its module as the worker imports it)."""
        if name in self._tasks:
            return tuple(self._tasks[name])
        ending = f".{name}"
        named = (found for function, found in self.by_function.items() if f".{function}".endswith(ending))
        return tuple(one for found in named for one in found)

    def _read_task_names(self, scope: CodeScope) -> None:
        for module in scope.modules():
            for function in module.facts.functions:
                handlers = self.by_function.get(function.name, ())
                for decorator in function.decorators if handlers else ():
                    made = call_of(decorator, module)
                    given = made.argument("name") if made is not None else None
                    if given is not None and isinstance(given.value, Literal) and isinstance(given.value.value, str):
                        self._tasks.setdefault(given.value.value, []).extend(handlers)

    def _read_nameko(self, draft: Draft, scope: CodeScope) -> None:
        owners: dict[str, Module] = {}
        for module in scope.modules():
            for function in module.facts.functions:
                if function.owner is None or function.owner in owners:
                    continue
                names = (_decorator(draft, one, module) for one in function.decorators)
                if any(one.startswith("nameko.") for one in names):
                    owners[function.owner] = module
            for assignment in module.facts.assignments:
                if not isinstance(assignment.target, Reference) or not isinstance(assignment.value, Literal):
                    continue
                owner, _, attribute = assignment.target.name.rpartition(".")
                value = assignment.value.value
                if attribute == "name" and owner in owners and isinstance(value, str):
                    found = self.nameko.setdefault(value, [])
                    found.extend((service, owner) for service in scope.owners(module))


def _decorator(draft: Draft, decorator: Expression, module: Module) -> str:
    made = call_of(decorator, module)
    return draft.program.qualify(made.callee if made is not None else decorator, module)


def _calls(draft: Draft, index: _Handlers, module: Module) -> Iterator[_Found]:
    uses = draft.program.uses
    if uses("nameko") or uses("flask_nameko"):
        yield from _nameko(draft, index, module)
    if uses("celery"):
        yield from _results(draft, index, module)
    if uses("nats") or uses("faststream") or uses("aio_pika"):
        yield from _requests(draft, index, module)
    if uses("pika") or uses("aio_pika") or uses("aiormq") or uses("kombu"):
        yield from _replies(draft, index, module)


def _nameko(draft: Draft, index: _Handlers, module: Module) -> Iterator[_Found]:
    for call in module.facts.calls:
        callee = call.callee
        if member_of(callee) != "result" and call.name.count(".") < 2:
            continue
        if member_of(callee) == "result":
            started = call_of(base_of(callee) or Literal(None), module)
            if started is None or member_of(started.callee) != "call_async":
                continue
            callee = base_of(started.callee) or Literal(None)
        if member_of(callee) in _NOT_CALLED:
            continue
        qualified = draft.program.qualify(callee, module)
        owner, _, method = qualified.rpartition(".")
        proxy = base_of(callee)
        if proxy is None:
            continue
        if owner in PROXIES:
            yield _through_proxy(draft, index, call, module, proxy, method)
            continue
        cluster, _, service = owner.rpartition(".")
        if cluster in CLUSTERS:
            made = draft.program.origin(base_of(proxy) or proxy, module)
            timeout: Timeout = None
            given = made[0].argument("timeout") if made is not None else None
            if made is not None and given is not None:
                timeout = timeout_of(draft, given.value, made[1], given.at, "session")
            handlers = tuple((name, f"{where}.{method}") for name, where in index.nameko.get(service, ()))
            yield _Found(call, "nameko", "rabbitmq", service, method, timeout, handlers)


def _through_proxy(
    draft: Draft, index: _Handlers, call: PythonCall, module: Module, proxy: Expression, method: str
) -> _Found:
    made = draft.program.origin(proxy, module) or _attribute(draft, proxy)
    subject: str | Unknown = Unknown("the service is not named")
    timeout: Timeout = None
    chain: tuple[Place, ...] = ()
    if made is not None:
        first = made[0].argument("target_service", 0) or made[0].argument("service_name", 0)
        text = text_of(draft, first.value, made[1]) if first is not None else None
        if text is not None and isinstance(text.value, str):
            subject = text.value
            chain = (*text.chain, Place(made[0].at, f"the proxy of {subject}"))
        given = made[0].argument("timeout")
        if given is not None:
            timeout = timeout_of(draft, given.value, made[1], given.at, "session")
    named = index.nameko.get(subject, ()) if isinstance(subject, str) else ()
    handlers = tuple((name, f"{where}.{method}") for name, where in named)
    return _Found(call, "nameko", "rabbitmq", subject, method, timeout, handlers, chain)


def _attribute(draft: Draft, expression: Expression) -> tuple[PythonCall, Module] | None:
    """The call that is assigned to a class attribute."""
    if not isinstance(expression, Reference):
        return None
    known = draft.memo.get("nameko proxies")
    index: dict[str, tuple[PythonCall, Module]] = known if isinstance(known, dict) else {}
    if known is None:
        for module in draft.program.modules.values():
            if "RpcProxy" not in module.called and "ServiceRpc" not in module.called:
                continue
            for one in module.facts.assignments:
                made = call_of(one.value, module)
                if made is not None and isinstance(one.target, Reference):
                    index.setdefault(one.target.name, (made, module))
        draft.memo["nameko proxies"] = index
    return index.get(expression.name)


def _results(draft: Draft, index: _Handlers, module: Module) -> Iterator[_Found]:
    """``task.delay(…).get(timeout=…)``."""
    for call in module.calls_named(WAITS_FOR_TASK):
        callee = call.callee
        if not isinstance(callee, Member) or not isinstance(callee.base, Result):
            continue
        started = module.call(callee.base.call)
        if started is None or member_of(started.callee) not in TASKS:
            continue
        task = base_of(started.callee)
        function = draft.program.function_of(task, module) if task is not None else None
        if member_of(started.callee) == "send_task":
            named = started.argument("name", 0)
            text = text_of(draft, named.value, module) if named is not None else None
            handlers = index.of_task(str(text.value)) if text is not None and text.is_exact else ()
            subject: str | Unknown = str(text.value) if text is not None else Unknown("the task is not named")
        elif function is not None:
            handlers = tuple(index.by_function.get(function[0].name, ()))
            subject = function[0].name.rpartition(".")[2]
        else:
            continue
        given = call.argument("timeout", 0)
        timeout = timeout_of(draft, given.value, module, given.at) if given is not None else None
        yield _Found(call, "celery", "celery", subject, "", timeout, handlers, (Place(started.at, "the task starts"),))


_REQUEST_NAMES = frozenset({one.rpartition(".")[2] for one in REQUESTS})


def _requests(draft: Draft, index: _Handlers, module: Module) -> Iterator[_Found]:
    """``await nats.request("orders.get", data, timeout=1)``."""
    for call in module.calls_named(_REQUEST_NAMES):
        request = REQUESTS.get(draft.program.callee(call, module))
        if request is None:
            continue
        named = next(
            (
                one
                for one in (
                    *(call.argument(name) for name in ("subject", "queue", "channel", "topic", "method_name")),
                    call.argument("", request.subject),
                )
                if one is not None
            ),
            None,
        )
        text = text_of(draft, named.value, module) if named is not None else None
        subject: str | Unknown = (
            str(text.value)
            if text is not None and text.is_exact and isinstance(text.value, str)
            else Unknown("the subject is not known")
        )
        handlers = tuple(index.by_channel.get(subject, ())) if isinstance(subject, str) else ()
        chain = text.chain if text is not None else ()
        timeout = _waits(draft, request, call, module)
        yield _Found(call, request.library, request.broker, subject, "", timeout, handlers, chain)


def _waits(draft: Draft, request: Request, call: PythonCall, module: Module) -> Timeout:
    for name in request.timeout_names:
        given = call.argument(name, request.timeout)
        if given is not None:
            return timeout_of(draft, given.value, module, given.at)
    if call.is_open:
        return Unknown("arguments that are not all seen")
    return Setting(request.default, "library", call.at) if request.default is not None else None


def _replies(draft: Draft, index: _Handlers, module: Module) -> Iterator[_Found]:
    """A message that is published with the queue for its reply, in a function that then waits for it."""
    for call in module.calls_named(PUBLISHES):
        if call.function is None or not _wants_reply(draft, call, module):
            continue
        function = module.facts.functions[call.function]
        inside = draft.program.calls_in(function, module)
        called = [one for step in inside for one in draft.program.called_functions(step, module)]
        if not any(member_of(one.callee) in WAITS_FOR_REPLY for one in inside) and not any(
            member_of(one.callee) in WAITS_FOR_REPLY
            for helper, where in called
            for one in draft.program.calls_in(helper, where)
        ):
            continue
        for channel in channels_of(draft, call, module):
            handlers = tuple(index.by_channel.get(channel, ())) if isinstance(channel, str) else ()
            library = draft.program.callee(call, module).partition(".")[0]
            library = library if library not in ("", "?") else "pika"
            timeout: Timeout = Unknown("how long it waits for the reply is not read")
            yield _Found(call, library, "rabbitmq", channel, "", timeout, handlers)


def _wants_reply(draft: Draft, call: PythonCall, module: Module) -> bool:
    if _is_given(call, "reply_to"):
        return _is_given(call, "correlation_id")
    for argument in call.arguments:
        if not isinstance(argument.value, Result | Reference):
            continue
        made = call_of(argument.value, module)
        if made is None:
            origin = draft.program.origin(argument.value, module)
            made = origin[0] if origin is not None else None
        if made is not None and _is_given(made, "reply_to"):
            return True
    return False


def _is_given(call: PythonCall, name: str) -> bool:
    given = call.argument(name)
    return given is not None and given.value != Literal(None)
