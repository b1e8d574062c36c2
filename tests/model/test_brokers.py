"""Brokers by where they show: Terraform, workloads, Dapr components, addresses of task queues, code."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from archlint.ruleset import load_builtin
from archlint.testing import check_tree

(RULE,) = (one for one in load_builtin() if one.name == "unapproved-broker")
DOCKERFILE = "FROM python:3.12-slim\nCOPY . /app\nCMD python main.py\n"
MAIN = '\n\nif __name__ == "__main__":\n    print()\n'


def found(files: Mapping[str, str]) -> list[str]:
    report = check_tree(RULE, dict(files))
    return [f"{one.at.path}:{one.at.line} {one.message.partition(' is none')[0]}" for one in report.findings]


def service(text: str) -> dict[str, str]:
    return {"shop/Dockerfile": DOCKERFILE, "shop/main.py": text + MAIN}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"compose.yaml": "services:\n  activemq:\n    image: apache/activemq-artemis:2.31.0\n"},
            ["compose.yaml:2 ActiveMQ"],
        ),
        (
            {
                "bus.yaml": "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: bus}\n"
                "spec: {type: pubsub.azure.servicebus.topics, version: v1}\n"
            },
            ["bus.yaml:1 Azure Service Bus"],
        ),
        (
            service('from celery import Celery\n\napp = Celery("shop", broker="redis://redis:6379/0")'),
            ["shop/main.py:3 Redis"],
        ),
        (
            service("from redis import Redis\nfrom rq import Queue\n\nQueue(connection=Redis()).enqueue(print)"),
            ["shop/main.py:4 Redis"],
        ),
        (
            {"main.tf": 'resource "aws_mq_broker" "bus" {\n  broker_name = "bus"\n  engine_type = "ActiveMQ"\n}\n'},
            ["main.tf:1 ActiveMQ"],
        ),
        (
            {
                "main.tf": 'resource "aws_sns_topic" "orders" {\n  name = "orders"\n}\n\n'
                'resource "aws_sns_topic_subscription" "stock" {\n  topic_arn = aws_sns_topic.orders.arn\n'
                '  protocol = "sqs"\n  endpoint = "arn:aws:sqs:eu:1:stock"\n}\n'
            },
            ["main.tf:1 Amazon SNS"],
        ),
    ],
)
def test_a_broker_shows_where_it_is_declared_else_where_it_is_used(
    files: Mapping[str, str], expected: list[str]
) -> None:
    assert found(files) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"compose.yaml": "services:\n  kafka:\n    image: cp-kafka:7.6.0\n  nats:\n    image: nats:2.10\n"},
        {"compose.yaml": "services:\n  cache:\n    image: redis:7.2\n"},
        {"compose.dev.yaml": "services:\n  sqs:\n    image: softwaremill/elasticmq:1.5.7\n"},
        {"main.tf": 'resource "aws_mq_broker" "bus" {\n  engine_type = "RabbitMQ"\n}\n'},
        {"main.tf": 'resource "azurerm_servicebus_namespace" "bus" {\n  count = 0\n  name  = "bus"\n}\n'},
        {"main.tf": 'resource "azurerm_eventhub_namespace" "bus" {\n  name = "bus"\n}\n'},
        {"main.tf": 'resource "aws_sns_topic" "budget" {\n  name = "budget-alerts"\n}\n'},
        service('from celery import Celery\n\napp = Celery("shop", broker="amqp://rabbitmq")'),
        service('import os\n\nfrom celery import Celery\n\napp = Celery("shop", broker=os.environ["BROKER"])'),
    ],
)
def test_what_is_approved_not_made_or_no_broker_is_not_named(files: Mapping[str, str]) -> None:
    assert found(files) == []


def test_the_configuration_replaces_what_is_approved() -> None:
    files = {
        "archlint.yaml": "brokers: [Amazon SQS]\n",
        "main.tf": 'resource "aws_sqs_queue" "orders" {\n  name = "orders"\n}\n',
        "compose.yaml": "services:\n  rabbit:\n    image: rabbitmq:3.13\n",
    }
    assert found(files) == ["compose.yaml:2 RabbitMQ"]
