"""Shapes of statements: what a loop assigns, which test this is, where a signature ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from archlint.core.facts.python import Loop, PythonCall

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def assigned(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The plain names that statements assign, nested functions and classes left out."""
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from _plain(target)
        elif isinstance(statement, ast.AugAssign | ast.AnnAssign):
            yield from _plain(statement.target)
        elif isinstance(statement, ast.For | ast.AsyncFor):
            yield from _plain(statement.target)
            yield from assigned(statement.body)
            yield from assigned(statement.orelse)
        elif isinstance(statement, ast.If | ast.While):
            yield from assigned(statement.body)
            yield from assigned(statement.orelse)
        elif isinstance(statement, ast.With | ast.AsyncWith):
            yield from assigned(statement.body)
        elif isinstance(statement, ast.Try):
            for part in (statement.body, statement.orelse, statement.finalbody, *(h.body for h in statement.handlers)):
                yield from assigned(part)
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                yield from assigned(case.body)


def _plain(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for one in target.elts:
            yield from _plain(one)


def is_type_checking(test: ast.expr) -> bool:
    """Whether a condition holds only for type checkers."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def last_of_signature(node: FunctionNode) -> ast.expr | ast.arg | None:
    """The last part of a signature that has a place; None where there is none."""
    arguments = node.args
    if node.returns is not None:
        return node.returns
    if arguments.kwarg is not None:
        return arguments.kwarg
    if arguments.kwonlyargs:
        return arguments.kw_defaults[-1] or arguments.kwonlyargs[-1]
    if arguments.vararg is not None:
        return arguments.vararg
    if arguments.args or arguments.posonlyargs:
        return arguments.defaults[-1] if arguments.defaults else (arguments.args or arguments.posonlyargs)[-1]
    return None


def in_loop(call: PythonCall, loop: Loop) -> PythonCall:
    """The call in another loop."""
    fields = [getattr(call, name) for name in call.__struct_fields__]
    fields[call.__struct_fields__.index("loop")] = loop
    return PythonCall(*fields)


def is_main_test(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )
