"""One edit of a call: the call found in the tree, its text rewritten by libcst, and the imports that it then needs."""

from __future__ import annotations

import ast

import libcst

from archlint.core.finding import Edit, Replacement
from archlint.fixes.imports import Names
from archlint.fixes.text import Text

_Whitespace = libcst.BaseParenthesizableWhitespace
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
    try:
        values = [(name, libcst.parse_expression(names.written(value))) for name, value in edit.set_arguments]
    except libcst.ParserSyntaxError:
        return ()
    new: libcst.Call | None = call
    for name, value in values:
        new = _with_argument(new, name, value) if new is not None else None
    for name in edit.remove_arguments:
        new = _without_argument(new, name) if new is not None else None
    if new is None or names.are_unclear:
        return ()
    newline = next((one for one in ("\r\n", "\n", "\r") if one in source), "\n")
    changed = libcst.Module([], default_newline=newline).code_for_node(new)
    if changed == source:
        return ()
    return tuple(sorted((_trimmed(edit.at.path, text, start, source, changed), *names.imports()), key=_place))


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
        if not {one.arg for one in node.keywords}.issuperset(edit.remove_arguments):
            continue
        start = text.offset_of(node.lineno, node.col_offset)
        end = text.offset_of(node.end_lineno or node.lineno, node.end_col_offset or 0)
        if start <= first and last <= end and (best is None or end - start < best[1] - best[0]):
            best = (start, end)
    return best


def _with_argument(call: libcst.Call, name: str, value: libcst.BaseExpression) -> libcst.Call | None:
    """The call with the keyword argument, None where it cannot be told what else gives it."""
    for position, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == name:
            return _with_args(call, position, [argument.with_changes(value=value)])
    if any(argument.star for argument in call.args):
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
