"""Whether handling a request changes something: a datastore, a queue, another service, a file, what the process keeps.

In: a handler. Out: the first change that is seen, UNKNOWN where none is seen but not all is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
)
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.access.purposes import WRITES, only_reads
from archlint.model.code.calls.http_methods import http_methods
from archlint.model.code.messaging.message_effects import effects_of
from archlint.model.code.objects import base_of, call_of, member_of
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

_DEPTH = 6
_SHALLOW = 3
"""How far away a list or dictionary that changes still is the state of the API, and not a library's own."""
_MUTATORS = names("append add update pop remove insert clear extend setdefault popitem discard appendleft popleft")
_COMMITS = names("commit flush add_all bulk_save_objects bulk_insert_mappings save_all")
_CREATED = pattern(r"20[12](?: .*)?|(?:HTTP_)?20[12]_(?:CREATED|ACCEPTED)|CREATED|ACCEPTED|HTTP_20[12]")
_HARMLESS = pattern(
    r"(?i)(?:^|\.)(?:log|logger|logging|metrics?|statsd|span|tracer|counter|histogram|response|resp|headers|params|"
    r"form|schema|serializer|parser|completions?|messages|embeddings|images|chat|llm|client_session|context|ctx|dict|set|params)\.\w+$"
    r"|(?:^|\.)(?:set_cookie|delete_cookie|add_header|set_header|add_message|set_test_cookie|write_message)$"
)
_TOO_PLAIN = names("add set put update start process apply stop execute order remove store")
"""Methods of lists and dictionaries, too."""
_OPAQUE = ("?", "nameko.", "fastapi.", "dapr.", "django.shortcuts.", "rest_framework.")
"""What gives objects whose classes are not read: ``self.get_object().update_stock()``."""
_STORE = pattern(
    r"(?i)(?:repo(?:s|sitor(?:y|ies))?|dao|store|storage|db|database|crud|session|queue|producer|publisher|bus|service|"
    r"manager|handler|client|rpc|use_?case|interactor|unit_of_work|uow)s?(?:\.|$|\(|_)"
)
"""What objects are called through which something is changed, where their classes are not read."""
_ASIDE = pattern(r"(?i)cache|metric|registr|memo|log|seen|stat|test|hook|plugin|error|warn|header|loader")
"""What lists and dictionaries of a module are called that are no state of the API."""
_FILES = names(
    "upload_file upload_fileobj put_object upload_blob upload_from_string upload_from_file write_bytes write_text"
)
_TEMPORARY = pattern(r"(?i)te?mp|cache|\.log\b|/dev/")


def change_of(
    draft: Draft, handler: tuple[PythonFunction, Module] | None, is_post: bool, is_question: bool = False
) -> tuple[Truth, tuple[Place, ...]]:
    """Whether handling changes state, with the place of the first change that is seen.

    ``is_question``: its name says that it only reads; then what it calls may note that it was asked.
    """
    if handler is None:
        return (Unknown("its handler is not read"), ()) if is_post else (True, ())
    function, module = handler
    calls = draft.program.reachable(function, module, _SHALLOW - 1 if is_question else _DEPTH)
    written = _written(draft)
    kept = [(call, home) for call, home in calls if not _is_cache(call, home)]
    for effect in effects_of(draft, kept, written):
        if not (effect.at in written and _reads_elsewhere(draft, effect.at)):
            return True, (Place(effect.at, f"changes state: {effect.what}"),)
    near = draft.program.reachable(function, module, 1 if is_question else _SHALLOW)
    place = _kept(draft, function, module, near)
    if place is not None:
        return True, (place,)
    guess = None
    for call, home in calls:
        what = _other(draft, call, home)
        if what is not None:
            return True, (Place(call.at, f"changes state: {what}"),)
        guess = guess or _by_name(draft, call, home)
    if guess is not None:
        return True, (guess,)
    if any(call.at in _passing(draft) for call, _ in calls):
        return Unknown("it passes the call on to another service"), ()
    if is_post and not is_question and _creates(function, module):
        return True, (Place(function.at, "answers that something was created or accepted"),)
    if is_post:
        return Unknown("nothing that it changes is seen"), ()
    return (True, ()) if calls else (Unknown("its handler does nothing"), ())


