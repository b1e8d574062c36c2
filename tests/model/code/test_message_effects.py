"""What handling a message changes, and whether doing it twice leaves the same state."""

from __future__ import annotations

import textwrap

import pytest
from python_systems import system_of

from archlint.core.system.messaging import Consumer
from archlint.core.values import Setting, is_unknown

HANDLER = """
import csv
import json
import smtplib
import uuid

import boto3
import pika
import redis
import requests
import stripe
from django.db.models import F
from elasticsearch import Elasticsearch
from googleapiclient.discovery import build
from models import Order, Product
from pymongo import MongoClient
from sqlalchemy import create_engine, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

session = Session(create_engine("postgresql://app@db/orders"))
cursor = session.connection().cursor()
mongo = MongoClient("mongodb://mongo").shop
table = boto3.resource("dynamodb").Table("orders")
s3 = boto3.client("s3")
cache = redis.Redis("redis")
gmail = build("gmail", "v1")


def handle(channel, method, properties, body):
    event = json.loads(body)
{work}


channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
channel.basic_consume(queue="orders", on_message_callback=handle)
channel.start_consuming()
"""
MODELS = """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    number = Column(String, unique=True)
    item = Column(String)


class Product(Base):
    stock = Column(Integer)
"""


def consumer_of(work: str) -> Consumer:
    text = HANDLER.replace("{work}", textwrap.indent(work, "    "))
    (found,) = system_of({"orders/main.py": text, "orders/models.py": MODELS}, ("orders",)).select(Consumer)
    return found


ABSOLUTE, RELATIVE, OPEN = True, False, None


@pytest.mark.parametrize(
    ("work", "kind", "is_absolute"),
    [
        ("cursor.execute('INSERT INTO orders (item) VALUES (%s)', (body,))", "insert", RELATIVE),
        ("cursor.execute('INSERT INTO orders (id, item) VALUES (%s, %s)', (event['id'], body))", "insert", OPEN),
        ("cursor.execute('INSERT INTO orders (id, item) VALUES (%s, %s)', (uuid.uuid4(), body))", "insert", RELATIVE),
        ("cursor.execute('INSERT INTO orders (order_id) VALUES (%s)', (event['id'],))", "insert", OPEN),
        ("cursor.execute('INSERT INTO payments (order_id) VALUES (%s)', (event['id'],))", "insert", RELATIVE),
        ("cursor.execute('INSERT INTO o (id) VALUES (%s) ON CONFLICT DO NOTHING', (event['id'],))", "insert", ABSOLUTE),
        ("cursor.execute('UPDATE stock SET n = n - 1 WHERE id = %s', (event['id'],))", "increment", RELATIVE),
        ("cursor.execute('UPDATE orders SET state = %s WHERE id = %s', ('paid', 1))", "update", ABSOLUTE),
        ("cursor.execute('DELETE FROM orders WHERE id = %s', (event['id'],))", "delete", ABSOLUTE),
        ("session.execute(insert(Order).values(item=event['item']))", "insert", RELATIVE),
        ("session.execute(pg_insert(Order).values(item='a').on_conflict_do_nothing())", "insert", ABSOLUTE),
        ("session.execute(update(Product).values(stock=Product.stock - 1))", "increment", RELATIVE),
        ("session.execute(update(Product).values(stock=event['stock']))", "update", ABSOLUTE),
        ("session.query(Product).filter(Product.id == 1).update({Product.stock: 3})", "update", ABSOLUTE),
        ("Product.objects.filter(id=1).update(stock=F('stock') - 1)", "increment", RELATIVE),
        ("session.add(Order(item=event['item']))", "insert", RELATIVE),
        ("session.add(Order(number=event['number'], item='x'))", "insert", OPEN),
        ("session.add(Order(number=str(uuid.uuid4()), item='x'))", "insert", RELATIVE),
        ("session.merge(Order(item=event['item']))", "update", ABSOLUTE),
        ("Order.objects.create(item=event['item'])", "insert", RELATIVE),
        ("Order.objects.create(number=event['number'])", "insert", OPEN),
        ("Order.objects.update_or_create(item=event['item'])", "update", ABSOLUTE),
        ("mongo.orders.insert_one({'item': event['item']})", "insert", RELATIVE),
        ("mongo.orders.insert_one({'_id': event['id']})", "insert", OPEN),
        ("mongo.orders.update_one({'_id': 1}, {'$inc': {'n': 1}})", "increment", RELATIVE),
        ("mongo.orders.update_one({'_id': 1}, {'$set': {'n': 1}})", "update", ABSOLUTE),
        ("table.put_item(Item={'id': event['id']})", "update", ABSOLUTE),
        ("table.put_item(Item={'id': str(uuid.uuid4())})", "insert", RELATIVE),
        ("table.update_item(Key={}, UpdateExpression='SET n = n + :one')", "increment", RELATIVE),
        ("cache.incr('orders')", "increment", RELATIVE),
        ("cache.hset('orders', 'a', 1)", "update", ABSOLUTE),
        ("s3.put_object(Bucket='b', Key=event['id'], Body=body)", "file", ABSOLUTE),
        ("s3.put_object(Bucket='b', Key=f'{uuid.uuid4()}.json', Body=body)", "file", RELATIVE),
        ("with open('log', 'a') as log:\n    log.write(body)", "file", RELATIVE),
        ("smtplib.SMTP('mail').sendmail('a@b.c', event['to'], 'x')", "mail", RELATIVE),
        ("gmail.users().messages().send(userId='me', body={}).execute()", "mail", RELATIVE),
        ("stripe.Charge.create(amount=1)", "payment", RELATIVE),
        ("stripe.Charge.create(amount=1, idempotency_key=event['id'])", "payment", ABSOLUTE),
        ("channel.basic_publish(exchange='', routing_key='paid', body=body)", "publish", RELATIVE),
        ("Elasticsearch('http://search').index(index='orders', document=event)", "insert", RELATIVE),
        ("Elasticsearch('http://search').index(index='orders', id=event['id'])", "insert", ABSOLUTE),
    ],
)
def test_a_change_is_told_by_its_kind_and_by_what_a_second_one_does(
    work: str, kind: str, is_absolute: bool | None
) -> None:
    (found,) = consumer_of(work).effects
    assert (found.kind, None if is_unknown(found.is_absolute) else found.is_absolute) == (kind, is_absolute)


