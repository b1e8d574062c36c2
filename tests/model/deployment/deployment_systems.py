"""Small systems of files for the tests of the deployment: read by the readers, built up to the stage under test."""

from __future__ import annotations

import textwrap

from archlint.config import Config
from archlint.core.facts.python import PythonModule
from archlint.core.source import SourceFile
from archlint.inputs.kinds import kind_of
from archlint.model.deployment.compose import add_compose
from archlint.model.deployment.images import add_images
from archlint.model.deployment.kubernetes import add_kubernetes
from archlint.model.deployment.variables import add_variables
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.program import Program
from archlint.model.services import add_services
from archlint.readers import read


def build(files: dict[str, str], config: Config | None = None) -> Draft:
    """The draft after the stages of the deployment."""
    facts = []
    charts = [path.removesuffix("Chart.yaml").rstrip("/") for path in files if path.endswith("Chart.yaml")]
    for path, text in files.items():
        data = textwrap.dedent(text).encode()
        chart = max((one for one in charts if not one or path.startswith(f"{one}/")), key=len, default=None)
        kind = kind_of(path, data, chart)
        assert kind is not None, path
        facts += read(SourceFile(path, kind, data, ""))
    index = FactIndex(facts)
    draft = Draft(index, config or Config(), Program(index.of(PythonModule)))
    for stage in (add_images, add_kubernetes, add_compose, add_services, add_variables):
        stage(draft)
    return draft


def deployment(name: str, image: str | None = None, namespace: str | None = None, more: str = "") -> str:
    """A Deployment of one container; ``more`` are further lines of the container, indented by ten blanks."""
    space = f"\n  namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}{space}\nspec:\n  template:\n"
        f"    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n"
        f"        - name: {name}\n          image: {image or f'registry.example.com/{name}:1.0.0'}\n{more}"
    )


def service(name: str, port: str = "port: 80") -> str:
    """A Service that selects the Deployment of that name."""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector:\n    app: {name}\n"
        f"  ports:\n    - {port}\n"
    )


DOCKERFILE = 'FROM python:3.12-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n'
APPLICATION = "import flask\n\napp = flask.Flask(__name__)\n"
