"""How libraries hand out messages: data for the modules that find consumers.

For each library the broker that it speaks to, when it acknowledges a message where the code says nothing, what becomes
of a message whose handler fails for good, and where its documentation or source says so.
"""

from __future__ import annotations

import re

from archlint.core.record import dataclass, pattern


@dataclass(frozen=True)
class Library:
    """One library that consumes.

    ``acknowledges``: ``manual`` (the handler does it), ``after`` (the library, when the handler is done), ``auto``
    (before, or whatever becomes of the handler), ``once`` (a task that is taken before it runs, and runs again only
    where it is retried), ``never`` (nothing is acknowledged: what is not handled is lost).
    ``failures``: ``declared`` (the queue's declaration says where they go), ``kept`` (the library or service keeps
    them), ``dropped`` (nobody does), ``code`` (only the code can send them on), ``elsewhere`` (out of sight).
    """

    broker: str
    acknowledges: str
    failures: str
    source: str


LIBRARIES = {
    "kafka-python": Library(
        "kafka", "auto", "code", "https://kafka-python.readthedocs.io/en/2.0.2/apidoc/KafkaConsumer.html"
    ),  # enable_auto_commit (bool) – Default: True; nothing is committed without a group_id
    "confluent-kafka": Library(
        "kafka", "auto", "code", "https://github.com/confluentinc/librdkafka/blob/v2.3.0/CONFIGURATION.md"
    ),  # enable.auto.commit: true, and enable.auto.offset.store: true stores an offset before the message is given out
    "aiokafka": Library("kafka", "auto", "code", "https://aiokafka.readthedocs.io/en/v0.10.0/api.html#consumer-class"),
    # enable_auto_commit: default True, in the background
    "faust": Library(
        "kafka", "after", "code", "https://faust.readthedocs.io/en/latest/userguide/streams.html#acknowledgment"
    ),
    "pika": Library(
        "rabbitmq", "manual", "declared", "https://pika.readthedocs.io/en/1.3.2/modules/channel.html"
    ),  # basic_consume(queue, on_message_callback, auto_ack=False, …)
    "aio-pika": Library("rabbitmq", "manual", "declared", "https://docs.aio-pika.com/#aio_pika.abc.AbstractQueue"),
    # consume(callback, no_ack=False, …)
    "aiormq": Library(
        "rabbitmq", "manual", "declared", "https://github.com/mosquito/aiormq/blob/6.8.0/aiormq/channel.py"
    ),  # basic_consume(queue, consumer_callback, *, no_ack=False, …)
    "amqp": Library("rabbitmq", "manual", "declared", "https://docs.celeryq.dev/projects/amqp/en/v5.2.0/"),
    "kombu": Library(
        "rabbitmq", "manual", "declared", "https://docs.celeryq.dev/projects/kombu/en/v5.3.4/userguide/consumers.html"
    ),  # no_ack=None
    "nameko": Library(
        "rabbitmq", "after", "dropped", "https://github.com/nameko/nameko/blob/v2.14.1/nameko/messaging.py"
    ),  # Consumer.handle_message_processed: acks unless requeue_on_error, which is False
    "celery": Library(
        "celery", "once", "dropped", "https://docs.celeryq.dev/en/v5.3.6/userguide/configuration.html#task-acks-late"
    ),  # task_acks_late: disabled; task_acks_on_failure_or_timeout: enabled, so that a failed task is gone
    "dramatiq": Library("dramatiq", "after", "kept", "https://dramatiq.io/guide.html#dead-letters"),
    "rq": Library("rq", "once", "kept", "https://python-rq.org/docs/exceptions/"),  # the FailedJobRegistry, for a year
    "arq": Library("arq", "after", "dropped", "https://arq-docs.helpmanual.io/#arq.worker.Worker"),
    # keep_result=3600: an hour later nothing is left of a job that failed
    "nats": Library("nats", "never", "code", "https://docs.nats.io/nats-concepts/core-nats"),
    "jetstream": Library(
        "nats", "after", "code", "https://github.com/nats-io/nats.py/blob/v2.6.0/nats/js/client.py"
    ),  # subscribe(…, manual_ack=False) wraps the callback: await callback(msg); await msg.ack()
    "stomp": Library(
        "stomp", "auto", "elsewhere", "https://jasonrbriggs.github.io/stomp.py/api.html#acks-and-nacks"
    ),  # subscribe(destination, id, ack='auto')
    "sqs": Library(
        "sqs", "manual", "elsewhere",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html",
    ),
    "kinesis": Library(
        "kinesis", "manual", "code", "https://docs.aws.amazon.com/streams/latest/dev/troubleshooting-consumers.html"
    ),
    "lambda": Library(
        "lambda", "after", "elsewhere", "https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html"
    ),
    "pubsub": Library(
        "pubsub", "manual", "elsewhere", "https://cloud.google.com/python/docs/reference/pubsub/latest"
    ),
    "azure-servicebus": Library(
        "azure-servicebus", "manual", "kept",
        "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues",
    ),  # receive_mode=PEEK_LOCK
    "azure-functions": Library(
        "azure-servicebus", "after", "kept",
        "https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages",
    ),
    "azure-eventhub": Library(
        "eventhub", "manual", "code",
        "https://learn.microsoft.com/python/api/azure-eventhub/azure.eventhub.eventhubconsumerclient",
    ),
    "redis streams": Library("redis", "manual", "code", "https://redis.io/docs/latest/commands/xreadgroup/"),
    "redis pub/sub": Library("redis", "never", "elsewhere", "https://redis.io/docs/latest/develop/interact/pubsub/"),
    "faststream kafka": Library(
        "kafka", "auto", "code", "https://faststream.ag2.ai/latest/getting-started/acknowledgement/"
    ),  # AckPolicy.ACK_FIRST is Kafka's default (auto_commit=True before 0.6)
    "faststream": Library(
        "rabbitmq", "after", "declared", "https://faststream.ag2.ai/latest/getting-started/acknowledgement/"
    ),  # AckPolicy.REJECT_ON_ERROR: a failed message is rejected, without a dead-letter exchange it is dropped
    "faststream nats": Library(
        "nats", "after", "code", "https://faststream.ag2.ai/latest/getting-started/acknowledgement/"
    ),
    "faststream redis": Library(
        "redis", "after", "elsewhere", "https://faststream.ag2.ai/latest/redis/"
    ),
    "dapr": Library("dapr", "after", "declared", "https://docs.dapr.io/developing-applications/building-blocks/pubsub/"),
    "temporal": Library(
        "temporal", "after", "kept", "https://docs.temporal.io/encyclopedia/retry-policies#default-values-for-retry-policy"
    ),  # activities: unlimited attempts; what fails for good stays in the workflow's history
}  # fmt: skip


