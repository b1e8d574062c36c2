"""Calls over brokers that wait for their answer: whom they ask, how long they wait, and what is none."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import Dependency, RpcCall
from archlint.core.values import Setting, is_unknown

NAMEKO = """\
from nameko.rpc import rpc


class Products:
    name = "products"

    @rpc
    def get(self, number):
        return number
"""


def calls_of(caller: str, **callees: str) -> list[tuple[int, str, str, object]]:
    """Line, target, kind and timeout of the calls of ``shop/app.py``."""
    files = {"shop/app.py": caller, **{f"{name}/app.py": text for name, text in callees.items()}}
    found = []
    for call in system_of(files).select(RpcCall):
        timeout = call.timeout.value if isinstance(call.timeout, Setting) else call.timeout
        found.append((call.at.line, call.target, call.target_kind, "unknown" if is_unknown(timeout) else timeout))
    return found


def test_a_nameko_proxy_calls_the_service_that_has_its_name() -> None:
    caller = """\
    from nameko.rpc import RpcProxy


    class Shop:
        name = "shop"
        stock = RpcProxy("products")

        def show(self, number):
            return self.stock.get(number)
    """
    draft = system_of({"shop/app.py": caller, "catalogue/app.py": NAMEKO})
    (call,) = draft.select(RpcCall)
    assert (call.at.line, call.target, call.target_kind, call.timeout) == (9, "catalogue", "service", None)
    assert call.handlers == ("catalogue.app.Products.get",)
    (dependency,) = draft.select(Dependency)
    assert (dependency.at.line, dependency.target, dependency.protocol) == (6, "catalogue", "nameko")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("rpc.products.get(1)", [(6, "catalogue", "service", 5.0)]),
        ("rpc.products.get.call_async(1).result()", [(6, "catalogue", "service", 5.0)]),
        ("rpc.products.get.call_async(1)", []),
        ("rpc.mails.send(1)", [(6, "mails", "unknown", 5.0)]),
    ],
)
def test_the_standalone_client_calls_any_service_of_the_cluster(call: str, expected: list[object]) -> None:
    caller = f"""\
    from nameko.standalone.rpc import ClusterRpcProxy


    def show(config):
        with ClusterRpcProxy(config, timeout=5) as rpc:
            return {call}
    """
    assert calls_of(caller, catalogue=NAMEKO) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("price.delay(1).get(timeout=3)", [(5, "shop", "service", 3.0)]),
        ("price.apply_async((1,)).get()", [(5, "shop", "service", None)]),
        ("app.send_task('pricing.app.quote', (1,)).get(timeout=3)", [(5, "pricing", "service", 3.0)]),
        ("app.send_task('prices.quote', (1,)).get()", [(5, "pricing", "service", None)]),
        ("app.send_task('other.quote', (1,)).get()", [(5, "other.quote", "unknown", None)]),
        ("price.delay(1)", []),
        ("{}.get('price')", []),
    ],
)
def test_a_celery_result_that_is_waited_for_is_a_call_to_the_worker(call: str, expected: list[object]) -> None:
    caller = f"from celery import Celery, shared_task\napp = Celery()\n\ndef show():\n    return {call}\n"
    caller += "\n@shared_task\ndef price(number):\n    return number\n"
    worker = "from celery import shared_task\n\n@shared_task\ndef quote(number):\n    return number\n"
    worker += "\n@shared_task(name='prices.quote')\ndef named(number):\n    return number\n"
    assert calls_of(caller, pricing=worker) == expected


def test_a_nats_request_asks_the_subscriber_and_waits_half_a_second_by_default() -> None:
    caller = """\
    import nats


    async def show(number):
        client = await nats.connect("nats://nats:4222")
        quick = await client.request("prices.get", number)
        slow = await client.request("prices.get", number, timeout=2)
        return quick, slow
    """
    callee = """\
    import nats


    async def quote(message):
        await message.respond(b"1")


    async def main():
        client = await nats.connect("nats://nats:4222")
        await client.subscribe("prices.get", cb=quote)
    """
    assert calls_of(caller, pricing=callee) == [(6, "pricing", "service", 0.5), (7, "pricing", "service", 2.0)]


RABBIT_CLIENT = """\
import uuid

import pika


class Client:
    def __init__(self):
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq"))
        self.channel = self.connection.channel()
        self.replies = self.channel.queue_declare(queue="", exclusive=True).method.queue
        self.response = None

    def quote(self, number):
        self.channel.basic_publish(
            exchange="",
            routing_key="quotes",
            properties=pika.BasicProperties(reply_to=self.replies, correlation_id=str(uuid.uuid4())),
            body=str(number),
        )
        while self.response is None:
            self.connection.process_data_events(time_limit=1)
        return self.response

    def tell(self, number):
        self.channel.basic_publish(exchange="", routing_key="quotes", body=str(number))
"""
RABBIT_SERVER = """\
import pika


def on_quote(channel, method, properties, body):
    channel.basic_publish(
        exchange="",
        routing_key=properties.reply_to,
        properties=pika.BasicProperties(correlation_id=properties.correlation_id),
        body=body,
    )
    channel.basic_ack(method.delivery_tag)


def main():
    channel = pika.BlockingConnection(pika.ConnectionParameters("rabbitmq")).channel()
    channel.basic_consume(queue="quotes", on_message_callback=on_quote)
    channel.start_consuming()
"""


def test_a_message_with_a_reply_queue_asks_the_consumer_of_its_queue() -> None:
    assert calls_of(RABBIT_CLIENT, pricing=RABBIT_SERVER) == [(14, "pricing", "service", "unknown")]


def test_an_answer_is_no_question() -> None:
    assert calls_of(RABBIT_SERVER) == []


def test_a_call_by_name_through_aio_pika_waits_without_bound() -> None:
    caller = """\
    from aio_pika.patterns import RPC


    async def show(channel, number):
        rpc = await RPC.create(channel)
        return await rpc.call("quote", {"number": number})
    """
    assert calls_of(caller) == [(6, "quote", "unknown", None)]
