"""Evaluating templates: parsed templates and values in, pieces of text out.

The language of Go's text/template with the functions that Helm adds, and nothing else: no code of the chart runs, no
file is opened. Steps, output and recursion are bounded; whoever exceeds them, and whoever calls what is not known, gets
a ``TemplateError``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from archlint.core.span import Span
from archlint.model.deployment.helm.nodes import (
    Action,
    Block,
    Branch,
    Jump,
    Literal,
    Name,
    Operand,
    Pipeline,
    Template,
    Text,
)
from archlint.model.deployment.helm.syntax import parse
from archlint.model.deployment.helm.values import (
    NOTHING,
    OPEN,
    Origin,
    Piece,
    TemplateError,
    Value,
    of_pieces,
    origin,
    pieces_of,
    text_of,
)

if TYPE_CHECKING:
    from archlint.model.deployment.helm.functions import Function

STEP_LIMIT = 400_000
OUTPUT_LIMIT = 4_000_000
CALL_LIMIT = 60
_NOWHERE = Span("", 1, 1, 1, 1)
"""The place of a template that another one puts together."""


class _JumpedError(Exception):
    """A ``break`` or ``continue`` on its way to its loop."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


class Renderer:
    """Renders the templates of one chart and its subcharts; the limits hold for all of them together.

    ``defines`` are the named templates; ``lacks_library`` says that some of them may be in charts that are not in the
    scan, so that an unknown name is a text that is not known instead of an error.
    """

    def __init__(self, functions: dict[str, Function], defines: dict[str, list[Block]], *, lacks_library: bool) -> None:
        self._functions = functions
        self._defines = defines
        self._lacks_library = lacks_library
        self._steps = 0
        self._written = 0
        self._calls = 0

    def render(self, template: Template, context: Value) -> list[Piece]:
        """What the template prints.

        Raises:
            TemplateError: it cannot be evaluated.
        """
        return self._run(template.blocks, context)

    def include(self, name: str, context: Value) -> Value:
        """What a named template prints."""
        body = self._defines.get(name)
        if body is None:
            if self._lacks_library:
                return Value(OPEN)
            raise TemplateError(f"there is no template {name!r}")
        return of_pieces(self._run(body, context))

    def expand(self, text: Value, context: Value) -> Value:
        """A template that stands in a value."""
        if "{{" not in text.text:
            return text
        at = origin(text)
        try:
            template = parse(text.text, "", at or _NOWHERE)
            self._defines.update(template.defines)
            pieces = self._run(template.blocks, context)
        except TemplateError as error:
            error.at = None if error.at == _NOWHERE else error.at
            raise
        return of_pieces([_moved(one, at) for one in pieces])

    def call(self, name: str, arguments: list[Value], context: Value) -> Value:
        """What a function of that name makes of the arguments."""
        function = self._functions.get(name)
        if function is None:
            raise TemplateError(f"function {name} is not known")
        try:
            return function(self, context, arguments)
        except (IndexError, ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            raise TemplateError(f"{name} cannot be applied ({type(error).__name__})") from error

    def step(self, count: int = 1) -> None:
        """Count work against the limit."""
        self._steps += count
        if self._steps > STEP_LIMIT:
            raise TemplateError("the chart's templates take too many steps")

    def _run(self, blocks: Sequence[Block], context: Value) -> list[Piece]:
        if self._calls >= CALL_LIMIT:
            raise TemplateError("templates include each other too deep")
        self._calls += 1
        found: list[Piece] = []
        try:
            _Execution(self, context, found).run(blocks, context)
        except _JumpedError as jump:
            raise TemplateError(f"{jump.keyword} outside of a range") from None
        finally:
            self._calls -= 1
        return found

    def count_output(self, pieces: Sequence[Piece]) -> None:
        """Count printed text against the limit."""
        self._written += sum([len(one.text) for one in pieces])
        if self._written > OUTPUT_LIMIT:
            raise TemplateError("the chart's templates print too much")


class _Execution:
    """One run of a template: its variables and its output."""

    def __init__(self, renderer: Renderer, root: Value, found: list[Piece]) -> None:
        self._renderer = renderer
        self._variables: list[tuple[str, Value]] = [("$", root)]
        self._found = found

    def run(self, blocks: Sequence[Block], dot: Value) -> None:
        """Print the blocks."""
        mark = len(self._variables)
        for block in blocks:
            self._renderer.step()
            if isinstance(block, Text):
                self._found.append(Piece(block.text, block.at, Origin.LITERAL))
            elif isinstance(block, Jump):
                raise _JumpedError(block.keyword)
            else:
                try:
                    self._act(block, dot)
                except RecursionError:
                    raise TemplateError("the template is nested too deep", block.at) from None
                except TemplateError as error:
                    error.at = error.at or block.at
                    raise
        del self._variables[mark:]

    def _act(self, block: Action | Branch, dot: Value) -> None:
        if isinstance(block, Action):
            value = self._pipeline(block.pipeline, dot)
            if not block.pipeline.declares:
                self._print(value, block.at)
            return
        if block.keyword == "template":
            argument = self._pipeline(block.pipeline, dot) if block.pipeline is not None else NOTHING
            self._print(self._renderer.include(block.name, argument), block.at)
            return
        mark = len(self._variables)
        assert block.pipeline is not None
        value = self._pipeline(block.pipeline, dot, is_range=block.keyword == "range")
        if block.keyword == "range":
            self._range(block, value, dot)
        elif value.is_set:
            self.run(block.body, value if block.keyword == "with" else dot)
        else:
            self.run(block.otherwise, dot)
        del self._variables[mark:]

    def _range(self, block: Branch, value: Value, dot: Value) -> None:
        assert block.pipeline is not None
        data = value.data
        pairs: list[tuple[Value, Value]]
        if isinstance(data, dict):
            pairs = [(Value(key, (value.keys or {}).get(key)), one) for key, one in sorted(data.items())]
        elif isinstance(data, list):
            pairs = [(Value(index), one) for index, one in enumerate(data)]
        elif isinstance(data, int) and not isinstance(data, bool):
            self._renderer.step(max(data, 0))
            pairs = [(Value(index), Value(index)) for index in range(data)]
        elif data is None or callable(data) or data in ("", OPEN):
            pairs = []
        else:
            raise TemplateError("range over what is no list")
        if not pairs:
            self.run(block.otherwise, dot)
            return
        names = block.pipeline.declares
        for key, one in pairs:
            self._renderer.step()
            mark = len(self._variables)
            if names and not block.pipeline.assigns:
                given = (key, one) if len(names) > 1 else (one,)
                self._variables.extend(zip(names, given, strict=False))
            try:
                self.run(block.body, one)
            except _JumpedError as jump:
                if jump.keyword == "break":
                    break
            finally:
                del self._variables[mark:]

    def _print(self, value: Value, at: Span) -> None:
        pieces = [
            one if one.at is not None else Piece(one.text, at, Origin.EXPRESSION)
            for one in pieces_of(value)
            if one.text
        ]
        self._renderer.count_output(pieces)
        self._found.extend(pieces)

    def _pipeline(self, pipeline: Pipeline, dot: Value, *, is_range: bool = False) -> Value:
        value: Value | None = None
        for command in pipeline.commands:
            value = self._command(command, dot, value)
        assert value is not None
        if pipeline.declares and not is_range:
            name = pipeline.declares[0]
            if pipeline.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _assign(self, name: str, value: Value) -> None:
        for index in range(len(self._variables) - 1, -1, -1):
            if self._variables[index][0] == name:
                self._variables[index] = (name, value)
                return
        raise TemplateError(f"variable {name} is not declared")

    def _command(self, command: tuple[Operand, ...], dot: Value, last: Value | None) -> Value:
        self._renderer.step()
        first, rest = command[0], command[1:]
        if isinstance(first, Name):
            if first.name in ("and", "or"):
                return self._shortened(first.name, rest, dot, last)
            arguments = [self._operand(one, dot) for one in rest]
            if last is not None:
                arguments.append(last)
            return self._renderer.call(first.name, arguments, dot)
        value = self._operand(first, dot)
        if callable(value.data):
            arguments = [self._operand(one, dot) for one in rest]
            if last is not None:
                arguments.append(last)
            method: Callable[[list[Value]], Value] = value.data
            return method(arguments)
        if rest or last is not None:
            raise TemplateError("a value is called like a function")
        return value

    def _shortened(self, name: str, operands: tuple[Operand, ...], dot: Value, last: Value | None) -> Value:
        """``and`` and ``or`` look no further than they need to."""
        value = NOTHING
        for one in operands:
            value = self._operand(one, dot)
            if value.is_set == (name == "or"):
                return value
        return last if last is not None else value

    def _operand(self, operand: Operand, dot: Value) -> Value:
        if isinstance(operand, Literal):
            return Value(operand.value)
        if isinstance(operand, Name):
            return self._renderer.call(operand.name, [], dot)
        if operand.base is None:
            value = dot
        elif isinstance(operand.base, str):
            value = self._variable(operand.base)
        else:
            value = self._pipeline(operand.base, dot)
        is_looked_up = False
        for index, name in enumerate(operand.fields):
            if value.data is None and not is_looked_up:
                return NOTHING  # Go lets fields of a nil pass that is no map's entry: ((.Values.a).b).c
            is_looked_up = True
            value = _field(value, name, operand.fields[: index + 1])
        return value

    def _variable(self, name: str) -> Value:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise TemplateError(f"variable {name} is not declared")


def _moved(piece: Piece, at: Span | None) -> Piece:
    """A piece of a template that stands in a value: what it says itself is the value's."""
    if piece.at == _NOWHERE:
        return Piece(piece.text, None, Origin.EXPRESSION)
    is_said = piece.origin is Origin.LITERAL and piece.at == at
    return Piece(piece.text, piece.at, Origin.VALUE if is_said else piece.origin)


def _field(value: Value, name: str, path: tuple[str, ...]) -> Value:
    data = value.data
    if isinstance(data, dict):
        found = data.get(name)
        return found if isinstance(found, Value) else NOTHING
    if data == OPEN:
        return value
    if data is None:
        raise TemplateError(f"nothing sets .{'.'.join(path[:-1])}, which .{'.'.join(path)} needs")
    raise TemplateError(f".{'.'.join(path)} asks for a field of what has none")


__all__ = ["Renderer", "text_of"]
