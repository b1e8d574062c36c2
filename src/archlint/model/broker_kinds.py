"""The kinds of message brokers: what they are called, where they show, and which of them the standard approves. Data.

Managed forms count as their kind: Amazon MSK is Kafka, Amazon MQ with RabbitMQ is RabbitMQ. Azure Event Hubs speaks
Kafka's protocol too, so whether it is one cannot be told from its declaration.
"""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.model.paths import names


@dataclass(frozen=True)
class BrokerKind:
    """``images`` are last parts of repositories, ``resources`` Terraform types, the most telling first, ``schemes``
    those of its URLs, ``aliases`` what people write in ``brokers:``, without blanks and signs."""

    title: str
    images: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()
    schemes: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()


APPROVED = names("rabbitmq kafka nats")
"""What the standard names; ``brokers:`` in the configuration replaces it."""

KINDS: dict[str, BrokerKind] = {
    "rabbitmq": BrokerKind(
        "RabbitMQ", names("rabbitmq rabbitmq-cluster"), ("cloudamqp_instance",), names("amqp amqps pyamqp"),
        names("amqp cloudamqp amazonmqrabbitmq lavinmq"),
    ),
    "kafka": BrokerKind(
        "Kafka",
        names("kafka cp-kafka cp-server kafka-native redpanda confluent-local"),
        ("aws_msk_cluster", "aws_msk_serverless_cluster", "confluent_kafka_cluster", "aiven_kafka"),
        names("kafka"),
        names("msk amazonmsk confluent confluentcloud redpanda apachekafka"),
    ),
    "nats": BrokerKind("NATS", names("nats nats-streaming"), (), names("nats tls+nats"), names("jetstream synadia")),
    "redis": BrokerKind(
        "Redis", frozenset(), (), names("redis rediss redis+socket sentinel"), names("redisstreams redispubsub valkey")
    ),
    "sqs": BrokerKind("Amazon SQS", names("elasticmq elasticmq-native"), ("aws_sqs_queue",), names("sqs"),
                      names("amazonsqs awssqs")),
    "sns": BrokerKind("Amazon SNS", names("goaws"), ("aws_sns_topic",), frozenset(), names("amazonsns awssns")),
    "kinesis": BrokerKind("Amazon Kinesis", frozenset(), ("aws_kinesis_stream",), frozenset(),
                          names("amazonkinesis awskinesis")),
    "eventbridge": BrokerKind("Amazon EventBridge", frozenset(), ("aws_cloudwatch_event_bus",), frozenset(),
                              names("amazoneventbridge awseventbridge")),
    "pubsub": BrokerKind(
        "Google Pub/Sub", names("pubsub-emulator"), ("google_pubsub_topic", "google_pubsub_subscription"),
        names("gcpubsub"), names("googlepubsub gcppubsub googlecloudpubsub cloudpubsub"),
    ),
    "servicebus": BrokerKind(
        "Azure Service Bus", names("servicebus-emulator"),
        ("azurerm_servicebus_namespace", "azurerm_servicebus_topic", "azurerm_servicebus_queue"),
        names("azureservicebus"), names("azureservicebus"),
    ),
    "eventhubs": BrokerKind("Azure Event Hubs", frozenset(), ("azurerm_eventhub_namespace",), frozenset(),
                            names("azureeventhubs eventhub")),
    "eventgrid": BrokerKind("Azure Event Grid", frozenset(), ("azurerm_eventgrid_topic", "azurerm_eventgrid_domain"),
                            frozenset(), names("azureeventgrid")),
    "activemq": BrokerKind(
        "ActiveMQ", names("activemq activemq-artemis artemis activemq-classic"), (), names("stomp"),
        names("artemis apacheactivemq amazonmqactivemq"),
    ),
    "mqtt": BrokerKind(
        "MQTT", names("mosquitto eclipse-mosquitto emqx vernemq hivemq-ce hivemq4 nanomq"), (), names("mqtt mqtts"),
        names("mosquitto emqx hivemq vernemq"),
    ),
    "pulsar": BrokerKind("Pulsar", names("pulsar pulsar-all"), (), names("pulsar pulsar+ssl"), names("apachepulsar")),
    "nsq": BrokerKind("NSQ", names("nsqd nsqlookupd"), (), frozenset(), frozenset()),
    "rocketmq": BrokerKind("RocketMQ", names("rocketmq"), (), frozenset(), names("apacherocketmq")),
    "solace": BrokerKind("Solace", names("solace-pubsub-standard"), (), frozenset(), frozenset()),
}  # fmt: skip

UNDECIDED = names("eventhubs")
"""Kinds that may be a managed form of an approved one."""

DAPR: dict[str, str] = {
    "redis": "redis",
    "rabbitmq": "rabbitmq",
    "kafka": "kafka",
    "jetstream": "nats",
    "natsstreaming": "nats",
    "aws.snssqs": "sqs",
    "gcp.pubsub": "pubsub",
    "azure.servicebus": "servicebus",
    "azure.servicebus.queues": "servicebus",
    "azure.servicebus.topics": "servicebus",
    "azure.eventhubs": "eventhubs",
    "mqtt": "mqtt",
    "mqtt3": "mqtt",
    "pulsar": "pulsar",
    "rocketmq": "rocketmq",
    "solace.amqp": "solace",
}
"""The kinds by the type of a Dapr component: https://docs.dapr.io/reference/components-reference/supported-pubsub/"""

OF_JOBS = {"rq": "redis", "arq": "redis"}
"""The brokers of job queues that know only one."""


def kind_named(name: str) -> str:
    """The kind that a name in ``brokers:`` means, or the name itself where it is none that is known."""
    plain = "".join(one for one in name.lower() if one.isalnum())
    for key, kind in KINDS.items():
        if plain in (key, "".join(one for one in kind.title.lower() if one.isalnum())) or plain in kind.aliases:
            return key
    return plain
