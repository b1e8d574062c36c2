"""Messages of rules: text with dotted names in braces, printed as people write lists and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archlint.core.rule import OptionValue
from archlint.core.values import Unknown
from archlint.ruleset.errors import ExpressionError
from archlint.ruleset.expression import compile_path


def compile_message(
    text: str, name: str, subject: type, options: Mapping[str, OptionValue]
) -> tuple[Callable[[Any], str], frozenset[str]]:
    """The function that prints the message for a subject, and the options that it reads.

    Raises:
        ExpressionError: a brace stands alone, or holds anything but a dotted name of the subject.
    """
    pieces: list[str | Callable[[Any, Any], Any]] = []
    read: frozenset[str] = frozenset()
    for offset, piece, is_path in _split(text):
        if not is_path:
            pieces.append(piece)
            continue
        try:
            compiled = compile_path(piece, name, subject, options)
        except ExpressionError as error:
            raise ExpressionError(error.message, offset + error.offset) from None
        pieces.append(compiled.evaluate)
        read |= compiled.options

    def render(subject: Any) -> str:
        return "".join(piece if isinstance(piece, str) else show(piece(subject, None)) for piece in pieces)

    return render, read


def show(value: object) -> str:
    """A value as a message prints it: ``a, b and c`` for lists, ``30`` for 30.0, ``nothing`` for None."""
    if value is None:
        return "nothing"
    if isinstance(value, Unknown):
        return "something unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list | frozenset):
        parts = sorted(show(one) for one in value) if isinstance(value, frozenset) else [show(one) for one in value]
        if len(parts) < 2:
            return "".join(parts) or "nothing"
        return f"{', '.join(parts[:-1])} and {parts[-1]}"
    inner = getattr(value, "value", None)
    if isinstance(inner, float) and hasattr(value, "source"):
        return f"{inner:g}"
    return " ".join(str(value).split())


def _split(text: str) -> Iterator[tuple[int, str, bool]]:
    """Pieces of the text: offset, text, and whether it stood in braces. ``{{`` and ``}}`` are braces themselves."""
    start = position = 0
    literal = ""
    while position < len(text):
        character = text[position]
        if text[position : position + 2] in ("{{", "}}"):
            literal += text[start:position] + character
            position += 2
            start = position
        elif character == "{":
            end = text.find("}", position)
            if end < 0:
                raise ExpressionError("this brace is never closed", position)
            yield start, literal + text[start:position], False
            literal = ""
            yield position + 1, text[position + 1 : end], True
            start = position = end + 1
        elif character == "}":
            raise ExpressionError("this brace was never opened; write '}}' for a brace", position)
        else:
            position += 1
    yield start, literal + text[start:], False
