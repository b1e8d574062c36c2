"""Small systems of Python services for the tests of how services call each other."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.config import Config
from archlint.core.facts.base import Fact
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.base import link
from archlint.core.system.calls import RemoteCall, RepeatedCall
from archlint.core.system.services import Service
from archlint.model.code.calls.grpc import add_grpc_calls
from archlint.model.code.calls.http import add_http_calls
from archlint.model.code.calls.rpc import add_rpc_calls
from archlint.model.code.messaging.messaging import add_messaging
from archlint.model.code.routes import add_routes
from archlint.model.dependencies import add_dependencies
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.model.topology import add_topology
from archlint.readers.python import read


def system_of(files: Mapping[str, str], *, attempts: int | None = 1, facts: tuple[Fact, ...] = ()) -> Draft:
    """A draft with one service for each top directory, after the stages up to the topology. Each call is tried that
    often."""
    read_facts = [
        fact
        for path, text in files.items()
        for fact in read(SourceFile(path, Kind.PYTHON, textwrap.dedent(text).encode(), path))
    ]
    index = FactIndex([*read_facts, *facts])
    config = Config()
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    for name in sorted({path.partition("/")[0] for path in files}):
        draft.add(Service(at=start_of(name), name=name, key=name, directory=name, languages=("Python",), is_read=True))
    for stage in (add_routes, add_http_calls, add_grpc_calls, add_messaging, add_rpc_calls):
        stage(draft)
    for call in draft.select(RemoteCall):
        link(call, attempts=attempts)
    add_dependencies(draft)
    add_topology(draft)
    return draft


def repeated_in(body: str) -> list[int]:
    """The lines of one file at which calls are repeated for each element of data."""
    draft = system_of({"orders/app.py": body, "pricing/app.py": ""})
    return sorted(one.at.line for one in draft.select(RepeatedCall))
