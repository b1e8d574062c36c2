"""Names and values across the modules of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from archlint.core.facts.python import Expression, PythonCall, PythonFunction, PythonModule
from archlint.core.values import Place, Unknown

HOLE = "{}"
"""What stands in a resolved text for a part that is not known."""


@dataclass(frozen=True)
class Resolved:
    """One value that an expression may have. In text, ``HOLE`` stands for each part that is not known, and ``is_exact``
    is then false. ``chain`` leads from the expression to where the value is written."""

    value: str | int | float | bool | None
    chain: tuple[Place, ...] = ()
    is_exact: bool = True


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the program. ``path`` is its file; ``facts`` what the reader saw."""

    path: str
    facts: PythonModule


Lookup = Callable[[str], Sequence[Resolved] | Unknown | None]
"""Gives the values of an environment variable: None where nothing sets it, UNKNOWN where something unreadable does."""


class Program:
    """Every Python module of the workspace, joined."""

    def __init__(self, modules: Iterable[PythonModule]) -> None:
        self.modules: dict[str, Module] = {one.at.path: Module(one.at.path, one) for one in modules}

    def import_target(self, module: Module, name: str) -> Module | None:
        """The module of this workspace that an absolute dotted name means when ``module`` imports it, or None.

        Import roots are tried from the importing file's directory upward (and ``src`` below each), as a service is
        started from its own directory.
        """
        raise NotImplementedError

    def qualify(self, expression: Expression, module: Module) -> str:
        """What the expression names, through imports, re-exports, assignments, attributes and factories.

        A library's names come out as the library documents them (``requests.get``, ``flask.Flask``); an attribute of
        an instance as class and member: ``self.session.get`` with ``self.session = requests.Session()`` is
        ``requests.Session.get``. A name of this workspace comes out as its definition's (``src.orders.db.connect``).
        ``?`` where it is not known (``?.get``).
        """
        raise NotImplementedError

    def callee(self, call: PythonCall, module: Module) -> str:
        """``qualify`` of what is called."""
        raise NotImplementedError

    def origin(self, expression: Expression, module: Module) -> tuple[PythonCall, Module] | None:
        """The call that made the object that the expression stands for (``requests.Session(...)``), through variables,
        attributes, module globals, factories and context managers; None where it is not one known call."""
        raise NotImplementedError

    def evaluate(
        self, expression: Expression | None, module: Module, lookup: Lookup | None = None
    ) -> tuple[Resolved, ...] | Unknown:
        """The values that the expression may have, most usual first, or UNKNOWN where none is known.

        ``lookup`` gives environment variables; without it (or where it gives None) a read has its default, and with
        no default it is UNKNOWN.
        """
        raise NotImplementedError

    def function_named(self, name: str) -> tuple[PythonFunction, Module] | None:
        """The function or method of this workspace with that qualified name."""
        raise NotImplementedError

    def called_functions(self, call: PythonCall, module: Module) -> tuple[tuple[PythonFunction, Module], ...]:
        """The functions of this workspace that a call may run, methods through ``self``, known instances and bases."""
        raise NotImplementedError

    def callers(self, function: PythonFunction, module: Module) -> tuple[tuple[PythonCall, Module], ...]:
        """The calls of this workspace that may run a function."""
        raise NotImplementedError

    def calls_in(self, function: PythonFunction, module: Module) -> tuple[PythonCall, ...]:
        """The calls in a function's own body (nested functions too)."""
        raise NotImplementedError

    def reachable(
        self, function: PythonFunction, module: Module, depth: int = 6
    ) -> tuple[tuple[PythonCall, Module], ...]:
        """All calls that running a function may make, its callees' too, nearest first, each once."""
        raise NotImplementedError

    def instantiated(self, class_name: str) -> tuple[tuple[PythonCall, Module], ...]:
        """The calls that make instances of a class of this workspace."""
        raise NotImplementedError

    def bases(self, class_name: str) -> tuple[str, ...] | Unknown:
        """The qualified names of all bases, nearest first; library bases are included, UNKNOWN where one is not known."""
        raise NotImplementedError

    def imported_modules(self, path: str) -> frozenset[str]:
        """The paths of the modules of this workspace that a file imports, directly or through others."""
        raise NotImplementedError
