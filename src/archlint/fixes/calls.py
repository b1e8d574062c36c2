"""One edit of a call: the call found in the tree, its text rewritten by libcst, and the imports that it then needs."""

from __future__ import annotations

import ast

import libcst

from archlint.core.finding import Edit, Replacement
from archlint.fixes.functions import appended_statement
from archlint.fixes.imports import Names
from archlint.fixes.text import Text

_Whitespace = libcst.BaseParenthesizableWhitespace
ARGUMENT = "{argument}"
MOST_POSITIONAL = 2
"""With more arguments by position than that, a keyword may well be among them."""


def replacements_of(edit: Edit, text: Text, tree: ast.Module) -> tuple[Replacement, ...]:
    """What to replace in the file, in order; nothing where the edit cannot be made for sure."""
    found = _call_at(edit, text, tree)
    if found is None:
        return ()
    start, end = found
    source = text.content[start:end]
    try:
        call = libcst.parse_expression(source)
    except libcst.ParserSyntaxError:
        return ()
    if not isinstance(call, libcst.Call):
        return ()
    names = Names(edit.at.path, text, tree)
    new = _changed(call, edit, names)
    appended = appended_statement(edit, text, tree)
    if new is None or names.are_unclear or appended is None:
        return ()
    newline = next((one for one in ("\r\n", "\n", "\r") if one in source), "\n")
    changed = libcst.Module([], default_newline=newline).code_for_node(new)
    if changed == source:
        return ()
    ones = (_trimmed(edit.at.path, text, start, source, changed), *names.imports(), *appended)
    return tuple(sorted(ones, key=_place))


def _changed(call: libcst.Call, edit: Edit, names: Names) -> libcst.Call | None:
    """The call after the edit, None where it cannot be made for sure."""
    new: libcst.Call | None = call
    for name, text in edit.set_arguments:
        now = _argument(call, name)
        if ARGUMENT in text and now is None:
            return None
        written = names.written(text).replace(ARGUMENT, _bracketed(now) if now is not None else "")
        try:
            value = libcst.parse_expression(written)
        except libcst.ParserSyntaxError:
            return None
        new = _with_argument(new, name, value) if new is not None else None
    for name in edit.remove_arguments:
        if new is not None and not (edit.set_arguments and _argument(new, name) is None):
            new = _without_argument(new, name)
    return new


def _argument(call: libcst.Call, name: str) -> libcst.BaseExpression | None:
    """The argument of that keyword or position, as far as it is plain to see."""
    for position, one in enumerate(call.args):
        if one.star:
            return None
        if one.keyword.value == name if one.keyword is not None else str(position) == name:
            return one.value
    return None


def _bracketed(value: libcst.BaseExpression) -> str:
    """The text of an expression that can stand beside an operator."""
    written = libcst.Module([]).code_for_node(value)
    is_closed = isinstance(value, libcst.Call | libcst.Name | libcst.Attribute | libcst.BaseNumber) or value.lpar
    return written if is_closed else f"({written})"


def _place(replacement: Replacement) -> tuple[object, ...]:
    return (replacement.at, replacement.text)


def _call_at(edit: Edit, text: Text, tree: ast.Module) -> tuple[int, int] | None:
    """The range of the smallest call that has the place, and the arguments that are to be removed."""
    first, last = text.offsets(edit.at)
    best: tuple[int, int] | None = None
    for node in ast.walk(tree):
        if (
            not isinstance(node, ast.Call)
            or not edit.at.line <= (node.end_lineno or 0)
            or node.lineno > edit.at.end_line
        ):
            continue
        if not edit.set_arguments and not {one.arg for one in node.keywords}.issuperset(edit.remove_arguments):
            continue
        if edit.calls and _last_name(node.func) not in edit.calls:
            continue
        start = text.offset_of(node.lineno, node.col_offset)
        end = text.offset_of(node.end_lineno or node.lineno, node.end_col_offset or 0)
        if start <= first and last <= end and (best is None or end - start < best[1] - best[0]):
            best = (start, end)
    return best


def _last_name(callee: ast.expr) -> str:
    return callee.attr if isinstance(callee, ast.Attribute) else callee.id if isinstance(callee, ast.Name) else ""


def _with_argument(call: libcst.Call, name: str, value: libcst.BaseExpression) -> libcst.Call | None:
    """The call with the keyword argument, None where it cannot be told what else gives it."""
    for position, argument in enumerate(call.args):
        if argument.star and name.isdigit():
            return None
        if argument.keyword.value == name if argument.keyword is not None else str(position) == name:
            return _with_args(call, position, [argument.with_changes(value=value)])
    if name.isdigit() or any(argument.star for argument in call.args):
        return None
    if sum(argument.keyword is None for argument in call.args) > MOST_POSITIONAL:
        return None
    if any(isinstance(argument.value, libcst.GeneratorExp) and not argument.value.lpar for argument in call.args):
        return None
    new = libcst.Arg(
        value,
        libcst.Name(name),
        equal=libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace("")),
    )
    if not call.args:
        return call.with_changes(args=[new])
    last = call.args[-1]
    if isinstance(last.comma, libcst.Comma):
        kept, between, after = _split(call, last.comma.whitespace_after)
        new = new.with_changes(comma=libcst.Comma(whitespace_after=after))
    else:
        kept, between, after = _split(call, last.whitespace_after_arg)
        new = new.with_changes(whitespace_after_arg=after)
    before = last.with_changes(comma=libcst.Comma(whitespace_after=between), whitespace_after_arg=kept)
    return call.with_changes(args=[*call.args[:-1], before, new])


def _split(call: libcst.Call, end: _Whitespace) -> tuple[_Whitespace, _Whitespace, _Whitespace]:
    """White space before the comma that follows the last argument, after that comma, and after the new argument.

    ``end`` is what stood between the last argument (or its comma) and the bracket. A comment in it stays where it is.
    """
    nothing, blank = libcst.SimpleWhitespace(""), libcst.SimpleWhitespace(" ")
    start = call.whitespace_before_args
    if not isinstance(end, libcst.ParenthesizedWhitespace):
        return nothing, start if isinstance(start, libcst.ParenthesizedWhitespace) else blank, end
    plain = libcst.ParenthesizedWhitespace(indent=end.indent, last_line=end.last_line)
    if isinstance(start, libcst.ParenthesizedWhitespace):
        return nothing, end.with_changes(empty_lines=(), last_line=start.last_line), plain
    if end.first_line.comment is None:
        return nothing, blank, plain
    return nothing, end, plain


def _without_argument(call: libcst.Call, name: str) -> libcst.Call | None:
    for position, argument in enumerate(call.args):
        if argument.keyword is None or argument.keyword.value != name:
            continue
        if position + 1 < len(call.args) or position == 0:
            return _with_args(call, position, [])
        before = call.args[position - 1].with_changes(
            comma=argument.comma, whitespace_after_arg=argument.whitespace_after_arg
        )
        return call.with_changes(args=[*call.args[: position - 1], before])
    return None


def _with_args(call: libcst.Call, position: int, new: list[libcst.Arg]) -> libcst.Call:
    return call.with_changes(args=[*call.args[:position], *new, *call.args[position + 1 :]])


def _trimmed(path: str, text: Text, start: int, old: str, new: str) -> Replacement:
    """The smallest replacement: what both have at the beginning and at the end stays."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    end = 0
    while end < min(len(old), len(new)) - same and old[-1 - end] == new[-1 - end]:
        end += 1
    return Replacement(text.span(path, start + same, start + len(old) - end), new[same : len(new) - end])
