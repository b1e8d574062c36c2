"""Which Python modules are a service's code: its own production modules, and the shared ones of the workspace that
they import.

In: the draft after services are found. Out: modules by service, the services that a call may run in, and the values of
environment variables for one service in one environment. Refuses to guess: a shared function that no service is seen
to call belongs to the services that import its module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from archlint.core.facts.python import Expression, PythonCall, PythonFunction, Reference
from archlint.core.record import dataclass
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.values import Place, Unknown
from archlint.model.draft import Draft
from archlint.model.production import is_production, reachable_from_entry_points, service_name_at
from archlint.model.program.program import HOLE, Module, Resolved

_MOST_HOPS = 5


@dataclass(eq=False)
class ServiceCode:
    """The code of one service: ``own`` modules under its directory, ``shared`` ones that they import, by path."""

    service: Service
    own: tuple[Module, ...] = ()
    shared: tuple[Module, ...] = ()

    @property
    def modules(self) -> tuple[Module, ...]:
        """Own modules first, then shared ones."""
        return self.own + self.shared


@dataclass(eq=False)
class CodeScope:
    """All services' code, and whose code a module or call is."""

    draft: Draft
    codes: dict[str, ServiceCode] = field(default_factory=dict)
    _importers: dict[str, list[str]] = field(default_factory=dict)
    _owner: dict[str, str] = field(default_factory=dict)
    _by_function: dict[str, frozenset[str]] = field(default_factory=dict)

    def code(self, service: str) -> ServiceCode | None:
        """The code of the service of that name, None where it has none in the scan."""
        return self.codes.get(service)

    def modules(self) -> Iterator[Module]:
        """Every module that is some service's code, each once, by path."""
        program = self.draft.program
        for path in sorted({*self._owner, *self._importers}):
            yield program.modules[path]

    def owners(self, module: Module) -> tuple[str, ...]:
        """The services whose code the module is."""
        owner = self._owner.get(module.path)
        return (owner,) if owner is not None else tuple(self._importers.get(module.path, ()))

    def services_running(self, call: PythonCall, module: Module) -> tuple[str, ...]:
        """The services in whose processes a call may be made, sorted."""
        owner = self._owner.get(module.path)
        if owner is not None:
            return (owner,)
        importers = self._importers.get(module.path, ())
        if not importers or call.function is None:
            return tuple(importers)
        seen: set[str] = set()
        found = self._callers_of(module.facts.functions[call.function], module, seen, 0)
        return tuple(sorted(found & set(importers))) if found else tuple(importers)

    def _callers_of(self, function: PythonFunction, module: Module, seen: set[str], depth: int) -> set[str]:
        if function.name in seen or depth > _MOST_HOPS:
            return set()
        seen.add(function.name)
        program = self.draft.program
        callers = list(program.callers(function, module))
        if function.owner is not None:
            # A method that nobody is seen to call runs where its class is used.
            callers.extend(program.instantiated(function.owner))
        found: set[str] = set()
        for call, where in callers:
            owner = self._owner.get(where.path)
            if owner is not None:
                found.add(owner)
            elif call.function is None:
                found.update(self._importers.get(where.path, ()))
            else:
                found |= self._callers_of(where.facts.functions[call.function], where, seen, depth + 1)
        return found


def code_scope(draft: Draft) -> CodeScope:
    """The services' code; worked out once, after the stage that finds services."""
    found = draft.memo.get("code scope")
    if isinstance(found, CodeScope):
        return found
    scope = CodeScope(draft)
    draft.memo["code scope"] = scope
    program = draft.program
    reachable = reachable_from_entry_points(draft)
    roles = {one.name: one.role for one in draft.services}
    own: dict[str, list[Module]] = {}
    for path in sorted(program.modules):
        name = service_name_at(draft, path)
        if name is not None and path in reachable and roles.get(name) not in ("library", "test-tool"):
            own.setdefault(name, []).append(program.modules[path])
            scope._owner[path] = name
    for service in draft.services:
        mine = own.get(service.name, [])
        if not mine:
            continue
        shared = {
            path
            for path in program.imported_modules(*(module.path for module in mine))
            if path not in scope._owner
            and is_production(path, draft.config)
            and roles.get(service_name_at(draft, path) or "", "library") == "library"
        }
        for path in sorted(shared):
            scope._importers.setdefault(path, []).append(service.name)
        scope.codes[service.name] = ServiceCode(
            service, tuple(mine), tuple(program.modules[one] for one in sorted(shared))
        )
    return scope


