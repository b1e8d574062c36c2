"""Whether the conditions around a call hold where a service is deployed for production.

In: a call and the service. Out: no where a setting that a condition asks for is known to say otherwise in every
production environment; UNKNOWN where a condition asks for the environment or a switch whose value is not known; else
yes: other conditions (the table is not there yet) hold at some time.
"""

from __future__ import annotations

from archlint.core.facts.python import EnvironmentRead, Look, PythonCall, PythonTest, dotted
from archlint.core.span import Span
from archlint.core.values import Truth, Unknown
from archlint.model.code.names import words_of
from archlint.model.code.objects import values_of
from archlint.model.code.scope import Surroundings, surroundings_of
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

_SWITCHES = names(
    "debug dev development test testing tests local env environment stage profile auto create init initialize migrate "
    "migrations sync bootstrap seed"
)
_FALSE = frozenset({"", "0", "false", "no", "off", "n", "f", "none"})
_NOT_KNOWN = Unknown("a switch whose value is not known")


def conditions_hold(draft: Draft, call: PythonCall, module: Module, service: str) -> Truth:
    """Whether the call may be made in production."""
    if not call.branch and not module.facts.tests:
        return True
    tests = [one for one in module.facts.tests if one.function == call.function and _decides(one, call) is not None]
    if not tests:
        return True
    deployed = [one for one in surroundings_of(draft, service) if one.is_production]
    answers = [_hold(draft, tests, call, module, around) for around in deployed]
    if not answers or True in answers:
        return True
    return next((one for one in answers if isinstance(one, Unknown)), False)


def _decides(test: PythonTest, call: PythonCall) -> bool | None:
    """Whether the call is made where the test holds (true) or where it does not (false); None where neither."""
    if _has(test.body, call.at):
        return True
    if test.other is not None and _has(test.other, call.at):
        return False
    behind = test.leaves and call.at.line > test.body.end_line and (test.until is None or call.at.line <= test.until)
    return False if behind else None


def _has(span: Span, at: Span) -> bool:
    return span.line <= at.line <= span.end_line


def _hold(draft: Draft, tests: list[PythonTest], call: PythonCall, module: Module, around: Surroundings) -> Truth:
    unknown: Unknown | None = None
    for test in tests:
        wanted = _decides(test, call)
        # Of several looks (``a and b``) each may decide; where the test must fail, only a lone one does.
        looks = test.looks if wanted or len(test.looks) == 1 else ()
        for look in looks:
            answer = _answer(draft, look, module, around)
            if isinstance(answer, Unknown):
                unknown = answer
            elif answer is not None and answer is not wanted:
                return False
    return unknown if unknown is not None else True


def _answer(draft: Draft, look: Look, module: Module, around: Surroundings) -> Truth | None:
    """What one look comes to; None where it is about no setting."""
    name = look.value.key if isinstance(look.value, EnvironmentRead) else dotted(look.value)
    is_switch = bool(words_of(name) & _SWITCHES)
    if look.asks not in ("present", "absent"):
        return _NOT_KNOWN if is_switch else None
    values = values_of(draft, look.value, module, around.lookup)
    if isinstance(values, Unknown) or not values or not all(one.is_exact for one in values):
        return _NOT_KNOWN if is_switch else None
    given = {str(one.value).lower() not in _FALSE for one in values}
    if len(given) > 1:
        return _NOT_KNOWN if is_switch else None
    return given.pop() is (look.asks == "present")
