"""One set-up of logging as it is found in the code, and the level that an expression names."""

from __future__ import annotations

from archlint.core.facts.python import Choice, Expression, Parameter, Reference, Result
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import Place, Unknown
from archlint.model.code.observability.log_fields import OPEN, Fields
from archlint.model.code.scope import Surroundings
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL", 5: "TRACE", 0: "NOTSET"}


@dataclass(frozen=True)
class Found:
    """A set-up: where, what its records look like, and what they carry. Lower ranks say more than higher ones."""

    at: Span
    format: str | Unknown
    level: str | Unknown | None = None
    fields: Fields = OPEN
    rank: int = 0
    related: tuple[Place, ...] = ()


def level_name(draft: Draft, value: Expression, module: Module, around: Surroundings) -> str | Unknown | None:
    """A log level as upper case: from ``logging.DEBUG``, ``"debug"``, 10, ``getattr(logging, LEVEL)``."""
    if isinstance(value, Reference):
        name = draft.program.qualify(value, module)
        last = name.rpartition(".")[2]
        if name.startswith(("logging.", "picologging.")) and last.isupper():
            return last
    if isinstance(value, Choice):
        levels = [level_name(draft, one, module, around) for one in value.options]
        return levels[0] if len(set(map(str, levels))) == 1 else Unknown("the level depends on a condition")
    if isinstance(value, Parameter):
        return Unknown("the level is a parameter")
    if isinstance(value, Result):
        made = draft.program.origin(value, module)
        if made is not None:
            call, where = made
            if call.name in ("getattr", "logging.getLevelName", "int") and call.arguments:
                position = 1 if call.name == "getattr" else 0
                if len(call.arguments) > position:
                    return level_name(draft, call.arguments[position].value, where, around)
        return Unknown("the level is not known")
    values = draft.program.evaluate(value, module, around.lookup)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return Unknown("the level is not known")
    first = values[0].value
    if isinstance(first, bool):
        return Unknown("the level is not known")
    if isinstance(first, int):
        return _LEVELS.get(first, str(first))
    return str(first).upper() if isinstance(first, str) else None
