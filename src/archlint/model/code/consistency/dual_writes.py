"""Functions that change a database and publish a message, with nothing that makes both happen or neither.

In: the publications of the services' code, followed up through helpers that only publish, and the changes of databases,
followed down through helpers that only change. Out: one DualWrite a function. Refuses: relays of an outbox, jobs that a
service hands to its own workers, and functions whose changes are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Element,
    Expression,
    Literal,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
)
from archlint.core.record import dataclass, pattern
from archlint.core.system.consistency import DualWrite
from archlint.core.values import Place, Unknown, known
from archlint.model.change_capture import captured
from archlint.model.code.consistency.stored_changes import NAMES, StoredChange, change_of
from archlint.model.code.consistency.work import are_exclusive, body_of, callers_of, in_handler, index_of, shown
from archlint.model.code.messaging.effect_values import is_reply
from archlint.model.code.messaging.publications import Publication, job_of, publications
from archlint.model.code.messaging.publishing import channels_of
from archlint.model.code.objects import base_of, call_of, member_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_HOPS = 3
_RELAY = pattern(
    r"outbox|relay|(publish|dispatch|send|flush)_?(pending|unsent|unpublished|stored|queued)|unpublished|"
    r"dead_?letter|dlq|requeue|republish|redeliver|(^|_)retry_",
    re.I,
)
_OUTBOX = pattern(
    r"outbox|outgoing|(pending|unsent|queued|unpublished)_?(events?|messages?)|(events?|messages?)_?queue", re.I
)
_PUBLISHED = pattern(r"^(is_)?(published|publish(ed)?_at|relayed|relayed_at)$", re.I)
_SENT = pattern(r"^(is_)?(dispatched|sent|delivered|processed)(_at)?$", re.I)
_DONE = pattern(r"^(is_)?(processed|sent|published|synced|exported|notified|queued|enqueued|dispatched)(_\w+)?$", re.I)
_MARKING = frozenset({"update", "commit"})
_MESSAGES = pattern(r"event|message|msg|notification|record", re.I)
_DEAD = pattern(r"dlq|dlx|dead|poison|parking|retry", re.I)
_CLAIMED = pattern(r"SKIP\s+LOCKED|outbox", re.I)


@dataclass(frozen=True)
class _Sent:
    """A publication as one function sees it: the call there that leads to it, and the places between."""

    call: PythonCall
    publication: Publication
    chain: tuple[Place, ...]


_Function = tuple[PythonFunction, Module]


def add_dual_writes(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    found = _Search(draft, scope)
    seen: set[tuple[str, str]] = set()
    for (function, module), sent, changes in found.functions():
        for service in scope.services_running(sent.call, module):
            if (service, function.name) not in seen:
                seen.add((service, function.name))
                draft.add(_subject(draft, service, function, sent, changes))


def _subject(
    draft: Draft, service: str, function: PythonFunction, sent: _Sent, changes: tuple[StoredChange, ...]
) -> DualWrite:
    publication = sent.publication
    channel = _channels(draft, publication)[0]
    where = f"{service}.{shown(function)}"
    change = next((one for one in changes if one.verb != "commit"), changes[0])
    return DualWrite(
        at=sent.call.at,
        name=where,
        key=f"{service} {function.name} publishes {known(channel) or 'a message'}",
        service=service,
        function=function.name,
        write=change.shown,
        broker=publication.broker,
        channel=channel,
        protection=captured(draft, service),
        related=(*(Place(one.at, one.shown) for one in changes[:5]), *sent.chain),
    )


def _channels(draft: Draft, publication: Publication) -> tuple[str | Unknown, ...]:
    if publication.channel is not None:
        return (publication.channel,)
    return channels_of(draft, publication.call, publication.module, publication.way)


class _Search:
    """The functions that do both. Summaries of functions are worked out once."""

    def __init__(self, draft: Draft, scope: CodeScope) -> None:
        self.draft = draft
        self.scope = scope
        self.sent: dict[str, list[_Sent]] = {}
        self.changes: dict[str, tuple[StoredChange, ...]] = {}

    def functions(self) -> Iterator[tuple[_Function, _Sent, tuple[StoredChange, ...]]]:
        """Each function that does both, with what it publishes first and what it changes."""
        level: dict[str, _Function] = {}
        for publication in publications(self.draft, self.scope):
            module = publication.module
            function = module.function(publication.function)
            if function is None or is_reply(publication.call) or self._is_own_job(publication):
                continue
            if any(isinstance(one, str) and _DEAD.search(one) for one in _channels(self.draft, publication)):
                continue
            self.sent.setdefault(function.name, []).append(_Sent(publication.call, publication, ()))
            level[function.name] = (function, module)
        done: set[str] = set()
        for _ in range(_MOST_HOPS):
            done.update(level)
            above: dict[str, _Function] = {}
            for name, found in sorted(level.items()):
                if _is_relay(*found, body_of(self.draft, *found)):
                    continue
                changes = self._changed(*found, _MOST_HOPS)
                if changes:
                    sent = None if _marks_sent(*found, changes) else _together(*found, self.sent[name], changes)
                    if sent is not None:
                        yield found, sent, changes
                    continue
                for caller, home, call in callers_of(self.draft, self.scope, *found):
                    if caller.name in done:
                        continue
                    inner = self.sent[name][0]
                    place = Place(inner.call.at, "publishes here")
                    self.sent.setdefault(caller.name, []).append(_Sent(call, inner.publication, (place, *inner.chain)))
                    above[caller.name] = (caller, home)
            level = above

    def _is_own_job(self, publication: Publication) -> bool:
        """Whether the message is work that the service hands to its own worker: no event that others wait for."""
        if not publication.way.is_job:
            return False
        job = job_of(self.draft, publication)
        if job is None:
            return not publication.call.name.endswith("send_task")
        publishing = set(self.scope.services_running(publication.call, publication.module))
        owners = set(self.scope.owners(job[1]))
        return not owners or bool(owners & publishing)

    def _changed(self, function: PythonFunction, module: Module, hops: int) -> tuple[StoredChange, ...]:
        """What the function changes itself or through helpers that publish nothing."""
        found = self.changes.get(function.name)
        if found is not None:
            return found
        self.changes[function.name] = ()
        changes: list[StoredChange] = []
        body = body_of(self.draft, function, module)
        for call in body:
            change = change_of(self.draft, call, module) if call.name.rpartition(".")[2] in NAMES else None
            if change is not None:
                changes.append(change)
        if not changes and hops > 0:
            for call in body:
                for target, home in self.draft.program.called_functions(call, module):
                    if target.name in self.sent or target is function or call.name.startswith(("logger.", "logging.")):
                        continue
                    inner = self._changed(target, home, hops - 1)
                    if inner:
                        changes.append(StoredChange(inner[0].verb, call.at, inner[0].table))
                        changes.append(inner[0])
                        break
                if len(changes) > 5:
                    break
        if hops == _MOST_HOPS or changes:
            self.changes[function.name] = tuple(changes)
        else:
            del self.changes[function.name]
        return tuple(changes)


def _together(
    function: PythonFunction, module: Module, sent: list[_Sent], changes: tuple[StoredChange, ...]
) -> _Sent | None:
    """What one run publishes that also makes one of the changes: after it, else before it. Telling that the change
    failed is no such thing."""
    index = index_of(function, module)
    own = [
        one.at
        for one in changes
        if one.at.path == function.at.path and function.at.line <= one.at.line <= function.end_line
    ]
    before: _Sent | None = None
    for one in sorted(sent, key=lambda each: (each.call.at.line, each.call.at.column)):
        at = one.call.at
        for change in own:
            first, second = sorted((at, change), key=lambda each: (each.line, each.column))
            if are_exclusive(index, module, first, second):
                continue
            if in_handler(index, module, at) and not in_handler(index, module, change):
                continue
            if first is change:
                return one
            before = before or one
    return before


def _is_relay(function: PythonFunction, module: Module, body: list[PythonCall]) -> bool:
    """Whether the function publishes what was stored to be published."""
    if _RELAY.search(function.name.rpartition(".")[2]) or _RELAY.search(function.owner or ""):
        return True
    if _RELAY.search(module.path.rpartition("/")[2]):
        return True
    for call in body:
        if call.argument("skip_locked") is not None or _OUTBOX.search(call.name.rpartition(".")[2]):
            return True
        for argument in call.arguments:
            value = argument.value
            named = value.name.rpartition(".")[2] if isinstance(value, Reference) else ""
            if named[:1].isupper() and _OUTBOX.search(named):
                return True
            text = value.value if isinstance(value, Literal) and isinstance(value.value, str) else ""
            if len(text) > 20 and _CLAIMED.search(text):
                return True
    return False


def _marks_sent(function: PythonFunction, module: Module, changes: tuple[StoredChange, ...]) -> bool:
    """Whether what it changes is an outbox, or whether it marks what it published."""
    if any(one.table is not None and _OUTBOX.search(one.table) for one in changes):
        return True
    for one in changes:
        if one.verb == "update" and any(_says_sent(column, one.table or "") for column in one.columns):
            return True
    columns = [column for one in changes if one.verb == "update" for column in one.columns]
    if columns and all(_DONE.match(column) for column in columns) and {one.verb for one in changes} <= _MARKING:
        return True
    return any(
        isinstance(one.target, Member | Reference)
        and function.at.line <= one.at.line <= function.end_line
        and _says_sent(member_of(one.target), _owner(one.target, module))
        for one in module.facts.assignments
    )


def _says_sent(name: str, owner: str) -> bool:
    """Whether a field says that a stored message is on its way: an order may be sent and delivered, too."""
    return bool(_PUBLISHED.match(name) or (_SENT.match(name) and _MESSAGES.search(owner)))


def _owner(target: Expression, module: Module) -> str:
    """What the field belongs to, as far as names tell."""
    base = base_of(target)
    if isinstance(base, Element):
        base = base.iterable
    made = call_of(base, module) if base is not None else None
    if made is not None:
        given = [member_of(one.value) for one in made.arguments]
        return " ".join([made.name, *given])
    return base.name if isinstance(base, Reference | Member | Parameter) else ""
