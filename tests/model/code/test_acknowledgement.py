"""When consumers acknowledge: before their work, after it, or whatever becomes of it."""

from __future__ import annotations

import textwrap

import pytest
from python_systems import system_of

from archlint.core.system.messaging import Consumer
from archlint.core.values import is_unknown

PIKA = """
import json
from threading import Thread

import pika
import psycopg
from psycopg.errors import UniqueViolation

database = psycopg.connect("postgresql://app@db/orders")


def store(order):
    database.execute("INSERT INTO orders (item) VALUES (%s)", (order,))


def ack(channel, method):
    channel.basic_ack(delivery_tag=method.delivery_tag)


def handle(channel, method, properties, body):
{work}


channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
channel.basic_consume("orders", handle{options})
channel.start_consuming()
"""
ACK = "channel.basic_ack(delivery_tag=method.delivery_tag)\n"


def consumer_of(work: str, options: str = "") -> Consumer:
    text = PIKA.replace("{work}", textwrap.indent(work, "    ")).replace("{options}", options)
    (found,) = system_of({"orders/main.py": text}, ("orders",)).select(Consumer)
    return found


@pytest.mark.parametrize(
    "work",
    [
        ACK + "store(body)\n",
        "ack(channel, method)\nstore(body)\n",
        "if store.accepts(body):\n    " + ACK + "    store(body)\n",
        "for order in json.loads(body):\n    " + ACK + "    store(order)\n",
        "thread = Thread(target=store, args=(body,))\nthread.start()\n" + ACK,
        "database.execute('INSERT INTO inbox (message_id) VALUES (%s)', (properties.message_id,))\n"
        "database.commit()\nstore(body)\n" + ACK,
    ],
)
def test_an_acknowledgement_that_surely_comes_first_is_early(work: str) -> None:
    assert consumer_of(work).acknowledgement == "before"


@pytest.mark.parametrize(
    "work",
    [
        "store(body)\n" + ACK,
        "store(body)\nack(channel, method)\n",
        "if body == b'ping':\n    " + ACK + "else:\n    store(body)\n",
        "if not body:\n    " + ACK + "    return\nstore(body)\n" + ACK,
        "try:\n    order = json.loads(body)\nexcept ValueError:\n    " + ACK + "    return\nstore(order)\n" + ACK,
        "thread = Thread(target=store, args=(body,))\nthread.start()\nthread.join()\n" + ACK,
        "database.execute('INSERT INTO inbox (message_id) VALUES (%s)', (properties.message_id,))\n"
        "store(body)\ndatabase.commit()\n" + ACK,
    ],
)
def test_an_acknowledgement_behind_the_work_or_in_a_branch_without_it_is_not(work: str) -> None:
    assert consumer_of(work).acknowledgement == "after"


def test_a_switch_acknowledges_by_itself_and_is_the_line_to_change() -> None:
    found = consumer_of("store(body)\n", ", auto_ack=True")
    assert found.acknowledgement == "auto"
    assert found.acknowledged_at is not None
    assert found.acknowledged_at.line == 26
    assert consumer_of("store(body)\n" + ACK, ", auto_ack=False").acknowledgement == "after"


def test_a_switch_that_is_not_known_and_an_acknowledgement_that_is_not_seen_are_unknown() -> None:
    assert is_unknown(consumer_of("store(body)\n", ", auto_ack=settings.AUTO").acknowledgement)
    assert is_unknown(consumer_of("store(body)\n").acknowledgement)


def test_a_wrapper_that_acknowledges_before_it_calls_the_handler_is_early() -> None:
    text = """
        import pika
        import psycopg

        database = psycopg.connect("postgresql://app@db/orders")

        class Worker:
            def __init__(self, handler):
                self.handler = handler

            def start(self):
                channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()

                def deliver(ch, method, properties, body):
                    {first}
                    self.handler(body)
                    {last}

                channel.basic_consume("orders", deliver)
                channel.start_consuming()

        def store(body):
            database.execute("INSERT INTO orders (item) VALUES (%s)", (body,))

        Worker(store).start()
    """
    ack = "ch.basic_ack(method.delivery_tag)"
    (early,) = system_of({"orders/main.py": text.format(first=ack, last="")}, ("orders",)).select(Consumer)
    assert (early.handler, early.acknowledgement) == ("orders.main.store", "before")
    (late,) = system_of({"orders/main.py": text.format(first="pass", last=ack)}, ("orders",)).select(Consumer)
    assert late.acknowledgement != "before"


KAFKA = """
from confluent_kafka import Consumer
import psycopg

database = psycopg.connect("postgresql://app@db/orders")
SETTINGS = {settings}
consumer = Consumer(SETTINGS)
consumer.subscribe(["orders"])
while True:
    message = consumer.poll(1.0)
    database.execute("INSERT INTO orders (item) VALUES (%s)", (message.value(),))
    {commit}
"""
GROUP = "'bootstrap.servers': 'kafka', 'group.id': 'billing'"


@pytest.mark.parametrize(
    ("settings", "commit", "expected"),
    [
        ("{" + GROUP + "}", "pass", "auto"),
        ("{" + GROUP + ", 'enable.auto.commit': True}", "pass", "auto"),
        ("{" + GROUP + ", 'enable.auto.commit': False}", "consumer.commit(message)", "after"),
        ("{" + GROUP + ", 'enable.auto.offset.store': False}", "consumer.store_offsets(message)", None),
        ("{'bootstrap.servers': 'kafka'}", "pass", None),
        ("load_settings()", "pass", None),
        ("{" + GROUP + ", **more}", "pass", None),
    ],
)
def test_a_kafka_client_commits_by_itself_unless_it_is_told_not_to(
    settings: str, commit: str, expected: str | None
) -> None:
    text = KAFKA.replace("{settings}", settings).replace("{commit}", commit)
    (found,) = system_of({"orders/main.py": text}, ("orders",)).select(Consumer)
    assert (None if is_unknown(found.acknowledgement) else found.acknowledgement) == expected


def test_a_handler_that_a_partial_binds_is_the_one_that_handles() -> None:
    text = """
        from functools import partial

        import aio_pika
        import psycopg

        database = psycopg.connect("postgresql://app@db/orders")

        class Client:
            async def consume(self, callback, queue_name):
                connection = await aio_pika.connect_robust("amqp://rabbitmq/")
                channel = await connection.channel()
                queue = await channel.declare_queue(queue_name, durable=True)
                await queue.consume(partial(self._deliver, callback=callback))

            async def _deliver(self, message, callback):
                async with message.process(ignore_processed=True):
                    await message.ack()
                    await callback(message)

        async def store(message):
            database.execute("INSERT INTO orders (item) VALUES (%s)", (message.body,))

        async def main():
            await Client().consume(store, "orders")
    """
    (found,) = system_of({"orders/main.py": text}, ("orders",)).select(Consumer)
    assert (found.handler, found.channel, found.acknowledgement) == ("orders.main.store", "orders", "before")
    assert found.handler_at is not None
    assert found.acknowledged_at is not None
    assert (found.handler_at.line, found.acknowledged_at.line) == (21, 18)
