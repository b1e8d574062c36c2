"""Consumers in every library of brokers, as public projects write them. Each stores what it gets."""

from __future__ import annotations

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
