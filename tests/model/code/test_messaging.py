"""Consumers: who handles what, what that changes, and what becomes of failures."""

from __future__ import annotations

import textwrap

from python_systems import system_of

from archlint.core.system.messaging import Consumer, Publisher
from archlint.core.values import Setting, is_unknown


def consumer_of(text: str, **others: str) -> Consumer:
    files = {"orders/main.py": text, **{f"orders/{name}.py": other for name, other in others.items()}}
    (found,) = system_of(files, ("orders",)).select(Consumer)
    return found


PIKA = """
    import pika
    import psycopg
    database = psycopg.connect("postgresql://app@db/orders")

    def handle(channel, method, properties, body):
        {work}
        channel.basic_ack(delivery_tag=method.delivery_tag)

    def main():
        channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
        {declare}
        channel.basic_consume(queue="orders", on_message_callback=handle)
        channel.start_consuming()

    if __name__ == "__main__":
        main()
"""
INSERT = 'database.cursor().execute("INSERT INTO orders (item) VALUES (%s)", (body,))'
DECLARE = 'channel.queue_declare(queue="orders", durable=True)'


def test_an_insert_for_every_message_is_not_repeatable() -> None:
    found = consumer_of(PIKA.format(work=INSERT, declare=DECLARE))
    assert found.channel == "orders"
    assert found.handler_at is not None
    assert found.handler_at.line == 6
    assert [(one.kind, one.is_absolute) for one in found.effects] == [("insert", False)]
    assert (found.changes_state, found.is_repeatable, found.deduplication) == (True, False, None)
    assert found.dead_letter is None


def test_an_upsert_and_an_absolute_update_are_repeatable() -> None:
    upsert = INSERT.replace("(%s)", "(%s) ON CONFLICT DO NOTHING")
    assert consumer_of(PIKA.format(work=upsert, declare=DECLARE)).is_repeatable is True
    absolute = INSERT.replace("INSERT INTO orders (item) VALUES (%s)", "UPDATE orders SET state = 'paid' WHERE id = %s")
    assert consumer_of(PIKA.format(work=absolute, declare=DECLARE)).is_repeatable is True


def test_an_update_relative_to_the_old_value_is_not_repeatable() -> None:
    relative = INSERT.replace("INSERT INTO orders (item) VALUES (%s)", "UPDATE stock SET n = n - 1 WHERE id = %s")
    assert consumer_of(PIKA.format(work=relative, declare=DECLARE)).is_repeatable is False


def test_a_record_whose_attribute_is_counted_up_and_saved_is_not_repeatable() -> None:
    for change in ("ticket.left = ticket.left - 1", "ticket.left -= 1"):
        work = f"""ticket = Ticket.objects.get(id=body)
        {change}
        ticket.save()"""
        assert consumer_of(PIKA.format(work=work, declare=DECLARE)).is_repeatable is False
    work = """ticket = Ticket.objects.get(id=body)
        ticket.state = "sold"
        ticket.save()"""
    assert is_unknown(consumer_of(PIKA.format(work=work, declare=DECLARE)).is_repeatable)


def test_a_handled_unique_constraint_recognises_a_second_delivery() -> None:
    work = f"""try:
            {INSERT}
        except psycopg.errors.UniqueViolation:
            pass"""
    assert isinstance(consumer_of(PIKA.format(work=work, declare=DECLARE)).deduplication, Setting)


def test_a_lookup_that_decides_nothing_recognises_nothing() -> None:
    work = 'database.cursor().execute("SELECT 1").fetchone()\n        ' + INSERT
    assert consumer_of(PIKA.format(work=work, declare=DECLARE)).deduplication is None


def test_a_handler_that_only_logs_changes_nothing() -> None:
    assert consumer_of(PIKA.format(work="len(body)", declare=DECLARE)).changes_state is False


def test_a_queue_that_goes_with_its_consumer_holds_transient_messages() -> None:
    declare = DECLARE.replace("durable=True", "exclusive=True")
    assert is_unknown(consumer_of(PIKA.format(work=INSERT, declare=declare)).dead_letter)


def test_a_queue_whose_name_is_not_known_is_judged_by_the_declaration_that_it_is_consumed_from() -> None:
    found = consumer_of("""
        import asyncio
        import os

        import aio_pika
        from database import session

        async def handle(message):
            session.add(message.body)

        async def main():
            connection = await aio_pika.connect_robust("amqp://rabbitmq/")
            channel = await connection.channel()
            queue = await channel.declare_queue(os.environ["QUEUE"], durable=True)
            await queue.consume(handle)

        if __name__ == "__main__":
            asyncio.run(main())
    """)
    assert found.dead_letter is None
    assert found.is_repeatable is False


def test_a_queue_that_a_method_declares_and_returns_is_followed() -> None:
    found = consumer_of(
        """
        from subscription import Subscription
        from database import session

        async def handle(message):
            session.add(message.body)

        async def main():
            await Subscription("orders").start(handle)
        """,
        subscription="""
        import aio_pika

        class Subscription:
            def __init__(self, queue_name):
                self.queue_name = queue_name

            async def declare(self):
                connection = await aio_pika.connect_robust("amqp://rabbitmq/")
                channel = await connection.channel()
                return await channel.declare_queue(self.queue_name, durable=True)

            async def start(self, handler):
                queue = await self.declare()
                await queue.consume(handler)
        """,
    )
    assert (found.channel, found.dead_letter) == ("orders", None)


