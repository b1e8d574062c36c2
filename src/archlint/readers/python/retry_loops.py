"""Loops that do a thing again after it failed: what ends them, and how they wait between two rounds.

In: a loop's syntax tree. Out: the shape of a retry, None for every other loop: one over data, a worker's, one that
polls for a state. What tells a retry is that a success surely leaves the loop and a failure goes around.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from archlint.readers.python.pauses import Pauses, last_of, pauses_of, words_in

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_STATUS = frozenset({"status_code", "ok", "is_success", "is_error", "is_server_error", "raise_for_status"})
_ENDLESS = frozenset({"count", "cycle", "repeat"})
_LEAVING_CALLS = frozenset({"exit", "_exit", "abort", "fail", "skip"})
_SCHEDULES = ("delay", "backoff", "retr", "attempt", "wait", "sleep", "interval", "tries", "pause")
_TIMES = ("time", "monotonic", "perf_counter", "now", "utcnow", "deadline", "timeout", "elapsed", "expire", "until")
_TOLD = frozenset(
    {"print", "debug", "info", "warning", "warn", "error", "exception", "log", "format", "str", "critical", "sleep"}
)
_MOST_NODES = 600


@dataclass(frozen=True)
class RetryShape:
    """What a retry loop looks like. ``limit``: ``attempts``, ``time``, ``none`` or ``unknown``; ``rounds`` is the
    expression that counts them, where one does. ``tried`` is the first and last statement of what is tried."""

    tried: tuple[ast.stmt, ast.stmt]
    limit: str
    rounds: ast.expr | None
    handlers: tuple[ast.ExceptHandler, ...]
    pauses: Pauses


@dataclass
class _Loop:
    """A loop with what its body assigns."""

    node: ast.For | ast.AsyncFor | ast.While
    nodes: list[ast.AST]
    variables: frozenset[str] = frozenset()
    counters: set[str] = field(default_factory=set)
    caught: frozenset[str] = frozenset()


def retry_shape(node: ast.For | ast.AsyncFor | ast.While) -> RetryShape | None:
    """The shape of a retry, None where the loop is none."""
    found = _tried(node)
    if found is None:
        return None
    attempt, handlers = found
    nodes = list(_inside(node.body))
    if len(nodes) > _MOST_NODES:
        return None
    loop = _Loop(node, nodes, _targets(node), caught=frozenset(one.name for one in handlers if one.name))
    loop.counters = _counters(loop)
    bound = _for_bound(loop, attempt) if not isinstance(node, ast.While) else _while_bound(loop, handlers)
    if bound is None:
        return None
    limit, rounds = bound
    changing = loop.variables | loop.counters
    pauses = Pauses("unknown") if _adjusts(attempt, handlers) else pauses_of(nodes, changing)
    return RetryShape((attempt[0], attempt[-1]), limit, rounds, tuple(handlers), pauses)


def _tried(node: ast.For | ast.AsyncFor | ast.While) -> tuple[list[ast.stmt], list[ast.ExceptHandler]] | None:
    """What is tried, and the handlers after which the loop goes on."""
    body: Sequence[ast.stmt] = node.body
    behind: list[ast.stmt] = []
    for _ in range(4):
        attempt = next((one for one in body if isinstance(one, ast.Try)), None)
        if attempt is not None:
            around = [one for one in attempt.handlers if not _leaves(one.body)]
            after = [*body[body.index(attempt) + 1 :], *behind]
            return (attempt.body, around) if around and _succeeds(attempt, after, node) else None
        block = next((one for one in body if isinstance(one, ast.With | ast.AsyncWith)), None)
        if block is None:
            break
        behind = [*body[body.index(block) + 1 :], *behind]
        body = block.body
    return _answered(node)


def _succeeds(attempt: ast.Try, after: Sequence[ast.stmt], node: ast.AST) -> bool:
    """Whether the loop ends where nothing failed."""
    if _ends(attempt.body) or _ends(attempt.orelse) or _ends(attempt.finalbody):
        return True
    if _ends(after) and all(_skips(one.body) for one in attempt.handlers if not _leaves(one.body)):
        return True
    if isinstance(node, ast.While):
        flags = {one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)}
        flags |= {one.attr for one in ast.walk(node.test) if isinstance(one, ast.Attribute)}
        assigned = {name for one in (*attempt.body, *attempt.orelse) for name in _assigned(one)}
        kept = any(isinstance(one, ast.Call) for one in ast.walk(node.test))
        return bool(flags & assigned) and not kept and not isinstance(node.test, ast.Constant)
    return False


def _adjusts(attempt: Sequence[ast.stmt], handlers: Sequence[ast.ExceptHandler]) -> bool:
    """Whether a handler changes what is tried (another prompt, a new token): the next round is no plain repetition."""
    changed = {name for handler in handlers for one in handler.body for name in _assigned(one)}
    return _is_used(frozenset(changed), attempt)


def _answered(node: ast.For | ast.AsyncFor | ast.While) -> tuple[list[ast.stmt], list[ast.ExceptHandler]] | None:
    """``for … in range(3): answer = get(…); if answer.ok: break; sleep(1)``."""
    for place, one in enumerate(node.body):
        if isinstance(one, ast.If) and _is_good_status(one.test) and _leaves(one.body):
            calls = [part for part in node.body[:place] if any(map(_is_call, ast.walk(part)))]
            changed = {name for part in (*one.orelse, *node.body[place + 1 :]) for name in _assigned(part)}
            return (calls, []) if calls and not _is_used(frozenset(changed), calls) else None
    return None


def _is_good_status(test: ast.expr) -> bool:
    """``answer.ok``, ``answer.status_code == 200``, ``answer.status_code < 500``: the other side answered well."""
    if not _asks_for_status(test):
        return False
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return isinstance(test.ops[0], ast.Eq | ast.In | ast.Lt | ast.LtE)
    return isinstance(test, ast.Attribute)


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a block that succeeds leaves the loop: surely, or on a good status."""
    for one in body:
        if isinstance(one, ast.Return | ast.Break):
            return True
        if isinstance(one, ast.With | ast.AsyncWith) and _ends(one.body):
            return True
        if isinstance(one, ast.If):
            if _asks_for_status(one.test) and (_ends(one.body) or _ends(one.orelse)):
                return True
            if one.orelse and _ends(one.body) and _ends(one.orelse):
                return True
        if isinstance(one, ast.Try) and (_ends(one.body) or _ends(one.orelse)):
            return True
    return False