@pytest.mark.parametrize(
    "work",
    [
        "channel.basic_publish(exchange='', routing_key=properties.reply_to, body=body)",
        "channel.basic_publish(exchange='', routing_key='orders.dead-letter', body=body)",
        "def requeue(it):\n    channel.basic_publish(exchange='', routing_key='orders', body=it)\nrequeue(body)",
        "cursor.execute('SELECT 1')",
        "with open('settings.json') as file:\n    json.load(file)",
    ],
)
def test_an_answer_a_message_that_is_sent_back_and_a_read_change_nothing(work: str) -> None:
    assert consumer_of(work).effects == ()


ADD = "session.add(Order(item=event['item']))\n"


@pytest.mark.parametrize(
    "work",
    [
        "if is_processed(event['id']):\n    return\n" + ADD,
        "cursor.execute('INSERT INTO inbox (message_id) VALUES (%s) ON CONFLICT DO NOTHING', (event['id'],))\n" + ADD,
        "cache.set(event['id'], 1, nx=True)\n" + ADD,
        "try:\n    " + ADD + "except IntegrityError:\n    pass\n",
        "table.put_item(Item={}, ConditionExpression='attribute_not_exists(id)')\n" + ADD,
        "session.query(Order).filter_by(event_id=event['id']).first()\n" + ADD,
        "requests.post('http://a', headers={'Idempotency-Key': event['id']})\n" + ADD,
        "producer.send_offsets_to_transaction(offsets, group)\n" + ADD,
    ],
)
def test_what_is_seen_to_recognise_a_second_delivery(work: str) -> None:
    assert isinstance(consumer_of(work).deduplication, Setting)


@pytest.mark.parametrize(
    "work",
    [
        "publish(OrderProcessed(event['id']))\n" + ADD,
        "handle_payment_processed(event)\n" + ADD,
        "Product.objects.get_or_create(id=event['product'])\n" + ADD,
    ],
)
def test_what_only_sounds_like_it_recognises_nothing(work: str) -> None:
    assert consumer_of(work).deduplication is None


def test_a_decorator_lets_a_message_through_once() -> None:
    for decorator in ("@idempotent", "@dedup.processed_once(key='id')"):
        text = HANDLER.replace("{work}", "    " + ADD).replace("def handle(", f"{decorator}\ndef handle(")
        (found,) = system_of({"orders/main.py": text, "orders/models.py": MODELS}, ("orders",)).select(Consumer)
        assert isinstance(found.deduplication, Setting)


def test_the_change_that_a_message_names_is_one_that_is_made_again() -> None:
    found = consumer_of("cache.hset('orders', 'a', 1)\n" + ADD)
    assert found.change == "an insert (add())"
    assert [one.note for one in found.related][:2] == [
        "insert: add(), made again by a second delivery",
        "update: hset, the same when it is made twice",
    ]
