"""Libraries whose calls go over a broker and wait for the answer: data for ``rpc``.

Each entry gives the names, where its arguments stand, and how long a call waits by default, with the source.
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Request:
    """A function that sends a request and waits. ``subject`` and ``timeout`` are the positions of its arguments,
    ``default`` the seconds that it waits where none is given (None: without bound)."""

    library: str
    broker: str
    subject: int | None
    timeout: int | None
    default: float | None
    timeout_names: tuple[str, ...] = ("timeout",)


PROXIES = frozenset({"nameko.rpc.RpcProxy", "nameko.rpc.ServiceRpc", "nameko.rpc.Client"})
"""What nameko injects to call one service, by the name that it is given: it blocks for the reply, without bound
(nameko 2.14 and 3.0rc, https://github.com/nameko/nameko/blob/master/nameko/rpc.py: ``RpcReply.result``)."""

CLUSTERS = frozenset(
    {
        "nameko.standalone.rpc.ClusterRpcProxy",
        "nameko.standalone.rpc.ClusterRpcClient",
        "nameko.rpc.ClusterRpc",
        "flask_nameko.FlaskPooledClusterRpcProxy",
        "flask_nameko.proxies.FlaskPooledClusterRpcProxy",
        "django_nameko_standalone.ClusterRpcProxy",
    }
)
"""What calls any service of a nameko cluster, ``rpc.orders.get(1)``; ``timeout`` of the constructor is None by default
(https://github.com/nameko/nameko/blob/master/nameko/standalone/rpc.py)."""

TASKS = frozenset({"delay", "apply_async", "send_task"})
WAITS_FOR_TASK = frozenset({"get", "wait"})
"""``task.delay().get()``: ``timeout=None`` waits without bound (Celery 5.4,
https://docs.celeryq.dev/en/stable/reference/celery.result.html#celery.result.AsyncResult.get)."""

REQUESTS: dict[str, Request] = {
    # nats-py 2.9: ``request(subject, payload=b"", timeout=0.5, ...)``,
    # https://github.com/nats-io/nats.py/blob/main/nats/src/nats/aio/client.py
    "nats.connect.request": Request("nats", "nats", 0, 2, 0.5),
    "nats.NATS.request": Request("nats", "nats", 0, 2, 0.5),
    "nats.aio.client.Client.request": Request("nats", "nats", 0, 2, 0.5),
    "nats.aio.client.Client.timed_request": Request("nats", "nats", 0, 2, 0.5),
    # FastStream 0.5: https://github.com/ag2ai/faststream/tree/main/faststream, ``request`` of each broker
    "faststream.nats.NatsBroker.request": Request("faststream", "nats", 1, None, 0.5),
    "faststream.rabbit.RabbitBroker.request": Request("faststream", "rabbitmq", 1, None, 30.0),
    "faststream.redis.RedisBroker.request": Request("faststream", "redis", 1, None, 30.0),
    "faststream.kafka.KafkaBroker.request": Request("faststream", "kafka", 1, None, 0.5),
    "faststream.confluent.KafkaBroker.request": Request("faststream", "kafka", 1, None, 0.5),
    # aio-pika 9: the future of ``RPC.call`` is awaited without bound,
    # https://github.com/mosquito/aio-pika/blob/master/aio_pika/patterns/rpc.py
    "aio_pika.patterns.RPC.create.call": Request("aio-pika", "rabbitmq", 0, None, None, ("expiration",)),
    "aio_pika.patterns.rpc.RPC.create.call": Request("aio-pika", "rabbitmq", 0, None, None, ("expiration",)),
    "aio_pika.patterns.RPC.call": Request("aio-pika", "rabbitmq", 0, None, None, ("expiration",)),
}
"""The functions by their qualified names."""

WAITS_FOR_REPLY = frozenset(
    {
        "process_data_events",
        "start_consuming",
        "drain_events",
        "create_future",
        "Future",
        "wait_for",
        "acquire",
    }
)
"""What a function does that publishes with ``reply_to`` and waits for the reply itself: it runs the connection's loop,
or makes a future that its callback resolves (https://www.rabbitmq.com/tutorials/tutorial-six-python)."""

PUBLISHES = frozenset({"basic_publish", "publish", "publish_message"})
"""What publishes a message with properties (pika, aio-pika, aiormq, kombu)."""
