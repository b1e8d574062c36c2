"""Read operations that join the records of several services in code.

In: the remote calls of the services' code, followed up through helpers, and the routes. Out: a JoinedRead for each
function that reads from two or more services (its own among them) where what one answers is asked of the next. Parts
that do not depend on each other are a page, no join; an operation that changes something is no read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    Expression,
    Item,
    Member,
    PythonCall,
    PythonFunction,
    Result,
    Template,
)
from archlint.core.record import dataclass, pattern
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall, Route
from archlint.core.system.consistency import JoinedRead
from archlint.core.values import Place
from archlint.model.code.consistency.saga_words import asks_by_name, is_setup
from archlint.model.code.consistency.stored_changes import NAMES, chain_of, change_of, is_session
from archlint.model.code.consistency.work import body_of, callers_of
from archlint.model.code.objects import member_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

_MOST_HOPS = 3
_MOST_NODES = 200
_LOOKUPS = names(
    "fetchone fetchall fetchrow fetchval find_one scalars scalar_one_or_none get_item get_object_or_404 "
    "get_or_404 first_or_404 one_or_404"
)
_MAYBE_LOOKUPS = names("execute scalar first one one_or_none all fetch fetch_one fetch_all find get filter")
_STORES = (
    "asyncpg.",
    "sqlalchemy.",
    "sqlmodel.",
    "psycopg",
    "pymongo.",
    "motor.",
    "databases.",
    "aiomysql.",
    "django.db.",
)

_IDENTITY = pattern(r"token|api_?key|auth|credential|current_?user|whoami|session_id", re.IGNORECASE)

_Function = tuple[PythonFunction, Module]


@dataclass(frozen=True)
class _Read:
    """A read as one function sees it: the call there that leads to it, and the service whose records it brings."""

    call: PythonCall
    source: str


def add_joined_reads(draft: Draft) -> None:
    """Add them to the draft."""
    remote = [one for one in draft.select(RemoteCall) if one.target_kind == "service" and one.target != one.service]
    if len({one.target for one in remote}) < 2:
        return
    scope = code_scope(draft)
    reading = {one.handler for one in draft.select(Route) if _is_read(one)}
    changing = {one.function for one in draft.select(RemoteCall) if _is_change(one)}
    for service, (function, module), joined in _found(draft, scope, remote, changing):
        if not _is_operation(draft, scope, function, module, reading):
            continue
        sources = tuple(dict.fromkeys(one.source for one in joined))
        last = joined[-1]
        where = f"{service}.{function.name.rpartition('.')[2]}"
        draft.add(
            JoinedRead(
                at=last.call.at,
                name=where,
                key=f"{service} {function.name} joins",
                service=service,
                sources=sources,
                function=function.name,
                related=tuple(Place(one.call.at, f"records of {one.source}") for one in joined[:-1]),
            )
        )


def _is_read(route: Route) -> bool:
    if route.protocol == "grpc":
        return isinstance(route.path, str) and asks_by_name(route.path.rpartition("/")[2])
    return bool(route.methods) and set(route.methods) <= {"GET", "HEAD", "OPTIONS"}


def _is_change(remote: RemoteCall) -> bool:
    return isinstance(remote, HttpCall) and remote.method in ("PUT", "PATCH", "DELETE", "POST")


def _reads(remote: RemoteCall) -> bool:
    if isinstance(remote, HttpCall):
        return remote.method == "GET"
    if isinstance(remote, GrpcCall):
        return isinstance(remote.rpc, str) and asks_by_name(remote.rpc)
    return asks_by_name(remote.name.rpartition(" ")[2].rpartition(".")[2])


def _found(
    draft: Draft, scope: CodeScope, remote: list[RemoteCall], changing: set[str]
) -> Iterator[tuple[str, _Function, list[_Read]]]:
    level: dict[tuple[str, str], tuple[_Function, list[_Read]]] = {}
    for one in remote:
        function = draft.program.function_named(one.function)
        if function is None or one.function in changing or not _reads(one) or is_setup(one.function):
            continue
        call = next((each for each in body_of(draft, *function) if each.at == one.at), None)
        if call is not None:
            level.setdefault((one.service, one.function), (function, []))[1].append(_Read(call, one.target))
    direct = dict(level)
    for _ in range(_MOST_HOPS):
        above: dict[tuple[str, str], tuple[_Function, list[_Read]]] = {}
        for (service, name), (function, reads) in sorted(level.items()):
            joined = _joined(draft, service, *function, reads)
            if len({one.source for one in joined}) > 2:
                if name not in changing and not _stores(draft, *function):
                    yield service, function, joined
                continue
            if len({one.source for one in reads}) > 1:
                continue
            for caller, home, call in callers_of(draft, scope, *function):
                key = (service, caller.name)
                known = above.setdefault(key, ((caller, home), list(direct.get(key, ((), []))[1])))
                known[1].append(_Read(call, reads[0].source))
        level = above


def _stores(draft: Draft, function: PythonFunction, module: Module) -> bool:
    return any(
        call.name.rpartition(".")[2] in NAMES and change_of(draft, call, module) is not None
        for call in body_of(draft, function, module)
    )


def _joined(draft: Draft, service: str, function: PythonFunction, module: Module, reads: list[_Read]) -> list[_Read]:
    """The reads that hang together: each asks for what another one answered, or is asked by it."""
    if len({one.source for one in reads}) < 2:
        return []
    own = [
        _Read(call, service)
        for call in body_of(draft, function, module)
        if not any(one.call is call for one in reads) and _looks_up(draft, call, module)
    ]
    every = sorted(
        [*own, *(one for one in reads if not _asks_who(one.call, module))],
        key=lambda one: (one.call.at.line, one.call.at.column),
    )
    joined: dict[int, _Read] = {}
    for one in every:
        asked = {id(call) for call in _calls_behind(one.call, module)}
        for other in every:
            if other is not one and other.source != one.source and id(other.call) in asked:
                joined[id(other.call)] = other
                joined[id(one.call)] = one
    return sorted(joined.values(), key=lambda one: (one.call.at.line, one.call.at.column))


def _asks_who(call: PythonCall, module: Module) -> bool:
    """Whether the call asks who sent the request: its answer is no record that is joined."""
    given = [member_of(one.value) or getattr(one.value, "name", "") for one in call.arguments]
    behind = (one.name for one in _calls_behind(call, module))
    return any(_IDENTITY.search(one) for one in (call.name.rpartition(".")[2], *given)) or any(
        "headers" in one or "cookies" in one for one in behind
    )


def _looks_up(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether the call reads records of the service's own database."""
    last = call.name.rpartition(".")[2]
    if last in _LOOKUPS:
        return True
    if last not in _MAYBE_LOOKUPS:
        return False
    return (
        ".objects." in call.name
        or draft.program.callee(call, module).startswith(_STORES)
        or any(is_session(draft, one, module) for one in chain_of(call, module))
    )


