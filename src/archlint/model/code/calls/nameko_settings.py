"""What nameko's configuration files say: ``config.yml`` beside a service, with ``${NAME:default}`` in its values.

In: the configuration values of the workspace. Out: texts, with ``HOLE`` for variables that have no default.
https://nameko.readthedocs.io/en/stable/cli.html#environment-variables-in-yaml-config-files
"""

from __future__ import annotations

import re

from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.python import Expression, Item
from archlint.core.record import pattern
from archlint.core.values import Place, Unknown
from archlint.model.code.objects import call_of, values_of
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Module

_VARIABLE = pattern(r"\$\{\s*(?P<name>\w+)\s*(?::(?P<default>[^{}]*))?\}")
_CONFIG = "nameko.config"


def configured(draft: Draft, service: str, key: str) -> list[tuple[str, Place]]:
    """The texts under a top-level key in the configuration files of a service, and where they stand."""
    owner = draft.service(service)
    if owner is None or owner.directory is None or not draft.program.uses("nameko"):
        return []
    directory = f"{owner.directory}/" if owner.directory else ""
    return [
        (_VARIABLE.sub(_default, one.value), Place(one.at, f"{key} is set here"))
        for one in _by_key(draft).get(key, ())
        if one.at.path.startswith(directory) and isinstance(one.value, str)
    ]


def configured_key(draft: Draft, expression: Expression, module: Module) -> str | None:
    """The key that ``config["KEY"]`` and ``config.get("KEY")`` read; None for any other expression."""
    call = call_of(expression, module)
    key: Expression | None = None
    if call is not None and draft.program.callee(call, module) == f"{_CONFIG}.get" and call.arguments:
        key = call.arguments[0].value
    elif isinstance(expression, Item) and draft.program.qualify(expression.base, module) == _CONFIG:
        key = expression.key
    values = values_of(draft, key, module) if key is not None else ()
    if isinstance(values, Unknown) or not values or not isinstance(values[0].value, str):
        return None
    return values[0].value


def _by_key(draft: Draft) -> dict[str, list[ConfigValue]]:
    found = draft.memo.get("yaml settings by key")
    if isinstance(found, dict):
        return found
    index: dict[str, list[ConfigValue]] = {}
    for one in draft.index.of(ConfigValue):
        if one.format == "yaml":
            index.setdefault(one.key.partition(".")[0], []).append(one)
    draft.memo["yaml settings by key"] = index
    return index


def _default(match: re.Match[str]) -> str:
    default: str | None = match["default"]
    return HOLE if default is None else default.strip("\"' ")
