"""What answers liveness probes, and what it asks."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.span import start_of
from archlint.core.system.workloads import Container, LivenessCheck, Probe
from archlint.model.code.calls.http import add_http_calls
from archlint.model.code.routes import add_routes
from archlint.model.liveness import add_liveness_checks
from tests.model.code.datastore_systems import draft_of


def checks(
    files: dict[str, str], command: str | None = None, path: str | None = "/health"
) -> list[tuple[str, int, str]]:
    """Handler, line and what is asked (empty for nothing), with one liveness probe on a path or by a command."""
    draft = draft_of(files)
    probe = Probe(
        at=start_of("k8s.yaml"),
        name="liveness",
        key="liveness",
        kind="liveness",
        mechanism="http" if command is None else "exec",
        workload="app",
        container="app",
        path=path if command is None else None,
        command=command,
    )
    draft.add(
        Container(
            at=start_of("k8s.yaml"),
            name="app",
            key="app",
            kind="app",
            platform="kubernetes",
            workload="app",
            workload_kind="Deployment",
            environment="k8s",
            service="app",
            probes=(probe,),
        )
    )
    for stage in (add_routes, add_http_calls, add_liveness_checks):
        stage(draft)
    return [(one.handler, one.at.line, one.touched) for one in draft.select(LivenessCheck)]


def flask(*lines: str) -> dict[str, str]:
    """An application whose health route runs the lines."""
    body = "\n    ".join(lines)
    head = textwrap.dedent(
        """\
        import redis
        import requests
        from flask import Flask
        from pymongo import MongoClient
        from sqlalchemy import create_engine, text

        app = Flask(__name__)
        cache = redis.Redis()
        client = MongoClient()
        engine = create_engine("postgresql://db/orders")


        @app.route("/health")
        def health():
        """
    )
    return {"app/main.py": f"{head}    {body}\n    return 'ok'\n"}


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("cache.ping()", "the cache"),
        ("cache.set('a', 1)", "the cache"),
        ("client.admin.command('ping')", "the database"),
        ("client.server_info()", "the database"),
        ("engine.connect()", "the database"),
        ("db.session.execute(text('SELECT 1'))", "the database"),
        ("cursor.execute('SELECT 1')", "the database"),
        ("requests.get('http://stock/items', timeout=1)", "another service (stock)"),
        ("Order.objects.count()", "the database"),
    ],
)
def test_what_a_handler_asks_is_seen_at_its_line(line: str, asked: str) -> None:
    assert checks(flask(line)) == [("GET /health", 15, asked)]


@pytest.mark.parametrize(
    "line",
    [
        "alive = cache is not None",
        "alive = app.config.get('ALIVE')",
        "create_engine('postgresql://db/other')",
        "requests.get('http://localhost:9000/ping', timeout=1)",
        "state = client.address",
    ],
)
def test_what_asks_nobody_is_no_question(line: str) -> None:
    assert [asked for _, _, asked in checks(flask(line))] == [""]


def test_the_line_is_the_step_in_the_handler_that_leads_to_the_question() -> None:
    files = {
        "app/main.py": """\
            from fastapi import FastAPI
            from checks import all_well

            app = FastAPI()


            @app.get("/health")
            async def health():
                version = "1"
                await all_well()
                return {"version": version}
            """,
        "app/checks.py": """\
            import asyncpg


            async def all_well():
                await database()


            async def database():
                await asyncpg.connect(host="db")
            """,
    }
    assert checks(files) == [("GET /health", 10, "the database")]


def test_a_script_that_the_probe_runs_is_followed() -> None:
    files = {
        "app/main.py": "from flask import Flask\nimport healthcheck\n\napp = Flask(__name__)\n",
        "app/healthcheck.py": """\
            import psycopg2


            def main():
                psycopg2.connect("host=db connect_timeout=1")


            if __name__ == "__main__":
                main()
            """,
    }
    found = checks(files, command="python healthcheck.py")
    assert found == [("app/healthcheck.py", 9, "the database")]


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("pg_isready -h db -U app", ["the database or cache at db"]),
        ("redis-cli -h cache ping", ["the database or cache at cache"]),
        ("pg_isready -h localhost", []),
        ("cat /tmp/alive", []),
    ],
)
def test_a_tool_that_asks_another_host_is_a_question(command: str, asked: list[str]) -> None:
    assert [one for _, _, one in checks(flask("pass"), command=command)] == asked


def test_a_liveness_route_counts_without_a_probe_and_a_live_page_does_not() -> None:
    code = """\
        import redis
        from flask import Flask

        app = Flask(__name__)
        cache = redis.Redis()


        @app.get("/health/live")
        def live():
            return str(cache.ping())


        @app.get("/matches/live")
        def matches():
            return str(cache.get("matches"))
        """
    assert checks({"app/main.py": code}, path="/other") == [("GET /health/live", 10, "the cache")]
