"""Production code: by its path, and by what entry points start or import."""

from __future__ import annotations

import textwrap

import pytest

from archlint.config import Config
from archlint.core.facts.python import PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.services import Service
from archlint.core.system.workloads import ImageBuild
from archlint.core.values import UNKNOWN
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.production import is_production, reachable_from_entry_points
from archlint.model.program import Program
from archlint.readers.python import read


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("orders/app.py", True),
        ("orders/latest.py", True),
        ("contest/app.py", True),
        ("app.py", True),
        ("orders/tests/app.py", False),
        ("orders/test_app.py", False),
        ("orders/app_test.py", False),
        ("conftest.py", False),
        ("orders/shop_pb2.py", False),
        ("orders/shop_pb2_grpc.py", False),
        ("orders/migrations/0001_initial.py", False),
        ("orders/venv/lib/python3.12/site-packages/requests/api.py", False),
        (".devcontainer/setup_db.py", False),
        ("load/locustfile.py", False),
        ("docs/conf.py", False),
        ("smoke/check.py", False),
        ("t/integration/tasks.py", False),
        ("orders/t/tasks.py", True),
    ],
)
def test_paths_tell_tests_generated_and_vendored_code(path: str, expected: bool) -> None:
    assert is_production(path, Config(test_paths=("smoke/",))) is expected


def reached(files: dict[str, str], command: object = (), base: str | None = None) -> list[str]:
    """The production files of one service whose image starts with a command."""
    facts = [
        fact
        for path, text in files.items()
        for fact in read(SourceFile(f"orders/{path}", Kind.PYTHON, textwrap.dedent(text).encode(), path))
    ]
    index = FactIndex(facts)
    draft = Draft(index, Config(), Program(index.of(PythonModule)))
    draft.add(Service(at=start_of("orders"), name="orders", key="orders", directory="orders"))
    draft.add(
        ImageBuild(
            at=start_of("orders/Dockerfile"),
            name="orders",
            key="orders",
            path="orders/Dockerfile",
            context="orders",
            service="orders",
            command=command,  # type: ignore[arg-type]
            base=base,
        )
    )
    return sorted(path.removeprefix("orders/") for path in reachable_from_entry_points(draft))


MAIN = 'if __name__ == "__main__":\n    pass\n'


@pytest.mark.parametrize(
    "command",
    [
        ("python", "server.py"),
        ("python3", "-u", "/srv/server.py"),
        ("python", "-m", "server"),
        ("/srv/server.py", "--verbose"),
        ("uvicorn", "server:app", "--host", "0.0.0.0"),
        ("sh", "-c", "exec gunicorn -b 0.0.0.0:8000 server:app"),
        ("alembic upgrade head && python server.py",),
        ("opentelemetry-instrument", "python", "server.py"),
    ],
)
def test_what_the_image_starts_and_imports_is_production(command: tuple[str, ...]) -> None:
    files = {"server.py": f"import helper\n{MAIN}", "helper.py": ""}
    files |= {"client.py": f"import lonely\n{MAIN}", "lonely.py": ""}
    assert reached(files, command) == ["helper.py", "server.py"]


def test_a_command_that_is_not_understood_leaves_what_looks_like_an_entry_point() -> None:
    files = {"server.py": "import flask\napp = flask.Flask(__name__)\n", "worker.py": MAIN}
    files |= {"client.py": MAIN, "old.py": ""}
    assert reached(files, UNKNOWN) == ["server.py", "worker.py"]


def test_a_base_image_that_brings_a_server_starts_the_application() -> None:
    files = {"app/main.py": "import flask\napp = flask.Flask(__name__)\n", "old.py": ""}
    assert reached(files, (), "example/uvicorn-gunicorn-fastapi:3.12") == ["app/main.py"]


def test_without_any_entry_point_all_code_counts() -> None:
    assert reached({"a.py": "", "b.py": "import a"}) == ["a.py", "b.py"]


def test_modules_named_in_text_are_followed() -> None:
    files = {
        "run.py": 'import uvicorn\nuvicorn.run("api.main:app")\n',
        "api/__init__.py": "",
        "api/main.py": "from api import routes\n",
        "api/routes.py": "",
        "api/unused.py": "",
    }
    assert reached(files, ("python", "run.py")) == ["api/__init__.py", "api/main.py", "api/routes.py", "run.py"]


def test_frameworks_that_load_by_convention_keep_all_code() -> None:
    files = {"manage.py": f"import django\n{MAIN}", "shop/views.py": "", "shop/signals.py": ""}
    assert reached(files, ("python", "manage.py", "runserver")) == ["manage.py", "shop/signals.py", "shop/views.py"]


def test_a_script_in_a_folder_of_tools_counts_only_where_an_image_starts_it() -> None:
    files = {
        "app.py": "from celery import Celery\n\napp = Celery()\n",
        "tasks.py": "def charge():\n    pass\n",
        "scripts/check.py": MAIN,
        "scripts/helpers.py": "def helper():\n    pass\n",
        "scripts/release.py": "def release():\n    pass\n\n\nrelease()\n",
    }
    assert reached(files) == ["app.py", "scripts/helpers.py", "tasks.py"]
    assert "scripts/check.py" in reached(files, command=("python", "scripts/check.py"))


def test_alembic_files_are_migrations_wherever_they_lie() -> None:
    files = {
        "app.py": "from celery import Celery\n\napp = Celery()\n",
        "database/revisions/env.py": "from alembic import context\n\ncontext.configure()\n",
        "database/revisions/core/first.py": "from alembic import op\n\ndown_revision = None\n",
        "database/upgrade.py": "from alembic import command\n\ncommand.upgrade(None, 'head')\n",
        "env.py": "import os\n",
    }
    assert reached(files) == ["app.py", "database/upgrade.py", "env.py"]


def test_the_file_that_keeps_a_factorys_application_is_an_entry_point() -> None:
    files = {
        "bootstrap.py": "from flask import Flask\n\n\ndef create_app():\n    return Flask(__name__)\n",
        "ads.py": "from bootstrap import create_app\n\napp = create_app()\n",
        "old.py": "from bootstrap import create_app\n\nother = create_app()\n",
        "unused.py": "from flask import Flask\n\n\ndef helper():\n    pass\n\n\napp = helper()\n",
    }
    assert reached(files, ("flask", "run", "--port", "5000")) == ["ads.py", "bootstrap.py"]
    assert reached(files, ("flask", "--app", "bootstrap", "run")) == ["bootstrap.py"]


def test_of_a_module_and_a_package_of_one_name_python_takes_the_package() -> None:
    files = {
        "app.py": "from flask import Flask\nimport tasks\n\napp = Flask(__name__)\n",
        "tasks.py": "def charge():\n    pass\n",
        "tasks/__init__.py": "from tasks.orders import charge\n",
        "tasks/orders.py": "def charge():\n    pass\n",
    }
    assert reached(files) == ["app.py", "tasks/__init__.py", "tasks/orders.py"]
