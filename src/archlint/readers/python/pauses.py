"""How a loop waits between two rounds: not at all, always as long, longer each time; and whether chance has a part.

In: the nodes of a loop's body and the names that change from round to round. Out: the kind of wait. A pause whose
length something unread reckons is ``unknown``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Set
from dataclasses import dataclass

_SLEEPS = frozenset({"sleep", "sleep_for", "usleep"})
_WAITS = frozenset({"wait", "wait_for"})
_HINTS = ("sleep", "backoff", "back_off", "delay", "pause", "throttle", "wait")
_CHANCE = ("random", "jitter", "uniform", "randint", "randrange", "expovariate", "gauss", "triangular", "randbelow")
_ARITHMETIC = frozenset(
    {"min", "max", "int", "float", "pow", "round", "abs", "len", "ceil", "floor", "exp", "log", "timedelta", "sum"}
)


@dataclass(frozen=True)
class Pauses:
    """``kind``: ``none``, ``constant``, ``growing``, ``random`` or ``unknown``; ``jitter`` is None where it is not
    known."""

    kind: str
    jitter: bool | None = None
    seconds: ast.expr | None = None


def pauses_of(nodes: Iterable[ast.AST], changing: Set[str]) -> Pauses:
    """How the loop waits. ``changing`` are the names that change from round to round."""
    nodes = list(nodes)
    lengths = []
    hinted = False
    for one in nodes:
        if not isinstance(one, ast.Call):
            continue
        name = last_of(one.func)
        if name in _SLEEPS and one.args:
            lengths.append(one.args[0])
        elif name in _WAITS and isinstance(one.func, ast.Attribute) and not _is_module(one.func.value):
            given = [*one.args, *(part.value for part in one.keywords if part.arg == "timeout")]
            if given and not any(isinstance(part, ast.Call) for part in given[:1]):
                lengths.append(given[0])
        elif any(part in name.lower() for part in _HINTS):
            hinted = True
    if hinted:
        return Pauses("unknown")
    found = [_length(one, nodes, changing) for one in lengths]
    for kind in ("unknown", "growing", "random", "constant"):
        for pause in found:
            if pause.kind == kind:
                return pause
    return Pauses("none", False)


def words_in(node: ast.AST) -> set[str]:
    """The names and attributes in an expression."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def _length(length: ast.expr, nodes: list[ast.AST], changing: Set[str]) -> Pauses:
    """One pause, with what the loop's body assigns to the names in it."""
    parts: list[ast.expr] = [length]
    names = words_in(length)
    for _ in range(3):
        more = [
            value
            for one in nodes
            if isinstance(one, ast.Assign | ast.AugAssign | ast.AnnAssign)
            and (value := one.value) is not None
            and value not in parts
            and any(
                last_of(target) in names for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
            )
        ]
        if not more:
            break
        parts += more
        names |= {word for one in more for word in words_in(one)}
    if any(_is_opaque(one) for part in parts for one in ast.walk(part)):
        return Pauses("unknown")
    chance = any(any(part in word.lower() for part in _CHANCE) for word in names)
    if names & changing:
        return Pauses("growing", chance, length)
    return Pauses("random", True, length) if chance else Pauses("constant", False, length)


def _is_opaque(node: ast.AST) -> bool:
    """A call that may reckon anything."""
    if not isinstance(node, ast.Call):
        return False
    name = last_of(node.func)
    return name not in _ARITHMETIC and not any(part in name.lower() for part in _CHANCE)


def _is_module(node: ast.expr) -> bool:
    """``asyncio.wait(…)`` waits for tasks, ``event.wait(…)`` for time."""
    return isinstance(node, ast.Name) and node.id in ("asyncio", "futures", "concurrent", "anyio")


def last_of(node: ast.expr) -> str:
    """The last part of a dotted name; empty where the expression is none."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
