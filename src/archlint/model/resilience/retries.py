"""What repeats the remote calls of the services, layer by layer, and how each retry does it.

In: remote calls, the services' code, the mesh. Out: ``Retry`` subjects; the calls' ``retry``, ``attempts``,
``is_idempotent`` and ``is_repeated``. A retry around a call counts however far away it stands: on a caller, in a
decorator of another module, on the client, in the channel's service config, in the mesh, in the queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import Display, Element, Literal, Loop, PythonCall, Result
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall, RpcCall
from archlint.core.system.messaging import Consumer
from archlint.core.system.resilience import Retry
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.model.code.calls.targets import NOWHERE
from archlint.model.code.library_versions import needs_of
from archlint.model.code.objects import call_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.deployment.mesh_resilience import mesh_retry
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.clients import Clients, Repeats
from archlint.model.resilience.idempotency import is_idempotent
from archlint.model.resilience.networks import (
    CONSUMING,
    goes_over_network,
    is_conflict,
    is_network_error,
    only_connects,
)
from archlint.model.resilience.reach import Guard
from archlint.model.resilience.retry_libraries import CONNECTS_ONLY, UNSAFE_ONLY_IF_ASKED
from archlint.model.resilience.trials import Trial, consumes, find_trials
from archlint.model.topology.parts import all_parts

_CLIENT_LIBRARIES = frozenset({"urllib3", "requests", "httpx", "httpx-retries", "aiohttp-retry", "google.api_core"})
_STARTING = pattern(
    r"(?i)(?:^|_)(?:wait|startup|start_up|on_start|prestart|pre_start|lifespan|main|bootstrap|init|initiali[sz]e|setup"
    r"|ensure|ready|check_db|migrate|create_(?:all|tables|schema\w*))(?:_|$)"
)
_NEVER_ARRIVED = pattern(
    r"(?:ConnectError|ConnectTimeout|ConnectionRefusedError|NewConnectionError|gaierror|ConnectTimeoutError|RateLimit\w*"
    r"|TooManyRequests\w*|NameResolutionError|ClientConnectorError|PoolTimeout|Throttl\w*)$"
)
_WAIT_PROGRAM = pattern(r"(?i)(?:^|/)wait[-_]?(?:for|until)?[-_][^/]*\.py$")
_PAUSES = {"none": "it tries again at once", "constant": "it always pauses as long"}
_MOST_CALLS = 300
_MOST_RELATED = 10


def add_retries(draft: Draft) -> None:
    """Add the retries, and fill in what repeats each remote call."""
    scope = code_scope(draft)
    modules = list(scope.modules())
    if not modules:
        return
    by_place: dict[Span, list[RemoteCall]] = {}
    for call in draft.select(RemoteCall):
        by_place.setdefault(call.at, []).append(call)
    trials = find_trials(draft, modules)
    _redelivered(draft, trials.perhaps)
    clients = Clients(draft, modules, trials.policies)
    around: dict[Span, list[Trial]] = {}
    for trial in trials.found:
        for inner, _ in trial.calls.values():
            if inner.at in by_place:
                around.setdefault(inner.at, []).append(trial)
    perhaps = {inner.at for inner, _ in trials.perhaps.calls.values() if inner.at in by_place}
    made_by: dict[int, list[RemoteCall]] = {}
    made = calls_at(draft, by_place)
    for at, calls in by_place.items():
        module = draft.program.modules.get(at.path)
        for call in calls:
            used = _judge(draft, call, made.get(at), module, around.get(at, []), clients, at in perhaps)
            if used is not None:
                made_by.setdefault(id(used), []).append(call)
    for trial in trials.found:
        inside = [call for inner, _ in trial.calls.values() for call in by_place.get(inner.at, ())]
        known = dict.fromkeys([*inside, *made_by.get(id(trial), ())])
        for service in _services(scope, trial):
            subject = _subject(draft, trial, service, tuple(one for one in known if one.service == service))
            if subject is not None:
                draft.add(subject)


def _redelivered(draft: Draft, perhaps: Guard) -> None:
    """What handles a message that is acknowledged only afterwards: the broker may deliver it again."""
    for consumer in draft.select(Consumer):
        if consumer.acknowledgement not in ("auto", "before") and consumer.library not in ("celery", "arq"):
            function = draft.program.function_named(consumer.handler)
            if function is not None:
                perhaps.add_function(draft, *function)


def calls_at(draft: Draft, places: Iterable[Span]) -> dict[Span, PythonCall]:
    """The calls in code at those places."""
    wanted: dict[str, set[Span]] = {}
    for at in places:
        wanted.setdefault(at.path, set()).add(at)
    found: dict[Span, PythonCall] = {}
    for path, spans in wanted.items():
        module = draft.program.modules.get(path)
        for one in module.facts.calls if module is not None else ():
            if one.at in spans:
                found.setdefault(one.at, one)
    return found


def _judge(
    draft: Draft,
    call: RemoteCall,
    made: PythonCall | None,
    module: Module | None,
    around: list[Trial],
    clients: Clients,
    perhaps: bool,
) -> Trial | None:
    """Fill in what repeats a call; the trial among it, if it is one of a client."""
    idempotent = is_idempotent(draft, call, made, module)
    link(call, is_idempotent=idempotent)
    if isinstance(call, RpcCall):
        link(call, retry=Setting("redelivery", "platform", call.at), is_repeated=Unknown(), attempts=Unknown())
        return None
    found: Repeats = None
    if made is not None and module is not None:
        if isinstance(call, HttpCall):
            found = clients.http(call, made, module)
        elif isinstance(call, GrpcCall):
            found = clients.grpc(call, made, module)
    if isinstance(found, Trial) and _attempts(found) == 1:
        found = None
    own = found if isinstance(found, Trial) else None
    for trial in sorted(around, key=lambda one: one.is_task):
        if not (trial.catches and is_conflict(trial.catches)):
            _link(call, trial, "code")
            return own
    if own is not None:
        _link(call, own, "session")
        return own
    if isinstance(found, Setting):
        link(call, retry=found, attempts=Unknown("its client's own number"), is_repeated=Unknown())
        return None
    meshed = _of_mesh(draft, call)
    if meshed is not None:
        link(call, retry=meshed, attempts=Unknown("the mesh's number"), is_repeated=Unknown())
    elif isinstance(found, Unknown):
        link(call, retry=found, attempts=Unknown(found.reason), is_repeated=Unknown(found.reason))
    elif perhaps or (made is not None and module is not None and _comes_around(draft, made, module)):
        reason = "something around it may try again"
        link(call, retry=Unknown(reason), attempts=Unknown(reason), is_repeated=Unknown(reason))
    else:
        link(call, retry=None, attempts=1, is_repeated=False)
    return None


def _link(call: RemoteCall, trial: Trial, source: str) -> None:
    link(
        call,
        retry=Setting(trial.library, source, trial.at),
        attempts=_attempts(trial),
        is_repeated=_repeats_what_arrived(trial),
        repeated_by=(Place(trial.at, f"{trial.library} tries it again"),),
    )


def _of_mesh(draft: Draft, call: RemoteCall) -> Setting[str] | None | Unknown:
    if isinstance(call, HttpCall):
        host = call.host if isinstance(call.host, str) else call.target
        return mesh_retry(draft, host)
    return mesh_retry(draft, call.target)


def _comes_around(draft: Draft, made: PythonCall, module: Module, depth: int = 2) -> bool:
    """A loop that catches what fails comes to the call again by itself, however far out it is: one without an end, or
    one that counts its rounds and asks the same in each."""
    if made.loop is not None and made.catches and (made.loop.kind == "while" or _counts(made, made.loop, module)):
        return True
    function = module.function(made.function)
    if function is None or depth == 0:
        return False
    callers = draft.program.callers(function, module)[:_MOST_RELATED]
    return any(_comes_around(draft, one, home, depth - 1) for one, home in callers)


def _counts(made: PythonCall, loop: Loop, module: Module) -> bool:
    """``for _ in range(3)`` around a call that does not use the number of the round."""
    over = call_of(loop.over, module) if isinstance(loop.over, Result) else None
    if over is None or over.name != "range":
        return False
    parts = (part for one in made.arguments for part in all_parts(one.value, module))
    return not any(isinstance(part, Element) for part in parts)


def _attempts(trial: Trial) -> int | None | Unknown:
    return int(trial.attempts) if isinstance(trial.attempts, float) else trial.attempts


def _repeats_what_arrived(trial: Trial) -> Truth:
    """Whether a request that the other side may have got is sent again."""
    if trial.library in CONNECTS_ONLY or trial.library == "requests":
        return False
    if trial.library in UNSAFE_ONLY_IF_ASKED:
        return _takes_unsafe(trial)
    if trial.library in _CLIENT_LIBRARIES or trial.asks_result:
        return Unknown("what it repeats is not known")
    if not trial.catches and trial.library == "a loop":
        return Unknown("it looks at the answer's status")
    return not (trial.catches and all(_NEVER_ARRIVED.search(one) for one in trial.catches))


def _takes_unsafe(trial: Trial) -> Truth:
    """urllib3's ``allowed_methods``: None and False take all methods."""
    if trial.made is None:
        return False
    for name in ("allowed_methods", "method_whitelist"):
        given = trial.made.argument(name)
        if given is None:
            continue
        if isinstance(given.value, Literal):
            return given.value.value in (None, False)
        if isinstance(given.value, Display):
            return any(isinstance(one, Literal) and one.value in ("POST", "PATCH") for one in given.value.items)
        return Unknown("the methods that it takes are not resolved")
    return Unknown("arguments that are not all seen") if trial.made.is_open else False