def test_a_dead_letter_exchange_in_the_arguments_takes_failed_messages() -> None:
    declare = DECLARE.replace("durable=True", 'arguments={"x-dead-letter-exchange": "failed"}')
    assert isinstance(consumer_of(PIKA.format(work=INSERT, declare=declare)).dead_letter, Setting)


def test_a_queue_that_is_declared_out_of_sight_is_unknown() -> None:
    assert is_unknown(consumer_of(PIKA.format(work=INSERT, declare="pass")).dead_letter)


def test_a_handler_is_followed_through_a_class_and_a_lambda() -> None:
    broker = """
        import aio_pika

        class Subscription:
            def __init__(self, queue):
                self.queue = queue

            async def start(self, handler):
                channel = await (await aio_pika.connect_robust("amqp://rabbitmq/")).channel()
                queue = await channel.declare_queue(self.queue)
                await queue.consume(lambda message: self.deliver(message, handler))

            async def deliver(self, message, handler):
                await handler(message.body)
    """
    main = """
        import asyncio
        import smtplib
        from broker import Subscription

        async def greet(body):
            smtplib.SMTP("mail").sendmail("a@example.com", body, "hello")

        async def main():
            await Subscription("registrations").start(greet)

        if __name__ == "__main__":
            asyncio.run(main())
    """
    found = consumer_of(main, broker=broker)
    assert (found.handler, found.channel, found.dead_letter) == ("orders.main.greet", "registrations", None)
    assert [one.kind for one in found.effects] == ["mail"]


def test_a_kafka_loop_handles_what_is_in_its_body_only() -> None:
    text = """
        import requests
        from kafka import KafkaConsumer

        def main():
            consumer = KafkaConsumer("orders", bootstrap_servers="kafka:9092")
            requests.post("http://registry/register")
            for message in consumer:
                for line in message.value.splitlines():
                    len(line)

        if __name__ == "__main__":
            main()
    """
    found = consumer_of(text)
    assert (found.channel, found.effects, found.dead_letter) == ("orders", (), None)


def test_a_nameko_rpc_method_is_no_consumer_and_an_injected_object_is_followed() -> None:
    text = """
        import redis
        from nameko.events import event_handler
        from nameko.extensions import DependencyProvider
        from nameko.rpc import rpc

        class Wrapper:
            def __init__(self, client):
                self.client = client

            def decrement_stock(self, number):
                self.client.hincrby(number, "stock", -1)

        class Storage(DependencyProvider):
            def get_dependency(self, context):
                return Wrapper(redis.StrictRedis("redis"))

        class Service:
            name = "stock"
            storage = Storage()

            @rpc
            def get(self, number):
                return number

            @event_handler("orders", "created")
            def on_created(self, payload):
                self.storage.decrement_stock(payload["id"])
    """
    found = consumer_of(text)
    assert (found.handler, found.channel) == ("orders.main.Service.on_created", "orders.created")
    assert [one.kind for one in found.effects] == ["increment"]


def test_a_celery_task_that_is_acknowledged_before_it_runs_is_not_judged() -> None:
    text = """
        import smtplib
        from celery import Celery
        app = Celery("orders", broker="amqp://rabbitmq/")

        @app.task{options}
        def remind(address):
            smtplib.SMTP("mail").sendmail("a@example.com", address, "hello")
    """
    assert is_unknown(consumer_of(text.format(options="")).deduplication)
    assert consumer_of(text.format(options="(acks_late=True)")).deduplication is None


def test_a_publisher_names_what_a_wrapper_is_called_with() -> None:
    files = {
        "orders/main.py": textwrap.dedent("""
            import pika
            from flask import Flask

            app = Flask(__name__)

            class Broker:
                def __init__(self):
                    self.channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()

                def publish(self, key, text):
                    self.channel.basic_publish(exchange="shop", routing_key=key, body=text)

            broker = Broker()

            @app.post("/orders")
            def place():
                broker.publish("order.placed", "text")

            @app.delete("/orders")
            def cancel():
                broker.publish("order.cancelled", "text")
        """)
    }
    found = system_of(files, ("orders",)).select(Publisher)
    assert [(one.broker, one.channel) for one in found] == [
        ("rabbitmq", "order.placed"),
        ("rabbitmq", "order.cancelled"),
    ]


def test_a_loop_over_a_stream_of_an_imported_client_is_a_consumer() -> None:
    found = consumer_of(
        """
        from clients import redis
        from database import session

        while True:
            for stream, entries in redis.xreadgroup("stock", "stock", {"orders": ">"}):
                session.add(entries)
        """,
        clients="""
        import redis as library

        redis = library.Redis("redis")
        """,
    )
    assert (found.broker, found.channel, found.is_repeatable) == ("redis", "orders", False)
