"""Small systems of files of any kind, for the tests of what services log, measure and trace."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.config import Config
from archlint.core.source import SourceFile
from archlint.core.system import System
from archlint.core.system.services import LoggingSetup, Telemetry, TracedClient
from archlint.core.values import Setting, is_unknown
from archlint.inputs.kinds import kind_of
from archlint.model import build
from archlint.readers import read

DOCKERFILE = """
FROM python:3.12-slim
COPY . /app
CMD ["uvicorn", "app:app"]
"""
APPLICATION = """
from fastapi import FastAPI
app = FastAPI()

@app.post("/orders")
def create():
    return {}
"""


def system_of(files: Mapping[str, str]) -> System:
    """The system of these files."""
    facts = []
    for path, text in files.items():
        data = textwrap.dedent(text).lstrip("\n").encode()
        kind = kind_of(path, data)
        assert kind is not None, path
        facts += read(SourceFile(path, kind, data, path))
    return build(facts, Config())


def orders(app: str, others: Mapping[str, str] | None = None, dockerfile: str = DOCKERFILE) -> System:
    """The system of one service, ``orders``; ``app`` stands before a FastAPI application with one route."""
    own = {f"orders/{name}": text for name, text in (others or {}).items()}
    return system_of(
        {"orders/app.py": textwrap.dedent(app).lstrip("\n") + APPLICATION, "orders/Dockerfile": dockerfile, **own}
    )


def telemetry_of(system: System) -> Telemetry:
    (found,) = system.select(Telemetry)
    return found


def missing_fields(system: System) -> list[str] | str:
    """The fields that the one JSON set-up lacks; ``unknown``."""
    (found,) = system.select(LoggingSetup)
    assert found.format == "json"
    return "unknown" if is_unknown(found.missing_fields) else list(found.missing_fields)


def propagation(system: System) -> dict[str, str | None]:
    """What propagates the context of each client library of the traced services; ``unknown``."""
    return {
        one.library: "unknown"
        if is_unknown(one.propagation)
        else one.propagation.value
        if isinstance(one.propagation, Setting)
        else None
        for one in system.select(TracedClient)
    }