def _services(scope: CodeScope, trial: Trial) -> tuple[str, ...]:
    placed = PythonCall(trial.at, Literal(None), (), trial.function)
    return scope.services_running(placed, trial.module)


def _subject(draft: Draft, trial: Trial, service: str, calls: tuple[RemoteCall, ...]) -> Retry | None:
    if _attempts(trial) == 1 and trial.library != "a loop":
        return None
    function = trial.module.function(trial.function)
    what = trial.functions[0][0].name.rpartition(".")[2] if trial.functions else ""
    if not what:
        what = next((one.name for one in calls if NOWHERE.name not in one.name), "")
    if not what and trial.library in _CLIENT_LIBRARIES:
        what = "the calls of a client"
    shown = f"{trial.library} around {what}"
    if not what:
        what = function.name.rpartition(".")[2] if function is not None else "a module"
        shown = f"{trial.library} in {what}"
    place = function.name.rpartition(".")[2] if function is not None else "module"
    jitter = trial.jitter
    if trial.library == "urllib3" and needs_of(draft, service, trial.at.path).is_older("urllib3", (2,)) is True:
        jitter = Unknown("urllib3 has no jitter before version 2")
    return Retry(
        at=trial.at,
        name=shown,
        key=f"{service} {place} {trial.library} {what}",
        service=service,
        library=trial.library,
        what=what,
        attempts=_attempts(trial),
        seconds=trial.seconds,
        wait=trial.wait,
        jitter=jitter,
        pause=_PAUSES.get(str(trial.wait), ""),
        purpose=_purpose(draft, trial, calls),
        is_remote=_is_remote(draft, trial, calls),
        calls=calls,
        related=tuple(Place(one.at, f"{one.name} is tried") for one in calls[:_MOST_RELATED]),
    )


