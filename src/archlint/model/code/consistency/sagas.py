"""Changes of several services that one function makes in steps, and what undoes the first when a later one fails.

In: the remote calls of the services' code, followed up through helpers that make one step each. Out: one Saga a
function that changes two services one after the other. A call changes state by its method and path, or by what its rpc
is called; mails, logs, searches and refreshed copies are no steps. Whoever retries the whole until it succeeds needs to
undo nothing: that is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    EnvironmentRead,
    Expression,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall
from archlint.core.system.consistency import Saga
from archlint.core.system.messaging import Consumer
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.consistency.saga_words import changes_by_name, changes_by_path, is_setup, undoes
from archlint.model.code.consistency.work import (
    are_exclusive,
    body_of,
    callers_of,
    in_handler,
    index_of,
    is_in_test,
    shown,
)
from archlint.model.code.consistency.workflows import add_workflows
from archlint.model.code.objects import base_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_HOPS = 3
_OF_SESSIONS = ("session.rollback", "db.rollback", "connection.rollback", "conn.rollback", "transaction.rollback")
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_Function = tuple[PythonFunction, Module]
_Compensation = Setting[str] | Unknown | None


@dataclass(frozen=True)
class _Step:
    """A change of a service as one function sees it: the call that leads to it. ``target`` tells callees apart."""

    call: PythonCall
    target: str
    remote: RemoteCall
    chain: tuple[Place, ...] = ()


def add_sagas(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    remote = {one.at: one for one in draft.select(RemoteCall)}
    handlers = {one.handler for one in draft.select(Consumer)}
    add_workflows(draft, scope)
    search = _Search(draft, scope, remote, handlers)
    for service, (function, module), steps in search.found():
        failing, standing = steps[-1], steps[0]
        where = f"{service}.{shown(function)}"
        draft.add(
            Saga(
                at=failing.call.at,
                name=where,
                key=f"{service} {function.name} changes {' and '.join(one.target for one in steps)}",
                service=service,
                kind="function",
                steps=tuple(_shown(one) for one in steps),
                standing=_shown(standing),
                failing=_shown(failing),
                compensation=search.compensation(function, module, steps),
                related=(
                    *(Place(one.call.at, f"changes {one.target}") for one in steps[:-1]),
                    *(place for one in steps for place in one.chain),
                ),
            )
        )


def _shown(step: _Step) -> str:
    """The call, and what gives its address in the code where that does not resolve."""
    return step.remote.name.replace(step.remote.target, step.target)


class _Search:
    """The functions that change several services."""

    def __init__(self, draft: Draft, scope: CodeScope, remote: dict[Span, RemoteCall], handlers: set[str]) -> None:
        self.draft = draft
        self.scope = scope
        self.remote = remote
        self.handlers = handlers
        self.stores = {one.name for one in draft.workloads if one.role != "service"}
        """What is called, but is no service: search engines, identity providers, test doubles."""

    def found(self) -> Iterator[tuple[str, _Function, list[_Step]]]:
        """Each function with steps in more than one service, and its steps in order."""
        by_function: dict[tuple[str, str], tuple[_Function, list[_Step]]] = {}
        for one in self.remote.values():
            step = self._step(one)
            if step is not None:
                function, found = step
                by_function.setdefault((one.service, function[0].name), (function, []))[1].append(found)
        level = dict(by_function)
        for _ in range(_MOST_HOPS):
            above: dict[tuple[str, str], tuple[_Function, list[_Step]]] = {}
            for (service, _), (function, steps) in sorted(level.items()):
                ordered = self._sequence(*function, steps)
                if ordered:
                    yield service, function, ordered
                    continue
                for caller, home, call in callers_of(self.draft, self.scope, *function):
                    key = (service, caller.name)
                    inner = steps[0]
                    known = above.setdefault(key, ((caller, home), list(by_function.get(key, ((), []))[1])))
                    place = Place(inner.call.at, f"changes {inner.target}")
                    known[1].append(_Step(call, inner.target, inner.remote, (place, *inner.chain)))
            by_function.update(above)
            level = above

    def _step(self, remote: RemoteCall) -> tuple[_Function, _Step] | None:
        found = self.draft.program.function_named(remote.function)
        if found is None or is_setup(found[0].name) or remote.target in self.stores or not _changes(remote):
            return None
        call = next((one for one in body_of(self.draft, *found) if one.at == remote.at), None)
        target = _target(remote, call) if call is not None else None
        return None if call is None or target is None else (found, _Step(call, target, remote))

    def _sequence(self, function: PythonFunction, module: Module, steps: list[_Step]) -> list[_Step]:
        """The steps that are made one after the other in one run of the function; empty where they are in one
        service."""
        if is_setup(function.name) or len({one.target for one in steps}) < 2:
            return []
        index = index_of(function, module)
        outside = [
            one
            for one in steps
            if not in_handler(index, module, one.call.at) and (one.call.loop is None or one.call.loop.kind == "for")
        ]
        outside.sort(key=lambda one: (one.call.at.line, one.call.at.column))
        for first in outside:
            if first.call.branch and not is_in_test(index, module, first.call.at):
                continue
            following = [
                one
                for one in outside
                if one is not first
                and (one.call.at.line, one.call.at.column) > (first.call.at.line, first.call.at.column)
                and not are_exclusive(index, module, first.call.at, one.call.at)
            ]
            if any(one.target != first.target for one in following):
                return [first, *following]
        return []

    def compensation(self, function: PythonFunction, module: Module, steps: list[_Step]) -> _Compensation:
        """What undoes the first step, in the function or around a call of it."""
        found = self._undone(function, module, steps)
        if found is not None:
            return found
        level = [(function, module)]
        for _ in range(2):
            if any(one.name in self.handlers for one, _ in level):
                return Unknown("the whole is tried again when it fails")
            level = [(one, home) for each in level for one, home, _ in callers_of(self.draft, self.scope, *each)]
            for caller, home in level:
                found = self._undone(caller, home, steps)
                if found is not None:
                    return found
        return None

    def _undone(self, function: PythonFunction, module: Module, steps: list[_Step]) -> _Compensation:
        index = index_of(function, module)
        first = steps[0].call.at
        for call in body_of(self.draft, function, module):
            last = call.name.rpartition(".")[2]
            if last == "retry" and call.name.startswith(("self.", "?")):
                return Unknown("the whole is tried again when it fails")
            remote = self.remote.get(call.at)
            path = remote.path if isinstance(remote, HttpCall) and isinstance(remote.path, str) else ""
            is_step = any(one.call is call for one in steps)
            if not is_step and not call.name.endswith(_OF_SESSIONS) and undoes(last, path, *_given(call)):
                return Setting("an undoing call", "code", call.at)
            if (
                in_handler(index, module, call.at)
                and call.at.line > first.line
                and self._changes_elsewhere(call, module)
            ):
                return Setting("a step back where it fails", "code", call.at)
        return None

    def _changes_elsewhere(self, call: PythonCall, module: Module) -> bool:
        remote = self.remote.get(call.at)
        if remote is not None:
            return _changes(remote)
        return any(
            (found := self.remote.get(inner.at)) is not None and _changes(found)
            for function, home in self.draft.program.called_functions(call, module)
            for inner in body_of(self.draft, function, home)
        )


def _changes(remote: RemoteCall) -> bool:
    """Whether the call is known to change what the callee holds."""
    if isinstance(remote, HttpCall):
        if remote.method not in _METHODS:
            return False
        path = remote.path if isinstance(remote.path, str) else ""
        return changes_by_path(remote.target, path, remote.function.rpartition(".")[2], remote.target_kind)
    if isinstance(remote, GrpcCall):
        return isinstance(remote.rpc, str) and changes_by_name(remote.rpc)
    return changes_by_name(remote.name.rpartition(" ")[2].rpartition(".")[2])


def _target(remote: RemoteCall, call: PythonCall) -> str | None:
    """What tells the callee from others: its name, else what gives its address in the code."""
    if remote.target_kind != "unknown" or (isinstance(remote, HttpCall) and isinstance(remote.host, str)):
        return remote.target
    if isinstance(remote, GrpcCall):
        return str(remote.rpc_service) if isinstance(remote.rpc_service, str) else None
    if not isinstance(remote, HttpCall):
        return remote.target
    url = call.argument("url", 1 if call.name.rpartition(".")[2] == "request" else 0)
    return _leading(url.value if url is not None else None) or _leading(base_of(call.callee))


def _leading(value: Expression | None) -> str | None:
    """What an address begins with, as far as it is a name."""
    if isinstance(value, Template) and value.parts:
        value = value.parts[0]
    if isinstance(value, EnvironmentRead):
        return value.key
    if isinstance(value, Reference):
        name = value.name.rpartition(".")[2]
        return name if name.lower() not in ("requests", "httpx", "session", "client", "base_url", "url") else None
    if isinstance(value, Member):
        return value.name
    return None


def _given(call: PythonCall) -> Iterator[str]:
    """The functions and short texts that a call is given."""
    for one in call.arguments:
        value = one.value
        if isinstance(value, Reference):
            yield value.name.rpartition(".")[2]
        elif isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) < 60:
            yield value.value
