"""What the rounds of a loop are: elements of data, or attempts, polls, pages, batches, messages, a fixed few.

In: loops as the reader saw them. Out: plain answers; where it cannot be told, a loop is not taken for one over data.
"""

from __future__ import annotations

from itertools import islice

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Lambda,
    Literal,
    Loop,
    Member,
    Parameter,
    PythonCall,
    Reference,
    Result,
    Template,
    dotted,
)
from archlint.core.values import Unknown
from archlint.model.code.messaging.message_libraries import BROKER
from archlint.model.code.objects import base_of, member_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.paths import names, words
from archlint.model.program.program import Module
from archlint.model.topology.parts import all_parts

_SAME_ELEMENTS = frozenset(
    {"enumerate", "sorted", "reversed", "list", "set", "tuple", "iter", "tqdm", "zip", "islice", "filter", "track"}
)
_OF_MAPPING = frozenset({"items", "keys", "values"})
_NOT_DATA = names(
    "retry retries retrying attempt attempts fallback fallbacks backoff tenacity stamina delay delays wait waits poll "
    "polls polling tick ticks count cycle repeat page pages paginate paginator pagination pager cursor cursors offset "
    "offsets chunk chunks chunked batch batches batched grouper slice slices partition partitions listen listener "
    "consume consumer consumers subscribe subscriber pubsub message messages receive received stream streams watch "
    "tail msg msgs worker workers replica replicas node nodes host hosts endpoint endpoints server servers service "
    "services backend backends peer peers mirror mirrors url urls"
)
"""Words that say that a loop goes over attempts, pages, batches, messages or callees."""
_INFRASTRUCTURE = names(
    "prometheus grafana loki jaeger zipkin tempo otel otlp collector elastic elasticsearch opensearch solr consul "
    "vault etcd zookeeper eureka registry rabbit rabbitmq kafka broker redis influx influxdb pushgateway statsd "
    "metadata keycloak qdrant minio"
)
_MOST_DEPTH = 6


def is_over_data(draft: Draft, loop: Loop, call: PythonCall, module: Module) -> bool:
    """Whether the loop around the call goes over data whose length is open."""
    if loop.kind == "while":
        return False
    made = module.call(loop.over.call) if isinstance(loop.over, Result) else None
    if made is not None and made.name == "range":
        # Numbers are attempts, pages or starts of batches, unless the call takes the element of that number.
        return len(made.arguments) == 1 and _takes_element(call, Element(loop.over), module)
    return _is_data(draft, loop.over, module, 0)


def depends_on_element(call: PythonCall, loop: Loop, module: Module) -> bool:
    """Whether what the call sends depends on the round: an argument is made from the element, or is not known."""
    parts = [one.value for one in call.arguments]
    base = base_of(call.callee)
    if base is not None:
        parts.append(base)
    return any(
        isinstance(one, Unknown) or (isinstance(one, Element) and one.iterable == loop.over)
        for part in parts
        for one in all_parts(part, module)
    )


def leads_to_element(call: PythonCall) -> bool:
    """Whether the address of the call begins with an element of a loop, with what a caller hands in, or with what is
    called like infrastructure: whom the call asks is then open."""
    url = call.argument("url") or next((one for one in call.arguments if one.name is None), None)
    value = url.value if url is not None else None
    while isinstance(value, Template) and value.parts:
        value = value.parts[0]
    if isinstance(value, Reference | Member | Item | EnvironmentRead):
        shown = value.key if isinstance(value, EnvironmentRead) else dotted(value)
        if _says(shown, 2, _INFRASTRUCTURE):
            return True
    while isinstance(value, Member | Item):
        value = value.base
    return value is None or isinstance(value, Element | Parameter | Unknown | Choice | Result)


def _is_data(draft: Draft, over: Expression, module: Module, depth: int) -> bool:
    if depth > _MOST_DEPTH or isinstance(over, Unknown | Literal | Display | Dictionary | Lambda):
        return False
    if isinstance(over, Comprehension):
        taken = (one.iterable for one in all_parts(over.element, module) if isinstance(one, Element))
        return all(_is_data(draft, one, module, depth + 1) for one in islice(taken, _MOST_DEPTH))
    if isinstance(over, Choice):
        return all(
            _is_data(draft, one, module, depth + 1) or one in (Display(()), Literal(None)) for one in over.options
        )
    if isinstance(over, Result):
        made = module.call(over.call)
        return made is not None and _is_data_of_call(draft, made, module, depth)
    if isinstance(over, Reference):
        found, where = assigned_value(draft, over, module)
        if isinstance(found, Display | Dictionary):
            return not (found.items if isinstance(found, Display) else found.entries)
        if found is not over and isinstance(found, Choice):
            return _is_data(draft, found, where, depth + 1)
        if over.name.rpartition(".")[2].isupper():
            return False
    if isinstance(over, Item) and _is_batch_of_messages(over.key):
        return False
    return not _says(dotted(over), 1, _NOT_DATA)


def _is_data_of_call(draft: Draft, made: PythonCall, module: Module, depth: int) -> bool:
    name = member_of(made.callee)
    if name == "range":
        return False
    if name in _SAME_ELEMENTS and _last_of(made.name, 2) in (name, f"itertools.{name}", f"tqdm.{name}"):
        return _first(draft, made, module, depth)
    base = base_of(made.callee)
    if name in _OF_MAPPING and base is not None:
        return _is_data(draft, base, module, depth + 1)
    if _says(made.name, 2, _NOT_DATA):
        return False
    if name == "get" and made.arguments and _is_batch_of_messages(made.arguments[0].value):
        return False
    return not BROKER.match(draft.program.callee(made, module))


def _is_batch_of_messages(key: Expression) -> bool:
    """``event["Records"]`` of a Lambda, ``answer.get("Messages", [])`` of SQS."""
    return (
        isinstance(key, Literal)
        and isinstance(key.value, str)
        and (key.value == "Records" or _says(key.value, 1, _NOT_DATA))
    )


def _takes_element(call: PythonCall, number: Element, module: Module) -> bool:
    """Whether an argument is ``data[number]``, or made from it."""
    return any(
        isinstance(one, Item) and one.key == number
        for argument in call.arguments
        for one in all_parts(argument.value, module)
    )


def _first(draft: Draft, call: PythonCall, module: Module, depth: int) -> bool:
    return bool(call.arguments) and _is_data(draft, call.arguments[0].value, module, depth + 1)


def _says(name: str, parts: int, wanted: frozenset[str]) -> bool:
    """Whether one of the words in the last parts of a dotted name is wanted."""
    return not wanted.isdisjoint(words(_last_of(name, parts)))


def _last_of(name: str, parts: int) -> str:
    """The last parts of a dotted name: those before are modules, whose names say nothing of the data."""
    return ".".join(name.split(".")[-parts:])