def _purpose(draft: Draft, trial: Trial, calls: tuple[RemoteCall, ...]) -> str:
    if is_conflict(trial.catches):
        return "conflict"
    if consumes(trial) or trial.library == "kombu":
        return "consumer"  # kombu's own consumers connect again for ever too
    inside = list(trial.calls.values())[:_MOST_CALLS]
    connecting = not calls and only_connects(draft, inside)
    if connecting and not CONSUMING.isdisjoint(trial.module.called):
        return "consumer"  # a consumer whose broker went away waits until it is back
    if trial.library == "a loop" and _WAIT_PROGRAM.search(trial.at.path):
        return "wait"
    names = [one.name.rpartition(".")[2] for one, _ in trial.functions]
    function = trial.module.function(trial.function)
    if function is not None and trial.library == "a loop":
        names.append(function.name.rpartition(".")[2])
    if any(_STARTING.search(one) for one in names):
        return "startup"
    if connecting or (not calls and trial.library == "a loop" and function is None):
        return "startup"
    return "call"


def _is_remote(draft: Draft, trial: Trial, calls: tuple[RemoteCall, ...]) -> Truth:
    if calls or trial.library in _CLIENT_LIBRARIES or is_network_error(trial.catches):
        return True
    unknown = not trial.calls
    for call, module in list(trial.calls.values())[:_MOST_CALLS]:
        found = goes_over_network(draft, call, module)
        if found is True:
            return True
        unknown = unknown or isinstance(found, Unknown)
    return Unknown("what it does is not known") if unknown else False