@dataclass(frozen=True)
class Decorator:
    """A decorator that makes a function a consumer; ``channel`` is its argument that names the queue or topic."""

    name: re.Pattern[str]
    library: str
    channel: str | None = None
    position: int | None = None


DECORATORS = (
    Decorator(pattern(r"nameko\.(events\.event_handler|messaging\.consume)$"), "nameko", None, 0),
    Decorator(pattern(r"celery\.(.*\.)?(task|shared_task)$"), "celery", "queue"),
    Decorator(pattern(r"faststream\..*(kafka|confluent).*\.subscriber$", re.IGNORECASE), "faststream kafka", None, 0),
    Decorator(pattern(r"faststream\..*rabbit.*\.subscriber$", re.IGNORECASE), "faststream", "queue", 0),
    Decorator(pattern(r"faststream\..*nats.*\.subscriber$", re.IGNORECASE), "faststream nats", "subject", 0),
    Decorator(pattern(r"faststream\..*redis.*\.subscriber$", re.IGNORECASE), "faststream redis", "channel", 0),
    Decorator(pattern(r"faust\..*\.agent$"), "faust", "channel", 0),
    Decorator(pattern(r"dapr\..*\.subscribe$"), "dapr", "topic", 1),
    Decorator(pattern(r"dramatiq\.(.*\.)?actor$"), "dramatiq", "queue_name"),
    Decorator(pattern(r"(rq\.decorators|rq|django_rq|flask_rq2?)\.(.*\.)?job$"), "rq", "queue", 0),
    Decorator(pattern(r"temporalio\.activity\.defn$"), "temporal", "name"),
    Decorator(pattern(r"azure\.functions\..*\.service_bus_(queue|topic)_trigger$"), "azure-functions", "queue_name"),
    Decorator(pattern(r"azure\.functions\..*\.queue_trigger$"), "azure-functions", "queue_name"),
    Decorator(pattern(r"azure\.functions\..*\.event_hub_message_trigger$"), "azure-eventhub", "event_hub_name"),
    Decorator(pattern(r"chalice\..*\.on_sqs_message$"), "lambda", "queue"),
    Decorator(pattern(r"chalice\..*\.on_sns_message$"), "lambda", "topic", 0),
    Decorator(pattern(r"chalice\..*\.on_kinesis_record$"), "lambda", "stream", 0),
    Decorator(pattern(r"aws_lambda_powertools\..*\.event_source$"), "lambda"),
)
DECORATED_BY = frozenset(
    [
        "nameko", "celery", "faststream", "faust", "dapr", "dramatiq", "rq", "django_rq", "flask_rq2", "temporalio",
        "azure", "chalice", "aws_lambda_powertools",
    ]
)  # fmt: skip
"""The packages that those decorators are of: where none is used, no function is looked at."""

