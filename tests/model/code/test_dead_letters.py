"""Where messages go that fail for good: by declaration, by the broker's settings, by the code."""

from __future__ import annotations

import json
import textwrap

import pytest
from python_systems import system_of

from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.core.system.messaging import Consumer
from archlint.core.values import Setting, Unknown
from archlint.model.deployment.broker_settings import Policy

STORE = """
import psycopg

database = psycopg.connect("postgresql://app@db/orders")


def store(order):
    database.execute("INSERT INTO orders (item) VALUES (%s)", (order,))
"""


def verdict(text: str, **others: str) -> str:
    files = {"orders/main.py": text, "orders/store.py": STORE}
    files |= {f"orders/{name}.py": other for name, other in others.items()}
    found = system_of(files, ("orders",)).select(Consumer)
    return said(found[0])


def said(consumer: Consumer) -> str:
    if consumer.dead_letter is None:
        return "nowhere"
    return "not known" if isinstance(consumer.dead_letter, Unknown) else "kept"


SQS = """
import boto3
from store import store

sqs = boto3.client("sqs")
queue = sqs.create_queue(QueueName="orders"{attributes})
URL = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
while True:
    response = sqs.receive_message(QueueUrl=URL)
    for message in response.get("Messages", []):
        {work}
        sqs.delete_message(QueueUrl=URL, ReceiptHandle=message["ReceiptHandle"])
"""
SWALLOWING = """try:
            store(message["Body"])
        except Exception:
            print("failed")
            sqs.delete_message(QueueUrl=URL, ReceiptHandle=message["ReceiptHandle"])
            continue"""


def test_a_queue_of_sqs_that_the_code_makes_is_judged_by_its_attributes() -> None:
    text = SQS.replace("{work}", 'store(message["Body"])')
    assert verdict(text.replace("{attributes}", "")) == "nowhere"
    assert verdict(text.replace("{attributes}", ', Attributes={"RedrivePolicy": POLICY}')) == "kept"
    assert verdict(text.replace("{attributes}", ", Attributes=settings()")) == "not known"
    assert verdict(text.replace('queue = sqs.create_queue(QueueName="orders"{attributes})', "")) == "not known"


def test_a_handler_that_swallows_and_acknowledges_every_error_keeps_nothing() -> None:
    text = SQS.replace('queue = sqs.create_queue(QueueName="orders"{attributes})', "").replace("{work}", SWALLOWING)
    assert verdict(text) == "nowhere"
    assert verdict(text.replace('print("failed")', 'store_failed(message["Body"])')) == "not known"
    assert verdict(text.replace('print("failed")', "raise")) == "not known"


PUBSUB = """
from google.cloud import pubsub_v1
from store import store

subscriber = pubsub_v1.SubscriberClient()
subscriber.create_subscription(request={{"name": "orders-sub", "topic": "orders"{policy}}})

def callback(message):
    store(message.data)
    message.ack()

subscriber.subscribe("orders-sub", callback=callback)
"""


def test_a_subscription_that_the_code_makes_is_judged_by_its_policy() -> None:
    assert verdict(PUBSUB.format(policy="")) == "nowhere"
    assert verdict(PUBSUB.format(policy=', "dead_letter_policy": policy')) == "kept"


FASTSTREAM = """
from faststream import FastStream
from faststream.rabbit import RabbitBroker, RabbitQueue
from store import store

broker = RabbitBroker("amqp://rabbitmq")
app = FastStream(broker)

@broker.subscriber({queue})
async def book(order: str):
    store(order)
"""


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ('"orders"', "nowhere"),
        ('RabbitQueue("orders", durable=True)', "nowhere"),
        ('RabbitQueue("orders", arguments={"x-dead-letter-exchange": "dlx"})', "kept"),
        ('RabbitQueue("orders", passive=True)', "not known"),
    ],
)
def test_faststream_declares_what_it_subscribes_to(queue: str, expected: str) -> None:
    assert verdict(FASTSTREAM.format(queue=queue)) == expected


NATS = """
import nats
from store import store

async def main():
    nc = await nats.connect("nats://nats:4222")
    js = nc.jetstream()

    async def handle(msg):
        store(msg.data)
        {more}

    await js.subscribe("orders", durable="billing", cb=handle)
"""


