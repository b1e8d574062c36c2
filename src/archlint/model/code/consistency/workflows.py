"""Workflow definitions whose later steps may fail and leave the earlier ones standing.

In: Temporal workflows and Celery chains in the services' code, state machines of AWS Step Functions in JSON, YAML and
Terraform. Out: one Saga a definition with two or more steps that change something, by what they are called. Temporal
tries an activity again for ever unless its retry policy says otherwise: then no step is left standing.

Sources: https://docs.temporal.io/encyclopedia/retry-policies (maximum attempts: unlimited),
https://docs.celeryq.dev/en/stable/userguide/canvas.html#chains (a failing task stops the chain),
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (an uncaught error ends it).
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.python import Literal, PythonCall, PythonFunction, Reference
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.consistency import Saga
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.consistency.saga_words import changes_by_name, undoes
from archlint.model.code.consistency.work import body_of, in_handler, index_of
from archlint.model.code.objects import call_of, member_of
from archlint.model.code.scope import CodeScope
from archlint.model.deployment.terraform import terraform_modules
from archlint.model.deployment.terraform.module import Resource, Value, parse_json
from archlint.model.draft import Draft
from archlint.model.production import is_production, service_name_at
from archlint.model.program.program import Module

_ACTIVITIES = frozenset(
    ["execute_activity", "execute_activity_method", "execute_local_activity", "execute_child_workflow"]
)
_MOST_STATES = 200


@dataclass(frozen=True)
class _Step:
    """A step of a workflow. ``fails``: whether it may fail for good."""

    name: str
    at: Span
    fails: bool


def add_workflows(draft: Draft, scope: CodeScope) -> None:
    """Add a Saga for each workflow definition that changes more than one thing."""
    program = draft.program
    for module in scope.modules() if program.uses("temporalio") or program.uses("celery") else ():
        for service in scope.owners(module):
            draft.add(*_of_temporal(draft, service, module), *_of_celery(draft, service, module))
    draft.add(*_of_files(draft), *_of_terraform(draft))


def _saga(
    service: str, kind: str, name: str, steps: list[_Step], compensation: Setting[str] | Unknown | None
) -> Iterator[Saga]:
    changing = [one for one in steps if changes_by_name(one.name)]
    if len(changing) < 2:
        return
    failing = next((one for one in changing[1:] if one.fails), None)
    if failing is None:
        failing, compensation = changing[-1], Unknown("its steps are tried until they succeed")
    if compensation is None and any(undoes(one.name) for one in steps):
        compensation = Setting("a step that undoes another", "code", failing.at)
    yield Saga(
        at=failing.at,
        name=f"{service}.{name}" if service else name,
        key=f"{service} {kind} {name}",
        service=service,
        kind=kind,
        steps=tuple(one.name for one in changing),
        standing=changing[0].name,
        failing=failing.name,
        compensation=compensation,
        related=tuple(Place(one.at, f"step {one.name}") for one in changing if one is not failing),
    )


def _of_temporal(draft: Draft, service: str, module: Module) -> Iterator[Saga]:
    by_function: dict[int, list[PythonCall]] = {}
    for call in module.calls_named(_ACTIVITIES):
        if call.function is not None and draft.program.callee(call, module).startswith("temporalio."):
            by_function.setdefault(call.function, []).append(call)
    for index, calls in by_function.items():
        function = module.facts.functions[index]
        steps = [
            _Step(_step_name(call), call.at, _may_fail(call, module))
            for call in calls
            if not in_handler(index, module, call.at)
        ]
        handled = next((one for one in calls if in_handler(index, module, one.at)), None)
        compensation = Setting("a step back where it fails", "code", handled.at) if handled is not None else None
        if compensation is None:
            compensation = _undone(draft, function, module)
        yield from _saga(service, "temporal", (function.owner or function.name).rpartition(".")[2], steps, compensation)


def _step_name(call: PythonCall) -> str:
    value = call.arguments[0].value if call.arguments else None
    if isinstance(value, Literal):
        return str(value.value)
    return member_of(value) if value is not None else ""


def _may_fail(call: PythonCall, module: Module) -> bool:
    if call.argument("schedule_to_close_timeout") is not None:
        return True
    policy = call.argument("retry_policy")
    made = call_of(policy.value, module) if policy is not None else None
    if made is None:
        return False
    most = made.argument("maximum_attempts")
    limited = most is not None and most.value not in (Literal(0), Literal(None))
    return limited or made.argument("non_retryable_error_types") is not None


def _undone(draft: Draft, function: PythonFunction, module: Module) -> Setting[str] | None:
    index = index_of(function, module)
    for call in body_of(draft, function, module):
        given = [member_of(one.value) for one in call.arguments if isinstance(one.value, Reference)]
        given += [str(one.value.value) for one in call.arguments if isinstance(one.value, Literal)]
        if undoes(call.name.rpartition(".")[2], *given) or (in_handler(index, module, call.at) and undoes(call.name)):
            return Setting("an undoing call", "code", call.at)
    return None


def _of_celery(draft: Draft, service: str, module: Module) -> Iterator[Saga]:
    """``chain(reserve.s(order), charge.s(), ship.s())``."""
    for call in module.calls_named({"chain"}):
        if not draft.program.callee(call, module).startswith("celery."):
            continue
        steps = []
        for argument in call.arguments:
            made = call_of(argument.value, module)
            if made is not None and made.name.rpartition(".")[2] in ("s", "si", "signature"):
                name = made.name.rpartition(".")[0].rpartition(".")[2]
                steps.append(_Step(name, made.at, True))
        function = module.function(call.function)
        where = function.name.rpartition(".")[2] if function is not None else module.name.rpartition(".")[2]
        yield from _saga(service, "celery", where, steps, _on_error(draft, call, function, module))


def _on_error(draft: Draft, chain: PythonCall, function: PythonFunction | None, module: Module) -> Setting[str] | None:
    """What runs when a task of the chain fails."""
    calls = body_of(draft, function, module) if function is not None else list(draft.program.module_scope_calls(module))
    for call in calls:
        given = call.argument("link_error")
        if given is not None or call.name.rpartition(".")[2] == "on_error":
            return Setting("what runs when a task fails", "code", call.at)
    return _undone(draft, function, module) if function is not None else None


def _of_files(draft: Draft) -> Iterator[Saga]:
    """State machines in JSON and YAML, and those that a template of SAM or CloudFormation holds."""
    for start in draft.index.of(ConfigValue):
        if not start.key.endswith("StartAt") or not is_production(start.at.path, draft.config):
            continue
        prefix = start.key.removesuffix("StartAt")
        states: dict[str, dict[str, ConfigValue]] = {}
        for one in draft.index.at(start.at.path):
            if isinstance(one, ConfigValue) and one.key.startswith(f"{prefix}States."):
                name, _, rest = one.key.removeprefix(f"{prefix}States.").partition(".")
                states.setdefault(name, {})[rest] = one
        steps = []
        name = str(start.value)
        for _ in range(_MOST_STATES):
            state = states.pop(name, None)
            if state is None:
                break
            kind = state.get("Type")
            if kind is not None and kind.value == "Task":
                steps.append(_Step(name, kind.at, not any(key.startswith("Catch.") for key in state)))
            following = state.get("Next")
            name = str(following.value) if following is not None else ""
        title = start.at.path.rpartition("/")[2].split(".")[0]
        undone = _undone_state(states, start.at)
        yield from _saga(service_name_at(draft, start.at.path) or "", "step-functions", title, steps, undone)


def _undone_state(states: dict[str, dict[str, ConfigValue]], at: Span) -> Setting[str] | None:
    """A state beside the way from start to end that undoes a step."""
    return Setting("a state that undoes a step", "code", at) if any(undoes(one) for one in states) else None


def _of_terraform(draft: Draft) -> Iterator[Saga]:
    for module in terraform_modules(draft):
        for resource in module.of("aws_sfn_state_machine"):
            yield from _of_resource(resource)


def _of_resource(resource: Resource) -> Iterator[Saga]:
    definition = resource.value("definition")
    if isinstance(definition, str):
        definition = parse_json(definition)
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(definition, dict) or not isinstance(states, dict):
        return
    at = resource.place("definition")
    left = dict(states)
    steps = []
    name: Value = definition.get("StartAt")
    for _ in range(_MOST_STATES):
        state = left.pop(name, None) if isinstance(name, str) else None
        if not isinstance(state, dict):
            break
        if state.get("Type") == "Task":
            steps.append(_Step(str(name), at, not state.get("Catch")))
        name = state.get("Next")
    undone = Setting("a state that undoes a step", "platform", at) if any(undoes(one) for one in left) else None
    yield from _saga("", "step-functions", resource.block.labels[1], steps, undone)
