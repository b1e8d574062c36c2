"""Settings classes (pydantic): which environment variables a field reads.

pydantic-settings: a field reads ``<env_prefix><FIELD>`` unless ``Field(env=..., alias=..., validation_alias=...)``
names others; upper case is what people set.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlint.core.facts.python import Dictionary, Display, Expression, Literal, PythonAssignment, Result
from archlint.model.program.index import Definitions, Module

_SETTINGS = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"})


def is_settings_class(bases: Sequence[str]) -> bool:
    """Whether a class with these bases reads its fields from the environment."""
    return any(one in _SETTINGS or one.endswith(".BaseSettings") for one in bases)


def environment_names(
    definitions: Definitions, bases: Sequence[str], owner: str, field: str, assignment: PythonAssignment, module: Module
) -> list[str]:
    """The variables that a field reads, strongest first."""
    named = _given_names(assignment.value, module)
    if named:
        return named
    for one in (owner, *bases):
        prefix = _prefix(definitions, one)
        if prefix is not None:
            return [(prefix + field).upper()]
    return [field.upper()]


def _given_names(value: Expression, module: Module) -> list[str]:
    call = module.call(value.call) if isinstance(value, Result) else None
    if call is None:
        return []
    names: list[str] = []
    for keyword in ("validation_alias", "alias", "env"):
        argument = call.argument(keyword)
        if argument is None:
            continue
        expressions: list[Expression] = [argument.value]
        if isinstance(argument.value, Display):
            expressions = list(argument.value.items)
        elif isinstance(argument.value, Result):
            choices = module.call(argument.value.call)
            expressions = [one.value for one in choices.arguments] if choices is not None else []
        names.extend(one.value for one in expressions if isinstance(one, Literal) and isinstance(one.value, str))
    return names


def _prefix(definitions: Definitions, class_name: str) -> str | None:
    for assignment, module in definitions.assignments.get(f"{class_name}.model_config", ()):
        value = assignment.value
        if isinstance(value, Dictionary):
            for key, entry in value.entries:
                if key == Literal("env_prefix") and isinstance(entry, Literal) and isinstance(entry.value, str):
                    return entry.value
        call = module.call(value.call) if isinstance(value, Result) else None
        argument = call.argument("env_prefix") if call is not None else None
        if argument is not None and isinstance(argument.value, Literal) and isinstance(argument.value.value, str):
            return argument.value.value
    for assignment, _ in definitions.assignments.get(f"{class_name}.Config.env_prefix", ()):
        if isinstance(assignment.value, Literal) and isinstance(assignment.value.value, str):
            return assignment.value.value
    return None