def _is_cache(call: PythonCall, module: Module) -> bool:
    """Whether a call only keeps an answer for later: what a cache holds is no state."""
    last = call.name.rpartition(".")[2]
    if last in ("setex", "psetex", "expire"):
        return True
    if last not in ("set", "hset", "mset", "hmset", "add", "delete", "setnx", "put"):
        return False
    function = module.facts.functions[call.function].name if call.function is not None else ""
    return "cache" in f"{call.name} {function}".lower()


def _creates(function: PythonFunction, module: Module) -> bool:
    """Whether a handler answers 201 or 202: something was created, or work was accepted (RFC 9110, 15.3)."""
    for value in function.returns:
        items = value.items if isinstance(value, Display) else ()
        if any(_is_created(one) for one in items):
            return True
    made = [call_of(one, module) for one in (*function.decorators, *function.returns)]
    return any(
        argument.name in ("status_code", "status", "default_status_code") and _is_created(argument.value)
        for call in made
        if call is not None
        for argument in call.arguments
    )


def _is_created(value: Expression) -> bool:
    text = str(value.value) if isinstance(value, Literal) else member_of(value)
    return _CREATED.fullmatch(text) is not None


def _written(draft: Draft) -> Mapping[Span, str]:
    memo = draft.memo.get("unsafe calls")
    if not isinstance(memo, dict):
        memo = draft.memo["unsafe calls"] = http_methods(draft)
    return memo


def _passing(draft: Draft) -> frozenset[Span]:
    """The calls whose method is whatever came in: those of a gateway."""
    memo = draft.memo.get("calls that are passed on")
    if not isinstance(memo, frozenset):
        memo = draft.memo["calls that are passed on"] = frozenset(
            one.at for one in draft.select(HttpCall) if isinstance(one.method, Unknown)
        )
    return memo


def _reads_elsewhere(draft: Draft, at: Span) -> bool:
    """Whether an unsafe call to another service only asks there: its path says search, validate, predict."""
    memo = draft.memo.get("paths of calls")
    if not isinstance(memo, dict):
        memo = draft.memo["paths of calls"] = {
            one.at: one.path for one in draft.select(HttpCall) if isinstance(one.path, str)
        }
    path = memo.get(at)
    return isinstance(path, str) and only_reads(path, "")


def _other(draft: Draft, call: PythonCall, module: Module) -> str | None:
    last = call.name.rpartition(".")[2]
    if last in _COMMITS and "." in call.name:
        # A dependency that commits whatever its user did says nothing about this one.
        around = module.facts.functions[call.function] if call.function is not None else None
        generic = around is None or around.is_generator or around.name.endswith(("__exit__", "__aexit__"))
        return None if generic else f"{last}()"
    if last in _FILES:
        return f"{last}()"
    if last == "open" and call.name == "open":
        mode = call.argument("mode", 1)
        writes = mode is not None and isinstance(mode.value, Literal) and str(mode.value.value)[:1] in ("w", "a", "x")
        return "a file" if writes and not _TEMPORARY.search(_texts(call.arguments[0].value, module, 0)) else None
    if call.at in _rpcs(draft):
        return None if only_reads("", last) else f"{last}() of another service"
    if last in ("delete", "save", "create", "bulk_update", "update") and ".objects" in call.name:
        return call.name.rpartition(".objects")[2].lstrip(".") or last
    return None


def _texts(value: Expression, module: Module, depth: int) -> str:
    """The texts in an expression: parts of a path."""
    if isinstance(value, Literal | Reference):
        return str(getattr(value, "value", "")) + getattr(value, "name", "")
    call = call_of(value, module)
    if call is not None and depth < 3:
        return call.name + " ".join(_texts(one.value, module, depth + 1) for one in call.arguments)
    parts = getattr(value, "parts", ()) if depth < 3 else ()
    return " ".join(_texts(one, module, depth + 1) for one in parts)


