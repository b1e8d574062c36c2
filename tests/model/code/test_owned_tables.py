"""Which services own relational tables, and what counts as a migration tool."""

from __future__ import annotations

import pytest

from archlint.core.system.data import OwnedTables
from archlint.core.values import is_unknown
from archlint.model.code.datastores.owned_tables import add_owned_tables
from archlint.model.code.datastores.schema_creation import add_schema_creations
from tests.model.code.datastore_systems import draft_of

UNKNOWN = "unknown"
TABLE = "class Order(Base):\n    __tablename__ = 'orders'\n"
MODELS = f"from sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\n{TABLE}"


def tables(files: dict[str, str]) -> list[tuple[int, bool | str]]:
    """How many tables, and whether a tool migrates them; none where there is nothing to own."""
    draft = draft_of(files)
    add_schema_creations(draft)
    add_owned_tables(draft)
    return [
        (one.count, UNKNOWN if is_unknown(one.has_migrations) else one.has_migrations)
        for one in draft.select(OwnedTables)
    ]


@pytest.mark.parametrize(
    "code",
    [
        MODELS,
        "from sqlmodel import SQLModel\n\n\nclass Order(SQLModel, table=True):\n    pass\n",
        "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\nclass Order(db.Model):\n    pass\n",
        "from peewee import Model\n\n\nclass Order(Model):\n    pass\n",
        "from tortoise.models import Model\n\n\nclass Order(Model):\n    pass\n",
        "from sqlalchemy import MetaData, Table\n\norders = Table('orders', MetaData())\n",
        "import psycopg2\n\npsycopg2.connect('').cursor().execute('CREATE TABLE orders (id INT)')\n",
    ],
)
def test_the_ways_to_describe_a_table_are_known(code: str) -> None:
    assert tables({"app/main.py": code}) == [(1, False)]


@pytest.mark.parametrize(
    "code",
    [
        "from sqlmodel import SQLModel\n\n\nclass OrderIn(SQLModel):\n    pass\n",
        "from pydantic import BaseModel\n\n\nclass Order(BaseModel):\n    pass\n",
        "from rich.table import Table\n\norders = Table('orders')\n",
        "import boto3\n\nboto3.resource('dynamodb').create_table(TableName='orders')\n",
    ],
)
def test_what_is_no_relational_table_is_not_owned(code: str) -> None:
    assert tables({"app/main.py": code}) == []


@pytest.mark.parametrize(
    "files",
    [
        {"app/requirements.txt": "alembic==1.14.0\n"},
        {"app/requirements.txt": "flask-migrate==4.0.7\n"},
        {"app/migrations/env.py": "from alembic import context\n"},
        {"app/main.py": f"from yoyo import get_backend\n{MODELS}"},
    ],
)
def test_a_tool_that_is_required_imported_or_laid_out_counts(files: dict[str, str]) -> None:
    assert tables({"app/main.py": MODELS, **files}) == [(1, True)]


def test_migrations_outside_of_every_service_may_be_for_any() -> None:
    files = {"app/main.py": MODELS, "database/migrations/0001_orders.py": "from alembic import op\n"}
    assert tables(files) == [(1, UNKNOWN)]
