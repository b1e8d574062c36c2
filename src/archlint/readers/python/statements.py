"""Statements of one Python file, in the order in which they run: definitions, assignments, and the flow of names.

Function bodies are read after the body around them, as they run later: by then all names of the outer scopes are known.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from archlint.core.facts.python import (
    Argument,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonAssignment,
    PythonClass,
    PythonFunction,
    PythonModule,
    PythonParameter,
    PythonRaise,
    Reference,
    encode_facts,
)
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.readers.python.expressions import Expressions
from archlint.readers.python.flow import Flow
from archlint.readers.python.imports import Imports
from archlint.readers.python.mappings import united, with_item
from archlint.readers.python.operands import COMPUTED, add, arithmetic, changes_place, name_of, parts_of
from archlint.readers.python.scopes import Scope, bounded, choice
from archlint.readers.python.shapes import (
    FunctionNode,
    is_text,
    last_of_signature,
)
from archlint.readers.python.spans import Spans

DELETED = Unknown("deleted")


class Statements:
    """Reads the statements of one file. ``module`` gives the finished fact."""

    def __init__(self, name: str, is_package: bool, spans: Spans) -> None:
        self.name = name
        self.is_package = is_package
        self.spans = spans
        self.too_deep: list[Span] = []
        self._module_scope = Scope("module", name, {})
        self._expressions = Expressions(name, spans, self._module_scope)
        self._assignments: list[PythonAssignment] = []
        self._functions: list[PythonFunction | None] = []
        self._headers: list[PythonFunction] = []
        self._classes: list[PythonClass] = []
        self._raises: list[PythonRaise] = []
        self._waiting: deque[tuple[FunctionNode, Scope, int, str | None]] = deque()
        flow = self._flow = Flow(self._expressions, self.block, self.store)
        imports = self._imports = Imports(name, is_package, self._expressions, self._module_scope, flow)
        self._run: dict[type, Callable[..., bool | None]] = {
            ast.Expr: self._expression,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.Import: imports.import_,
            ast.ImportFrom: imports.import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.If: flow.if_,
            ast.For: flow.for_,
            ast.AsyncFor: flow.for_,
            ast.While: flow.while_,
            ast.With: flow.with_,
            ast.AsyncWith: flow.with_,
            ast.Try: flow.try_,
            ast.Match: flow.match_,
            ast.Global: self._global,
            ast.Nonlocal: self._nonlocal,
            ast.Delete: self._delete,
            ast.Assert: self._assert,
            ast.Continue: self._continue,
            ast.Pass: self._pass,
            ast.Break: self._pass,
        }
        if hasattr(ast, "TryStar"):
            self._run[ast.TryStar] = flow.try_

    def module(self, tree: ast.Module, path: str, lines: int) -> PythonModule:
        """Read the whole module."""
        self.block(tree.body)
        while self._waiting:
            self._body(*self._waiting.popleft())
        reader = self._expressions
        return PythonModule(
            Span(path, 1, 1, 1, 1),
            self.name,
            self.is_package,
            tuple(self._imports.found),
            tuple(self._assignments),
            tuple(one or self._headers[index] for index, one in enumerate(self._functions)),
            tuple(self._classes),
            encode_facts([call for call in reader.calls if call is not None]),
            encode_facts(reader.strings),
            tuple(self._raises),
            tuple(self._flow.handlers),
            self._flow.main,
            lines,
            tuple(self._flow.tests),
            tuple(self._flow.retries),
        )

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Run statements; whether the flow surely leaves the block by return, raise or continue."""
        run = self._run
        for statement in body:
            try:
                if run[statement.__class__](statement):
                    return True
            except RecursionError:
                self.too_deep.append(self.spans.of(statement))
        return False

    # Definitions

    def _function(self, node: FunctionNode) -> None:
        reader = self._expressions
        scope = reader.scope
        decorators = tuple([reader.read(one) for one in node.decorator_list])
        index = len(self._functions)
        name = f"{scope.prefix}.{node.name}"
        owner = scope.prefix if scope.kind == "class" else None
        header = PythonFunction(
            self.spans.header(node, last_of_signature(node)),
            name,
            node.end_lineno or node.lineno,
            tuple(self._parameters(node.args)),
            decorators,
            tuple([self.spans.of(one) for one in node.decorator_list]),
            owner,
            scope.function,
            isinstance(node, ast.AsyncFunctionDef),
            False,
            (),
            bool(node.body) and is_text(node.body[0]),
            reader.annotation(node.returns),
        )
        self._functions.append(None)
        self._headers.append(header)
        scope.names[node.name] = reader.reference(name)
        self._waiting.append((node, scope, index, owner))

    def _parameters(self, arguments: ast.arguments) -> Iterator[PythonParameter]:
        reader = self._expressions
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        for kind, ones, values in (
            ("positional", positional, defaults),
            ("*", [arguments.vararg] if arguments.vararg else [], [None]),
            ("keyword", arguments.kwonlyargs, arguments.kw_defaults),
            ("**", [arguments.kwarg] if arguments.kwarg else [], [None]),
        ):
            for one, value in zip(ones, values, strict=False):
                default = None
                if value is not None:
                    default = reader.read(value)
                    reader.named_string(one.arg, value, "default")
                yield PythonParameter(one.arg, kind, default, reader.annotation(one.annotation))

    def _body(self, node: FunctionNode, outer: Scope, index: int, owner: str | None) -> None:
        header = self._headers[index]
        scope = Scope("function", header.name, {}, outer, index)
        for parameter in header.parameters:
            scope.names[parameter.name] = Parameter(index, parameter.name)
            if parameter.kind == "**":
                scope.keywords = parameter.name
        if owner is not None and header.parameters and header.parameters[0].kind == "positional":
            static = any(isinstance(one, Reference) and one.name == "staticmethod" for one in header.decorators)
            if not static:
                scope.selves[header.parameters[0].name] = owner
        self._enter(scope)
        self.block(node.body)
        self._functions[index] = PythonFunction(
            header.at,
            header.name,
            header.end_line,
            header.parameters,
            header.decorators,
            header.decorator_spans,
            header.owner,
            header.parent,
            header.is_async,
            scope.is_generator,
            tuple(scope.returns[:16]),
            header.docstring,
            header.annotation,
        )

    def _enter(self, scope: Scope) -> None:
        reader = self._expressions
        reader.scope = scope
        reader.loop = None
        reader.catches = ()
        reader.contexts = ()
        reader.branch = False
        self._flow.until = None

    def _class(self, node: ast.ClassDef) -> None:
        reader = self._expressions
        scope = reader.scope
        name = f"{scope.prefix}.{node.name}"
        bases = tuple([reader.read(one) for one in node.bases])
        keywords = tuple(
            [Argument(self.spans.of(one), one.arg or "**", reader.read(one.value)) for one in node.keywords]
        )
        parts: list[ast.expr | ast.keyword] = [*node.bases, *node.keywords]
        last = max(parts, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0), default=None)
        self._classes.append(
            PythonClass(
                self.spans.header(node, last),
                name,
                bases,
                tuple([reader.read(one) for one in node.decorator_list]),
                keywords,
                scope.function,
            )
        )
        scope.names[node.name] = reader.reference(name)
        reader.scope = Scope("class", name, {}, scope, scope.function)
        self.block(node.body)
        reader.scope = scope

    # Simple statements

    def _expression(self, node: ast.Expr) -> None:
        if node.value.__class__ is not ast.Constant:
            self._expressions.read(node.value)

    def _assign(self, node: ast.Assign) -> None:
        value = self._expressions.read(node.value)
        for target in node.targets:
            self.store(target, value, node.value, augmented=changes_place(target, node.value))

    def _annotated(self, node: ast.AnnAssign) -> None:
        reader = self._expressions
        annotation = reader.annotation(node.annotation)
        if node.value is not None:
            self.store(node.target, reader.read(node.value), node.value, annotation)
        elif reader.scope.kind != "function":
            self.store(node.target, Unknown("declared"), node.annotation, annotation)

    def _augmented(self, node: ast.AugAssign) -> None:
        reader = self._expressions
        value = reader.read(node.value)
        if isinstance(node.target, ast.Name) and self._is_local(node.target.id):
            old = reader.scope.names.get(node.target.id, COMPUTED)
            new = united(old, value) if isinstance(node.op, ast.BitOr) else None
            if new is None:
                new = add([old, value]) if isinstance(node.op, ast.Add) else arithmetic(node.op, old, value)
            reader.scope.names[node.target.id] = bounded(new)
        else:
            self.store(node.target, value, node.value, augmented=True)

    def _is_local(self, name: str) -> bool:
        scope = self._expressions.scope
        return scope.kind == "function" and name not in scope.globals

    def store(
        self,
        target: ast.expr,
        value: Expression,
        node: ast.expr,
        annotation: Expression | None = None,
        augmented: bool = False,
    ) -> None:
        """Assign a value to a target: a local name takes its place, all else becomes a fact."""
        reader = self._expressions
        scope = reader.scope
        if node.__class__ is ast.Constant:
            reader.named_string(name_of(target), node, "assignment")
        if isinstance(target, ast.Name):
            name = target.id
            if self._is_local(name):
                if name in scope.nonlocals and scope.outer is not None:
                    outer: Scope | None = scope.outer
                    while outer is not None and name not in outer.names:
                        outer = outer.outer
                    if outer is not None:
                        outer.names[name] = bounded(choice(outer.names[name], value))
                    return
                scope.names[name] = bounded(value)
                return
            owner = self._module_scope if name in scope.globals else scope
            if self._flow.in_handler and isinstance(owner.names.get(name), Reference) and value == Literal(None):
                return
            place: Expression = reader.reference(f"{owner.prefix}.{name}" if owner.prefix else name)
            known = isinstance(value, Reference) and value.name in ("os.environ", "os.getenv", "os.environ.get")
            owner.names[name] = value if known else place
        elif isinstance(target, ast.Tuple | ast.List):
            nodes = node.elts if isinstance(node, ast.Tuple | ast.List) else None
            for position, (one, part) in enumerate(zip(target.elts, parts_of(value, target.elts), strict=True)):
                paired = nodes is not None and len(nodes) == len(target.elts)
                self.store(one, part, nodes[position] if paired and nodes else node)
            return
        elif isinstance(target, ast.Starred):
            self.store(target.value, COMPUTED, node)
            return
        elif isinstance(target, ast.Subscript):
            place = Item(reader.read(target.value), reader.read(target.slice))
            if isinstance(target.value, ast.Name) and scope.kind == "function":
                with_item(scope, target.value.id, place.key, value)
        else:
            place = reader.read(target)
        if isinstance(place, Member | Item):
            place = bounded(place)
        conditional = reader.branch or reader.loop is not None
        self._assignments.append(
            PythonAssignment(
                reader.at(target), place, value, self.spans.of(node), scope.function, annotation, augmented, conditional
            )
        )

    def _return(self, node: ast.Return) -> bool:
        if node.value is not None:
            value = bounded(self._expressions.read(node.value))
            returns = self._expressions.scope.returns
            if value not in returns:
                returns.append(value)
        return True

    def _raise(self, node: ast.Raise) -> bool:
        reader = self._expressions
        exception = None if node.exc is None else bounded(reader.read(node.exc))
        if node.cause is not None:
            reader.read(node.cause)
        self._flow.raised += 1
        self._raises.append(PythonRaise(self.spans.of(node), exception, reader.scope.function))
        return True

    def _global(self, node: ast.Global) -> None:
        self._expressions.scope.globals.update(node.names)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self._expressions.scope.nonlocals.update(node.names)

    def _delete(self, node: ast.Delete) -> None:
        scope = self._expressions.scope
        for target in node.targets:
            if isinstance(target, ast.Name):
                if scope.kind == "function":
                    scope.names[target.id] = DELETED
            else:
                self._expressions.read(target)

    def _assert(self, node: ast.Assert) -> None:
        self._expressions.read(node.test)
        if node.msg is not None:
            self._expressions.read(node.msg)

    def _continue(self, _: ast.Continue) -> bool:
        return True

    def _pass(self, _: ast.stmt) -> None:
        return None
