"""The line of the code that gives the target of a remote call.

In: a call with the chain of its address. Out: the last place of the chain that is in Python; else the entry of a dict
that holds the address (``SERVICES = {"orders": "http://orders:8000"}``), in the call's module or one that it imports;
else what calls a function that is handed the address; else the call itself.
"""

from __future__ import annotations

from archlint.core.facts.python import Parameter, Template
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import HttpCall, RemoteCall, RpcCall
from archlint.core.values import Place
from archlint.model.draft import Draft

_ORIGIN = pattern(r"^https?://[^/?#{}$]+", 2)
_MEMO = "addresses in dicts"
_STEPS = ("calls ", "makes ")
"""How the notes of places begin that lead to the call, not to its address."""
_ADDRESSES = (Template, Parameter)


def target_line(draft: Draft, call: RemoteCall) -> Span:
    """Where the code says whom it calls."""
    places = [one for one in address_of(call) if one.at.path.endswith(".py")]
    given = next((one.at for one in reversed(places) if not one.note.startswith(_STEPS)), None)
    if given is None and isinstance(call, HttpCall) and isinstance(call.url, str):
        origin = _ORIGIN.match(call.url)
        if origin is not None:
            given = _entry(draft, call.at.path, origin[0].lower())
    steps = [one for one in call.related if one.at.path.endswith(".py") and one.note.startswith(_STEPS)]
    if given is None and steps and _is_handed_in(draft, call):
        given = steps[-1].at
    return given if given is not None else call.at


def address_of(call: RemoteCall) -> tuple[Place, ...]:
    """The places that lead to where the address of a call is written."""
    return call.related if isinstance(call, RpcCall) else call.address


def _is_handed_in(draft: Draft, call: RemoteCall) -> bool:
    """Whether the address of the call begins with a parameter of the function around it."""
    module = draft.program.modules.get(call.at.path)
    made = next((one for one in module.facts.calls if one.at == call.at), None) if module is not None else None
    if made is None:
        return False
    url = made.argument("url") or next((one for one in made.arguments if isinstance(one.value, _ADDRESSES)), None)
    value = url.value if url is not None else None
    while isinstance(value, Template) and value.parts:
        value = value.parts[0]
    return isinstance(value, Parameter)


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
