"""Everything in the services' code that does a failed thing again: policies of libraries, loops, retried tasks.

In: the services' modules. Out: ``Trial`` objects with the calls that run under each. Loops for which a failure is part
of the work (a name that is taken, a value that does not parse) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import (
    Expression,
    Literal,
    PythonCall,
    PythonFunction,
    PythonRetryLoop,
    Reference,
    Result,
)
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Truth, Unknown
from archlint.model.code.objects import Key, base_of, call_of, key_of, member_of, values_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience import tasks
from archlint.model.resilience.networks import CONSUMING, is_local
from archlint.model.resilience.policies import Limit, Policy, adapter_policy, bare_policy, policy_of
from archlint.model.resilience.reach import Guard, Spread, calls_within, decorated
from archlint.model.resilience.retry_libraries import BACKOFF, LIBRARIES, RETRY_NAMES, TENACITY

_ADAPTERS = frozenset({"HTTPAdapter"})
_BARE = frozenset({"retry", "Retrying"})
_RETRY_NAME = pattern(r"(?i)retr(?:y|ies|ied|ying)|backoff|resilien|with_?recover|reattempt")
_COUNT_NAME = pattern(r"(?i)retr(?:y|ies)|attempt|tries|(?:^|_)try(?:_|$)")
"""Parameters of a function that calls itself again after a failure."""
_LISTED_LIBRARIES = (*TENACITY, *BACKOFF, *LIBRARIES)


@dataclass(eq=False)
class Trial(Guard):
    """Something that is tried again; fields as in ``Retry``."""

    at: Span = Span("", 1, 1, 1, 1)
    library: str = "a loop"
    attempts: Limit = None
    seconds: Limit = None
    wait: str | Unknown = "none"
    jitter: Truth = False
    catches: tuple[str, ...] = ()
    asks_result: bool = False
    made: PythonCall | None = None
    """The call that makes the policy."""
    is_task: bool = False
    """A message or task is tried again as a whole, by the queue."""


@dataclass(eq=False)
class Trials:
    """All trials of the code, those of client objects by the call that makes the policy, and what may be a retry of
    something unread."""

    found: list[Trial]
    policies: dict[Key, Trial]
    perhaps: Guard


def find_trials(draft: Draft, modules: Iterable[Module]) -> Trials:
    """Find them in one or more modules."""
    modules = list(modules)
    policies = {key_of(call): _of_policy(policy) for call, policy in _policies(draft, modules)}
    trials = list(policies.values())
    for module in modules:
        trials += [_of_loop(draft, one, module) for one in module.facts.retries if not is_local(one.catches)]
    for trial in tasks.retried_tasks(draft, modules, Trial):
        trials.append(trial)
    spread = Spread(draft, policies)
    perhaps = Guard(modules[0], None)
    _use_objects(draft, modules, policies)
    waiting = list(decorated(draft, modules))
    for function, module, decorator, _ in waiting:
        for trial in spread.of_decorator(decorator, module):
            trial.add_function(draft, function, module)
    for function, module, decorator, at in waiting:
        bare = _bare(draft, function, module, decorator, at)
        if bare is not None:
            bare.add_function(draft, function, module)
            trials.append(bare)
    spread.learn(trials)
    for function, module, decorator, _ in waiting:
        guards = spread.of_decorator(decorator, module)
        for trial in guards:
            trial.add_function(draft, function, module)
        if not guards:
            made = call_of(decorator, module) if isinstance(decorator, Result) else None
            if _RETRY_NAME.search(member_of(made.callee if made is not None else decorator)):
                perhaps.add_function(draft, function, module)
    spread.follow_helpers()
    _use_unread(draft, modules, perhaps, spread)
    return Trials(trials, policies, perhaps)


def _policies(draft: Draft, modules: list[Module]) -> Iterator[tuple[PythonCall, Policy]]:
    for module in modules:
        for call in module.calls_named(RETRY_NAMES):
            policy = policy_of(draft, call, module)
            if policy is not None:
                yield call, policy
        for call in module.calls_named(_ADAPTERS):
            number = adapter_policy(draft, call, module)
            if number is not None:
                yield call, number


def _of_policy(policy: Policy) -> Trial:
    return Trial(
        policy.module,
        policy.call.function,
        at=policy.call.at,
        library=policy.library,
        attempts=policy.attempts,
        seconds=policy.seconds,
        wait=policy.wait.kind,
        jitter=policy.wait.jitter,
        catches=policy.exceptions,
        asks_result=policy.asks_result,
        made=policy.call,
    )


def _bare(draft: Draft, function: PythonFunction, module: Module, decorator: Expression, at: Span) -> Trial | None:
    """``@retry`` without arguments."""
    if not isinstance(decorator, Reference) or member_of(decorator) not in _BARE:
        return None
    name = draft.program.qualify(decorator, module)
    if name not in ("tenacity.retry", "retry.retry", "retrying.retry", "retry.api.retry"):
        return None
    made = PythonCall(at, decorator, (), None)
    trial = _of_policy(bare_policy(name.partition(".")[0], made, module))
    trial.function = function.parent
    return trial


def _of_loop(draft: Draft, loop: PythonRetryLoop, module: Module) -> Trial:
    rounds: Limit = Unknown("how often it tries is not known")
    if loop.limit == "attempts" and loop.rounds is not None:
        values = values_of(draft, loop.rounds, module)
        if not isinstance(values, Unknown) and values and isinstance(values[0].value, int | float):
            rounds = float(values[0].value)
    elif loop.limit == "none":
        rounds = None
    trial = Trial(
        module,
        loop.function,
        at=loop.at,
        attempts=None if loop.limit == "time" else rounds,
        seconds=None if loop.limit in ("none", "attempts") else Unknown("how long it tries is not known"),
        wait=Unknown("how it waits is not known") if loop.wait == "unknown" else loop.wait,
        jitter=loop.jitter,
        catches=loop.catches,
    )
    trial.add(draft, calls_within(module, loop.tried), own=True)
    return trial


def _use_objects(draft: Draft, modules: list[Module], policies: dict[Key, Trial]) -> None:
    """``for attempt in Retrying(…)``, ``retrying(f)``, ``retrying.call(f)``, ``retry_call(f)``, ``retry(…)(f)``."""
    homes = {key[0] for key in policies}
    for trial in policies.values():
        if trial.made is not None and member_of(trial.made.callee) == "retry_call":
            trial.add_callbacks(draft, trial.made, trial.module)
    for module in modules:
        imported = module.path in homes or any(
            one.module.partition(".")[0] in ("tenacity", "stamina", "retrying", "backoff", "hyx")
            for one in module.facts.imports
        )
        if not imported:
            continue
        for call in module.facts.calls:
            if call.loop is not None and call.loop.kind == "for":
                trial_of_loop = _policy_at(draft, call.loop.over, module, policies)
                if trial_of_loop is not None and call.at != trial_of_loop.at:
                    trial_of_loop.add(draft, [(call, module)], own=True)
            callee = base_of(call.callee) if member_of(call.callee) in ("call", "wraps", "__call__") else call.callee
            if isinstance(callee, Result | Reference) and any(_is_handed(one.value) for one in call.arguments):
                guard = _policy_at(draft, callee, module, policies)
                if guard is not None:
                    guard.add_callbacks(draft, call, module)
                    guard.own.append((call, module))


def _is_handed(value: Expression) -> bool:
    return not isinstance(value, Literal | Unknown)


def _policy_at(draft: Draft, expression: Expression, module: Module, policies: dict[Key, Trial]) -> Trial | None:
    if isinstance(expression, Result):
        made = call_of(expression, module)
        if made is not None and key_of(made) in policies:
            return policies[key_of(made)]
    if isinstance(expression, Reference):
        origin = draft.program.origin(expression, module)
        if origin is not None:
            return policies.get(key_of(origin[0]))
    return None


def _use_unread(draft: Draft, modules: list[Module], perhaps: Guard, spread: Spread[Trial]) -> None:
    """What is handed to something that may retry: by its name, where it is not read."""
    for module in modules:
        names = {one for one in module.called if _RETRY_NAME.search(one) and one not in RETRY_NAMES}
        for call in module.calls_named(names) if names else ():
            name = draft.program.callee(call, module)
            if name in spread.helpers or name in _LISTED_LIBRARIES:
                continue
            perhaps.add_callbacks(draft, call, module)
        for function in module.facts.functions:
            name = function.name.rpartition(".")[2]
            if _RETRY_NAME.search(name) or (
                any(_COUNT_NAME.search(one.name) for one in function.parameters)
                and any(member_of(one.callee) == name for one in draft.program.calls_in(function, module))
            ):
                perhaps.add_function(draft, function, module)


def consumes(trial: Trial) -> bool:
    """Whether what is tried takes messages or serves, for ever."""
    return trial.library == "a loop" and any(member_of(call.callee) in CONSUMING for call, _ in trial.own)
