"""Logging that a file configures: ``fileConfig``, a dictionary loaded from YAML, JSON or TOML, ``--log-config``.

In: the expression that leads to the file, or the service's commands. Out: a ``Found`` at the file's own line. A file
that is not in the scan, or not found, leaves the set-up UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.python import (
    Choice,
    Dictionary,
    EnvironmentRead,
    Expression,
    Literal,
    Member,
    Parameter,
    Reference,
    Result,
    Template,
)
from archlint.core.record import pattern
from archlint.core.values import Unknown
from archlint.model.code.observability.instrumentation import launch_commands
from archlint.model.code.observability.log_dictionaries import dictionary_set_up
from archlint.model.code.observability.log_found import Found
from archlint.model.code.scope import ServiceCode, Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_FILE = pattern(r"[\w.\-/ ]*?([\w.\-]+\.(?:ya?ml|json|ini|conf|cfg|toml))$")
_OPTION = pattern(r"--log-config(?:-json)?[= ]['\"]?(?:python:|file:)?(\S+?\.(?:ya?ml|json|ini|conf|cfg|toml))\b")
_SECTION = pattern(r"(formatter|handler|logger)_(\w+)$")
_GUNICORN = pattern(r"(^|/)gunicorn[\w.\-]*\.py$")
_FORMATS = ("ini", "yaml", "json", "toml", "conf")
_NOT_THE_SERVICES = ("alembic.ini",)
"""Files that configure the logs of a tool."""
_DEPTH = 8


def file_set_up(
    draft: Draft, code: ServiceCode, expression: Expression | None, module: Module, around: Surroundings
) -> Found | None:
    """What the file says that the expression names or was loaded from; None where no such file is in the scan."""
    names = {} if expression is None else dict.fromkeys(_file_names(draft, expression, module, 0))
    files = [path for name in names for path in _files(draft, code).get(name, ())]
    if not names:
        # The path is put together in a way that is not followed: the service's only configuration of logging it is.
        files = [path for paths in _files(draft, code).values() for path in paths]
        files = files if len(files) == 1 else []
    return _best([_of_file(draft, code, path, module, around) for path in files])


def launch_set_ups(draft: Draft, code: ServiceCode, around: Surroundings) -> Iterator[Found]:
    """What the commands that start the service, and gunicorn's configuration, say of its logs."""
    for text, _, _ in launch_commands(draft, code.service.name):
        for option in _OPTION.finditer(text):
            name = option[1].rpartition("/")[2]
            for path in _files(draft, code).get(name, ()):
                yield _of_file(draft, code, path, code.own[0], around)
    directory = code.service.directory
    if directory is None:
        return
    inside = f"{directory}/" if directory else ""
    for module in _gunicorn(draft):
        if not module.path.startswith(inside):
            continue
        for one in module.facts.assignments:
            name = one.target.name.rpartition(".")[2] if isinstance(one.target, Reference) else ""
            if name == "logconfig_dict":
                yield dictionary_set_up(draft, code, one.value, module, one.at, around)
            elif name == "logconfig":
                found = file_set_up(draft, code, one.value, module, around)
                yield found or Found(one.at, Unknown("gunicorn's logging is configured by a file"))


def _gunicorn(draft: Draft) -> list[Module]:
    """The modules that configure gunicorn, by their names; nobody imports them."""
    found = draft.memo.get("gunicorn's configurations")
    if not isinstance(found, list):
        found = [module for path, module in draft.program.modules.items() if _GUNICORN.search(path)]
        draft.memo["gunicorn's configurations"] = found
    return found


