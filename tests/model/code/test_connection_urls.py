"""Connection strings in the forms that people write."""

from __future__ import annotations

import pytest

from archlint.core.values import UNKNOWN
from archlint.model.code.datastores.connection_urls import Address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgresql+asyncpg://app:pw@db:5432/orders",
            Address("postgresql", "db", 5432, "orders", "app"),
        ),
        ("postgres://app:{}@db/orders?sslmode=disable", Address("postgresql", "db", None, "orders", "app")),
        ("postgresql://{}:{}@{}:5432/orders", Address("postgresql", UNKNOWN, 5432, "orders", UNKNOWN)),
        ("postgresql:///orders?host=/run/postgresql", Address("postgresql", "/run/postgresql", None, "orders")),
        ("mongodb://mongo:27017/?tls=true", Address("mongodb", "mongo", 27017)),
        ("mongodb://b:1,a:2/orders?replicaSet=rs", Address("mongodb", "a,b", 1, "orders")),
        ("jdbc:sqlserver://sql:1433;databaseName=orders;user=sa", Address("mssql", "sql", 1433, "orders", "sa")),
        ("root:pw@tcp(mysql:3306)/shop?parseTime=true", Address("mysql", "mysql", 3306, "shop", "root")),
        ("host=db dbname=orders user=app", Address("postgresql", "db", None, "orders", "app")),
        ("Server=tcp:sql,1433;Database=orders;User Id=sa;Password=x", Address("mssql", "sql", 1433, "orders", "sa")),
        ("sqlite:///orders.db", Address("sqlite", None, None, "orders.db")),
        ("amqp://rabbitmq:5672/", None),
        ("https://example.com/orders", None),
        ("", None),
    ],
)
def test_a_connection_string_gives_the_parts_that_it_says(text: str, expected: Address | None) -> None:
    assert parse_address(text) == expected
