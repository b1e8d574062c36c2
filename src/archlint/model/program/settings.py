"""Where applications keep their settings: pydantic settings classes, Flask's ``app.config``, Django's settings module.

pydantic-settings: a field reads ``<env_prefix><FIELD>`` unless ``Field(env=..., alias=..., validation_alias=...)``
names others; upper case is what people set. Of several places that set a key the nearest by directory holds.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Display,
    Expression,
    Item,
    Lambda,
    Literal,
    Member,
    PythonAssignment,
    Reference,
    Result,
)
from archlint.core.values import UNKNOWN
from archlint.model.program.callgraph import CallGraph
from archlint.model.program.index import Definitions, Module, nearest, shared
from archlint.model.program.objects import Objects
from archlint.model.program.structures import entries, structure

_SETTINGS = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"})
_FIELDS = frozenset({"Field", "field", "attrib", "ib"})

Assignments = list[tuple[PythonAssignment, Module]]


class Settings:
    """Finds what sets a setting."""

    def __init__(self, definitions: Definitions, objects: Objects, calls: CallGraph) -> None:
        self._definitions = definitions
        self._objects = objects
        self._calls = calls
        self._django: dict[str, Assignments] | None = None
        self._reading: dict[str, bool] = {}
        self._loaded: list[tuple[str, Module]] | None = None

    def reads_environment(self, class_name: str) -> bool:
        """Whether a class reads its fields from the environment."""
        found = self._reading.get(class_name)
        if found is None:
            bases = self._objects.bases(class_name)
            found = any(one in _SETTINGS or one.endswith(".BaseSettings") for one in bases)
            self._reading[class_name] = found
        return found

    def environment_names(self, owner: str, field: str, assignment: PythonAssignment, module: Module) -> list[str]:
        """The variables that a field of a settings class reads, strongest first."""
        named = _given_names(assignment.value, module)
        if named:
            return named
        for one in (owner, *self._objects.bases(owner)):
            prefix = self._prefix(one)
            if prefix is not None:
                return [(prefix + field).upper()]
        return [field.upper()]

    def plain(self, value: Expression, module: Module) -> Expression:
        """The default in ``Field(default=...)`` of a data class or pydantic model, else the value itself."""
        call = module.call(value.call) if isinstance(value, Result) else None
        if call is None or call.name.rpartition(".")[2] not in _FIELDS:
            return value
        default = call.argument("default", 0)
        if default is not None:
            return default.value
        factory = call.argument("default_factory")
        return factory.value.value if factory is not None and isinstance(factory.value, Lambda) else UNKNOWN

    def configured(self, key: str, module: Module) -> Assignments:
        """The assignments ``app.config[KEY] = ...`` nearest to a module."""
        return nearest(
            [
                one
                for one in self._definitions.items.get(key, ())
                if isinstance(one[0].target, Item)
                and isinstance(one[0].target.base, Reference | Member)
                and one[0].target.base.name.rpartition(".")[2] == "config"
            ],
            module,
        )

    def configured_by_keyword(self, key: str, module: Module) -> list[tuple[Argument, Module]]:
        """The arguments ``KEY=...`` of ``app.config.update`` and ``app.config.from_mapping``."""
        found = []
        for method in ("update", "from_mapping"):
            for call, home in self._calls.named(method):
                argument = call.argument(key)
                if argument is not None and call.name.endswith(f"config.{method}"):
                    found.append((argument, home))
        return sorted(found, key=lambda one: -shared(module.path, one[1].path))[:1]

    def configuration_names(self, key: str, module: Module) -> list[str]:
        """The names that ``app.config.from_object`` near a module gives a key."""
        if self._loaded is None:
            self._loaded = [
                (name, home)
                for call, home in self._calls.named("from_object")
                for argument in call.arguments[:1]
                for name in self._object_names(argument.value, home)
            ]
        found = [(name, home) for name, home in self._loaded if self._has(name, key)]
        found.sort(key=lambda one: -shared(module.path, one[1].path))
        return [f"{name}.{key}" for name, home in found if shared(module.path, home.path) or "/" not in home.path]

    def _has(self, name: str, key: str) -> bool:
        owners = (name, *self._objects.bases(name))
        return any(f"{one}.{key}" in self._definitions.assignments for one in owners)

    def _object_names(self, value: Expression, home: Module) -> list[str]:
        if isinstance(value, Literal) and isinstance(value.value, str):
            return [self._definitions.canonical(value.value, home)]
        if isinstance(value, Item):
            found = entries(structure(self._objects, value.base, home), value.key)
            return [one.name for one in (self._objects.thing(entry, at) for entry, at in found) if one.is_known]
        thing = self._objects.thing(value, home)
        return [thing.name] if thing.is_known else []

    def django(self, name: str, module: Module) -> Assignments:
        """The assignments to a setting in the Django settings modules nearest to a module."""
        if self._django is None:
            self._django = {}
            for full, assignments in self._definitions.assignments.items():
                owner, _, last = full.rpartition(".")
                if last.isupper() and any("settings" in part for part in owner.split(".")[-2:]):
                    self._django.setdefault(last, []).extend(assignments)
        return nearest(self._django.get(name, []), module)

    def _prefix(self, class_name: str) -> str | None:
        assignments = self._definitions.assignments
        for assignment, module in assignments.get(f"{class_name}.model_config", ()):
            value = assignment.value
            if isinstance(value, Dictionary):
                for key, entry in value.entries:
                    if key == Literal("env_prefix") and isinstance(entry, Literal) and isinstance(entry.value, str):
                        return entry.value
            call = module.call(value.call) if isinstance(value, Result) else None
            argument = call.argument("env_prefix") if call is not None else None
            if argument is not None and isinstance(argument.value, Literal) and isinstance(argument.value.value, str):
                return argument.value.value
        for assignment, _ in assignments.get(f"{class_name}.Config.env_prefix", ()):
            if isinstance(assignment.value, Literal) and isinstance(assignment.value.value, str):
                return assignment.value.value
        return None


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
