"""What subclasses of clients and adapters do to every request: an overridden ``send`` or ``request`` may add a timeout.

In: a class of the workspace, and the call that made the instance. Out: the timeout that its methods send with where the
call gives none; None where they surely add none.
"""

from __future__ import annotations

from archlint.core.facts.python import PythonCall, PythonFunction, Reference
from archlint.core.values import Setting, Unknown
from archlint.model.code.calls.keywords import passed_on
from archlint.model.code.calls.timeouts import Timeout, timeout_of
from archlint.model.code.calls.ways import Way, constructed
from archlint.model.code.objects import base_of, call_of, member_of, methods_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

SENDING = ("request", "send")


def sent_by_default(
    draft: Draft,
    class_name: str,
    made: tuple[PythonCall, Module] | None,
    names: tuple[str, ...] = SENDING,
    is_client: bool = False,
) -> Timeout:
    """The timeout that overridden methods give; None where the class overrides none of them, or only passes on."""
    methods = methods_of(draft, class_name)
    bases = draft.program.bases(class_name)
    if not methods and bases == ():
        return Unknown("a class that is not read")
    way = constructed(draft, made) if made is not None else Way()
    unknown: Unknown | None = None
    for name in names:
        method = methods.get(name)
        found = _of_method(draft, method, way) if method is not None else None
        if isinstance(found, Setting):
            return found
        if isinstance(found, Unknown):
            unknown = found
    if unknown is None and is_client and isinstance(bases, Unknown):
        return Unknown("a base class that is not read")
    return unknown


def _of_method(draft: Draft, method: tuple[PythonFunction, Module], way: Way) -> Timeout:
    """What an overriding method passes on where it is called without a timeout."""
    function, module = method
    # It is called without one: keyword arguments carry none, a parameter has its default.
    plain = PythonCall(function.at, Reference(function.name), ())
    given = dict(way.given)
    for parameter in function.parameters:
        if parameter.default is not None:
            given[function.name, parameter.name] = (parameter.default, module)
    alone = Way(given, {**way.calls, function.name: (plain, module)}, way.at)
    unknown: Unknown | None = None
    is_seen = False
    for call in draft.program.calls_in(function, module):
        base = base_of(call.callee)
        inner = call_of(base, module) if base is not None else None
        sends = call.arguments and member_of(call.callee) in (*SENDING, function.name.rpartition(".")[2])
        if not (inner is not None and inner.name == "super") and not sends:
            continue
        is_seen = True
        argument = call.argument("timeout")
        if argument is not None:
            found = timeout_of(draft, argument.value, module, argument.at, "session", way=alone)
            if isinstance(found, Setting):
                return found
            unknown = found if unknown is None and isinstance(found, Unknown) else unknown
            continue
        carried_here, is_open, _ = passed_on(draft, "timeout", call, module, alone)
        for one in carried_here:
            found = timeout_of(draft, one.value, one.module, one.at or call.at, "session", way=alone)
            if isinstance(found, Setting):
                return found
            unknown = found if unknown is None and isinstance(found, Unknown) else unknown
        if is_open and unknown is None:
            unknown = Unknown("a subclass that may set a timeout")
    return unknown if is_seen else Unknown("a subclass that may set a timeout")