def _calls_behind(call: PythonCall, module: Module) -> Iterator[PythonCall]:
    """The calls of the function whose results the arguments of a call are made of."""
    waiting: list[Expression] = [one.value for one in call.arguments]
    seen: set[int] = set()
    count = 0
    while waiting and count < _MOST_NODES:
        count += 1
        value = waiting.pop()
        match value:
            case Result(call=index):
                made = module.call(index)
                if made is not None and id(made) not in seen:
                    seen.add(id(made))
                    yield made
                    waiting += [one.value for one in made.arguments]
                    if isinstance(made.callee, Member):
                        waiting.append(made.callee.base)
            case Member(base=base) | Element(iterable=base):
                waiting.append(base)
            case Item(base=base, key=key):
                waiting += [base, key]
            case Template(parts=parts) | Display(items=parts) | Choice(options=parts):
                waiting += parts
            case Comprehension(element=element):
                waiting.append(element)
            case Dictionary(entries=entries):
                waiting += [one for _, one in entries]


def _is_operation(draft: Draft, scope: CodeScope, function: PythonFunction, module: Module, reading: set[str]) -> bool:
    """Whether the function serves a read: it is the handler of one, or is called by one."""
    level = [(function, module)]
    for _ in range(_MOST_HOPS):
        if any(one.name in reading for one, _ in level):
            return True
        level = [(one, home) for each in level for one, home, _ in callers_of(draft, scope, *each)]
    return asks_by_name(function.name.rpartition(".")[2])
