"""A statement at the end of a function: only where every way through the function is sure to come there."""

from __future__ import annotations

import ast
import re

from archlint.core.finding import Edit, Replacement
from archlint.core.span import Span
from archlint.fixes.text import Text

_PARAMETER = re.compile(r"\{(\d)\}")
_METHOD = re.compile(r"\.(\w+)\(")


def appended_statement(edit: Edit, text: Text, tree: ast.Module) -> tuple[Replacement, ...] | None:
    """The insertion; nothing where the edit has none or the function has it already, None where it cannot be made."""
    if edit.append_to is None or not edit.statement:
        return ()
    function = _function_at(edit.append_to, tree)
    if function is None or edit.append_to.path != edit.at.path:
        return None
    parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    numbers = [int(one) for one in _PARAMETER.findall(edit.statement)]
    if any(number >= len(parameters) for number in numbers):
        return None
    statement = _PARAMETER.sub(lambda found: parameters[int(found[1])], edit.statement)
    method = _METHOD.search(statement)
    if method is not None and _calls(function, method[1]):
        return ()
    last = function.body[-1]
    if last.lineno == function.lineno or not _runs_through(function):
        return None
    indent = text.content[text.offset(last.lineno, 1) : text.offset_of(last.lineno, last.col_offset)]
    if indent.strip():
        return None
    end = text.end_of_line(last.end_lineno or last.lineno)
    newline = text.newline
    return (Replacement(text.span(edit.at.path, end, end), f"{newline}{indent}{statement}"),)


def _function_at(at: Span, tree: ast.Module) -> ast.FunctionDef | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= at.line <= node.body[0].lineno and at.line <= node.lineno:
                return node
    return None


def _calls(function: ast.FunctionDef, method: str) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == method for one in ast.walk(function))


def _runs_through(function: ast.FunctionDef) -> bool:
    """Whether the end is reached unless something is raised: no return, no yield, no loop for ever."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
            return False
        waiting.extend(ast.iter_child_nodes(node))
    return not isinstance(function.body[-1], ast.Raise)
