"""Conditions that recognise a second delivery, and those that only look like it."""

from __future__ import annotations

import textwrap

import pytest
from python_systems import system_of

from archlint.core.system.messaging import Consumer
from archlint.core.values import Setting, is_unknown

HANDLER = """
import json

import pika
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from models import Order, Product
from stores import event_store

session = Session(create_engine("postgresql://app@db/orders"))
seen = set()


def known(number):
    return session.query(Order).filter(Order.number == number).first()


def fresh(number):
    return known(number) is None


def handle(channel, method, properties, body):
    event = json.loads(body)
{work}
    channel.basic_ack(delivery_tag=method.delivery_tag)


channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
channel.basic_consume(queue="orders", on_message_callback=handle)
channel.start_consuming()
"""
LOOKUP = "order = session.query(Order).filter(Order.number == event['number']).first()\n"
ADD = "session.add(Order(item=event['item']))\n"


def verdict(work: str) -> str:
    text = HANDLER.replace("{work}", textwrap.indent(work, "    "))
    (found,) = system_of({"orders/main.py": text, "orders/models.py": "class Order: ...\n"}, ("orders",)).select(
        Consumer
    )
    if isinstance(found.deduplication, Setting):
        return "recognised"
    return "not known" if is_unknown(found.deduplication) else "nothing"


@pytest.mark.parametrize(
    "work",
    [
        LOOKUP + "if order:\n    return\n" + ADD,
        LOOKUP + "if order is None:\n    " + ADD,
        LOOKUP + "if order:\n    pass\nelse:\n    " + ADD,
        LOOKUP + "if order.status == 'PAID':\n    return\norder.total -= 1\nsession.commit()\n",
        "if known(event['number']) is not None:\n    return\n" + ADD,
        "rows = session.query(Order).all()\nif len(rows) > 0:\n    return\n" + ADD,
        "result = session.execute('UPDATE orders SET state = 1')\nif result.rowcount == 0:\n    return\n" + ADD,
    ],
)
def test_a_condition_on_what_is_stored_recognises_a_second_delivery(work: str) -> None:
    assert verdict(work) == "recognised"


@pytest.mark.parametrize(
    "work",
    [
        ADD,
        LOOKUP + "if not order:\n    return\n" + ADD,
        LOOKUP + "if order:\n    order.total -= 1\n    session.commit()\n",
        LOOKUP + "if order.total < event['count']:\n    return\norder.total -= 1\nsession.commit()\n",
        "if event['type'] == 'created':\n    " + ADD,
        "if event['type'] == 'paid':\n    " + LOOKUP + "    if order:\n        return\n" + ADD,
    ],
)
def test_a_condition_on_the_message_or_on_what_is_needed_recognises_nothing(work: str) -> None:
    assert verdict(work) == "nothing"


@pytest.mark.parametrize(
    "work",
    [
        "if fresh(event['number']):\n    " + ADD,
        "if event['number'] in seen:\n    return\n" + ADD,
        "if not event_store.accepts(event):\n    return\n" + ADD,
    ],
)
def test_a_condition_that_is_not_understood_may_recognise_it(work: str) -> None:
    assert verdict(work) == "not known"
