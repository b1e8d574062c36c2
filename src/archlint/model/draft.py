"""The system while it is being built: every stage of the model reads it and adds to it, in one fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from typing import TypeVar, cast

from archlint.config import Config
from archlint.core.facts.base import Fact, Gap
from archlint.core.record import dataclass
from archlint.core.system import Subject, System
from archlint.core.system.services import Service
from archlint.core.system.workloads import (
    Container,
    Environment,
    ImageBuild,
    NetworkService,
    Workload,
)
from archlint.model.index import FactIndex
from archlint.model.program import Program

SubjectT = TypeVar("SubjectT", bound=Subject)


@dataclass
class Draft:
    """What the stages share. ``add`` puts subjects into the system; the lookups find what earlier stages put in."""

    index: FactIndex
    config: Config
    program: Program
    unread: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    """What could not be rendered: gaps beside those of the readers."""
    memo: dict[str, object] = field(default_factory=dict)
    """What several stages ask for and one works out: filled and read by the function that owns the key."""
    _subjects: dict[type, list[Subject]] = field(default_factory=dict)
    _services_by_name: dict[str, Service] = field(default_factory=dict)

    def add(self, *subjects: Subject) -> None:
        """Put subjects into the system. What they contain (a workload's containers) is added by its own call."""
        for subject in subjects:
            self._subjects.setdefault(type(subject), []).append(subject)
            if isinstance(subject, Service):
                self._services_by_name[subject.name] = subject

    def select(self, kind: type[SubjectT]) -> list[SubjectT]:
        """The subjects of the type or its subclasses that were added so far, in the order they were added."""
        found = [one for added, subjects in self._subjects.items() if issubclass(added, kind) for one in subjects]
        return cast("list[SubjectT]", found)

    @property
    def services(self) -> list[Service]:
        """The business services found so far."""
        return self.select(Service)

    @property
    def environments(self) -> list[Environment]:
        """The environments found so far."""
        return self.select(Environment)

    @property
    def workloads(self) -> list[Workload]:
        """The workloads found so far."""
        return self.select(Workload)

    @property
    def containers(self) -> list[Container]:
        """The containers found so far."""
        return self.select(Container)

    @property
    def network_services(self) -> list[NetworkService]:
        """The network services found so far."""
        return self.select(NetworkService)

    @property
    def images(self) -> list[ImageBuild]:
        """The image builds found so far."""
        return self.select(ImageBuild)

    def service(self, name: str | None) -> Service | None:
        """The service of that name."""
        return self._services_by_name.get(name) if name else None

    def service_at(self, path: str) -> Service | None:
        """The service whose directory holds the path; of several the deepest."""
        best: Service | None = None
        for service in self._services_by_name.values():
            directory = service.directory
            if directory is None or not (directory in ("", path) or path.startswith(directory + "/")):
                continue
            if best is None or len(directory) > len(best.directory or ""):
                best = service
        return best

    def containers_of(self, service: str) -> list[Container]:
        """The containers that run the service's image, in every environment."""
        return [container for container in self.containers if container.service == service]

    def finish(self, extra: Iterable[Fact] = ()) -> System:
        """The finished system, with document-level facts beside its subjects."""
        return System(
            [*(one for subjects in self._subjects.values() for one in subjects), *extra],
            self.unread,
            (*self.index.of(Gap), *self.gaps),
        )
