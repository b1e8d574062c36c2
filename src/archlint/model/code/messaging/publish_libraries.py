"""How each library hands a message to a broker: data for ``publications``.

A Way says which methods send, on objects of which library (by the beginning of the qualified name), or by which
telling keyword where the object is not known. ``channel`` is where the queue, topic or subject stands: keywords in the
order in which they tell most, and the position. Sources are the libraries' own references, named at each.
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Way:
    """One way to publish. ``broker`` is empty where the library serves several (kombu, FastStream).

    ``libraries`` are beginnings of qualified names. ``telling``: the method's name alone says it, whatever the object;
    ``keywords``: any of them on an unknown object says it too. ``is_job``: it hands work to a worker, mostly one of the
    service's own.
    """

    broker: str
    methods: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    position: int | None = None
    telling: bool = False
    is_job: bool = False


_KEY = ("routing_key", "exchange", "queue")
_TOPIC = ("topic", "subject", "channel", "queue", "topic_name", "stream", "name")

WAYS: tuple[Way, ...] = (
    # pika: https://pika.readthedocs.io/en/stable/modules/channel.html (basic_publish(exchange, routing_key, body))
    # aiormq: https://github.com/mosquito/aiormq (basic_publish(body, *, exchange, routing_key))
    # py-amqp: https://docs.celeryq.dev/projects/amqp/en/latest/reference/amqp.channel.html
    Way("rabbitmq", ("basic_publish", "basic_publish_confirm"), ("pika", "aiormq", "amqp"), (), _KEY, 1, telling=True),
    # aio-pika: https://docs.aio-pika.com/apidoc.html (Exchange.publish(message, routing_key))
    Way("rabbitmq", ("publish",), ("aio_pika",), _KEY, _KEY, 1),
    # kombu: https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.html (Producer.publish), SimpleQueue.put
    Way("", ("publish",), ("kombu",), _KEY, _KEY, 1),
    Way("", ("put",), ("kombu",), (), ("queue", "name")),
    # kafka-python: https://kafka-python.readthedocs.io/en/master/apidoc/KafkaProducer.html (send(topic, value))
    Way("kafka", ("send",), ("kafka", "aiokafka"), (), ("topic",), 0),
    # aiokafka: https://aiokafka.readthedocs.io/en/stable/producer.html (send_and_wait(topic, value))
    Way("kafka", ("send_and_wait", "send_batch"), ("aiokafka",), (), ("topic",), 0, telling=True),
    # confluent-kafka: https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/ (produce(topic))
    Way("kafka", ("produce",), ("confluent_kafka",), ("topic",), ("topic",), 0),
    # faust: https://faust.readthedocs.io/en/latest/userguide/topics.html (topic.send(value=)), app.send(channel)
    Way("kafka", ("send", "send_soon", "cast", "ask"), ("faust",), (), ("channel", "topic")),
    # nats-py: https://nats-io.github.io/nats.py/modules.html (publish(subject, payload), jetstream().publish)
    Way("nats", ("publish", "publish_async"), ("nats",), ("subject",), ("subject",), 0),
    # stomp.py: https://jasonrbriggs.github.io/stomp.py/api.html (send(destination, body))
    Way("stomp", ("send",), ("stomp",), ("destination",), ("destination",), 0),
    # boto3: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/{sqs,sns,kinesis,events}.html
    Way("sqs", ("send_message", "send_message_batch"), (), ("QueueUrl",), ("QueueUrl",)),
    Way("sqs", ("send_message", "send_messages"), ("boto3", "aioboto3", "botocore"), ("MessageBody",), ("QueueUrl",)),
    Way("sns", ("publish", "publish_batch"), ("boto3", "aioboto3", "botocore"), ("TopicArn", "TargetArn"),
        ("TopicArn", "TargetArn")),
    Way("kinesis", ("put_record", "put_records"), (), ("StreamName", "StreamARN"), ("StreamName", "StreamARN")),
    Way("eventbridge", ("put_events",), ("boto3", "aioboto3", "botocore"), ("Entries",), ()),
    # google-cloud-pubsub: https://cloud.google.com/python/docs/reference/pubsub/latest (publish(topic, data))
    Way("pubsub", ("publish",), ("google.cloud.pubsub", "google.cloud.pubsub_v1"), (), ("topic",), 0),
    # azure-servicebus, azure-eventhub: https://learn.microsoft.com/python/api/azure-servicebus, …/azure-eventhub
    Way("servicebus", ("send_messages", "schedule_messages"), ("azure.servicebus",), (), ()),
    Way("eventhubs", ("send_batch", "send_event"), ("azure.eventhub",), (), ()),
    # redis-py: https://redis.readthedocs.io/en/stable/commands.html (publish(channel, message), xadd(name, fields))
    Way("redis", ("publish", "spublish"), ("redis", "aioredis", "redis_om"), (), ("channel",), 0),
    Way("redis", ("xadd",), ("redis", "aioredis", "redis_om"), (), ("name",), 0, telling=True),
    # FastStream: https://faststream.airt.ai/latest/getting-started/publishing/ (broker.publish(message, "queue"))
    Way("", ("publish", "publish_batch"), ("faststream",), (), ("queue", "topic", "subject", "channel", "list",
        "stream"), 1),
    # Dapr: https://docs.dapr.io/developing-applications/sdks/python/python-client/ (publish_event(pubsub, topic))
    Way("dapr", ("publish_event",), ("dapr",), ("pubsub_name", "topic_name"), ("topic_name",), 1),
    # Temporal: https://python.temporal.io/temporalio.client.Client.html (start_workflow, handle.signal)
    Way("temporal", ("start_workflow", "signal"), ("temporalio",), (), ("task_queue",)),
    # paho-mqtt: https://eclipse.dev/paho/files/paho.mqtt.python/html/client.html (publish(topic, payload))
    Way("mqtt", ("publish",), ("paho", "aiomqtt", "asyncio_mqtt", "gmqtt", "flask_mqtt", "fastapi_mqtt"), ("qos",),
        ("topic",), 0),
    # pulsar-client: https://pulsar.apache.org/api/python/ (create_producer(topic).send(content))
    Way("pulsar", ("send", "send_async"), ("pulsar",), (), ()),
    # Celery: https://docs.celeryq.dev/en/stable/userguide/calling.html
    Way("celery", ("delay", "apply_async", "send_task"), ("celery",), (), ("queue", "name"), telling=True, is_job=True),
    # dramatiq: https://dramatiq.io/reference.html (actor.send, send_with_options, broker.enqueue)
    Way("dramatiq", ("send", "send_with_options"), ("dramatiq",), (), ("queue_name",), is_job=True),
    # rq: https://python-rq.org/docs/ (Queue.enqueue, enqueue_call, enqueue_in, enqueue_at); django_rq.enqueue
    Way("rq", ("enqueue", "enqueue_call", "enqueue_in", "enqueue_at"), ("rq", "django_rq", "flask_rq2"), (), (),
        is_job=True),
    # arq: https://arq-docs.helpmanual.io/ (ArqRedis.enqueue_job)
    Way("arq", ("enqueue_job",), ("arq",), (), ("_queue_name",), telling=True, is_job=True),
    # What names its channel by keyword on an object that is not known: a wrapper given from outside the scan.
    Way("", ("publish", "publish_message"), (), ("routing_key", "exchange", "topic", "subject", "channel"), (*_KEY,
        *_TOPIC)),
)  # fmt: skip

METHODS: dict[str, tuple[Way, ...]] = {
    method: tuple(one for one in WAYS if method in one.methods) for way in WAYS for method in way.methods
}
"""The ways by the last part of what is called."""

BROKER_OF_FASTSTREAM = {
    "rabbit": "rabbitmq",
    "kafka": "kafka",
    "confluent": "kafka",
    "nats": "nats",
    "redis": "redis",
    "mqtt": "mqtt",
}
"""The brokers by the FastStream package that speaks to them: https://faststream.airt.ai/latest/"""

JOB_DECORATORS = {
    "dramatiq": ("dramatiq.actor",),
    "rq": ("rq.decorators.job", "django_rq.job", "flask_rq2.RQ.job"),
    "celery": ("celery.shared_task", "celery.Celery.task", "celery.app.task", "celery.task"),
}
"""What makes a function a job that ``.send`` or ``.delay`` hands to a worker."""
