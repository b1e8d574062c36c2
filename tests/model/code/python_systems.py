"""Small systems of Python services for the tests of the model's stages about code."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from archlint.config import Config
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.model.code.datastores.datastores import add_datastores
from archlint.model.code.messaging.messaging import add_messaging
from archlint.model.code.observability.telemetry import add_telemetry
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.readers import read as read_any
from archlint.readers.python import read

Variables = Mapping[str, Mapping[str, str]]


def system_of(
    files: Mapping[str, str],
    services: tuple[str, ...],
    variables: Variables | None = None,
    others: Sequence[SourceFile] = (),
) -> Draft:
    """A draft with one service for each directory, after the stages about data, messages and telemetry.

    ``variables`` are those of each service's container, all in one compose file; ``others`` are files that are not
    Python.
    """
    facts = [
        fact
        for path, text in files.items()
        for fact in read(SourceFile(path, Kind.PYTHON, textwrap.dedent(text).encode(), path))
    ]
    facts += [fact for other in others for fact in read_any(other)]
    index = FactIndex(facts)
    config = Config()
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    for name in services:
        draft.add(Service(at=start_of(name), name=name, key=name, directory=name, languages=("Python",), is_read=True))
    for name, given in (variables or {}).items():
        draft.add(
            Container(
                at=start_of("compose.yaml"),
                name=name,
                key=name,
                kind="container",
                platform="compose",
                workload=name,
                workload_kind="service",
                environment="compose.yaml",
                service=name if name in services else None,
                variables=tuple(
                    EnvironmentVariable(
                        at=start_of(f"{name}.env"), name=key, key=f"{name}/{key}", value=value, source="literal"
                    )
                    for key, value in given.items()
                ),
            )
        )
    add_datastores(draft)
    add_messaging(draft)
    add_telemetry(draft)
    return draft