def _asks_for_status(test: ast.expr) -> bool:
    """``answer.ok``, ``answer.status_code == 200``; ``job.status == "done"`` asks for a state."""
    asked = {one.attr for one in ast.walk(test) if isinstance(one, ast.Attribute)}
    numbers = any(isinstance(one, ast.Constant) and type(one.value) is int for one in ast.walk(test))
    return bool(asked & _STATUS) or (numbers and "status" in asked)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether a block surely leaves the loop."""
    for one in body:
        if isinstance(one, ast.Return | ast.Break | ast.Raise):
            return True
        if isinstance(one, ast.Continue):
            return False
        if isinstance(one, ast.If) and one.orelse and _leaves(one.body) and _leaves(one.orelse):
            return True
        if isinstance(one, ast.With | ast.AsyncWith) and _leaves(one.body):
            return True
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and last_of(one.value.func) in _LEAVING_CALLS:
            return True
    return False


def _skips(body: Sequence[ast.stmt]) -> bool:
    """Whether a handler goes on with the next round, past what follows the ``try``."""
    return any(isinstance(one, ast.Continue) for one in body) or bool(
        body and isinstance(body[-1], ast.If) and body[-1].orelse and _skips(body[-1].orelse)
    )


def _targets(node: ast.For | ast.AsyncFor | ast.While) -> frozenset[str]:
    if isinstance(node, ast.While):
        return frozenset()
    return frozenset(one.id for one in ast.walk(node.target) if isinstance(one, ast.Name))


def _inside(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a block, those of functions in it aside."""
    waiting = list(body)
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(one))


def _assigned(node: ast.AST) -> Iterator[str]:
    for one in _inside([node]):
        if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Store):
            yield one.id if isinstance(one, ast.Name) else one.attr


def _counters(loop: _Loop) -> set[str]:
    """What changes from round to round by itself: ``attempt += 1``, ``delay = delay * 2``, ``left = end - time()``."""
    found: set[str] = set()
    for one in loop.nodes:
        if isinstance(one, ast.AugAssign):
            found.add(last_of(one.target))
        elif isinstance(one, ast.Assign) and len(one.targets) == 1:
            name = last_of(one.targets[0])
            words = words_in(one.value)
            if name and (name in words or words & loop.variables or any(word in _TIMES for word in words)):
                found.add(name)
    found.discard("")
    return found