def _file_names(draft: Draft, expression: Expression, module: Module, depth: int) -> Iterator[str]:
    """The names of files in what an expression is made from."""
    if depth > _DEPTH:
        return
    if isinstance(expression, Literal):
        found = _FILE.match(expression.value) if isinstance(expression.value, str) else None
        if found is not None:
            yield found[1]
    elif isinstance(expression, Result):
        call = module.call(expression.call)
        if call is not None:
            yield from _file_names(draft, call.callee, module, depth + 1)
            for argument in call.arguments:
                yield from _file_names(draft, argument.value, module, depth + 1)
            for function, where in draft.program.called_functions(call, module):
                for value in function.returns:
                    yield from _file_names(draft, value, where, depth + 2)
    elif isinstance(expression, Member):
        yield from _file_names(draft, expression.base, module, depth + 1)
    elif isinstance(expression, Template):
        for part in expression.parts:
            yield from _file_names(draft, part, module, depth + 1)
    elif isinstance(expression, Choice):
        for option in expression.options:
            yield from _file_names(draft, option, module, depth + 1)
    elif isinstance(expression, EnvironmentRead):
        if expression.default is not None:
            yield from _file_names(draft, expression.default, module, depth + 1)
    elif isinstance(expression, Parameter):
        function = module.facts.functions[expression.function]
        for parameter in function.parameters:
            if parameter.name == expression.name and parameter.default is not None:
                yield from _file_names(draft, parameter.default, module, depth + 1)
        for call, where in draft.program.callers(function, module)[:3]:
            for argument in call.arguments:
                if argument.name in (None, expression.name):
                    yield from _file_names(draft, argument.value, where, depth + 2)
    elif isinstance(expression, Reference):
        value, where = assigned_value(draft, expression, module)
        if value is expression and "." in expression.name:
            value = Reference(expression.name.rpartition(".")[0])
        if value is not expression:
            yield from _file_names(draft, value, where, depth + 1)


def _files(draft: Draft, code: ServiceCode) -> dict[str, list[str]]:
    """The files of the service that configure logging, by name."""
    directory = code.service.directory
    inside = f"{directory}/" if directory else ""
    found: dict[str, list[str]] = {}
    for path in _configurations(draft):
        if path.startswith(inside):
            found.setdefault(path.rpartition("/")[2], []).append(path)
    return found


def _configurations(draft: Draft) -> dict[str, list[ConfigValue]]:
    """The values of each file of the workspace that configures formatters and handlers."""
    found = draft.memo.get("logging files")
    if not isinstance(found, dict):
        marked = {
            one.at.path
            for one in draft.index.of(ConfigValue)
            if one.format in _FORMATS and "formatter" in one.key and not one.at.path.endswith(_NOT_THE_SERVICES)
        }
        values: dict[str, list[ConfigValue]] = {}
        for one in draft.index.of(ConfigValue):
            if one.at.path in marked:
                values.setdefault(one.at.path, []).append(one)
        found = {path: given for path, given in values.items() if any("handler" in one.key for one in given)}
        draft.memo["logging files"] = found
    return found


def _of_file(draft: Draft, code: ServiceCode, path: str, module: Module, around: Surroundings) -> Found:
    values = _configurations(draft)[path]
    written = (one.at for one in values if "formatter" in one.key and one.key.endswith(("format", "()", "class")))
    at = next(written, None)
    return dictionary_set_up(draft, code, _dictionary(values), module, at or values[0].at, around)


def _dictionary(values: list[ConfigValue]) -> Dictionary:
    """The file as the dictionary that ``dictConfig`` would take."""
    tree: dict[str, object] = {}
    for one in values:
        keys = one.key.split(".")
        section = _SECTION.match(keys[0])
        if section is not None:
            keys = [f"{section[1]}s", section[2], *keys[1:]]
        else:
            start = next((keys.index(key) for key in ("formatters", "handlers", "filters", "root") if key in keys), 0)
            keys = keys[start:]
        place = tree
        for key in keys[:-1]:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[keys[-1]] = Literal(one.value)
    return _expression(tree)


def _expression(tree: dict[str, object]) -> Dictionary:
    entries: list[tuple[Expression | None, Expression]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            entries.append((Literal(key), _expression(value)))
        elif isinstance(value, Literal):
            entries.append((Literal(key), value))
    return Dictionary(tuple(entries))


def _best(found: list[Found]) -> Found | None:
    return min(found, key=lambda one: (one.format != "json", one.at)) if found else None
