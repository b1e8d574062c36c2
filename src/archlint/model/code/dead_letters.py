"""Where messages go that fail for good: by how the queue is declared, by what the library does, by what the code does.

In: queue declarations in code and the code that handles messages. Out: a Setting, None where nothing takes them,
UNKNOWN where the queue is declared out of sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from archlint.core.facts.python import Dictionary, Expression, Literal, PythonCall
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Place, Setting, Unknown
from archlint.model.code.consumer_libraries import LIBRARIES
from archlint.model.code.handler_trace import texts_of
from archlint.model.code.registrations import Handling
from archlint.model.code.scope import CodeScope, ServiceCode, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_DECLARATIONS = frozenset({"queue_declare", "declare_queue"})
_QUEUES = _DECLARATIONS | {"Queue", "RabbitQueue"}
_DEAD_WORDS = pattern(
    r"dlq|dlx|dead[-_. ]?letter|poison|parking[-_]?lot|quarantine|failed[-_. ](messages|events|topic)|\.errors?$", re.I
)
_MOST_NAMES = 500
_POLICY = "x-dead-letter-exchange"


@dataclass(frozen=True)
class Declaration:
    """A queue that code declares. ``names`` are what its name may be, None where not all are known."""

    at: Span
    names: frozenset[str]
    is_open: bool
    dead_letter: Setting[str] | Unknown | None
    service_names: tuple[str, ...] = ()


def declarations(draft: Draft, scope: CodeScope) -> list[Declaration]:
    """The queues that the code declares."""
    found: list[Declaration] = []
    for module in scope.modules():
        for call in module.calls_named(_QUEUES):
            last = call.name.rpartition(".")[2]
            if last in _DECLARATIONS:
                # A wrapper of the workspace is no declaration itself: what it calls is.
                if draft.program.called_functions(call, module):
                    continue
                name = call.argument("queue", 0) or call.argument("name") or call.argument("queue_name")
                arguments = call.argument("arguments", None)
            elif last == "Queue" and draft.program.callee(call, module).startswith("kombu"):
                name, arguments = call.argument("name", 0), call.argument("queue_arguments")
            elif last == "RabbitQueue":
                name, arguments = call.argument("name", 0), call.argument("arguments")
            else:
                continue
            names, is_open = _names(draft, name.value if name else None, call, module)
            setting = _policy(draft, arguments.value if arguments else None, module, call)
            found.append(Declaration(call.at, names, is_open, setting, scope.owners(module)))
    return found


def dead_letter_of(
    draft: Draft, handling: Handling, service: str, code: ServiceCode, declared: list[Declaration]
) -> tuple[Setting[str] | Unknown | None, tuple[Place, ...]]:
    """Where the messages go that this handling cannot handle, and the declarations that say so."""
    if LIBRARIES[handling.library].failures == "kept":
        return Setting(f"{handling.library}'s own dead-letter queue", "library", handling.registered_at), ()
    if handling.library == "nameko":  # it acknowledges what has failed, too
        return None, ()
    if handling.broker == "rabbitmq":
        return _of_queue(handling, service, declared)
    if handling.broker == "kafka":
        seen = _handles_failures(draft, code)
        return (Setting("a topic of failed messages", "code", seen) if seen is not None else None), ()
    return Unknown("the queue is declared elsewhere"), ()


def _of_queue(
    handling: Handling, service: str, declared: list[Declaration]
) -> tuple[Setting[str] | Unknown | None, tuple[Place, ...]]:
    name = handling.channel
    fitting: list[Declaration]
    if isinstance(name, Unknown):
        fitting = [one for one in declared if one.at == handling.declared_at]
        if not fitting:
            return Unknown("the queue's name is not known"), ()
    else:
        exact = [one for one in declared if name in one.names]
        # A queue that two services declare is declared alike, or the broker refuses the second.
        fitting = exact or [one for one in declared if one.is_open and service in one.service_names]
    if not fitting:
        return Unknown("the queue is declared out of sight"), ()
    settings = [one.dead_letter for one in fitting]
    places = tuple(Place(one.at, "the queue is declared here") for one in fitting)
    for setting in settings:
        if isinstance(setting, Setting):
            return setting, places
    unknown = next((one for one in settings if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown, places
    return None, places


def _names(
    draft: Draft, expression: Expression | None, call: PythonCall, module: Module
) -> tuple[frozenset[str], bool]:
    """What the queue may be called, and whether it may have other names too."""
    if expression is None:
        return frozenset(), False
    found = list(islice(texts_of(draft, expression, call, module), _MOST_NAMES))
    names = frozenset(one for one in found if isinstance(one, str))
    return names, any(isinstance(one, Unknown) for one in found)


def _policy(
    draft: Draft, expression: Expression | None, module: Module, call: PythonCall
) -> Setting[str] | Unknown | None:
    if any(_may_be_set(draft, module, call, one) for one in ("exclusive", "auto_delete")):
        return Unknown("the queue goes with its consumer: what it holds is transient")
    if expression is None:
        return UNKNOWN if call.is_open else None
    if isinstance(expression, Literal) and expression.value is None:
        return None
    resolved, where = assigned_value(draft, expression, module)
    if not isinstance(resolved, Dictionary):
        return Unknown("the queue's arguments are not known")
    for key, value in resolved.entries:
        if key is None:
            inner, _ = assigned_value(draft, value, where)
            if not isinstance(inner, Dictionary):
                return Unknown("the queue's arguments are not known")
            if any(isinstance(one, Literal) and one.value == _POLICY for one, _ in inner.entries):
                return Setting("a dead-letter exchange", "code", call.at)
        elif isinstance(key, Literal) and key.value == _POLICY:
            return Setting("a dead-letter exchange", "code", call.at)
        elif not isinstance(key, Literal):
            values = draft.program.evaluate(key, where)
            if isinstance(values, Unknown) or any(one.value == _POLICY for one in values):
                return Setting("a dead-letter exchange", "code", call.at)
    return None


def _may_be_set(draft: Draft, module: Module, call: PythonCall, name: str) -> bool:
    """Whether a switch of the call is on, or may be: a wrapper's parameter is what its callers and default say."""
    given = call.argument(name)
    values = draft.program.evaluate(given.value, module) if given is not None else ()
    return isinstance(values, Unknown) or any(one.value or not one.is_exact for one in values)


def _handles_failures(draft: Draft, code: ServiceCode) -> Span | None:
    """A topic or helper for failed messages, anywhere in the service: who has one means to use it."""
    for module in code.modules:
        for literal in module.facts.strings:
            if (_DEAD_WORDS.search(literal.value) and len(literal.value) < 120) or _DEAD_WORDS.search(literal.name):
                return literal.at
        for call in module.facts.calls:
            if _DEAD_WORDS.search(call.name):
                return call.at
            for text, at in _literals(call):
                if _DEAD_WORDS.search(text):
                    return at
    return None


def _literals(call: PythonCall) -> Iterator[tuple[str, Span]]:
    for argument in call.arguments:
        value = argument.value
        if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) < 120:
            yield value.value, argument.at
