"""The line of the code that gives the target of a remote call.

In: a call with the chain of its address. Out: the last place of the chain that is in Python; else the entry of a dict
that holds the address (``SERVICES = {"orders": "http://orders:8000"}``), in the call's module or one that it imports;
else what calls a function that is handed the address; else the call itself.
"""

from __future__ import annotations

from archlint.core.facts.python import Expression, Member, Parameter, PythonCall, Result, Template
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import HttpCall, RemoteCall, RpcCall
from archlint.core.values import Place
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_ORIGIN = pattern(r"^https?://[^/?#{}$]+", 2)
_MEMO = "addresses in dicts"
_STEPS = ("calls ", "makes ")
"""How the notes of places begin that lead to the call, not to its address."""
_ADDRESSES = (Template, Parameter)
_MOST_PARTS = 5


def target_line(draft: Draft, call: RemoteCall) -> Span:
    """Where the code says whom it calls."""
    places = [one for one in address_of(call) if one.at.path.endswith(".py")]
    given = next((one.at for one in reversed(places) if not one.note.startswith(_STEPS)), None)
    if given is None and isinstance(call, HttpCall) and isinstance(call.url, str):
        origin = _ORIGIN.match(call.url)
        if origin is not None:
            given = _entry(draft, call.at.path, origin[0].lower())
    return given or _handing_line(draft, call) or call.at


def address_of(call: RemoteCall) -> tuple[Place, ...]:
    """The places that lead to where the address of a call is written."""
    return call.related if isinstance(call, RpcCall) else call.address


def _handing_line(draft: Draft, call: RemoteCall) -> Span | None:
    """What hands in the address, where it begins with a parameter of the function around the call; the last step to
    the call where it cannot be told which of them does."""
    steps = [one for one in call.related if one.at.path.endswith(".py") and one.note.startswith(_STEPS)]
    module = draft.program.modules.get(call.at.path)
    made = _call_at(module, call.at)
    if not steps or module is None or made is None:
        return None
    url = made.argument("url") or next((one for one in made.arguments if isinstance(one.value, _ADDRESSES)), None)
    value = _beginning(url.value, module) if url is not None else None
    if not isinstance(value, Parameter):
        return None
    for step in steps:
        home = draft.program.modules.get(step.at.path)
        handing = _call_at(home, step.at)
        function = module.function(value.function)
        if home is None or handing is None or function is None:
            break
        places = [one.name for one in function.parameters]
        if places[:1] in (["self"], ["cls"]):
            places = places[1:]
        given = handing.argument(value.name, places.index(value.name) if value.name in places else None)
        if given is None:
            break
        module, value = home, _beginning(given.value, home)
        if not isinstance(value, Parameter):
            return step.at
    return steps[-1].at


def _call_at(module: Module | None, at: Span) -> PythonCall | None:
    return next((one for one in module.facts.calls if one.at == at), None) if module is not None else None


def _beginning(value: Expression, module: Module) -> Expression:
    """What an address starts with: of a text its first part, of ``join(base, path)`` and ``base.rstrip("/")`` the
    base."""
    for _ in range(_MOST_PARTS):
        if isinstance(value, Template) and value.parts:
            value = value.parts[0]
        elif isinstance(value, Result):
            made = module.call(value.call)
            base = made.callee.base if made is not None and isinstance(made.callee, Member) else None
            if made is not None and base is None and made.arguments:
                base = made.arguments[0].value
            if base is None:
                return value
            value = base
        else:
            return value
    return value


def _entry(draft: Draft, path: str, origin: str) -> Span | None:
    for one in (path, *draft.program.imports_of(path)):
        found = _entries(draft, one).get(origin)
        if found is not None:
            return found
    return None


def _entries(draft: Draft, path: str) -> dict[str, Span]:
    """The addresses in a module's dicts, by scheme and host."""
    known = draft.memo.setdefault(_MEMO, {})
    assert isinstance(known, dict)
    found: dict[str, Span] | None = known.get(path)
    if found is None:
        found = known[path] = {}
        module = draft.program.modules.get(path)
        for one in module.facts.strings if module is not None else ():
            origin = _ORIGIN.match(one.value) if one.context == "entry" else None
            if origin is not None:
                found.setdefault(origin[0].lower(), one.at)
    return found
