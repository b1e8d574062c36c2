"""Change data capture: which connector publishes what a service's database holds."""

from __future__ import annotations

import pytest

from archlint.ruleset import load_builtin
from archlint.testing import check_tree

(RULE,) = (one for one in load_builtin() if one.name == "dual-write")
SERVICE = {
    "orders/Dockerfile": "FROM python:3.12-slim\nCOPY . /app\nCMD python main.py\n",
    "orders/main.py": """
import os

import psycopg
from kafka import KafkaProducer

producer = KafkaProducer(bootstrap_servers="kafka:9092")


def main():
    with psycopg.connect("postgresql://orders@orders-db/orders") as connection:
        connection.execute("INSERT INTO orders (id) VALUES (1)")
    producer.send("orders", b"1")


if __name__ == "__main__":
    main()
""",
}
DEBEZIUM = "io.debezium.connector.postgresql.PostgresConnector"


def findings(path: str, text: str) -> int:
    return len(check_tree(RULE, {**SERVICE, path: text}).findings)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("connect/orders.properties", f"connector.class={DEBEZIUM}\ndatabase.hostname=orders-db\n"),
        ("connect/orders.json", f'{{"connector.class": "{DEBEZIUM}", "database.dbname": "orders"}}'),
        (
            "connect/orders.yaml",
            "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaConnector\nmetadata: {name: orders}\n"
            f"spec:\n  class: {DEBEZIUM}\n  config:\n    database.hostname: orders-db\n",
        ),
    ],
)
def test_a_connector_that_reads_the_database_publishes_its_changes(path: str, text: str) -> None:
    assert findings(path, text) == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "connect/users.properties",
            f"connector.class={DEBEZIUM}\ndatabase.hostname=users-db\ndatabase.dbname=users\n",
        ),
        ("connect/sink.properties", "connector.class=io.confluent.connect.jdbc.JdbcSinkConnector\n"),
    ],
)
def test_a_connector_of_another_database_or_into_one_does_not(path: str, text: str) -> None:
    assert findings(path, text) == 1