def test_jetstream_and_redis_streams_need_a_stream_of_failures_in_the_code() -> None:
    assert verdict(NATS.format(more="")) == "nowhere"
    assert verdict(NATS.format(more='await js.publish("orders.dead-letter", msg.data)')) == "kept"


def test_an_error_that_is_logged_is_no_topic_of_failures() -> None:
    assert verdict(NATS.format(more='logging.error("%s", msg.data)')) == "nowhere"
    assert verdict(NATS.format(more=""), topics='FAILURE_TOPIC = "orders.errors"\n') == "nowhere"
    assert verdict("from topics import FAILURE_TOPIC\n" + textwrap.dedent(NATS.format(more="")),
                   topics='FAILURE_TOPIC = "orders.errors"\n') == "kept"  # fmt: skip


def test_who_waits_for_the_answer_learns_of_a_failure() -> None:
    text = NATS.format(more='await msg.respond(b"done")').replace("js.subscribe", "nc.subscribe")
    assert verdict(text.replace(', durable="billing"', "")) == "not known"


CELERY = """
from celery import Celery
from store import store

app = Celery("orders", broker="amqp://rabbitmq")

@app.task
def book(order):
    store(order)

def place(order):
    {dispatch}
"""


def test_celery_forgets_a_task_that_fails_and_is_told_of_at_the_application() -> None:
    text = CELERY.format(dispatch="book.delay(order)")
    (found, *_) = system_of({"orders/main.py": text, "orders/store.py": STORE}, ("orders",)).select(Consumer)
    assert said(found) == "nowhere"
    assert found.failures_at is not None
    assert (found.failures_at.line, found.failing) == (5, "orders's Celery application")


def test_celery_keeps_what_a_hook_handles_and_a_schedule_runs_again() -> None:
    assert verdict(CELERY.format(dispatch="pass")) == "not known"
    hook = "from celery.signals import task_failure\n"
    assert verdict(hook + CELERY.format(dispatch="book.delay(order)")) == "not known"


PIKA = """
import pika
from store import store

def handle(channel, method, properties, body):
    store(body)
    channel.basic_ack(method.delivery_tag)

channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
channel.queue_declare(queue="orders.placed", durable=True)
channel.basic_consume("orders.placed", handle)
channel.start_consuming()
"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("^orders\\.", "kept"), (".*", "kept"), ("^stock\\.", "nowhere"), ("^(orders|stock)\\.", "not known")],
)
def test_a_policy_of_the_broker_holds_for_the_queues_of_its_pattern(pattern: str, expected: str) -> None:
    definitions = {
        "rabbit_version": "3.12",
        "policies": [{"name": "failed", "pattern": pattern, "definition": {"dead-letter-exchange": "failed"}}],
    }
    files = {"orders/main.py": PIKA, "orders/store.py": STORE}
    others = [SourceFile("broker/definitions.json", Kind.CONFIGURATION, json.dumps(definitions).encode(), "d")]
    (found,) = system_of(files, ("orders",), others=others).select(Consumer)
    assert said(found) == expected


def test_a_policy_is_read_from_a_line_of_rabbitmqctl() -> None:
    script = """rabbitmqctl set_policy DLX "^orders" '{"dead-letter-exchange": "failed"}' --apply-to queues\n"""
    files = {"orders/main.py": PIKA, "orders/store.py": STORE}
    others = [SourceFile("broker/init.sh", Kind.SHELL, script.encode(), "s")]
    (found,) = system_of(files, ("orders",), others=others).select(Consumer)
    assert isinstance(found.dead_letter, Setting)
    assert (found.dead_letter.at.path, found.dead_letter.at.line) == ("broker/init.sh", 1)


def test_a_pattern_is_taken_apart_only_as_far_as_it_is_plain() -> None:
    at = start_of("definitions.json")
    assert Policy("^orders$", at).holds_for("orders") is True
    assert Policy("^orders$", at).holds_for("orders.placed") is False
    assert Policy("placed$", at).holds_for("orders.placed") is True
    assert isinstance(Policy("^(a+)+$", at).holds_for("orders"), Unknown)
