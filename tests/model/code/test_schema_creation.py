"""Which code creates tables, and whether serving runs it."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.system.data import SchemaCreation
from archlint.core.values import is_unknown
from archlint.model.code.datastores.schema_creation import add_schema_creations
from tests.model.code.datastore_systems import draft_of

UNKNOWN = "unknown"
APPLICATION = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def creations(files: dict[str, str] | str) -> list[tuple[str, int, bool | str]]:
    """Statement, line and whether serving runs it, of each place."""
    if isinstance(files, str):
        files = {"app/main.py": APPLICATION + textwrap.dedent(files)}
    draft = draft_of(files)
    add_schema_creations(draft)
    return [
        (one.statement, one.at.line, UNKNOWN if is_unknown(one.at_start) else one.at_start)
        for one in draft.select(SchemaCreation)
    ]


@pytest.mark.parametrize(
    ("line", "made", "statement"),
    [
        ("from models import Base, engine", "Base.metadata.create_all(engine)", "create_all()"),
        ("from sqlmodel import SQLModel", "SQLModel.metadata.create_all(bind=None)", "create_all()"),
        ("from flask_sqlalchemy import SQLAlchemy", "SQLAlchemy(None).create_all()", "create_all()"),
        ("from tortoise import Tortoise", "Tortoise.generate_schemas()", "generate_schemas()"),
        (
            "from tortoise.contrib.fastapi import register_tortoise",
            "register_tortoise(app, db_url='sqlite://x.db', generate_schemas=True)",
            "generate_schemas=True",
        ),
        (
            "from peewee import PostgresqlDatabase",
            "PostgresqlDatabase('orders').create_tables([])",
            "create_tables()",
        ),
        ("from pony.orm import Database", "Database().generate_mapping(create_tables=True)", "create_tables=True"),
        ("import psycopg2", "psycopg2.connect('').cursor().execute('CREATE TABLE a (b INT)')", "CREATE TABLE a"),
        (
            "import sqlite3",
            "sqlite3.connect('x.db').executescript('create table if not exists a (b int)')",
            "CREATE TABLE a",
        ),
        ("from models import Order, engine", "Order.__table__.create(engine, checkfirst=True)", "Table.create()"),
        ("from cassandra.cqlengine.management import sync_table", "sync_table(None)", "sync_table()"),
    ],
)
def test_the_ways_to_create_tables_are_known(line: str, made: str, statement: str) -> None:
    assert creations(f"{line}\n{made}\n") == [(statement, 5, True)]


@pytest.mark.parametrize(
    "made",
    [
        "Tortoise.generate_schema_of_form()",
        "register_tortoise(app, db_url='sqlite://x.db', generate_schemas=False)",
        "client.create_table(TableName='orders')",
        "connection.execute('SELECT 1')",
        "connection.execute('CREATE TEMPORARY TABLE scratch (a INT)')",
        "connection.execute('CREATE TABLE schema_migrations (version INT)')",
    ],
)
def test_other_calls_create_no_tables(made: str) -> None:
    code = "from tortoise import Tortoise\nfrom tortoise.contrib.fastapi import register_tortoise\n"
    assert creations(f"{code}from elsewhere import client, connection\n{made}\n") == []


def test_a_script_that_is_opened_and_run_counts_by_its_name() -> None:
    code = """\
        import sqlite3


        def connect():
            connection = sqlite3.connect("orders.db")
            with open("sql/{name}.sql") as script:
                connection.executescript(script.read())
            return connection


        @app.get("/orders")
        def orders():
            return connect().execute("SELECT * FROM orders").fetchall()
        """
    assert creations(code.format(name="schema")) == [("schema.sql", 10, True)]
    assert creations(code.format(name="report")) == []


def test_one_function_that_creates_many_tables_is_one_place() -> None:
    code = """\
        import psycopg2


        @app.on_event("startup")
        def start():
            cursor = psycopg2.connect("").cursor()
            cursor.execute("CREATE TABLE a (x INT)")
            cursor.execute("CREATE TABLE b (x INT)")
        """
    assert creations(code) == [("CREATE TABLE a", 10, True)]


def test_a_function_that_nobody_calls_is_not_known_to_run() -> None:
    code = """\
        from models import Base, engine


        def prepare():
            Base.metadata.create_all(engine)
        """
    assert creations(code) == [("create_all()", 8, UNKNOWN)]


def test_the_startup_list_of_an_application_runs_its_functions() -> None:
    files = {
        "app/main.py": """\
            from fastapi import FastAPI
            from tables import prepare

            app = FastAPI(on_startup=[prepare])
            """,
        "app/tables.py": """\
            from models import Base, engine


            def prepare():
                Base.metadata.create_all(engine)
            """,
    }
    assert creations(files) == [("create_all()", 5, True)]


def test_a_management_command_does_not_run_when_serving() -> None:
    files = {
        "app/manage.py": "from django.core import management\n\nmanagement.execute_from_command_line()\n",
        "app/shop/management/commands/prepare.py": """\
            from django.core.management.base import BaseCommand
            from django.db import connection


            class Command(BaseCommand):
                def handle(self, *args, **options):
                    connection.cursor().execute("CREATE TABLE a (x INT)")
            """,
    }
    assert creations(files) == [("CREATE TABLE a", 7, False)]


def test_the_main_block_of_the_application_runs_and_that_of_a_tool_does_not() -> None:
    body = """\
        from flask import Flask
        from models import db

        {application}

        if __name__ == "__main__":
            db.create_all()
        """
    application = {"app/app.py": body.format(application="app = Flask(__name__)")}
    tool = {
        "app/app.py": "from flask import Flask\n\napp = Flask(__name__)\n",
        "app/init_db.py": body.format(application="db.drop_all()"),
    }
    assert (creations(application), creations(tool)) == (
        [("create_all()", 7, True)],
        [("create_all()", 7, False)],
    )


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("True", True),
        ("os.environ.get('CREATE_TABLES', '') == 'yes'", UNKNOWN),
        ("settings.debug", UNKNOWN),
        ("not inspect(engine).has_table('orders')", True),
        ("CREATE_SCHEMA", False),
        ("not CREATE_SCHEMA", True),
    ],
)
def test_a_condition_that_fails_in_production_keeps_the_tables_from_being_made(
    condition: str, runs: bool | str
) -> None:
    code = f"""\
        import os

        from sqlalchemy import inspect
        from models import Base, engine, settings

        CREATE_SCHEMA = False


        def prepare():
            if {condition}:
                Base.metadata.create_all(engine)


        prepare()
        """
    assert creations(code) == [("create_all()", 14, runs)]


def test_a_schema_that_is_stamped_is_a_versioned_one() -> None:
    code = """\
        from alembic import command
        from models import Base, engine


        @app.post("/tenants")
        def add_tenant():
            Base.metadata.create_all(engine)
            command.stamp(None, "head")
        """
    assert creations(code) == [("create_all()", 10, False)]
