"""What goes over the network, by the names of libraries and of errors: enough to tell a retry of a remote thing from
one of a local thing.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import PythonCall
from archlint.core.record import pattern
from archlint.core.values import Truth, Unknown
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

PACKAGES = names(
    """
    requests httpx aiohttp urllib3 httplib2 treq grequests requests_futures requests_toolbelt aiohttp_retry pycurl
    grpc grpclib betterproto zeep suds xmlrpc websocket websockets socketio nameko jsonrpcclient thrift boto3
    botocore aiobotocore aioboto3 azure googleapiclient gspread openai anthropic cohere mistralai litellm stripe
    braintree twilio sendgrid slack_sdk slack mailchimp_transactional telegram discord github gitlab jira tweepy
    redis aioredis rediscluster pymemcache memcache aiomcache psycopg psycopg2 asyncpg aiopg pymysql MySQLdb
    aiomysql mysql sqlalchemy pymongo motor elasticsearch opensearchpy cassandra neo4j clickhouse_driver
    influxdb_client influxdb couchbase happybase pyodbc cx_Oracle oracledb snowflake qdrant_client weaviate pinecone
    pymilvus kafka confluent_kafka aiokafka faust pika aio_pika aiormq kombu amqp nats stan stomp paho aiomqtt gmqtt
    pulsar smtplib aiosmtplib imaplib poplib ftplib paramiko asyncssh pysftp telnetlib ldap3 hvac consul etcd3 kazoo
    docker kubernetes socket dns web3 hdfs minio swiftclient keystoneauth1 novaclient cinderclient neutronclient
    glanceclient
    """
)
_STANDARD = ("urllib.request.", "http.client.", "google.cloud.", "google.api_core.", "asyncio.open_connection")
_ERRORS = pattern(
    r"(?i)connect|timeout|timedout|network|http|request|url|unavailable|rpcerror|clienterror|transport|socket|gateway"
    r"|operational|amqp|kafka|redis|broker|throttl|ratelimit|rate_limit|toomany|apierror|servererror|service_error|ssl"
    r"|remoteprotocol|readerror|smtp|boto|disconnected|interfaceerror|serverselection|deadline"
)
_LOCAL_ERRORS = pattern(
    r"(?i)^(?:KeyError|ValueError|IndexError|TypeError|AttributeError|LookupError|StopIteration|AssertionError|Unicode\w*"
    r"|JSONDecodeError|\w*DecodeError|Empty|Full|FileExistsError|FileNotFoundError|PermissionError|NameError|EOFError"
    r"|ImportError|ModuleNotFoundError|ZeroDivisionError|OverflowError|InterruptedError|BlockingIOError|SyntaxError"
    r"|KeyboardInterrupt|SystemExit|GeneratorExit|\w*ValidationError|\w*ParseError|\w*DoesNotExist|NotFound)$"
)
_CONFLICTS = pattern(
    r"(?i)watcherror|integrity|conflict|stale|version\w*mismatch|unique|duplicate|concurren|already|locked|deadlock"
    r"|optimistic|serializ|exists|conditionalcheck|uncommitted|lockerror|locknot|inprogress|in_progress"
)
_CONNECTING = names(
    """
    connect connect_robust BlockingConnection SelectConnection Connection create_engine create_async_engine
    create_pool ConnectionPool Redis StrictRedis from_url MongoClient AsyncIOMotorClient KafkaProducer KafkaConsumer
    Producer Consumer AIOKafkaProducer AIOKafkaConsumer KafkaAdminClient AdminClient start ping create_connection
    ensure_connection create_all isopen connection channel URLParameters ConnectionParameters PlainCredentials
    bootstrap_connected open_connection connect_ex cursor close list_topics Elasticsearch Cluster
    """
)
_STORES = names(
    """
    redis aioredis psycopg psycopg2 asyncpg aiopg pymysql MySQLdb aiomysql mysql sqlalchemy pymongo motor
    elasticsearch opensearchpy cassandra neo4j kafka confluent_kafka aiokafka pika aio_pika aiormq kombu amqp nats
    stan stomp paho socket pulsar rediscluster pyodbc flask_sqlalchemy sqlmodel databases tortoise peewee django
    """
)
CONSUMING = names(
    """
    start_consuming consume basic_consume run_forever run_until_complete subscribe poll listen iter_messages
    receive_messages receive_message getmany getone drain_events serve_forever run_consumer process_messages
    loop_forever xread xreadgroup brpop blpop recv accept dequeue get_message wait_for_message iterator
    start_polling
    """
)


def goes_over_network(draft: Draft, call: PythonCall, module: Module) -> Truth:
    """Whether a call is one of a library that talks to others; UNKNOWN where what it calls is not known."""
    name = draft.program.callee(call, module)
    if name.startswith("?"):
        return Unknown("what it calls is not known")
    return name.partition(".")[0] in PACKAGES or name.startswith(_STANDARD)


def is_network_error(errors: Iterable[str]) -> bool:
    """Whether an error is one of the network's."""
    return any(_ERRORS.search(name.rpartition(".")[2]) for name in errors)


def is_conflict(errors: Iterable[str]) -> bool:
    """Whether all errors say that others did the same at the same time."""
    found = [name.rpartition(".")[2] for name in errors]
    return bool(found) and all(_CONFLICTS.search(one) for one in found)


def is_local(errors: Iterable[str]) -> bool:
    """Whether all errors are ones that no network makes."""
    found = [name.rpartition(".")[2] for name in errors]
    return bool(found) and all(_LOCAL_ERRORS.search(one) for one in found)


def only_connects(draft: Draft, calls: Iterable[tuple[PythonCall, Module]]) -> bool:
    """Whether the calls make a connection to a datastore or broker and do nothing else over the network."""
    found = False
    for call, module in calls:
        name = draft.program.callee(call, module)
        package = name.partition(".")[0]
        if package in _STORES:
            found = True
            if name.rpartition(".")[2] not in _CONNECTING:
                return False
        elif package in PACKAGES or name.startswith(_STANDARD):
            return False
    return found