def _for_bound(loop: _Loop, attempt: Sequence[ast.stmt]) -> tuple[str, ast.expr | None] | None:
    node = loop.node
    assert not isinstance(node, ast.While)
    over = node.iter
    if isinstance(over, ast.Call) and last_of(over.func) == "enumerate" and over.args:
        over = over.args[0]
    if _is_used(loop.variables, attempt):
        return None
    if isinstance(over, ast.Call):
        called = last_of(over.func)
        if called in ("range", "xrange"):
            return "attempts", over.args[-1] if len(over.args) == 1 else _span_of(over)
        if called in _ENDLESS:
            return _exits(loop)
    if isinstance(over, ast.Tuple | ast.List) and all(isinstance(one, ast.Constant) for one in over.elts):
        numbers = all(isinstance(one, ast.Constant) and not isinstance(one.value, str) for one in over.elts)
        return ("attempts", ast.Constant(len(over.elts))) if numbers else None
    names = words_in(over) | loop.variables
    if any(word in name.lower() for name in names for word in _SCHEDULES):
        return "unknown", None
    return None


def _span_of(over: ast.Call) -> ast.expr | None:
    """The rounds of ``range(1, 6)``."""
    numbers = [one.value for one in over.args if isinstance(one, ast.Constant) and isinstance(one.value, int)]
    if len(numbers) == len(over.args) == 2:
        return ast.Constant(numbers[1] - numbers[0])
    return None


def _is_used(variables: frozenset[str], attempt: Sequence[ast.stmt]) -> bool:
    """Whether what is tried depends on the loop's variable, other than to tell about it: then each round is another
    try of something else."""
    waiting: list[ast.AST] = list(attempt)
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name) and one.id in variables:
            return True
        if isinstance(one, ast.Compare):
            continue
        if isinstance(one, ast.Call) and last_of(one.func) in _TOLD:
            continue
        waiting.extend(ast.iter_child_nodes(one))
    return False


def _while_bound(loop: _Loop, handlers: Sequence[ast.ExceptHandler]) -> tuple[str, ast.expr | None] | None:
    node = loop.node
    assert isinstance(node, ast.While)
    if isinstance(node.test, ast.Constant):
        return _exits(loop) if node.test.value else None
    words = words_in(node.test)
    if words & loop.counters:
        return "attempts", _compared_number(node.test)
    if any(part in word.lower() for word in words for part in _TIMES):
        return "time", None
    if any(isinstance(one, ast.Call) for one in ast.walk(node.test)):
        return "unknown", None
    changed = {name for one in node.body for name in _assigned(one)}
    if words & changed:
        return _exits(loop)
    return "unknown", None


def _compared_number(test: ast.expr) -> ast.expr | None:
    """``attempt < 5`` with an attempt that starts at 0 is 5 rounds."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Lt):
        return test.comparators[0]
    return None


def _exits(loop: _Loop) -> tuple[str, ast.expr | None]:
    """What else ends a loop without an end: a branch that leaves it, by a count or by the time."""
    limit = "none"
    for one in loop.nodes:
        if not isinstance(one, ast.If) or not (_leaves(one.body) or (one.orelse and _leaves(one.orelse))):
            continue
        words = words_in(one.test)
        if words & (loop.counters | loop.variables):
            return "attempts", None
        if any(part in word.lower() for word in words for part in _TIMES):
            return "time", None
        if not words <= _words_of_errors(one.test, loop) and not _asks_for_status(one.test):
            limit = "unknown"
    if any(isinstance(one, ast.Assert) and words_in(one.test) & loop.counters for one in loop.nodes):
        return "attempts", None
    if any(isinstance(one, ast.Call) and _passes(one, loop) for one in loop.nodes):
        # Something is told how often it was tried, or is asked for the next delay: it may give up.
        return "unknown", None
    return limit, None


def _words_of_errors(test: ast.expr, loop: _Loop) -> frozenset[str]:
    """The names of a test that only asks what kind of error it was; empty for every other one."""
    names = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
    if names & loop.caught:
        return frozenset(words_in(test))
    return frozenset()


def _passes(call: ast.Call, loop: _Loop) -> bool:
    name = last_of(call.func)
    if name in _TOLD or name in ("min", "max", "int", "float", "pow", "uniform", "random", "randint", "range", "len"):
        return False
    if name == "next":
        return True
    given = [*call.args, *(one.value for one in call.keywords)]
    return any(words_in(one) & loop.counters for one in given)
