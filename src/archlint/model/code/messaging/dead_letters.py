"""Where messages go that fail for good: by how the queue is declared, by what the library does, by what the code does.

In: queue declarations in code and the code that handles messages. Out: a Setting, None where nothing takes them,
UNKNOWN where the queue is declared out of sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from archlint.core.facts.python import Argument, Dictionary, Expression, Literal, PythonCall
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Place, Setting, Unknown
from archlint.model.code.messaging.consumer_libraries import LIBRARIES
from archlint.model.code.messaging.handler_trace import text_of, texts_of
from archlint.model.code.messaging.registrations import Handling
from archlint.model.code.scope import CodeScope, ServiceCode
from archlint.model.deployment.broker_settings import broker_settings
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_DECLARATIONS = frozenset({"queue_declare", "declare_queue"})
_QUEUES = _DECLARATIONS | {"Queue", "RabbitQueue", "subscriber", "create_queue", "create_subscription"}
_DEAD_WORDS = pattern(
    r"dlq|dlx|dead[-_. ]?letter|poison|parking[-_]?lot|quarantine|failed[-_. ](messages|events|topic)", re.I
)
_ERROR_TOPIC = pattern(r"^[\w-]+([.-][\w-]+)*[.-](errors?|failed|failures?)$")
_TOPIC_NAME = pattern(r"topic|queue|subject|stream|channel", re.I)
_MOST_NAMES = 500
_POLICY = "x-dead-letter-exchange"
_MAY_HOLD = Unknown("a policy of the broker may hold for the queue")


@dataclass(frozen=True)
class Declaration:
    """A queue that code declares. ``names`` are what its name may be, None where not all are known."""

    at: Span
    names: frozenset[str]
    is_open: bool
    dead_letter: Setting[str] | Unknown | None
    service_names: tuple[str, ...] = ()
    broker: str = "rabbitmq"


def declarations(draft: Draft, scope: CodeScope) -> list[Declaration]:
    """The queues and subscriptions that the code declares."""
    found: list[Declaration] = []
    for module in scope.modules():
        for call in module.calls_named(_QUEUES):
            one = _declared(draft, call, module, scope.owners(module))
            if one is not None:
                found.append(one)
    return found


def _declared(draft: Draft, call: PythonCall, module: Module, owners: tuple[str, ...]) -> Declaration | None:
    last = call.name.rpartition(".")[2]
    name: Argument | None
    broker = "rabbitmq"
    if last in _DECLARATIONS:
        # A wrapper of the workspace is no declaration itself: what it calls is.
        if draft.program.called_functions(call, module):
            return None
        name = call.argument("queue", 0) or call.argument("name") or call.argument("queue_name")
        setting = _policy(draft, _value(call.argument("arguments")), module, call)
    elif last == "Queue" and draft.program.callee(call, module).startswith("kombu"):
        name, setting = call.argument("name", 0), _policy(draft, _value(call.argument("queue_arguments")), module, call)
    elif last == "RabbitQueue":
        name, setting = call.argument("name", 0), _policy(draft, _value(call.argument("arguments")), module, call)
        if call.argument("passive") is not None or call.argument("declare") is not None:
            setting = Unknown("the queue is declared elsewhere")
    elif last == "subscriber" and draft.program.callee(call, module).startswith("faststream.rabbit"):
        # FastStream declares what it subscribes to: by the name alone without any arguments.
        name, setting = call.argument("queue", 0), None
        if name is None or isinstance(text_of(draft, name.value, module), Unknown):
            return None
    elif last == "create_queue" and (given := call.argument("QueueName")) is not None:
        name, broker = given, "sqs"
        setting = _attribute(draft, call.argument("Attributes"), "RedrivePolicy", "a redrive policy", module, call)
    elif last == "create_subscription" and draft.program.callee(call, module).startswith("google.cloud.pubsub"):
        request, broker = call.argument("request", 0), "pubsub"
        setting = _attribute(draft, request, "dead_letter_policy", "a dead-letter policy", module, call)
        entries = _entries(draft, request.value if request is not None else None, module)
        named = next((value for key, value in entries or () if key == Literal("name")), None)
        name = Argument(call.at, "name", named) if named is not None else None
    else:
        return None
    names, is_open = _names(draft, name.value if name is not None else None, call, module)
    return Declaration(call.at, names, is_open, setting, owners, broker)


def _value(argument: Argument | None) -> Expression | None:
    return argument.value if argument is not None else None


def _entries(
    draft: Draft, expression: Expression | None, module: Module
) -> tuple[tuple[Expression | None, Expression], ...] | None:
    found = draft.program.structure(expression, module) if expression is not None else None
    return found[0].entries if found is not None and isinstance(found[0], Dictionary) else None


def _attribute(
    draft: Draft, argument: Argument | None, key: str, what: str, module: Module, call: PythonCall
) -> Setting[str] | Unknown | None:
    """A key of a mapping that declares a queue or subscription."""
    if argument is None:
        return UNKNOWN if call.is_open else None
    entries = _entries(draft, argument.value, module)
    if entries is None or any(one is None for one, _ in entries):
        return Unknown("the queue's attributes are not known")
    return Setting(what, "code", argument.at) if any(one == Literal(key) for one, _ in entries) else None


def dead_letter_of(
    draft: Draft, handling: Handling, service: str, code: ServiceCode, declared: list[Declaration]
) -> tuple[Setting[str] | Unknown | None, tuple[Place, ...]]:
    """Where the messages go that this handling cannot handle, and the declarations that say so."""
    failures = LIBRARIES[handling.library].failures
    if failures == "kept":
        return Setting(f"what {handling.library} keeps of failed messages", "library", handling.registered_at), ()
    if handling.library == "dapr":
        return _of_subscription(handling)
    if handling.library == "nameko":  # it acknowledges what has failed, too
        return None, ()
    if failures == "declared" or handling.broker in ("sqs", "pubsub"):
        return _of_queue(draft, handling, service, declared)
    if failures == "code":
        seen = _handles_failures(draft, code)
        return (Setting("a channel of failed messages", "code", seen) if seen is not None else None), ()
    return Unknown("the queue is declared elsewhere"), ()


def _of_subscription(handling: Handling) -> tuple[Setting[str] | Unknown | None, tuple[Place, ...]]:
    """Dapr's subscriptions name a dead-letter topic themselves; those of a file of their own are read with it."""
    if not isinstance(handling.dead_letter, Unknown) or handling.call is None:
        return handling.dead_letter, ()
    given = handling.call.argument("dead_letter_topic") or handling.call.argument("dead_letter_topic_name")
    if given is not None:
        return Setting("a dead-letter topic", "code", given.at), ()
    return (UNKNOWN if handling.call.is_open else None), ()