QUEUE_EVENTS = pattern(r"(SQS|SNS|Kinesis\w*|EventBridge|DynamoDBStream|Kafka|S3)Event$")
"""Event classes of aws_lambda_powertools whose functions are triggered by messages, not by requests."""

KAFKA = {
    "kafka.KafkaConsumer": "kafka-python",
    "kafka.consumer.group.KafkaConsumer": "kafka-python",
    "kafka.consumer.KafkaConsumer": "kafka-python",
    "aiokafka.AIOKafkaConsumer": "aiokafka",
    "aiokafka.consumer.AIOKafkaConsumer": "aiokafka",
    "confluent_kafka.Consumer": "confluent-kafka",
    "confluent_kafka.DeserializingConsumer": "confluent-kafka",
    "confluent_kafka.avro.AvroConsumer": "confluent-kafka",
    "confluent_kafka.aio.AIOConsumer": "confluent-kafka",
}


@dataclass(frozen=True)
class Source:
    """Calls that give messages: what a loop goes over, or what a loop polls.

    ``methods`` are the last parts of their names. The qualified name has to match ``name``; where it is not known, the
    module (or the one that makes its client) has to import one of ``packages``. ``channel`` and ``position`` are the
    argument that names the channel, ``on_base`` says that the call that made its object names it.
    """

    methods: frozenset[str]
    library: str
    name: re.Pattern[str]
    packages: tuple[str, ...]
    channel: str | None = None
    position: int | None = None
    on_base: bool = False


ITERATED = (
    Source(frozenset({"iterator"}), "aio-pika", pattern(r"aio_pika\."), ("aio_pika",), None, None, True),
    Source(frozenset({"declare_queue", "get_queue"}), "aio-pika", pattern(r"aio_pika\."), ("aio_pika",), "name", 0),
    Source(frozenset({"consume"}), "pika", pattern(r"pika\."), ("pika",), "queue", 0),
    Source(frozenset({"listen"}), "redis pub/sub", pattern(r"(redis|aioredis)\."), ("redis", "aioredis")),
    Source(
        frozenset({"messages"}), "jetstream", pattern(r"nats\..*jetstream.*"), ("nats",), "subject", 0, True
    ),
    Source(frozenset({"messages"}), "nats", pattern(r"nats\."), ("nats",), "subject", 0, True),
    Source(
        frozenset({"get_queue_receiver"}), "azure-servicebus", pattern(r"azure\.servicebus"), ("azure",), "queue_name",
        0,
    ),
    Source(
        frozenset({"get_subscription_receiver"}), "azure-servicebus", pattern(r"azure\.servicebus"), ("azure",),
        "topic_name", 0,
    ),
)  # fmt: skip
"""What a loop over messages goes over. ``messages`` is an attribute of a subscription."""

