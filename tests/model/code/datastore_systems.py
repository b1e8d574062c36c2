"""Small systems whose code speaks to datastores, for the tests of the stages about them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.config import Config
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.readers import python, requirements


def draft_of(files: Mapping[str, str], variables: Mapping[str, str] | None = None, command: str = "") -> Draft:
    """A draft with the one service ``app``, its Python and its requirements; ``variables`` are those of its container,
    ``command`` starts a database beside it."""
    facts = []
    for path, text in files.items():
        content = textwrap.dedent(text).encode()
        if path.endswith(".py"):
            facts += python.read(SourceFile(path, Kind.PYTHON, content, path))
        else:
            facts += requirements.read(SourceFile(path, Kind.PYTHON_REQUIREMENTS, content, path))
    index = FactIndex(facts)
    config = Config()
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    draft.add(Service(at=start_of("app"), name="app", key="app", directory="app", languages=("Python",), is_read=True))
    if variables is not None:
        draft.add(_container("app", "app", variables, ()), _container("db", None, {}, tuple(command.split())))
    return draft


def _container(name: str, service: str | None, variables: Mapping[str, str], arguments: tuple[str, ...]) -> Container:
    return Container(
        at=start_of("compose.yaml"),
        name=name,
        key=name,
        kind="app",
        platform="compose",
        workload=name,
        workload_kind="service",
        environment="compose.yaml",
        service=service,
        arguments=arguments,
        variables=tuple(
            EnvironmentVariable(at=start_of("compose.yaml"), name=key, key=key, value=value, source="literal")
            for key, value in variables.items()
        ),
    )
