"""What a service is written in and where its processes start.

In come a service with its directory and the modules of the workspace; its languages, entry points and main line are
filled in. Source of services in directories below does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

from archlint.core.facts.documents import OtherSource
from archlint.core.facts.python import PythonModule
from archlint.core.span import Span, start_of
from archlint.core.system import link
from archlint.core.system.services import Service
from archlint.core.values import Place
from archlint.model.draft import Draft
from archlint.model.paths import is_own_source, names, parent
from archlint.model.production import APPLICATIONS, entry_points, is_production
from archlint.model.service_evidence import Candidate

APPLICATION = "makes the application"
_ENTRY_NAMES = names("main.py app.py server.py worker.py consumer.py wsgi.py asgi.py manage.py service.py __main__.py")


def locate_code(draft: Draft, services: Sequence[tuple[Service, Candidate]]) -> None:
    """Find the services' languages, entry points and main lines: of several directories the deepest has the file."""
    directories = {service.directory for service, _ in services if service.directory is not None}
    python: dict[str, list[str]] = {}
    for path in draft.program.modules:
        home = _home(path, directories)
        if home is not None and is_own_source(path) and is_production(path, draft.config):
            python.setdefault(home, []).append(path)
    others: dict[str, Counter[str]] = {}
    for fact in draft.index.of(OtherSource):
        home = _home(fact.at.path, directories)
        if home is not None and is_own_source(fact.at.path):
            others.setdefault(home, Counter())[fact.language] += 1
    for service, candidate in services:
        if service.directory is not None:
            home = service.directory
            _locate(draft, service, candidate, python.get(home, []), others.get(home, Counter()))


def _home(path: str, directories: Set[str]) -> str | None:
    directory = parent(path)
    while directory not in directories:
        if not directory:
            return None
        directory = parent(directory)
    return directory


def _locate(draft: Draft, service: Service, candidate: Candidate, python: list[str], others: Counter[str]) -> None:
    starts = entry_points(draft, service) if python else ()
    own = frozenset(python)
    places = [place for path in starts if path in own for place in _lines(draft.program.modules[path].facts)]
    is_python = bool(python) and (
        len(python) >= sum(others.values())
        or any(place.note == APPLICATION for place in places)
        or any(isinstance(build.base, str) and "python" in build.base for build in candidate.builds)
    )
    languages = others + Counter({"Python": len(python)})
    link(
        service,
        languages=tuple(name for name, _ in sorted(languages.items(), key=lambda one: (-one[1], one[0]))),
        is_read=is_python,
        entry_points=tuple(places),
    )
    if is_python:
        link(service, at=_main_line(python, places))


def _lines(module: PythonModule) -> list[Place]:
    found = [Place(_one_line(call.at), APPLICATION) for call in module.calls if call.name in APPLICATIONS]
    if module.main is not None:
        found.append(Place(_one_line(module.main), "starts here"))
    return found or [Place(start_of(module.at.path), "starts here")]


def _one_line(at: Span) -> Span:
    return Span(at.path, at.line, at.column, at.line, at.end_column if at.end_line == at.line else at.column + 1)


def _main_line(python: list[str], places: list[Place]) -> Span:
    for place in places:
        if place.note == APPLICATION:
            return place.at
    if places:
        return places[0].at
    nearest = sorted(python, key=lambda one: (one.count("/"), one))
    return start_of(next((path for path in nearest if path.rpartition("/")[2] in _ENTRY_NAMES), nearest[0]))
