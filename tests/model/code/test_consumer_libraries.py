"""Consumers in every library that archlint knows, as public projects write them: who handles what, and when it is
acknowledged."""

from __future__ import annotations

import textwrap

import pytest
from python_systems import system_of

from archlint.core.system.messaging import Consumer
from archlint.core.values import is_unknown

STORE = """
import psycopg

database = psycopg.connect("postgresql://app@db/orders")


def store(order):
    database.execute("INSERT INTO orders (item) VALUES (%s)", (order,))
"""

KAFKA_PYTHON = """
from kafka import KafkaConsumer
from store import store

consumer = KafkaConsumer("orders", bootstrap_servers=["kafka:9092"], group_id="billing")
for message in consumer:
    store(message.value)
"""
KAFKA_PYTHON_MANUAL = """
from kafka import KafkaConsumer
from store import store

def run():
    consumer = KafkaConsumer(bootstrap_servers="kafka:9092", group_id="billing", enable_auto_commit=False)
    consumer.subscribe(["orders"])
    while True:
        records = consumer.poll(timeout_ms=1000)
        for partition, messages in records.items():
            for message in messages:
                store(message.value)
        consumer.commit()

run()
"""
CONFLUENT = """
from confluent_kafka import Consumer
from store import store

conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing", "auto.offset.reset": "earliest"}
consumer = Consumer(conf)
consumer.subscribe(["orders"])
while True:
    msg = consumer.poll(1.0)
    if msg is None:
        continue
    if msg.error():
        print(msg.error())
        continue
    store(msg.value())
"""
AIOKAFKA = """
from aiokafka import AIOKafkaConsumer
from store import store

async def consume():
    consumer = AIOKafkaConsumer("orders", bootstrap_servers="kafka:9092", group_id="billing", enable_auto_commit=False)
    await consumer.start()
    try:
        async for msg in consumer:
            store(msg.value)
            await consumer.commit()
    finally:
        await consumer.stop()
"""
FAUST = """
import faust
from store import store

app = faust.App("billing", broker="kafka://kafka:9092")
orders_topic = app.topic("orders")

@app.agent(orders_topic)
async def process(orders):
    async for order in orders:
        store(order)
"""
PIKA_EARLY = """
import pika
from store import store

def callback(ch, method, properties, body):
    ch.basic_ack(delivery_tag=method.delivery_tag)
    store(body)

channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
channel.queue_declare(queue="orders", durable=True)
channel.basic_consume(queue="orders", on_message_callback=callback)
channel.start_consuming()
"""
PIKA_GENERATOR = """
import pika
from store import store

channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
for method, properties, body in channel.consume("orders", auto_ack=True):
    store(body)
"""
AIO_PIKA = """
import aio_pika
from store import store

async def main():
    connection = await aio_pika.connect_robust("amqp://guest@rabbitmq/")
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("orders", durable=True)
        async with queue.iterator() as queue_iter:
            async for message in queue_iter:
                async with message.process():
                    store(message.body)
"""
AIORMQ = """
import aiormq
from store import store

async def on_message(message):
    store(message.body)
    await message.channel.basic_ack(message.delivery.delivery_tag)

async def main():
    connection = await aiormq.connect("amqp://guest@rabbitmq/")
    channel = await connection.channel()
    declare_ok = await channel.queue_declare("orders")
    await channel.basic_consume("orders", on_message, no_ack=False)
"""
KOMBU = """
from kombu import Connection, Queue
from kombu.mixins import ConsumerMixin
from store import store

orders = Queue("orders")

class Worker(ConsumerMixin):
    def __init__(self, connection):
        self.connection = connection

    def get_consumers(self, Consumer, channel):
        return [Consumer(queues=[orders], callbacks=[self.process])]

    def process(self, body, message):
        store(body)
        message.ack()
"""
CELERY = """
from celery import Celery
from store import store

app = Celery("billing", broker="amqp://rabbitmq")

@app.task
def book(order):
    store(order)
"""
CELERY_LATE = CELERY.replace("@app.task", "@app.task(acks_late=True)")
DRAMATIQ = """
import dramatiq
from store import store

@dramatiq.actor(queue_name="orders")
def book(order):
    store(order)
"""
RQ = """
from redis import Redis
from rq import Queue
from store import store

def book(order):
    store(order)

q = Queue("orders", connection=Redis())
q.enqueue(book, "1")
"""
ARQ = """
from arq.connections import RedisSettings
from store import store

async def book(ctx, order):
    store(order)

class WorkerSettings:
    functions = [book]
    redis_settings = RedisSettings()
"""
NATS = """
import nats
from store import store

async def main():
    nc = await nats.connect("nats://nats:4222")

    async def on_order(msg):
        store(msg.data)

    await nc.subscribe("orders.created", cb=on_order)
"""
JETSTREAM = """
import nats
from store import store

async def main():
    nc = await nats.connect("nats://nats:4222")
    js = nc.jetstream()
    sub = await js.pull_subscribe("orders.created", "billing")
    while True:
        msgs = await sub.fetch(10)
        for msg in msgs:
            await msg.ack()
            store(msg.data)
"""
JETSTREAM_PUSH = """
import nats
from store import store

async def on_order(msg):
    store(msg.data)
    await msg.ack()

async def main():
    nc = await nats.connect("nats://nats:4222")
    js = nc.jetstream()
    await js.subscribe("orders.created", durable="billing", cb=on_order, manual_ack=True)
"""
STOMP = """
import stomp
from store import store

class Listener(stomp.ConnectionListener):
    def on_error(self, frame):
        print(frame.body)

    def on_message(self, frame):
        store(frame.body)

conn = stomp.Connection([("activemq", 61613)])
conn.set_listener("", Listener())
conn.connect("admin", "admin", wait=True)
conn.subscribe(destination="/queue/orders", id=1, ack="auto")
"""
SQS = """
import boto3
from store import store

sqs = boto3.client("sqs")
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"

def poll():
    response = sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=10, WaitTimeSeconds=20)
    for message in response.get("Messages", []):
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
        store(message["Body"])

while True:
    poll()
"""
SQS_RESOURCE = """
import boto3
from store import store

queue = boto3.resource("sqs").get_queue_by_name(QueueName="orders")
while True:
    for message in queue.receive_messages(WaitTimeSeconds=20):
        store(message.body)
        message.delete()
"""
KINESIS = """
import boto3
from store import store

kinesis = boto3.client("kinesis")

def run(iterator):
    while True:
        response = kinesis.get_records(ShardIterator=iterator, Limit=100)
        for record in response["Records"]:
            store(record["Data"])
        iterator = response["NextShardIterator"]
"""
PUBSUB = """
from google.cloud import pubsub_v1
from store import store

subscriber = pubsub_v1.SubscriberClient()
subscription_path = subscriber.subscription_path("shop", "orders-sub")

def callback(message):
    store(message.data)
    message.ack()

streaming_pull_future = subscriber.subscribe(subscription_path, callback=callback)
streaming_pull_future.result()
"""
PUBSUB_PULL = """
from google.cloud import pubsub_v1
from store import store

subscriber = pubsub_v1.SubscriberClient()
while True:
    response = subscriber.pull(request={"subscription": "orders-sub", "max_messages": 10})
    for received in response.received_messages:
        store(received.message.data)
        subscriber.acknowledge(request={"subscription": "orders-sub", "ack_ids": [received.ack_id]})
"""
SERVICEBUS = """
from azure.servicebus import ServiceBusClient, ServiceBusReceiveMode
from store import store

client = ServiceBusClient.from_connection_string("x")
with client.get_queue_receiver(queue_name="orders", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
    for msg in receiver:
        store(str(msg))
"""
REDIS_STREAM = """
import redis
from store import store

r = redis.Redis("redis")
while True:
    resp = r.xreadgroup("billing", "worker-1", {"orders": ">"}, count=10, block=5000)
    for stream, messages in resp:
        for message_id, fields in messages:
            store(fields["item"])
            r.xack("orders", "billing", message_id)
"""
REDIS_PUBSUB = """
import redis
from store import store

pubsub = redis.Redis("redis").pubsub()
pubsub.subscribe("orders")
for message in pubsub.listen():
    if message["type"] == "message":
        store(message["data"])
"""
REDIS_HANDLER = """
import redis
from store import store

def handle(message):
    store(message["data"])

p = redis.Redis("redis").pubsub()
p.subscribe(**{"orders": handle})
p.run_in_thread(sleep_time=0.01)
"""
FASTSTREAM_KAFKA = """
from faststream import FastStream
from faststream.kafka import KafkaBroker
from store import store

broker = KafkaBroker("kafka:9092")
app = FastStream(broker)

@broker.subscriber("orders", group_id="billing")
async def book(order: str):
    store(order)
"""
FASTSTREAM_RABBIT = """
from faststream import FastStream
from faststream.rabbit import RabbitBroker, RabbitQueue
from store import store

broker = RabbitBroker("amqp://rabbitmq")
app = FastStream(broker)

@broker.subscriber(RabbitQueue("orders", durable=True))
async def book(order: str):
    store(order)
"""
NAMEKO = """
from nameko.events import event_handler
from store import store

class Billing:
    name = "billing"

    @event_handler("orders", "order_created")
    def book(self, payload):
        store(payload)
"""
DAPR = """
from dapr.ext.grpc import App
from store import store

app = App()

@app.subscribe(pubsub_name="pubsub", topic="orders")
def book(event):
    store(event.Data())

app.run(50051)
"""
TEMPORAL = """
from temporalio import activity
from store import store

@activity.defn
async def book(order: str) -> str:
    store(order)
    return order
"""
POWERTOOLS = """
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from store import store

@event_source(data_class=SQSEvent)
def handler(event, context):
    for record in event.records:
        store(record.body)
"""

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


def test_the_snippets_are_python() -> None:
    for text in (STORE, KAFKA_PYTHON, CELERY_LATE):
        compile(textwrap.dedent(text), "snippet", "exec")
