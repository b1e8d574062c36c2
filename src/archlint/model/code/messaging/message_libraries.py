"""What libraries call the calls that change state or recognise a message: data for ``message_effects``.

Names are the last parts of calls; where a name alone would say too little, an expression holds for the library's.
"""

from __future__ import annotations

import re

from archlint.core.record import pattern

SQL = pattern(
    r"\s*(?:--[^\n]*\n\s*|WITH\b.*?\)\s*)*(INSERT|UPDATE|DELETE|MERGE|REPLACE|UPSERT|TRUNCATE)\b", re.I | re.S
)
UPSERT = pattern(
    r"ON\s+CONFLICT|ON\s+DUPLICATE\s+KEY|INSERT\s+(OR\s+)?(IGNORE|REPLACE)|NOT\s+EXISTS|MERGE\s+INTO", re.I
)
INSERT_ONCE = pattern(r"\bDO\s+NOTHING\b|\bINSERT\s+(OR\s+)?IGNORE\b", re.I)
INBOX = pattern(
    r"\b(inbox\w*|processed_?\w*|\w*dedup\w*|(message|msg|event|delivery|request)_?id|idempotency_?key)\b", re.I
)
RELATIVE = pattern(r"SET\b.*?\b(\w+)\s*=\s*(?:\w+\.)?\1\s*[-+*|]", re.I | re.S)
SQL_CALLS = frozenset({"execute", "executemany", "fetchrow", "fetchval", "execute_query", "run_sql"})
SESSION = pattern(
    r"(^|[._])(db|session|sess|dbsession|db_session|uow|s|async_session|database)$|Session$|Session\.|sqlalchemy|sqlmodel",
    re.I,
)
ORM_ADD = frozenset({"add", "add_all", "bulk_save_objects", "bulk_insert_mappings"})
MONGO_INSERT = frozenset({"insert_one", "insert_many", "bulk_write"})
MONGO_UPDATE = frozenset({"update_one", "update_many", "find_one_and_update"})
MONGO_ABSOLUTE = frozenset({"replace_one", "find_one_and_replace", "delete_one", "delete_many", "find_one_and_delete"})
MONGO_RELATIVE = frozenset({"$inc", "$push", "$mul", "$pull", "$pop"})
REDIS_RELATIVE = frozenset(
    [
        "incr",
        "incrby",
        "incrbyfloat",
        "decr",
        "decrby",
        "hincrby",
        "hincrbyfloat",
        "lpush",
        "rpush",
        "zincrby",
        "xadd",
        "append",
    ]
)
REDIS_ABSOLUTE = frozenset(["hset", "hmset", "sadd", "zadd", "setex", "psetex", "mset"])
PUBLISH = frozenset(
    [
        "basic_publish",
        "publish",
        "publish_message",
        "publish_event",
        "send_and_wait",
        "produce",
        "apply_async",
        "delay",
        "put_events",
        "put_record",
        "send_task",
        "enqueue",
        "send_messages",
    ]
)
BROKER = pattern(
    r"^(pika|aio_pika|kombu|celery|kafka|aiokafka|confluent_kafka|nats|faust|boto3|aioboto3|botocore|redis|aioredis|"
    r"google\.cloud\.pubsub|azure\.servicebus|azure\.eventhub|nameko|faststream|dramatiq|dapr|rq|paho|stomp|amqp|pulsar|asyncio_mqtt)\b"
)
OBJECT_STORES = frozenset(
    {"put_object", "upload_file", "upload_fileobj", "upload_from_string", "upload_from_file", "upload_from_filename"}
    | {"upload_blob", "fput_object"}
)
"""The calls that write an object into a store of objects."""
MAIL = frozenset({"sendmail", "send_mail", "send_mass_mail", "send_raw_email", "send_templated_email"})
MAIL_LIBRARIES = pattern(
    r"^(smtplib|aiosmtplib|django\.core\.mail|flask_mail|fastapi_mail|sendgrid|yagmail|mailjet_rest|postmarker|mailchimp|resend|twilio)\b"
)
PAYMENT = pattern(
    r"^(stripe|braintree|paypalrestsdk|square|adyen|mollie|razorpay)\b.*\.(create|sale|capture|payments|execute)$"
)
HTTP_VERBS = {"post": False, "patch": False, "put": True, "delete": True}
HTTP_LIBRARIES = pattern(r"^(requests|httpx|aiohttp|urllib3)\b")
DEAD = pattern(r"dlq|dlx|dead|poison|fail|error|retry", re.I)
CHECK_WORDS = frozenset(
    [
        "processed",
        "duplicate",
        "duplicates",
        "dedup",
        "deduplicate",
        "deduplication",
        "deduplicated",
        "idempotent",
        "idempotency",
        "inbox",
        "seen",
    ]
)
COUNTED = frozenset({"inc", "dec", "observe", "labels", "append", "extend"})
"""What counts messages or collects results, whatever it is called."""
LOGS = ("logger", "logging", "log.")
KEY_NAMES = pattern(
    r"^(message_?id|msg_?id|event_?id|delivery_?id|correlation_?id|idempotency_?key|dedup\w*|request_?id|processed\w*)$",
    re.I,
)
CONFLICTS = pattern(
    r"(IntegrityError|UniqueViolation\w*|DuplicateKeyError|AlreadyExists|ConditionalCheckFailed\w*|DuplicateKey)$"
)
LOOKUPS = frozenset(
    [
        "first",
        "one_or_none",
        "scalar_one_or_none",
        "find_one",
        "fetchone",
        "fetchrow",
        "exists",
        "get_or_none",
        "scalar",
        "scalars",
        "sismember",
        "get_item",
        "filter_by",
    ]
)
UPSERTING = frozenset(
    [
        "merge",
        "get_or_create",
        "aget_or_create",
        "update_or_create",
        "aupdate_or_create",
        "upsert",
        "bulk_upsert",
        "insert_or_ignore",
    ]
)
"""Methods that make a record unless there is one, or write it over."""