POLLED = (
    Source(frozenset({"receive_message"}), "sqs", pattern(r"(aio)?boto(3|core)\."), (), "QueueUrl"),
    Source(
        frozenset({"receive_messages"}), "sqs", pattern(r"(aio)?boto(3|core)\."), ("boto3", "aioboto3"), None, None,
        True,
    ),
    Source(
        frozenset({"get_records"}), "kinesis", pattern(r"(aio)?boto(3|core)\."), ("boto3", "aioboto3")
    ),
    Source(frozenset({"xreadgroup"}), "redis streams", pattern(r"."), (), "streams", 2),
    Source(frozenset({"get_message"}), "redis pub/sub", pattern(r"(redis|aioredis)\."), ("redis", "aioredis")),
    Source(
        frozenset({"receive_messages"}), "azure-servicebus", pattern(r"azure\.servicebus"), ("azure",), None, None,
        True,
    ),
    Source(frozenset({"pull"}), "pubsub", pattern(r"google\.cloud\.pubsub"), ("google",), "subscription", 0),
    Source(frozenset({"fetch", "next_msg"}), "jetstream", pattern(r"nats\..*jetstream"), (), None, None, True),
    Source(frozenset({"next_msg"}), "nats", pattern(r"nats\."), (), None, None, True),
    Source(frozenset({"basic_get"}), "pika", pattern(r"pika\."), ("pika",), "queue", 0),
)  # fmt: skip
POLLS = frozenset().union(*(one.methods for one in POLLED)) | {"poll", "getone", "getmany", "consume"}
"""What polls for messages; the last four of Kafka's clients."""

CLIENTS = frozenset(
    [
        "kafka", "aiokafka", "confluent_kafka", "boto3", "aioboto3", "botocore", "redis", "redis_om", "aioredis",
        "aio_pika", "pika", "nats", "azure", "google",
    ]
)  # fmt: skip
"""Packages whose messages are looped over or polled."""

LISTENERS = {
    "stomp.ConnectionListener": ("stomp", ("on_message",)),
    "stomp.listener.ConnectionListener": ("stomp", ("on_message",)),
    "amazon_kclpy.kcl.RecordProcessorBase": ("kinesis", ("process_records",)),
    "amazon_kclpy.v2.processor.RecordProcessorBase": ("kinesis", ("process_records",)),
    "amazon_kclpy.v3.processor.RecordProcessorBase": ("kinesis", ("process_records",)),
    "celery.Task": ("celery", ("run",)),
    "celery.app.task.Task": ("celery", ("run",)),
    "dramatiq.GenericActor": ("dramatiq", ("perform",)),
}
"""Base classes of libraries whose methods handle messages."""

ACKNOWLEDGING = {
    "rabbitmq": frozenset({"basic_ack", "ack"}),
    "kafka": frozenset({"commit", "ack"}),
    "nats": frozenset({"ack", "ack_sync"}),
    "sqs": frozenset({"delete_message", "delete_messages", "delete_message_batch", "delete"}),
    "pubsub": frozenset({"ack", "acknowledge", "ack_with_response"}),
    "azure-servicebus": frozenset({"complete_message", "complete"}),
    "eventhub": frozenset({"update_checkpoint"}),
    "redis": frozenset({"xack", "ack"}),
    "stomp": frozenset({"ack"}),
    "kinesis": frozenset({"checkpoint"}),
}
"""The calls that acknowledge a message, by broker."""
