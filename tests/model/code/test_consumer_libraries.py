"""Consumers in every library that archlint knows, as public projects write them: who handles what, and when it is
acknowledged."""

from __future__ import annotations

import pytest
from cloud_snippets import (
    DAPR,
    KINESIS,
    POWERTOOLS,
    PUBSUB,
    PUBSUB_PULL,
    SERVICEBUS,
    SQS,
    SQS_RESOURCE,
    TEMPORAL,
)
from consumer_snippets import (
    AIO_PIKA,
    AIOKAFKA,
    AIORMQ,
    ARQ,
    CELERY,
    CELERY_LATE,
    CONFLUENT,
    DRAMATIQ,
    FASTSTREAM_KAFKA,
    FASTSTREAM_RABBIT,
    FAUST,
    JETSTREAM,
    JETSTREAM_PUSH,
    KAFKA_PYTHON,
    KAFKA_PYTHON_MANUAL,
    KOMBU,
    NAMEKO,
    NATS,
    PIKA_EARLY,
    PIKA_GENERATOR,
    REDIS_HANDLER,
    REDIS_PUBSUB,
    REDIS_STREAM,
    RQ,
    STOMP,
    STORE,
)
from python_systems import system_of

from archlint.core.system.messaging import Consumer
from archlint.core.values import is_unknown

AUTO, BEFORE, AFTER = "auto", "before", "after"


@pytest.mark.parametrize(
    ("text", "library", "broker", "channel", "handler", "acknowledgement"),
    [
        pytest.param(KAFKA_PYTHON, "kafka-python", "kafka", "orders", 6, AUTO, id="kafka-python"),
        pytest.param(KAFKA_PYTHON_MANUAL, "kafka-python", "kafka", "orders", 8, AFTER, id="kafka-python, manual"),
        pytest.param(CONFLUENT, "confluent-kafka", "kafka", "orders", 8, AUTO, id="confluent-kafka"),
        pytest.param(AIOKAFKA, "aiokafka", "kafka", "orders", 9, AFTER, id="aiokafka"),
        pytest.param(FAUST, "faust", "kafka", None, 9, AFTER, id="faust"),
        pytest.param(PIKA_EARLY, "pika", "rabbitmq", "orders", 5, BEFORE, id="pika"),
        pytest.param(PIKA_GENERATOR, "pika", "rabbitmq", "orders", 6, AUTO, id="pika's generator"),
        pytest.param(AIO_PIKA, "aio-pika", "rabbitmq", "orders", 11, AFTER, id="aio-pika"),
        pytest.param(AIORMQ, "aiormq", "rabbitmq", "orders", 5, AFTER, id="aiormq"),
        pytest.param(KOMBU, "kombu", "rabbitmq", "orders", 15, AFTER, id="kombu"),
        pytest.param(CELERY, "celery", "celery", "book", 8, None, id="Celery"),
        pytest.param(CELERY_LATE, "celery", "celery", "book", 8, AFTER, id="Celery, acks_late"),
        pytest.param(DRAMATIQ, "dramatiq", "dramatiq", "orders", 6, AFTER, id="dramatiq"),
        pytest.param(RQ, "rq", "rq", "book", 6, None, id="rq"),
        pytest.param(ARQ, "arq", "arq", "book", 5, AFTER, id="arq"),
        pytest.param(NATS, "nats", "nats", "orders.created", 8, None, id="NATS"),
        pytest.param(JETSTREAM, "jetstream", "nats", "orders.created", 9, BEFORE, id="JetStream, pulled"),
        pytest.param(JETSTREAM_PUSH, "jetstream", "nats", "orders.created", 5, AFTER, id="JetStream"),
        pytest.param(STOMP, "stomp", "stomp", "/queue/orders", 9, AUTO, id="stomp"),
        pytest.param(SQS, "sqs", "sqs", "orders", 10, BEFORE, id="SQS"),
        pytest.param(SQS_RESOURCE, "sqs", "sqs", "orders", 6, AFTER, id="SQS, as a resource"),
        pytest.param(KINESIS, "kinesis", "kinesis", None, 8, None, id="Kinesis"),
        pytest.param(PUBSUB, "pubsub", "pubsub", "orders-sub", 8, AFTER, id="Pub/Sub"),
        pytest.param(PUBSUB_PULL, "pubsub", "pubsub", "orders-sub", 6, AFTER, id="Pub/Sub, pulled"),
        pytest.param(SERVICEBUS, "azure-servicebus", "azure-servicebus", "orders", 7, AUTO, id="Service Bus"),
        pytest.param(REDIS_STREAM, "redis streams", "redis", "orders", 6, AFTER, id="redis streams"),
        pytest.param(REDIS_PUBSUB, "redis pub/sub", "redis", None, 7, None, id="redis pub/sub"),
        pytest.param(REDIS_HANDLER, "redis pub/sub", "redis", "orders", 5, None, id="redis pub/sub, by handler"),
        pytest.param(FASTSTREAM_KAFKA, "faststream kafka", "kafka", "orders", 10, AUTO, id="FastStream, Kafka"),
        pytest.param(FASTSTREAM_RABBIT, "faststream", "rabbitmq", "orders", 10, AFTER, id="FastStream, RabbitMQ"),
        pytest.param(NAMEKO, "nameko", "rabbitmq", "orders.order_created", 9, AFTER, id="nameko"),
        pytest.param(DAPR, "dapr", "dapr", "orders", 8, AFTER, id="Dapr"),
        pytest.param(TEMPORAL, "temporal", "temporal", "book", 6, AFTER, id="Temporal"),
        pytest.param(POWERTOOLS, "lambda", "lambda", None, 6, AFTER, id="Lambda powertools"),
    ],
)
def test_a_consumer_is_found_with_its_channel_and_acknowledgement(
    text: str, library: str, broker: str, channel: str | None, handler: int, acknowledgement: str | None
) -> None:
    (found,) = system_of({"billing/main.py": text, "billing/store.py": STORE}, ("billing",)).select(Consumer)
    assert (found.library, found.broker) == (library, broker)
    assert (None if is_unknown(found.channel) else found.channel) == channel
    assert found.handler_at is not None
    assert found.handler_at.line == handler
    assert (None if is_unknown(found.acknowledgement) else found.acknowledgement) == acknowledgement
    assert [one.kind for one in found.effects] == ["insert"]
