"""Small systems of Python services for the tests of routes, calls, verification and what is derived from them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.config import Config
from archlint.core.facts.base import Fact
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.calls import GrpcCall, HttpCall
from archlint.core.system.services import Service
from archlint.core.values import Setting, is_unknown
from archlint.model.code.calls.grpc import add_grpc_calls
from archlint.model.code.calls.http import add_http_calls
from archlint.model.code.routes import add_routes
from archlint.model.code.tokens.verification import add_verification
from archlint.model.dependencies import add_dependencies
from archlint.model.derived import add_derived
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.readers.python import read


def system_of(files: Mapping[str, str], *services: str, facts: tuple[Fact, ...] = ()) -> Draft:
    """A draft with one service for each directory, after the stages about routes, calls and verification."""
    read_facts = [
        fact
        for path, text in files.items()
        for fact in read(SourceFile(path, Kind.PYTHON, textwrap.dedent(text).encode(), path))
    ]
    index = FactIndex([*read_facts, *facts])
    config = Config()
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    for name in services:
        draft.add(Service(at=start_of(name), name=name, key=name, directory=name, languages=("Python",), is_read=True))
    for stage in (add_routes, add_http_calls, add_grpc_calls, add_verification, add_dependencies, add_derived):
        stage(draft)
    return draft


def timeouts_of(body: str) -> list[float | str | None]:
    """The timeouts of the calls of one file, in order: seconds, None for no bound, ``unknown``."""
    draft = system_of({"orders/app.py": body}, "orders")
    calls = sorted((*draft.select(HttpCall), *draft.select(GrpcCall)), key=lambda one: one.at)
    found: list[float | str | None] = []
    for call in calls:
        if is_unknown(call.timeout):
            found.append("unknown")
        else:
            found.append(call.timeout.value if isinstance(call.timeout, Setting) else None)
    return found
