"""Calls that publish, in each library as public code uses it: the broker, the channel and the line."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.system.messaging import Publisher
from archlint.core.values import Unknown
from tests.model.code.python_systems import system_of

PUBLISHING = {
    "pika": (
        """
        import pika

        channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()

        def tell(order):
            channel.basic_publish(exchange="", routing_key="orders", body=order)  # here
        """,
        ("rabbitmq", "orders"),
    ),
    "pika by position, to an exchange": (
        """
        import pika

        class Events:
            def __init__(self):
                self.channel = pika.BlockingConnection().channel()

            def tell(self, order):
                self.channel.basic_publish("order-events", "", order)  # here
        """,
        ("rabbitmq", "order-events"),
    ),
    "aio-pika": (
        """
        import aio_pika

        async def tell(order):
            connection = await aio_pika.connect_robust("amqp://rabbitmq/")
            channel = await connection.channel()
            exchange = await channel.declare_exchange("orders")
            await exchange.publish(aio_pika.Message(order), routing_key="order.placed")  # here
        """,
        ("rabbitmq", "order.placed"),
    ),
    "aiormq": (
        """
        import aiormq

        async def tell(order):
            connection = await aiormq.connect("amqp://rabbitmq/")
            channel = await connection.channel()
            await channel.basic_publish(order, routing_key="orders")  # here
        """,
        ("rabbitmq", "orders"),
    ),
    "kombu": (
        """
        from kombu import Connection

        def tell(order):
            with Connection("amqp://rabbitmq/") as connection:
                producer = connection.Producer(serializer="json")
                producer.publish(order, exchange="shop", routing_key="orders")  # here
        """,
        ("rabbitmq", "orders"),
    ),
    "kafka-python": (
        """
        from kafka import KafkaProducer

        producer = KafkaProducer(bootstrap_servers="kafka:9092")

        def tell(order):
            producer.send("orders", value=order)  # here
            producer.flush()
        """,
        ("kafka", "orders"),
    ),
    "aiokafka, the topic from a setting": (
        """
        import os

        from aiokafka import AIOKafkaProducer

        TOPIC = os.getenv("ORDERS_TOPIC", "orders")

        async def tell(order):
            producer = AIOKafkaProducer(bootstrap_servers="kafka:9092")
            await producer.start()
            await producer.send_and_wait(TOPIC, order)  # here
        """,
        ("kafka", "orders"),
    ),
    "confluent-kafka": (
        """
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": "kafka:9092"})

        def tell(order):
            producer.produce("orders", key=order, callback=print)  # here
            producer.poll(0)
        """,
        ("kafka", "orders"),
    ),
    "faust": (
        """
        import faust

        app = faust.App("shop", broker="kafka://kafka:9092")
        orders = app.topic("orders")

        async def tell(order):
            await orders.send(value=order)  # here
        """,
        ("kafka", "orders"),
    ),
    "nats-py": (
        """
        import nats

        async def tell(order):
            client = await nats.connect("nats://nats:4222")
            await client.publish("orders", order)  # here
        """,
        ("nats", "orders"),
    ),
    "JetStream": (
        """
        import nats

        class Bus:
            async def connect(self):
                self.client = await nats.connect("nats://nats:4222")
                self.stream = self.client.jetstream()

            async def tell(self, order):
                await self.stream.publish("orders.placed", order)  # here
        """,
        ("nats", "orders.placed"),
    ),
    "stomp.py": (
        """
        import stomp

        connection = stomp.Connection([("activemq", 61613)])

        def tell(order):
            connection.send(destination="/queue/orders", body=order)  # here
        """,
        ("stomp", "/queue/orders"),
    ),
    "SQS by the queue's name": (
        """
        import boto3

        sqs = boto3.resource("sqs")
        queue = sqs.get_queue_by_name(QueueName="orders")

        def tell(order):
            queue.send_message(MessageBody=order)  # here
        """,
        ("sqs", "orders"),
    ),
    "SQS by its address": (
        """
        import boto3

        sqs = boto3.client("sqs")

        def tell(order):
            sqs.send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/orders", MessageBody=order)  # here
        """,
        ("sqs", "https://sqs.eu-west-1.amazonaws.com/1/orders"),
    ),
    "SNS": (
        """
        import boto3

        def tell(order):
            boto3.client("sns").publish(TopicArn="arn:aws:sns:eu-west-1:1:orders", Message=order)  # here
        """,
        ("sns", "arn:aws:sns:eu-west-1:1:orders"),
    ),
    "Kinesis": (
        """
        import boto3

        kinesis = boto3.client("kinesis")

        def tell(order):
            kinesis.put_record(StreamName="orders", Data=order, PartitionKey="1")  # here
        """,
        ("kinesis", "orders"),
    ),
    "EventBridge": (
        """
        import boto3

        events = boto3.client("events")

        def tell(order):
            events.put_events(Entries=[{"Source": "shop", "DetailType": "OrderPlaced", "Detail": order}])  # here
        """,
        ("eventbridge", None),
    ),
    "google-cloud-pubsub": (
        """
        from google.cloud import pubsub_v1

        publisher = pubsub_v1.PublisherClient()
        topic = publisher.topic_path("project", "orders")

        def tell(order):
            publisher.publish(topic, order)  # here
        """,
        ("pubsub", "orders"),
    ),
    "azure-servicebus": (
        """
        from azure.servicebus import ServiceBusClient, ServiceBusMessage

        def tell(order):
            with ServiceBusClient.from_connection_string("…") as client:
                with client.get_queue_sender(queue_name="orders") as sender:
                    sender.send_messages(ServiceBusMessage(order))  # here
        """,
        ("servicebus", "orders"),
    ),
    "redis streams": (
        """
        import redis

        client = redis.Redis(host="redis")

        def tell(order):
            client.xadd("orders", {"order": order})  # here
        """,
        ("redis", "orders"),
    ),
    "redis pub/sub": (
        """
        import redis.asyncio as redis

        client = redis.Redis(host="redis")

        async def tell(order):
            await client.publish("orders", order)  # here
        """,
        ("redis", "orders"),
    ),
    "FastStream": (
        """
        from faststream.rabbit import RabbitBroker

        broker = RabbitBroker("amqp://rabbitmq/")

        async def tell(order):
            await broker.publish(order, "orders")  # here
        """,
        ("rabbitmq", "orders"),
    ),
    "FastStream by decorator": (
        """
        from faststream.kafka import KafkaBroker

        broker = KafkaBroker("kafka:9092")

        @broker.publisher("orders")  # here
        async def tell(order):
            return order
        """,
        ("kafka", "orders"),
    ),
    "nameko": (
        """
        from nameko.events import EventDispatcher

        class Orders:
            name = "orders"
            dispatch = EventDispatcher()

            def tell(self, order):
                self.dispatch("order_placed", order)  # here
        """,
        ("rabbitmq", "order_placed"),
    ),
    "Dapr": (
        """
        from dapr.clients import DaprClient

        def tell(order):
            with DaprClient() as client:
                client.publish_event(pubsub_name="bus", topic_name="orders", data=order)  # here
        """,
        ("dapr", "orders"),
    ),
    "Temporal": (
        """
        from temporalio.client import Client

        async def tell(order):
            client = await Client.connect("temporal:7233")
            await client.start_workflow("OrderWorkflow", order, id=order, task_queue="orders")  # here
        """,
        ("temporal", "orders"),
    ),
    "Celery by name": (
        """
        from celery import Celery

        app = Celery(broker="amqp://rabbitmq")

        def tell(order):
            app.send_task("billing.charge", args=[order], queue="billing")  # here
        """,
        ("celery", "billing"),
    ),
    "dramatiq": (
        """
        import dramatiq

        @dramatiq.actor
        def charge(order):
            print(order)

        def tell(order):
            charge.send(order)  # here
        """,
        ("dramatiq", None),
    ),
    "rq": (
        """
        from redis import Redis
        from rq import Queue

        queue = Queue(connection=Redis())

        def tell(order):
            queue.enqueue(print, order)  # here
        """,
        ("rq", None),
    ),
    "arq": (
        """
        from arq import create_pool

        async def tell(order):
            pool = await create_pool()
            await pool.enqueue_job("charge", order)  # here
        """,
        ("arq", None),
    ),
    "a producer from out of sight": (
        """
        class Orders:
            def __init__(self, producer):
                self.producer = producer

            def tell(self, order):
                self.producer.send("orders", order)  # here
        """,
        ("kafka", "orders"),
    ),
    "a client from out of sight, by its keyword": (
        """
        def tell(bus, order):
            bus.publish(order, routing_key="orders")  # here
        """,
        ("rabbitmq", "orders"),
    ),
}


def publishers(text: str) -> list[Publisher]:
    main = f'{textwrap.dedent(text)}\n\nif __name__ == "__main__":\n    print()\n'
    return system_of({"shop/main.py": main}, ("shop",)).select(Publisher)


@pytest.mark.parametrize("library", PUBLISHING)
def test_a_library_publishes_where_its_reference_says(library: str) -> None:
    text, (broker, channel) = PUBLISHING[library]
    line = next(number for number, one in enumerate(textwrap.dedent(text).splitlines(), 1) if "# here" in one)
    (found,) = publishers(text)
    assert (found.at.line, found.broker) == (line, broker)
    assert (None if isinstance(found.channel, Unknown) else found.channel) == channel


NOT_PUBLISHING = {
    "a request over HTTP": "import requests\n\nrequests.Session().send(requests.Request('GET', 'http://a').prepare())",
    "a generator": "def rounds():\n    yield\n\nrounds().send(1)",
    "a mail": "import smtplib\n\nsmtplib.SMTP('mail').send_message('hello')",
    "a socket": "import socket\n\nsocket.socket().send(b'1')",
    "a message in a chat, without a word that tells": "def tell(bot):\n    bot.send_message(1, 'hello')",
    "a queue in memory": "import queue\n\nqueue.Queue().put(1)",
    "a signal of Django": "from django.dispatch import Signal\n\nplaced = Signal()\nplaced.send(sender=None)",
    "a delay of asyncio": "import asyncio\n\nasyncio.delay(1)",
    "an item of a table": "import boto3\n\nboto3.resource('dynamodb').Table('orders').put_item(Item={})",
    "a video that a user publishes": "def publish_video(video):\n    video.publish()",
}


@pytest.mark.parametrize("what", NOT_PUBLISHING)
def test_what_only_sounds_like_it_publishes_nothing(what: str) -> None:
    assert publishers(NOT_PUBLISHING[what]) == []
