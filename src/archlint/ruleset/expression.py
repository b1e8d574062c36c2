"""Conditions of rules: a typed, three-valued subset of Python expressions. The only module that knows ``when``.

In comes the text of an expression and the types of the names in it; out comes a function of one subject. It refuses,
with the offset of the culprit, everything but comparisons, ``and``/``or``/``not``, access to declared fields, literals,
lists, ``len``, ``any``/``all`` over one comprehension level and the helpers below. No arithmetic, no other calls, no
underscore names: an expression from a stranger can neither run code nor take long.

Touching UNKNOWN gives UNKNOWN, except where the rest decides: ``False and UNKNOWN`` is false, ``True or UNKNOWN`` is
true. A field of None is UNKNOWN, so guard it: ``x is not None and x.value > 3``.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from archlint.core.record import dataclass
from archlint.core.rule import OptionValue
from archlint.core.values import UNKNOWN, Unknown
from archlint.ruleset.errors import ExpressionError, did_you_mean
from archlint.ruleset.evaluation import (
    Evaluate,
    application,
    attribute_of,
    conjunction,
    constant_of,
    disjunction,
    equality,
    membership,
    negation,
    none_test,
    order_test,
    quantification,
    the_element,
    the_subject,
)
from archlint.ruleset.parsing import parse
from archlint.ruleset.patterns import compile_pattern
from archlint.ruleset.types import (
    ABSENT,
    BOOL,
    INTEGER,
    NONE,
    TEXT,
    TRUTH,
    Type,
    atoms,
    describe,
    elements_of,
    fields_of,
    groups,
    is_collection,
    may_equal,
)

MAX_TEXT = 2_000
"""``matches`` does not judge longer texts: UNKNOWN."""

HELPERS = {
    "len": "len(list or text): how many elements",
    "any": "any(condition for x in list): whether it holds for one element or more",
    "all": "all(condition for x in list): whether it holds for every element",
    "matches": "matches(text, 'regex'): whether the regular expression is found in the text",
    "startswith": "startswith(text, 'prefix')",
    "endswith": "endswith(text, 'suffix')",
    "lower": "lower(text): the text in lower case",
    "known": "known(value): false for UNKNOWN, true for anything else, None too",
}


@dataclass(frozen=True)
class Expression:
    """A compiled expression, the type of its value, and the options that it reads."""

    evaluate: Evaluate
    type: Type
    options: frozenset[str]


def compile_expression(text: str, name: str, subject: type, options: Mapping[str, OptionValue]) -> Expression:
    """The expression over one subject, called ``name`` in it. ``options`` are by their kebab-case names.

    Raises:
        ExpressionError: the text is not in the language, or its types do not fit.
    """
    return _compile(parse(text, name), text, name, subject, options)


def compile_condition(text: str, name: str, subject: type, options: Mapping[str, OptionValue]) -> Expression:
    """As ``compile_expression``, for an expression that is true, false or UNKNOWN.

    Raises:
        ExpressionError: also where its value is of another type.
    """
    expression = compile_expression(text, name, subject, options)
    _require_truth(expression.type, text, len(text) - len(text.lstrip()))
    return expression


def compile_path(text: str, name: str, subject: type, options: Mapping[str, OptionValue]) -> Expression:
    """As ``compile_expression``, for a dotted path such as ``call.target``.

    Raises:
        ExpressionError: also where it is anything else.
    """
    tree = whole = parse(text, name)
    while isinstance(tree, ast.Attribute):
        tree = tree.value
    if not isinstance(tree, ast.Name):
        raise ExpressionError(f"only dotted names such as {{{name}.name}} can stand in braces")
    return _compile(whole, text, name, subject, options)


def _compile(tree: ast.expr, text: str, name: str, subject: type, options: Mapping[str, OptionValue]) -> Expression:
    compiler = _Compiler(text, name, subject, options)
    evaluate, kind = compiler.visit(tree)
    return Expression(evaluate, kind, frozenset(compiler.options_read))


class _Compiler:
    """Checks and compiles one expression; each ``visit`` gives the function and the type of its value."""

    def __init__(self, text: str, name: str, subject: type, options: Mapping[str, OptionValue]) -> None:
        self.text = text
        self.name = name
        self.subject = subject
        self.options = {option.replace("-", "_"): (option, value) for option, value in options.items()}
        self.options_read: set[str] = set()
        self.element: tuple[str, Type] | None = None

    def shown(self, node: ast.expr) -> str:
        """The node as it stands in the rule."""
        return self.text[node.col_offset : node.end_col_offset]

    def visit(self, node: ast.expr) -> tuple[Evaluate, Type]:
        match node:
            case ast.Constant():
                return self.constant(node)
            case ast.Name():
                return self.variable(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.Compare():
                return self.compare(node)
            case ast.BoolOp(op=ast.And()):
                return conjunction([self.condition(part) for part in node.values]), TRUTH
            case ast.BoolOp():
                return disjunction([self.condition(part) for part in node.values]), TRUTH
            case ast.UnaryOp(op=ast.Not()):
                return negation(self.condition(node.operand)), TRUTH
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return constant_of(-number), atoms(type(number))
            case ast.Tuple() | ast.List():
                return self.display(node)
            case ast.Call():
                return self.call(node)
        raise ExpressionError(f"{_CONSTRUCTS.get(type(node), 'this')} cannot be used in a rule", node.col_offset)

    def condition(self, node: ast.expr) -> Evaluate:
        evaluate, kind = self.visit(node)
        _require_truth(kind, self.shown(node), node.col_offset)
        return evaluate

    def constant(self, node: ast.Constant) -> tuple[Evaluate, Type]:
        if node.value is not None and not isinstance(node.value, str | int | float):
            raise ExpressionError("only text, numbers, True, False and None can be literals", node.col_offset)
        return constant_of(node.value), frozenset({type(node.value)})

    def variable(self, node: ast.Name) -> tuple[Evaluate, Type]:
        if self.element is not None and node.id == self.element[0]:
            return the_element, self.element[1]
        if node.id == self.name:
            return the_subject, frozenset({self.subject})
        known = {self.name, *HELPERS, *(("options",) if self.options else ())}
        if self.element is not None:
            known.add(self.element[0])
        if node.id in self.options:
            raise ExpressionError(f"options are read by 'options.{node.id}'", node.col_offset)
        hint = did_you_mean(node.id, known) or f"; the subject is called {self.name!r} here"
        raise ExpressionError(f"unknown name {node.id!r}{hint}", node.col_offset)

    def attribute(self, node: ast.Attribute) -> tuple[Evaluate, Type]:
        at = (node.end_col_offset or 0) - len(node.attr)
        if isinstance(node.value, ast.Name) and node.value.id == "options":
            return self.option(node, at)
        base, kind = self.visit(node.value)
        if node.attr.startswith("_"):
            raise ExpressionError(f"{node.attr!r}: names that start with an underscore cannot be used in a rule", at)
        path = self.shown(node)
        found: Type = frozenset()
        known: set[str] = set()
        for atom in kind - ABSENT:
            fields = fields_of(atom)
            known.update(fields)
            found = found | fields.get(node.attr, frozenset())
        if not found:
            what = describe(kind - NONE)
            raise ExpressionError(f"{what} has no field {node.attr!r}{_hint(node.attr, known)}", at)
        if kind & ABSENT:
            found = found | {Unknown}
        absent = Unknown(f"{self.shown(node.value)} is not there")
        return attribute_of(base, node.attr, Unknown(f"{path} is unknown"), absent), found

    def option(self, node: ast.Attribute, at: int) -> tuple[Evaluate, Type]:
        if node.attr not in self.options:
            raise ExpressionError(f"the rule has no option {node.attr!r}{_hint(node.attr, self.options)}", at)
        name, value = self.options[node.attr]
        self.options_read.add(name)
        if isinstance(value, tuple):
            return constant_of(value), frozenset({tuple[str, ...]})
        return constant_of(value), frozenset({type(value)})

    def display(self, node: ast.Tuple | ast.List) -> tuple[Evaluate, Type]:
        parts = [self.visit(part) for part in node.elts]
        element: Any = object
        kinds = frozenset[Any]().union(*(kind for _, kind in parts))
        if kinds:
            element = next(iter(kinds))
            for other in kinds - {element}:
                element = element | other
        evaluates = tuple(evaluate for evaluate, _ in parts)
        kind: Type = frozenset({tuple[element, ...]})
        if all(isinstance(part, ast.Constant) for part in node.elts):
            return constant_of(tuple(evaluate(None, None) for evaluate in evaluates)), kind
        return lambda subject, element: tuple(one(subject, element) for one in evaluates), kind

    def compare(self, node: ast.Compare) -> tuple[Evaluate, Type]:
        sides = [(part, *self.visit(part)) for part in (node.left, *node.comparators)]
        parts = [self.comparison(op, sides[i], sides[i + 1]) for i, op in enumerate(node.ops)]
        return (parts[0] if len(parts) == 1 else conjunction(parts)), TRUTH

    def comparison(
        self, op: ast.cmpop, left: tuple[ast.expr, Evaluate, Type], right: tuple[ast.expr, Evaluate, Type]
    ) -> Evaluate:
        (left_node, left_value, left_type), (right_node, right_value, right_type) = left, right
        place = left_node.col_offset
        shown = self.shown(left_node)
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right_node, ast.Constant) and right_node.value is None):
                hint = "'not x' or 'x'" if right_type == BOOL else "'=='"
                raise ExpressionError(f"'is' compares with None only; write {hint}", right_node.col_offset)
            if not left_type & NONE:
                raise ExpressionError(f"{shown} is never None: it is {describe(left_type)}", place)
            return none_test(left_value, isinstance(op, ast.Is))
        if isinstance(op, ast.Eq | ast.NotEq):
            if isinstance(right_node, ast.Constant) and right_node.value is None:
                raise ExpressionError("compare with None by 'is' or 'is not'", right_node.col_offset)
            if not may_equal(left_type, right_type):
                raise ExpressionError(
                    f"{shown} is {describe(left_type)} and never equals {describe(right_type)}", place
                )
            return equality(left_value, right_value, isinstance(op, ast.Eq))
        if isinstance(op, ast.In | ast.NotIn):
            self._check_membership(left_node, left_type, right_node, right_type)
            return membership(left_value, right_value, isinstance(op, ast.In))
        for one, kind in ((left_node, left_type), (right_node, right_type)):
            if not groups(kind) & {"number", str}:
                raise ExpressionError(f"{self.shown(one)} is {describe(kind)}: it has no order", one.col_offset)
        if not groups(left_type) & groups(right_type):
            raise ExpressionError(f"{shown} is {describe(left_type)}, not {describe(right_type)}", place)
        return order_test(_ORDER[type(op)], left_value, right_value, Unknown(f"{shown} cannot be compared"))

    def _check_membership(self, left: ast.expr, left_type: Type, right: ast.expr, right_type: Type) -> None:
        collections = [atom for atom in right_type - ABSENT if is_collection(atom) or atom is str]
        if not collections:
            raise ExpressionError(
                f"{self.shown(right)} is {describe(right_type)}, not a list or text", right.col_offset
            )
        inside = elements_of(right_type) | (TEXT if str in right_type else frozenset())
        if inside and not may_equal(left_type, inside):
            raise ExpressionError(
                f"{self.shown(left)} is {describe(left_type)} and never in a list of {describe(inside)}",
                left.col_offset,
            )

    def call(self, node: ast.Call) -> tuple[Evaluate, Type]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in HELPERS:
            shown = self.shown(node.func)
            raise ExpressionError(
                f"{shown}() cannot be called in a rule{_hint(shown.rpartition('.')[2], HELPERS)}", node.col_offset
            )
        arity = 2 if name in ("matches", "startswith", "endswith") else 1
        if node.keywords or len(node.args) != arity or any(isinstance(one, ast.Starred) for one in node.args):
            raise ExpressionError(f"it is {HELPERS[name]}", node.col_offset)
        if name in ("any", "all"):
            return self.quantifier(name, node.args[0]), TRUTH
        first, kind = self.visit(node.args[0])
        shown = self.shown(node.args[0])
        if name == "known":
            return (lambda subject, element: not isinstance(first(subject, element), Unknown)), BOOL
        if name == "len":
            if not any(is_collection(atom) or atom is str for atom in kind):
                raise ExpressionError(f"{shown} is {describe(kind)}: it has no length", node.args[0].col_offset)
            return application(first, len, (tuple, list, str), Unknown(f"{shown} is not there")), INTEGER | {Unknown}
        if str not in kind:
            raise ExpressionError(f"{shown} is {describe(kind)}, not text", node.args[0].col_offset)
        absent = Unknown(f"{shown} is not there")
        if name == "lower":
            return application(first, str.lower, (str,), absent), TEXT | {Unknown}
        return application(first, self.text_test(name, node.args[1]), (str,), absent), TRUTH

    def text_test(self, name: str, argument: ast.expr) -> Callable[[str], Any]:
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise ExpressionError(f"the second part of {name}() is a text in quotes", argument.col_offset)
        wanted = argument.value
        if name == "startswith":
            return lambda text: text.startswith(wanted)
        if name == "endswith":
            return lambda text: text.endswith(wanted)
        try:
            search = compile_pattern(wanted).search
        except (ValueError, re.error) as error:
            raise ExpressionError(f"regular expression: {error}", argument.col_offset) from None
        return lambda text: search(text) is not None if len(text) <= MAX_TEXT else UNKNOWN

    def quantifier(self, name: str, argument: ast.expr) -> Evaluate:
        if not isinstance(argument, ast.GeneratorExp | ast.ListComp):
            raise ExpressionError(f"it is {HELPERS[name]}", argument.col_offset)
        if len(argument.generators) != 1 or self.element is not None:
            raise ExpressionError("only one level of 'for' can be used in a rule", argument.col_offset)
        loop = argument.generators[0]
        if not isinstance(loop.target, ast.Name) or loop.is_async:
            raise ExpressionError("one plain name stands between 'for' and 'in'", loop.target.col_offset)
        variable = loop.target.id
        if variable in (self.name, "options", *HELPERS) or variable.startswith("_"):
            raise ExpressionError(f"{variable!r} is taken: give the element another name", loop.target.col_offset)
        items, kind = self.visit(loop.iter)
        element = elements_of(kind)
        if not element:
            raise ExpressionError(f"{self.shown(loop.iter)} is {describe(kind)}, not a list", loop.iter.col_offset)
        self.element = (variable, element)
        holds = self.condition(argument.elt)
        filters = [self.condition(test) for test in loop.ifs]
        self.element = None
        if filters and name == "any":
            holds = conjunction([*filters, holds])
        elif filters:
            holds = disjunction([negation(conjunction(filters)), holds])
        return quantification(items, holds, name == "any", Unknown(f"{self.shown(loop.iter)} is not there"))


_ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
_CONSTRUCTS: dict[type, str] = {
    ast.BinOp: "arithmetic",
    ast.UnaryOp: "arithmetic",
    ast.IfExp: "'if … else'",
    ast.Lambda: "a lambda",
    ast.Subscript: "a subscript",
    ast.JoinedStr: "an f-string",
    ast.NamedExpr: "an assignment",
    ast.GeneratorExp: "'for' outside any() and all()",
    ast.ListComp: "'for' outside any() and all()",
    ast.SetComp: "'for' outside any() and all()",
    ast.DictComp: "'for' outside any() and all()",
    ast.Dict: "a dictionary",
    ast.Set: "a set (write a list)",
    ast.Await: "await",
    ast.Starred: "'*'",
}


def _hint(name: str, known: Any) -> str:
    close = did_you_mean(name, known)
    return close or (f" (it has {', '.join(sorted(known)[:20])})" if known else "")


def _require_truth(kind: Type, shown: str, offset: int) -> None:
    if kind <= TRUTH:
        return
    how = "len(…) > 0" if any(is_collection(atom) for atom in kind) else "'is not None', '==' or '<'"
    raise ExpressionError(f"{shown} is {describe(kind)}, not true or false: compare it by {how}", offset)