def _of_queue(
    draft: Draft, handling: Handling, service: str, declared: list[Declaration]
) -> tuple[Setting[str] | Unknown | None, tuple[Place, ...]]:
    name = handling.channel
    fitting: list[Declaration]
    if isinstance(name, Unknown):
        fitting = [one for one in declared if one.at == handling.declared_at]
        if not fitting:
            return Unknown("the queue's name is not known"), ()
    else:
        exact = [one for one in declared if name in one.names and one.broker == handling.broker]
        # A queue that two services declare is declared alike, or the broker refuses the second.
        fitting = exact or [
            one for one in declared if one.is_open and service in one.service_names and one.broker == handling.broker
        ]
    of_broker = _of_broker(draft, name) if handling.broker == "rabbitmq" else Unknown("it is declared out of sight")
    if not fitting:
        at = next((one.at for one in broker_settings(draft).queues if one.name == name), None)
        return of_broker, (Place(at, "the queue is declared here"),) if at is not None else ()
    settings = [one.dead_letter for one in fitting]
    places = tuple(Place(one.at, "the queue is declared here") for one in fitting)
    for setting in (*settings, of_broker):
        if isinstance(setting, Setting):
            return setting, places
    unknown = next((one for one in settings if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown, places
    if of_broker == _MAY_HOLD:
        return of_broker, places
    return None, places


def _of_broker(draft: Draft, name: str | Unknown) -> Setting[str] | Unknown | None:
    """What the scanned broker's own settings say of a queue; UNKNOWN where they do not tell."""
    broker = broker_settings(draft)
    holding = [(one, UNKNOWN if isinstance(name, Unknown) else one.holds_for(name)) for one in broker.policies]
    for policy, holds in holding:
        if holds is True:
            return Setting("a policy of the broker", "configuration", policy.at)
    if any(isinstance(holds, Unknown) for _, holds in holding):
        return _MAY_HOLD
    queue = next((one for one in broker.queues if one.name == name), None)
    if queue is not None:
        return Setting("a dead-letter exchange", "configuration", queue.at) if queue.has_dead_letter else None
    return Unknown("the queue is declared out of sight")


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
    found = draft.program.structure(expression, module)
    resolved, where = found if found is not None else (expression, module)
    if not isinstance(resolved, Dictionary):
        return Unknown("the queue's arguments are not known")
    for key, value in resolved.entries:
        if key is None:
            spread = draft.program.structure(value, where)
            inner = spread[0] if spread is not None else value
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
            named = len(literal.value) < 120 and (
                _DEAD_WORDS.search(literal.value)
                or (_ERROR_TOPIC.match(literal.value) and _TOPIC_NAME.search(literal.name))
            )
            if named or _DEAD_WORDS.search(literal.name):
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