def _rpcs(draft: Draft) -> frozenset[Span]:
    memo = draft.memo.get("places of rpcs")
    if not isinstance(memo, frozenset):
        memo = draft.memo["places of rpcs"] = frozenset(one.at for one in draft.select(GrpcCall))
    return memo


def _by_name(draft: Draft, call: PythonCall, module: Module) -> Place | None:
    """A method of an object that is not known whose name says that it changes something."""
    last = call.name.rpartition(".")[2]
    if not WRITES.match(last) or "." not in call.name or _HARMLESS.search(call.name):
        return None
    callee = draft.program.callee(call, module)
    if draft.program.function_named(callee) is not None:
        return None
    if last in _TOO_PLAIN:
        return None
    if not callee.startswith(_OPAQUE) and not _STORE.search(callee.rpartition(".")[0]):
        return None
    return Place(call.at, f"changes state: {last}()")


def _kept(
    draft: Draft, function: PythonFunction, module: Module, calls: tuple[tuple[PythonCall, Module], ...]
) -> Place | None:
    """A change of what the process itself keeps: a list or dictionary of a module."""
    for call, home in calls:
        if member_of(call.callee) in _MUTATORS:
            base = base_of(call.callee)
            if base is not None and not _ASIDE.search(call.name) and _is_kept(draft, base, home, 0):
                return Place(call.at, f"changes what the process keeps: {member_of(call.callee)}()")
    ran = {(home.path, call.function) for call, home in calls}
    ran.update((module.path, place) for place, one in enumerate(module.facts.functions) if one is function)
    for path in sorted({path for path, _ in ran}):
        home = draft.program.modules[path]
        for one in home.facts.assignments:
            if (
                (path, one.function) in ran
                and isinstance(one.target, Item)
                and _is_kept(draft, one.target.base, home, 0)
            ):
                return Place(one.at, "changes what the process keeps")
    return None


def _is_kept(draft: Draft, value: Expression, module: Module, depth: int) -> bool:
    """Whether an expression stands for a list or dictionary of a module, or what is in one."""
    if depth > 4:
        return False
    if isinstance(value, Reference):
        return _stands_in_module(draft, value, module)
    if isinstance(value, Element):
        return _is_kept(draft, value.iterable, module, depth + 1)
    if isinstance(value, Item | Member):
        return _is_kept(draft, value.base, module, depth + 1)
    if isinstance(value, Choice):
        return any(_is_kept(draft, one, module, depth + 1) for one in value.options)
    call = call_of(value, module)
    if call is not None and member_of(call.callee) in ("get", "setdefault", "enumerate", "next", "values", "items"):
        base = base_of(call.callee)
        if base is not None:
            return _is_kept(draft, base, module, depth + 1)
        return bool(call.arguments) and _is_kept(draft, call.arguments[0].value, module, depth + 1)
    return False


def _stands_in_module(draft: Draft, value: Reference, module: Module) -> bool:
    index = draft.memo.get("collections of modules")
    if not isinstance(index, dict):
        index = draft.memo["collections of modules"] = _collections(draft)
    return value.name in index or draft.program.qualify(value, module) in index


def _collections(draft: Draft) -> dict[str, bool]:
    found = {}
    for module in draft.program.modules.values():
        for one in module.facts.assignments:
            if one.function is not None or not isinstance(one.target, Reference):
                continue
            if isinstance(one.value, Display | Dictionary | Comprehension):
                found[one.target.name] = True
            else:
                call = call_of(one.value, module)
                if call is not None and member_of(call.callee) in (
                    "dict",
                    "list",
                    "set",
                    "defaultdict",
                    "deque",
                    "OrderedDict",
                ):
                    found[one.target.name] = True
    return found