@dataclass(frozen=True, eq=False)
class Surroundings:
    """One way in which a service is deployed: the containers that run it in one environment, none for its code alone.

    ``environment`` is None where the value in the code holds whatever the environment.
    """

    service: str
    environment: str | None
    is_production: bool
    containers: tuple[Container, ...] = ()
    is_set_elsewhere: frozenset[str] = frozenset()

    def lookup(self, name: str) -> Sequence[Resolved] | Unknown | None:
        """The values of an environment variable here: what ``Program.evaluate`` wants."""
        found: list[Resolved] = []
        for variable in self.variables(name):
            if variable.partial is not None:
                found.append(Resolved(variable.partial, place_of(variable), is_exact=False))
                continue
            if isinstance(variable.value, Unknown) or variable.value is None:
                return Unknown(f"{name} is not known")
            found.append(Resolved(variable.value, place_of(variable), HOLE not in variable.value))
        if found:
            return tuple(found)
        if name in self.is_set_elsewhere:
            return Unknown(f"{name} is set in another environment")
        return None

    def variables(self, name: str) -> list[EnvironmentVariable]:
        """The variable's values in the containers, without repetitions."""
        found: dict[object, EnvironmentVariable] = {}
        for container in self.containers:
            for variable in container.variables:
                if variable.name == name:
                    found.setdefault(variable.value if isinstance(variable.value, str) else variable.partial, variable)
        return list(found.values())


def place_of(variable: EnvironmentVariable) -> tuple[Place, ...]:
    """Where a variable's value is written, at the end of the chain that leads there."""
    return (*variable.chain, Place(variable.at, f"{variable.name} is set here"))


def surroundings_of(draft: Draft, service: str) -> tuple[Surroundings, ...]:
    """The environments that deploy the service; its code alone where none does."""
    by_service = draft.memo.get("surroundings")
    if not isinstance(by_service, dict):
        by_service = draft.memo["surroundings"] = _surroundings(draft)
    found: tuple[Surroundings, ...] = by_service.get(service, ())
    return found or (Surroundings(service, None, True),)


def _surroundings(draft: Draft) -> dict[str, tuple[Surroundings, ...]]:
    grouped: dict[str, dict[str, list[Container]]] = {}
    for container in draft.containers:
        if container.service is not None:
            grouped.setdefault(container.service, {}).setdefault(container.environment, []).append(container)
    result: dict[str, tuple[Surroundings, ...]] = {}
    for service, by_environment in grouped.items():
        names = {
            environment: {variable.name for one in containers for variable in one.variables}
            for environment, containers in by_environment.items()
        }
        production = {
            environment: any(one.is_production for one in containers)
            for environment, containers in by_environment.items()
        }
        result[service] = tuple(
            Surroundings(service, environment, production[environment], tuple(containers))
            for environment, containers in sorted(by_environment.items())
        )
        if not any(production.values()):
            # Only development files deploy it: in production the code's own values hold, unless a file sets them.
            elsewhere = frozenset(name for found in names.values() for name in found)
            result[service] += (Surroundings(service, None, True, (), elsewhere),)
    return result


def assigned_value(draft: Draft, expression: Expression, module: Module) -> tuple[Expression, Module]:
    """What a name stands for where one assignment of this workspace says so; else the expression itself."""
    index = draft.memo.get("assigned values")
    if not isinstance(index, dict):
        index = draft.memo["assigned values"] = _assigned(draft)
    for _ in range(_MOST_HOPS):
        if not isinstance(expression, Reference):
            break
        found = index.get(expression.name)
        if found is None:
            qualified = draft.program.qualify(expression, module)
            found = index.get(qualified)
        if found is None:
            break
        expression, module = found
    return expression, module


def _assigned(draft: Draft) -> dict[str, tuple[Expression, Module]]:
    index: dict[str, tuple[Expression, Module]] = {}
    for module in draft.program.modules.values():
        for one in module.facts.assignments:
            if isinstance(one.target, Reference) and not one.augmented:
                index.setdefault(one.target.name, (one.value, module))
    return index
