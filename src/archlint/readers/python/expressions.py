"""Expressions of one Python file: every call in them becomes a fact, and what they stand for an ``Expression``.

One visit does both. What has no static meaning (arithmetic on unknowns, comparisons, lambdas) is UNKNOWN.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable
from types import MethodType

from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Literal,
    Loop,
    Member,
    Parameter,
    PythonCall,
    PythonString,
    Reference,
    Result,
)
from archlint.core.span import Span
from archlint.readers.python.mappings import may_change, with_method
from archlint.readers.python.nested import comprehension, lambda_
from archlint.readers.python.operands import (
    COMPARISON,
    COMPUTED,
    FALSE,
    LONG,
    MANY,
    MAX_ENTRIES,
    NONE,
    TRUE,
    name_of,
    parts_of,
)
from archlint.readers.python.operations import binary, boolean, conditional, unary
from archlint.readers.python.scopes import Names, Scope, bounded, choice
from archlint.readers.python.spans import Located, Spans
from archlint.readers.python.texts import concatenation, formatted, joined

MAX_TEXT = 16_384
BUILTINS = frozenset(dir(builtins))

_GETTERS = frozenset({"get", "getenv", "setdefault", "pop", "config", "env", "str", "getattr"})
_ENVIRONMENT_GETTERS = frozenset(
    {"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "os.environb.get"}
)
_ACTING = (ast.Call, ast.Lambda, ast.comprehension, ast.NamedExpr)
_SILENT = frozenset({"isinstance", "issubclass", "hasattr", "callable", "len", "id", "hash"})
"""Builtins that neither act nor give a value that anything is decided on: their calls are no facts."""


class Expressions:
    """Reads expressions. The statements set ``scope``, ``loop``, ``catches``, ``contexts``, ``branch`` as they go."""

    def __init__(self, module: str, spans: Spans, scope: Scope) -> None:
        self.module = module
        self.spans = spans
        self.scope = scope
        self.calls: list[PythonCall | None] = []
        self.strings: list[PythonString] = []
        self.loop: Loop | None = None
        self.catches: tuple[str, ...] = ()
        self.contexts: tuple[Expression, ...] = ()
        self.branch = False
        self.has_star_import = False
        self._awaited = False
        self._text: Span | None = None
        self._references: dict[str, Reference] = {}
        self._read: dict[type, Callable[..., Expression]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Subscript: self._subscript,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: self._formatted,
            ast.BinOp: MethodType(binary, self),
            ast.BoolOp: MethodType(boolean, self),
            ast.UnaryOp: MethodType(unary, self),
            ast.IfExp: MethodType(conditional, self),
            ast.Compare: self._compare,
            ast.List: self._display,
            ast.Tuple: self._display,
            ast.Set: self._display,
            ast.Dict: self._dictionary,
            ast.ListComp: MethodType(comprehension, self),
            ast.SetComp: MethodType(comprehension, self),
            ast.GeneratorExp: MethodType(comprehension, self),
            ast.DictComp: MethodType(comprehension, self),
            ast.Lambda: MethodType(lambda_, self),
            ast.Await: self._await,
            ast.Starred: self._starred,
            ast.NamedExpr: self._walrus,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield_from,
            ast.Slice: self._slice,
        }

    def read(self, node: ast.expr) -> Expression:
        """What the expression stands for; its calls are recorded."""
        return self._read[node.__class__](node)

    def reference(self, name: str) -> Reference:
        """The reference of that name, made once a file."""
        found = self._references.get(name)
        if found is None:
            found = self._references[name] = Reference(name)
        return found

    def annotation(self, node: ast.expr | None) -> Expression | None:
        """An annotation: text is read as the expression that it quotes, ``X | Y`` is a choice."""
        if node is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.isidentifier():
                return self._named(node.value)
            if len(node.value) > 200:
                return LONG
            try:
                quoted = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return COMPUTED
            if any(
                isinstance(one, ast.Call | ast.Lambda | ast.comprehension | ast.NamedExpr) for one in ast.walk(quoted)
            ):
                return COMPUTED
            return self.annotation(quoted)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return choice(self.annotation(node.left) or NONE, self.annotation(node.right) or NONE)
        return self.read(node)

    def named_string(self, name: str | None, node: ast.expr, context: str) -> None:
        """Record a text that has a name."""
        if name and node.__class__ is ast.Constant and isinstance(node.value, str | bytes):
            value = self._constant(node)
            if isinstance(value, Literal) and isinstance(value.value, str):
                self.strings.append(PythonString(self.at(node), name, value.value, context, self.scope.function))

    def at(self, node: Located) -> Span:
        """The node's span; in an f-string, whose inner places are not always right, at least a part of that."""
        span = self.spans.of(node)
        if self._text is not None:
            whole = self._text
            start, end = (span.line, span.column), (span.end_line, span.end_column)
            if start < (whole.line, whole.column) or end > (whole.end_line, whole.end_column) or end < start:
                return whole
        return span

    def _constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if value is None:
            return NONE
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                return LONG
            return Literal(value if value.isascii() else value.encode("utf-8", "replace").decode())
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if isinstance(value, int):
            return Literal(value) if -(2**63) <= value < 2**63 else LONG
        if isinstance(value, float):
            return Literal(value) if math.isfinite(value) else COMPUTED
        if isinstance(value, bytes):
            return Literal(value.decode("latin-1")) if len(value) <= MAX_TEXT else LONG
        return COMPUTED

    def _name(self, node: ast.Name) -> Expression:
        return self._named(node.id)

    def _named(self, name: str) -> Expression:
        found = self.scope.find(name)
        if found is not None:
            return found
        if name not in BUILTINS and self.has_star_import:
            return self.reference(f"{self.module}.{name}")
        return self.reference(name)

    def _attribute(self, node: ast.Attribute) -> Expression:
        base = node.value
        if base.__class__ is ast.Name:
            owner = self._self_class(base.id)
            if owner is not None:
                return self.reference(f"{owner}.{node.attr}")
        value = self.read(base)
        if value.__class__ is Reference:
            return self.reference(f"{value.name}.{node.attr}")
        return Member(value, node.attr)

    def _self_class(self, name: str) -> str | None:
        scope: Scope | None = self.scope
        while scope is not None and scope.function is not None:
            owner = scope.selves.get(name)
            if owner is not None:
                return owner
            if name in scope.names:
                return None
            scope = scope.outer
        return None

    def _call(self, node: ast.Call) -> Expression:
        awaited, self._awaited = self._awaited, False
        function = node.func
        method = function.attr if function.__class__ is ast.Attribute else None
        if method in ("format", "join") and function.value.__class__ is ast.Constant:  # type: ignore[attr-defined]
            text = self._template(method, node)
            if text is not None:
                return text
        callee = self.read(function)
        if isinstance(callee, Parameter) and callee.name == "cls":
            owner = self._self_class("cls")
            callee = self.reference(owner) if owner is not None else callee
        arguments = []
        for one in node.args:
            if one.__class__ is ast.Starred:
                arguments.append(Argument(self.at(one), "*", self.read(one.value)))
            else:
                arguments.append(Argument(self.at(one), None, self.read(one)))
        for keyword in node.keywords:
            value = self.read(keyword.value)
            if keyword.value.__class__ is ast.Constant:
                self.named_string(keyword.arg, keyword.value, "keyword")
            arguments.append(Argument(self.at(keyword), keyword.arg or "**", value))
        name = callee.name if callee.__class__ is Reference else None
        if name in _SILENT:
            return COMPUTED
        if name == "dict" and all(one.name not in (None, "*") for one in arguments):
            pairs = ((None if one.name == "**" else Literal(one.name), one.value) for one in arguments)
            return Dictionary(tuple(pairs))
        if may_change(method) and function.value.__class__ is ast.Name:  # type: ignore[attr-defined]
            with_method(self.scope, function.value.id, method or "", arguments)  # type: ignore[attr-defined]
        self._default_text(node, method, name)
        at = self.at(node)
        scope = self.scope
        self.calls.append(
            PythonCall(
                at,
                callee,
                tuple(arguments),
                scope.function,
                self.loop,
                awaited,
                self.catches,
                self.contexts,
                self.branch,
            )
        )
        result = Result(len(self.calls) - 1)
        if name in _ENVIRONMENT_GETTERS and arguments and not any(one.name in ("*", "**") for one in arguments):
            key = arguments[0].value
            if isinstance(key, Literal) and isinstance(key.value, str):
                default = arguments[1].value if len(arguments) > 1 else None
                return EnvironmentRead(key.value, None if default == NONE else default, at)
        return result

    def _default_text(self, node: ast.Call, method: str | None, name: str | None) -> None:
        """``get("KEY", "text")`` names its default."""
        if len(node.args) == 2 and (method or (name or "").rpartition(".")[2]) in _GETTERS:
            key = node.args[0]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self.named_string(key.value, node.args[1], "default")

    def _template(self, method: str | None, node: ast.Call) -> Expression | None:
        text = node.func.value.value  # type: ignore[attr-defined]
        if not isinstance(text, str) or any(one.__class__ is ast.Starred for one in node.args):
            return None
        if method == "format":
            positional = [self.read(one) for one in node.args]
            named = {one.arg: self.read(one.value) for one in node.keywords}
            return formatted(text, positional, {key: value for key, value in named.items() if key is not None})
        if len(node.args) == 1 and not node.keywords:
            return joined(text, self.read(node.args[0]))
        return None

    def _subscript(self, node: ast.Subscript) -> Expression:
        base = self.read(node.value)
        key = self.read(node.slice)
        if isinstance(key, Literal):
            if base.__class__ is Reference and base.name == "os.environ" and isinstance(key.value, str):
                return EnvironmentRead(key.value, None, self.at(node))
            if isinstance(base, Dictionary):
                for one, value in reversed(base.entries):
                    if one is None or not isinstance(one, Literal):
                        break
                    if one == key:
                        return value
            elif (
                isinstance(base, Display)
                and isinstance(key.value, int)
                and -len(base.items) <= key.value < len(base.items)
            ):
                return base.items[key.value]
        return Item(base, key)

    def _joined(self, node: ast.JoinedStr) -> Expression:
        outer = self._text
        if outer is None:
            self._text = self.spans.of(node)
        parts = [self.read(one) for one in node.values]
        self._text = outer
        return concatenation(parts) if parts else Literal("")

    def _formatted(self, node: ast.FormattedValue) -> Expression:
        value = self.read(node.value)
        if node.format_spec is not None:
            self.read(node.format_spec)
            return COMPUTED
        return value

    def _compare(self, node: ast.Compare) -> Expression:
        self.compared(node)
        return COMPARISON

    def compared(self, node: ast.Compare) -> list[Expression]:
        """What a comparison compares."""
        operands = [self.read(node.left)]
        for one in node.comparators:
            operands.append(self.read(one))
            if one.__class__ is ast.Constant:
                self.named_string(name_of(node.left), one, "comparison")
        return operands

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> Expression:
        items = [self.read(one) for one in node.elts]
        return Display(tuple(items)) if len(items) <= MAX_ENTRIES else MANY

    def _dictionary(self, node: ast.Dict) -> Expression:
        entries = []
        for key, value in zip(node.keys, node.values, strict=True):
            read_key = None if key is None else self.read(key)
            entries.append((read_key, self.read(value)))
            if value.__class__ is ast.Constant and isinstance(read_key, Literal) and isinstance(read_key.value, str):
                self.named_string(read_key.value, value, "entry")
        return Dictionary(tuple(entries)) if len(entries) <= MAX_ENTRIES else MANY

    def bind(self, target: ast.expr, value: Expression, names: Names) -> None:
        """Bind the plain names of a target, also inside tuples."""
        if isinstance(target, ast.Name):
            names[target.id] = bounded(value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, COMPUTED, names)
        elif isinstance(target, ast.Tuple | ast.List):
            for one, part in zip(target.elts, parts_of(value, target.elts), strict=True):
                self.bind(one, part, names)

    def _await(self, node: ast.Await) -> Expression:
        self._awaited = node.value.__class__ is ast.Call
        value = self.read(node.value)
        self._awaited = False
        return value

    def _starred(self, node: ast.Starred) -> Expression:
        return Element(self.read(node.value))

    def _walrus(self, node: ast.NamedExpr) -> Expression:
        value = self.read(node.value)
        scope = self.scope
        if scope.kind == "function":
            scope.names[node.target.id] = bounded(value)
            self.named_string(node.target.id, node.value, "assignment")
        return value

    def _yield(self, node: ast.Yield) -> Expression:
        self.scope.is_generator = True
        if node.value is not None:
            self.scope.returns.append(bounded(self.read(node.value)))
        return COMPUTED

    def _yield_from(self, node: ast.YieldFrom) -> Expression:
        self.scope.is_generator = True
        self.read(node.value)
        return COMPUTED

    def _slice(self, node: ast.Slice) -> Expression:
        for one in (node.lower, node.upper, node.step):
            if one is not None:
                self.read(one)
        return COMPUTED
