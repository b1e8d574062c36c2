"""Flow: branches, loops, handlers and contexts, and what names stand for where they meet."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from archlint.core.facts.python import (
    Display,
    Element,
    Expression,
    Look,
    Loop,
    PythonHandler,
    PythonRetryLoop,
    PythonTest,
    dotted,
)
from archlint.core.span import Span
from archlint.core.values import Truth, Unknown
from archlint.readers.python.expressions import Expressions
from archlint.readers.python.looks import looks_of
from archlint.readers.python.operands import COMPUTED, name_of, tested_for_presence
from archlint.readers.python.retry_loops import RetryShape, retry_shape
from archlint.readers.python.scopes import Names, bounded, choice, fallback, merge
from archlint.readers.python.shapes import assigned, in_loop, is_main_test, is_type_checking

REASSIGNED = Unknown("changes in the loop")


class Flow:
    """Reads compound statements. ``run`` runs a block and says whether the flow surely leaves it, ``store`` assigns.

    ``raised`` counts the ``raise`` statements so far; ``in_handler`` and ``typing_only`` say where the flow is,
    ``until`` where the branch or loop around it ends.
    """

    def __init__(
        self,
        expressions: Expressions,
        run: Callable[[Sequence[ast.stmt]], bool],
        store: Callable[[ast.expr, Expression, ast.expr], None],
    ) -> None:
        self._expressions = expressions
        self._run = run
        self._store = store
        self.handlers: list[PythonHandler] = []
        self.tests: list[PythonTest] = []
        self.retries: list[PythonRetryLoop] = []
        self.until: int | None = None
        self.main: Span | None = None
        self.typing_only = False
        self.in_handler = False
        self.raised = 0

    def if_(self, node: ast.If) -> bool:
        """Both branches, and what names stand for behind them."""
        reader = self._expressions
        scope = reader.scope
        looks = looks_of(reader, node.test)
        if is_main_test(node.test) and self.main is None:
            self.main = self._expressions.spans.of(node.test)
        elif is_type_checking(node.test):
            before, self.typing_only = self.typing_only, True
            self._run(node.body)
            self.typing_only = before
            self._run(node.orelse)
            return False
        outer, reader.branch = reader.branch, not is_main_test(node.test) or reader.branch
        if scope.kind != "function":
            left = self._inside(node.body)
            self._inside(node.orelse)
            self._tested(node, looks, left)
            reader.branch = outer
            return False
        names = scope.names
        scope.names = dict(names)
        left = self._inside(node.body)
        one = scope.names
        scope.names = dict(names)
        gone = self._inside(node.orelse)
        self._tested(node, looks, left)
        scope.names = _join(one, left, scope.names, gone)
        if not left and not node.orelse:
            self._fill(node.test, names, one, other=scope.names)
        reader.branch = outer
        return left and gone

    def _inside(self, body: Sequence[ast.stmt]) -> bool:
        """Run the body of a branch or loop."""
        if not body:
            return False
        outer, self.until = self.until, body[-1].end_lineno
        left = self._run(body)
        self.until = outer
        return left

    def _tested(self, node: ast.If, looks: tuple[Look, ...], leaves: bool) -> None:
        if looks or node.orelse or leaves:
            body = self._block(node.body)
            other = self._block(node.orelse) if node.orelse else None
            at = self._heading(node, node.test)
            function = self._expressions.scope.function
            self.tests.append(PythonTest(at, looks, function, body, other, leaves, self.until))

    def _block(self, body: Sequence[ast.stmt]) -> Span:
        first, last = body[0], body[-1]
        return self._expressions.spans.between(
            first.lineno, first.col_offset, last.end_lineno or last.lineno, last.end_col_offset or 0
        )

    def _fill(self, test: ast.expr, before: Names, body: Names, other: Names) -> None:
        """``if x is None: x = default`` gives ``x`` a fallback, not a choice."""
        tested = tested_for_presence(test)
        if tested is None or tested[1] or not isinstance(tested[0], ast.Name):
            return
        name = tested[0].id
        old, new = before.get(name), body.get(name)
        if old is not None and new is not None and old is not new:
            other[name] = bounded(fallback(old, new))

    def for_(self, node: ast.For | ast.AsyncFor) -> None:
        """A ``for`` loop."""
        reader = self._expressions
        iterable = bounded(reader.read(node.iter))
        span = self._heading(node, node.iter)
        self._loop(Loop(span, "for", iterable), node, lambda: self._store(node.target, Element(iterable), node.iter))

    def while_(self, node: ast.While) -> None:
        """A ``while`` loop: its test runs in each round too."""
        reader = self._expressions
        before = len(reader.calls)
        self._forget(node.body)
        test = bounded(reader.read(node.test))
        loop = Loop(self._heading(node, node.test), "while", test)
        for index in range(before, len(reader.calls)):
            call = reader.calls[index]
            if call is not None and call.loop is reader.loop:
                reader.calls[index] = in_loop(call, loop)
        self._loop(loop, node, lambda: None)

    def _loop(self, loop: Loop, node: ast.For | ast.AsyncFor | ast.While, start: Callable[[], None]) -> None:
        reader = self._expressions
        scope = reader.scope
        outer, reader.loop = reader.loop, loop
        names = scope.names
        if scope.kind == "function":
            scope.names = dict(names)
            self._forget(node.body)
        start()
        handled = len(self.handlers)
        self._inside(node.body)
        shape = retry_shape(node)
        if shape is not None:
            self._retried(loop, shape, handled)
        reader.loop = outer
        if scope.kind == "function":
            scope.names = merge(scope.names, names)
        self._run(node.orelse)

    def _retried(self, loop: Loop, shape: RetryShape, handled: int) -> None:
        reader = self._expressions
        lines = {one.lineno for one in shape.handlers}
        kinds = [name for one in self.handlers[handled:] if one.at.line in lines for name in one.exceptions]
        rounds = None
        if shape.rounds is not None:
            acts = any(isinstance(one, ast.Call | ast.Lambda | ast.NamedExpr) for one in ast.walk(shape.rounds))
            rounds = COMPUTED if acts else bounded(reader.read(shape.rounds))
        jitter: Truth = COMPUTED if shape.pauses.jitter is None else shape.pauses.jitter
        tried = self._block(shape.tried)
        self.retries.append(
            PythonRetryLoop(
                loop.at, reader.scope.function, tried, tuple(kinds), shape.limit, rounds, shape.pauses.kind, jitter
            )
        )

    def _forget(self, body: Sequence[ast.stmt]) -> None:
        """What the loop assigns may have another value on its next round."""
        names = self._expressions.scope.names
        if self._expressions.scope.kind == "function":
            for name in set(assigned(body)):
                old = names.get(name)
                if old is not None:
                    names[name] = choice(old, REASSIGNED)

    def _heading(self, node: ast.stmt | ast.excepthandler, last: ast.expr) -> Span:
        end_line, end_offset = last.end_lineno or last.lineno, last.end_col_offset or last.col_offset
        return self._expressions.spans.between(node.lineno, node.col_offset, end_line, end_offset)

    def with_(self, node: ast.With | ast.AsyncWith) -> bool:
        """A ``with`` block."""
        reader = self._expressions
        outer = reader.contexts
        for one in node.items:
            value = bounded(reader.read(one.context_expr))
            if one.optional_vars is not None:
                self._store(one.optional_vars, value, one.context_expr)
            reader.contexts = (*reader.contexts, value)
        left = self._run(node.body)
        reader.contexts = outer
        return left

    def try_(self, node: ast.Try) -> bool:
        """A ``try`` block with its handlers: any part of the body may have run before one of them does."""
        reader = self._expressions
        scope = reader.scope
        outer = reader.catches
        kinds = [self._caught(handler) for handler in node.handlers]
        names = scope.names
        local = scope.kind == "function"
        if local:
            scope.names = dict(names)
        reader.catches = (*(name for one in kinds for name in one), *outer)
        left = self._run(node.body)
        reader.catches = outer
        if not left:
            left = self._run(node.orelse)
        tried = scope.names
        result = tried
        entry = merge(names, tried) if local else names
        for handler, kind in zip(node.handlers, kinds, strict=True):
            if local:
                scope.names = dict(entry)
                if handler.name:
                    scope.names[handler.name] = COMPUTED
            raised = self.raised
            branch, reader.branch = reader.branch, True
            inside, self.in_handler = self.in_handler, True
            gone = self._run(handler.body)
            self.in_handler = inside
            reader.branch = branch
            end = handler.type if handler.type is not None else None
            at = self._heading(handler, end) if end is not None else self._bare(handler)
            body = self._block(handler.body)
            self.handlers.append(PythonHandler(at, kind, scope.function, self.raised > raised, body))
            if local:
                result = _join(result, left, scope.names, gone)
            left = left and gone
        if local:
            scope.names = result
        return self._run(node.finalbody) or left

    def _bare(self, handler: ast.ExceptHandler) -> Span:
        return self._expressions.spans.between(
            handler.lineno, handler.col_offset, handler.lineno, handler.col_offset + 6
        )

    def _caught(self, handler: ast.ExceptHandler) -> tuple[str, ...]:
        if handler.type is None:
            return ("BaseException",)
        kind = self._expressions.read(handler.type)
        return tuple(dotted(one) for one in (kind.items if isinstance(kind, Display) else (kind,)))

    def match_(self, node: ast.Match) -> bool:
        """A ``match`` block, each case a branch."""
        reader = self._expressions
        scope = reader.scope
        subject = reader.read(node.subject)
        branch, reader.branch = reader.branch, True
        names = scope.names
        result, left = names, False
        for case in node.cases:
            if scope.kind == "function":
                scope.names = dict(names)
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchAs | ast.MatchStar) and pattern.name and scope.kind == "function":
                    scope.names[pattern.name] = subject if pattern is case.pattern else COMPUTED
                elif isinstance(pattern, ast.MatchValue):
                    reader.named_string(name_of(node.subject), pattern.value, "comparison")
            if case.guard is not None:
                reader.read(case.guard)
            gone = self._run(case.body)
            if scope.kind == "function":
                result = _join(result, left, scope.names, gone)
        if scope.kind == "function":
            scope.names = result
        reader.branch = branch
        return False


def _join(one: dict[str, Expression], left: bool, other: dict[str, Expression], gone: bool) -> dict[str, Expression]:
    """The names after two branches; one that leaves the block gives only what the other does not know."""
    if left == gone:
        return merge(one, other)
    return {**one, **other} if left else {**other, **one}
