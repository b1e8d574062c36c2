"""Which calls hand a message to a broker, in every library that ``publish_libraries`` knows.

In: the services' code. Out: a Publication for each place that publishes, with the broker where the library tells it. A
call on an object that is not known publishes only where its name or a keyword says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Member, Parameter, PythonCall, PythonFunction, Reference, Result
from archlint.core.record import dataclass, pattern
from archlint.core.system.calls import HttpCall
from archlint.model.code.messaging.publish_libraries import BROKER_OF_FASTSTREAM, JOB_DECORATORS, METHODS, Way
from archlint.model.code.objects import base_of
from archlint.model.code.scope import CodeScope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NAMES = frozenset(METHODS)
_NAMEKO = {
    "nameko.events.EventDispatcher": Way("rabbitmq", (), ("nameko",), (), ("event_type",), 0),
    "nameko.messaging.Publisher": Way("rabbitmq", (), ("nameko",), (), ("routing_key",)),
    "nameko.standalone.events.event_dispatcher": Way("rabbitmq", (), ("nameko",), (), ("event_type",), 1),
}
"""https://nameko.readthedocs.io/en/stable/built_in_extensions.html: dependencies that are called themselves"""

_DAPR_WAY = Way("dapr", (), ("dapr",))
_PRODUCER = pattern(r"producer", re.IGNORECASE)
_NOT_MESSAGES = ("asyncio.", "time.", "smtplib.", "socket.", "telegram.", "discord.", "websockets.", "fastapi.")


@dataclass(frozen=True)
class Publication:
    """A place that publishes: the call, the function that does it (None at module level), and how.

    ``channel`` names what it publishes to where the call's arguments do not.
    """

    call: PythonCall
    module: Module
    function: int | None
    way: Way
    broker: str
    channel: str | None = None


def publications(draft: Draft, scope: CodeScope) -> tuple[Publication, ...]:
    """All of the services' code; worked out once, after the HTTP calls are found."""
    found = draft.memo.get("publications")
    if not isinstance(found, tuple):
        found = draft.memo["publications"] = tuple(_publications(draft, scope))
    return found


def publication_of(draft: Draft, call: PythonCall, module: Module) -> Publication | None:
    """How a call publishes; None where it does not, or is not known to."""
    last = call.name.rpartition(".")[2]
    if draft.program.uses("nameko") and call.name not in _NAMEKO:
        way = _NAMEKO.get(draft.program.callee(call, module))
        if way is not None:
            return Publication(call, module, call.function, way, "rabbitmq")
    ways = METHODS.get(last, ())
    name = draft.program.callee(call, module) if ways else ""
    for way in ways:
        if _is_way(draft, call, module, name, way):
            return Publication(call, module, call.function, way, _broker(way, name))
    return None


def job_of(draft: Draft, publication: Publication) -> tuple[PythonFunction, Module] | None:
    """The function of this workspace that a worker runs for the message, None where none is seen."""
    call, module = publication.call, publication.module
    program = draft.program
    if publication.broker in ("rq", "arq") or call.name.endswith("send_task"):
        if not call.arguments:
            return None
        found = program.function_of(call.arguments[0].value, module)
        if found is not None:
            return found
        named = program.evaluate(call.arguments[0].value, module)
        if isinstance(named, tuple) and isinstance(named[0].value, str):
            return _function_ending(draft, named[0].value)
        return None
    return program.function_named(program.callee(call, module).rpartition(".")[0])


def _function_ending(draft: Draft, name: str) -> tuple[PythonFunction, Module] | None:
    """The one function of the workspace whose qualified name ends so: tasks are named by their module."""
    last = name.rpartition(".")[2]
    found = [
        (function, module)
        for module in draft.program.modules.values()
        for function in module.facts.functions
        if function.name.rpartition(".")[2] == last and function.name.endswith(f".{name}")
    ]
    return found[0] if len(found) == 1 else None


def _publications(draft: Draft, scope: CodeScope) -> Iterator[Publication]:
    through_dapr = {
        one.at: one.path for one in draft.select(HttpCall) if isinstance(one.path, str) and "/v1.0/publish/" in one.path
    }
    uses_nameko = draft.program.uses("nameko")
    uses_faststream = draft.program.uses("faststream")
    for module in scope.modules():
        every = uses_nameko and any(one.module.startswith("nameko") for one in module.facts.imports)
        for call in module.facts.calls if every else module.calls_named(_NAMES):
            found = publication_of(draft, call, module)
            if found is not None:
                yield found
        if through_dapr:
            for call in module.calls_named({"post", "put", "request"}):
                path = through_dapr.get(call.at)
                if isinstance(path, str):
                    yield Publication(call, module, call.function, _DAPR_WAY, "dapr", path.rstrip("/").split("/")[-1])
        if uses_faststream:
            yield from _decorated(draft, module)


def _decorated(draft: Draft, module: Module) -> Iterator[Publication]:
    """``@broker.publisher("orders")``: what the function returns is published."""
    for index, function in enumerate(module.facts.functions):
        for decorator in function.decorators:
            call = module.call(decorator.call) if isinstance(decorator, Result) else None
            if call is None or call.name.rpartition(".")[2] != "publisher":
                continue
            name = draft.program.callee(call, module)
            if name.startswith("faststream."):
                way = Way("", (), ("faststream",), (), ("queue", "topic", "subject", "channel", "list", "stream"), 0)
                yield Publication(call, module, index, way, _broker(way, name))


def _is_way(draft: Draft, call: PythonCall, module: Module, name: str, way: Way) -> bool:
    if name.startswith(_NOT_MESSAGES):
        return False
    if name.startswith(way.libraries) and name.startswith(tuple(f"{one}." for one in way.libraries)):
        return True
    if way.is_job and not way.telling:
        return _is_job(draft, name, way.broker)
    if way.telling:
        return True
    is_open = name.startswith("?") or (
        name.startswith(f"{module.name}.") and draft.program.function_named(name) is None
    )
    if way.broker == "kafka" and is_open and call.arguments and _PRODUCER.search(_object(call)):
        return True
    return (
        bool(way.keywords)
        and (is_open or _is_vendor_sdk(way, name))
        and any(one.name in way.keywords for one in call.arguments)
    )


def _object(call: PythonCall) -> str:
    """What the object of a call is called: ``order_producer`` of ``self.order_producer.send``."""
    base = base_of(call.callee)
    return base.name.rpartition(".")[2] if isinstance(base, Reference | Member | Parameter) else ""


def _is_vendor_sdk(way: Way, name: str) -> bool:
    """A client that the workspace hands round in an object of its own: a keyword tells there too."""
    return way.broker in ("sqs", "sns", "kinesis", "eventbridge") and not name.startswith(("requests.", "httpx."))


def _is_job(draft: Draft, name: str, library: str) -> bool:
    found = draft.program.function_named(name.rpartition(".")[0])
    return found is not None and is_job(draft, *found, library)


def is_job(draft: Draft, function: PythonFunction, module: Module, library: str) -> bool:
    """Whether the library's decorator makes the function a job."""
    for decorator in function.decorators:
        made = module.call(decorator.call) if isinstance(decorator, Result) else None
        name = draft.program.qualify(made.callee if made is not None else decorator, module)
        if name.startswith(JOB_DECORATORS.get(library, ())) and library in JOB_DECORATORS:
            return True
    return False


def _broker(way: Way, name: str) -> str:
    if way.broker:
        return way.broker
    if name.startswith("faststream."):
        return next((broker for word, broker in BROKER_OF_FASTSTREAM.items() if word in name.lower()), "")
    return "rabbitmq" if name.startswith("kombu.") else ""
