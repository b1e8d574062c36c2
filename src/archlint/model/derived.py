"""What follows from the rest: cycles of synchronous calls, imports across services.

In: dependencies and modules. Out: ``CallCycle`` and ``ServiceImport`` subjects.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from archlint.core.system.calls import Dependency
from archlint.core.system.services import CallCycle, Service, ServiceImport
from archlint.core.values import Place
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.production import service_name_at

_GENERATED = ("_pb2", "_pb2_grpc", "_grpc")


def add_derived(draft: Draft) -> None:
    """Add the derived subjects."""
    dependencies: dict[str, list[Dependency]] = {}
    for one in draft.select(Dependency):
        dependencies.setdefault(one.service, []).append(one)
    draft.add(*_cycles(dependencies))
    draft.add(*_imports(draft))


def _cycles(dependencies: Mapping[str, list[Dependency]]) -> list[CallCycle]:
    """The shortest cycle through each dependency, each cycle once."""
    edges = {name: {one.target: one for one in found if _waits(one)} for name, found in dependencies.items()}
    found: dict[tuple[str, ...], CallCycle] = {}
    for start in sorted(edges):
        for target in sorted(edges[start]):
            back = _shortest(edges, target, start)
            if back is None:
                continue
            ring = [start, *back[:-1]]
            first = ring.index(min(ring))
            names = tuple(ring[first:] + ring[:first])
            if names not in found:
                found[names] = _cycle(names, edges)
    return [found[names] for names in sorted(found)]


def _waits(dependency: Dependency) -> bool:
    """Whether a service of the system is asked for more than whether it is well."""
    return dependency.target_kind == "service" and any(one.is_probe is not True for one in dependency.calls)


def _shortest(edges: Mapping[str, Mapping[str, Dependency]], start: str, end: str) -> list[str] | None:
    """The shortest path from start to end, both included."""
    before: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        if name == end:
            path = [name]
            while (previous := before[path[-1]]) is not None:
                path.append(previous)
            return path[::-1]
        for target in sorted(edges.get(name, ())):
            if target not in before:
                before[target] = name
                waiting.append(target)
    return None


def _cycle(names: tuple[str, ...], edges: Mapping[str, Mapping[str, Dependency]]) -> CallCycle:
    steps = [edges[one][other] for one, other in zip(names, (*names[1:], names[0]), strict=True)]
    shown = " -> ".join((*names, names[0]))
    return CallCycle(
        at=steps[0].calls[0].at,
        name=shown,
        key=shown,
        services=names,
        related=tuple(
            Place(call.at, f"{step.service} calls {step.target}") for step in steps for call in step.calls[:3]
        ),
    )


def _imports(draft: Draft) -> list[ServiceImport]:
    scope = code_scope(draft)
    if len(scope.codes) < 2:
        return []  # there is nobody else to import from
    libraries = set(draft.config.libraries)
    by_name: dict[str, Service] = {one.name: one for one in draft.services}
    found: dict[tuple[str, str, object], ServiceImport] = {}
    for name, code in sorted(scope.codes.items()):
        for module in code.own:
            for one in module.facts.imports:
                if one.typing_only:
                    continue
                dotted = f"{one.module}.{one.name}" if one.name not in (None, "*") else one.module
                target = draft.program.import_target(module, dotted) or draft.program.import_target(module, one.module)
                if target is None or target.facts.name.endswith(_GENERATED):
                    continue
                other = by_name.get(service_name_at(draft, target.path) or "")
                if other is None or other.name == name or other.role in ("library", "test-tool"):
                    continue
                if other.name in libraries or one.module.split(".")[0] in libraries or other.directory in libraries:
                    continue
                if scope.code(other.name) is None or _contains(other, code.service):
                    continue
                found.setdefault(
                    (name, other.name, (one.at.path, one.at.line)),
                    ServiceImport(
                        at=one.at,
                        name=f"{name} imports {one.module}",
                        key=f"{name} {module.facts.name} {dotted}",
                        service=code.service,
                        target=other,
                        module=one.module,
                        related=(Place(target.facts.at, f"part of {other.name}"),),
                    ),
                )
    return list(found.values())


def _contains(outer: Service, inner: Service) -> bool:
    """A service inside another one's directory is a part of it, or of its repository."""
    return (
        outer.directory is not None
        and inner.directory is not None
        and (outer.directory == "" or inner.directory.startswith(outer.directory + "/"))
    )
