"""Small systems of services that retry and break circuits, for the tests of this folder."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.config import Config
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.calls import RemoteCall
from archlint.core.system.resilience import CircuitBreaker, Retry
from archlint.core.system.services import Service
from archlint.core.values import Setting, is_unknown
from archlint.model.code.calls.grpc import add_grpc_calls
from archlint.model.code.calls.http import add_http_calls
from archlint.model.dependencies import add_dependencies
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.model.resilience.breakers import add_breakers
from archlint.model.resilience.retries import add_retries
from archlint.readers import configuration, kubernetes, python

_READERS = {
    ".py": (Kind.PYTHON, python.read),
    ".yaml": (Kind.KUBERNETES, kubernetes.read),
    ".json": (Kind.CONFIGURATION, configuration.read),
}
_STAGES = (add_http_calls, add_grpc_calls, add_retries, add_breakers, add_dependencies)


def system_of(files: Mapping[str, str]) -> Draft:
    """A draft with one service for each directory, after the stages about calls, retries and breakers."""
    facts = []
    for path, text in files.items():
        kind, read = _READERS[path[path.rindex(".") :]]
        facts += read(SourceFile(path, kind, textwrap.dedent(text).encode(), path))
    index = FactIndex(facts)
    config = Config()
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    for name in sorted({path.partition("/")[0] for path in files if path.endswith(".py")}):
        draft.add(Service(at=start_of(name), name=name, key=name, directory=name, languages=("Python",), is_read=True))
    for stage in _STAGES:
        stage(draft)
    return draft


def retries_of(body: str) -> list[tuple[object, ...]]:
    """The retries of one file, in order: line, library, attempts, seconds, wait, jitter; ``?`` for UNKNOWN."""
    draft = system_of({"orders/app.py": body})
    found = sorted(draft.select(Retry), key=lambda one: one.at)
    return [
        tuple(
            "?" if is_unknown(part) else part
            for part in (one.at.line, one.library, one.attempts, one.seconds, one.wait, one.jitter)
        )
        for one in found
    ]


def repeated(files: Mapping[str, str] | str) -> list[tuple[str, object]]:
    """Each remote call's name, and what repeats it: text, None, or ``?``."""
    draft = system_of({"orders/app.py": files} if isinstance(files, str) else files)
    return [(call.name, _given(call.retry)) for call in _calls(draft)]


def guarded(files: Mapping[str, str] | str) -> list[tuple[str, object]]:
    """Each remote call's name, and the breaker around it: text, None, or ``?``."""
    draft = system_of({"orders/app.py": files} if isinstance(files, str) else files)
    return [(call.name, _given(call.breaker)) for call in _calls(draft)]


def faults_of(body: str) -> list[tuple[int, object]]:
    """The breakers of one file: line, and the first words of what is wrong (None, ``?``)."""
    draft = system_of({"orders/app.py": body})
    found = sorted(draft.select(CircuitBreaker), key=lambda one: one.at)
    return [
        (one.at.line, "?" if is_unknown(one.fault) else one.fault and " ".join(str(one.fault).split()[:3]))
        for one in found
    ]


def _calls(draft: Draft) -> list[RemoteCall]:
    return sorted(draft.select(RemoteCall), key=lambda one: (one.at, one.key))


def _given(setting: object) -> object:
    return setting.value if isinstance(setting, Setting) else "?" if is_unknown(setting) else setting
