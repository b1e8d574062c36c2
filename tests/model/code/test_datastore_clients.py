"""What bounds the waiting of clients of datastores: the table's defaults, arguments, URLs, variables, settings."""

from __future__ import annotations

import pytest

from archlint.core.system.data import DatastoreClient
from archlint.core.values import Setting, is_unknown
from archlint.model.code.datastores.datastore_clients import add_datastore_clients
from archlint.model.code.datastores.datastore_waits import DRIVERS, MAKERS, SCHEMES
from tests.model.code.datastore_systems import draft_of

UNKNOWN = "unknown"


def clients(
    code: str, requirements: str = "", variables: dict[str, str] | None = None, command: str = ""
) -> list[tuple[str, int, float | str | None]]:
    """Library, line and bound of each client that the code makes."""
    draft = draft_of({"app/main.py": code, "app/requirements.txt": requirements}, variables, command)
    add_datastore_clients(draft)
    return [
        (
            one.library,
            one.at.line,
            one.timeout.value if isinstance(one.timeout, Setting) else UNKNOWN if is_unknown(one.timeout) else None,
        )
        for one in draft.select(DatastoreClient)
    ]


UNBOUNDED = [
    ("import psycopg2", "psycopg2.connect(host='db', dbname='orders', user='app')", "psycopg2"),
    ("import psycopg2", "psycopg2.connect('host=db dbname=orders user=app')", "psycopg2"),
    ("import psycopg2.pool", "psycopg2.pool.ThreadedConnectionPool(1, 9, host='db', dbname='orders')", "psycopg2"),
    ("import pg8000.native", "pg8000.native.Connection('app', host='db', database='orders')", "pg8000"),
    ("import MySQLdb", "MySQLdb.connect(host='db', user='app', db='orders')", "MySQLdb"),
    ("import mysql.connector", "mysql.connector.connect(host='db', user='app', database='orders')", "mysql.connector"),
    ("import aiomysql", "aiomysql.create_pool(host='db', user='app', db='orders')", "aiomysql"),
    ("import aioredis", "aioredis.from_url('redis://cache')", "aioredis"),
    ("from pymemcache.client.base import Client", "Client(('cache', 11211))", "pymemcache"),
    ("import stomp", "stomp.Connection([('broker', 61613)])", "stomp.py"),
    ("from sqlalchemy import create_engine", "create_engine('postgresql://app@db/orders')", "psycopg2"),
    ("from sqlalchemy import create_engine", "create_engine('postgresql+psycopg2://app@db/orders')", "psycopg2"),
    ("from sqlalchemy import create_engine", "create_engine('mysql://app@db/orders')", "MySQLdb"),
    (
        "from sqlalchemy import create_engine",
        "create_engine('mysql+mysqlconnector://app@db/a')",
        "mysql.connector",
    ),
    (
        "from sqlalchemy.ext.asyncio import create_async_engine",
        "create_async_engine('mysql+aiomysql://app@db/orders')",
        "aiomysql",
    ),
    ("from sqlmodel import create_engine", "create_engine('postgresql+pg8000://app@db/orders')", "pg8000"),
    ("import dataset", "dataset.connect('postgresql://app@db/orders')", "psycopg2"),
    ("from databases import Database", "Database('mysql://app@db/orders')", "aiomysql"),
    ("from peewee import PostgresqlDatabase", "PostgresqlDatabase('orders', host='db', user='app')", "psycopg2"),
]


@pytest.mark.parametrize(("line", "made", "library"), UNBOUNDED, ids=[made for _, made, _ in UNBOUNDED])
def test_a_library_that_waits_without_bound_by_default_has_no_timeout(line: str, made: str, library: str) -> None:
    assert clients(f"{line}\n\nclient = {made}\n") == [(library, 3, None)]


BOUNDED = [
    ("import psycopg", "psycopg.connect('host=db dbname=orders')", "psycopg", 130),
    ("import asyncpg", "asyncpg.create_pool(host='db', database='orders')", "asyncpg", 60),
    ("import aiopg", "aiopg.create_pool('host=db dbname=orders')", "aiopg", 60),
    ("import pymysql", "pymysql.connect(host='db', user='app')", "pymysql", 10),
    ("import asyncmy", "asyncmy.create_pool(host='db', user='app')", "asyncmy", 10),
    ("from flask_mysqldb import MySQL", "MySQL(None)", "Flask-MySQLdb", 10),
    ("import pyodbc", "pyodbc.connect('Driver={ODBC Driver 18};Server=db')", "pyodbc", 15),
    ("import pymssql", "pymssql.connect(server='db')", "pymssql", 60),
    ("import oracledb", "oracledb.connect(user='app', dsn='db/orders')", "oracledb", 20),
    ("from pymongo import MongoClient", "MongoClient('mongodb://db')", "pymongo", 30),
    ("from motor.motor_asyncio import AsyncIOMotorClient", "AsyncIOMotorClient('mongodb://db')", "pymongo", 30),
    ("import mongoengine", "mongoengine.connect('orders', host='db')", "pymongo", 30),
    ("from elasticsearch import Elasticsearch", "Elasticsearch('http://search:9200')", "elasticsearch", 10),
    ("from cassandra.cluster import Cluster", "Cluster(['db'])", "cassandra-driver", 5),
    ("from neo4j import GraphDatabase", "GraphDatabase.driver('bolt://db')", "neo4j", 30),
    ("import boto3", "boto3.resource('dynamodb')", "botocore", 60),
    ("from tortoise import Tortoise", "Tortoise.init(db_url='postgres://db/orders')", "asyncpg", 60),
    ("import pika", "pika.BlockingConnection(pika.ConnectionParameters('broker'))", "pika", 10),
    ("import aio_pika", "aio_pika.connect_robust('amqp://broker')", "aiormq", 60),
    ("from kombu import Connection", "Connection('amqp://broker')", "kombu", 5),
    ("from kafka import KafkaProducer", "KafkaProducer(bootstrap_servers='broker:9092')", "kafka-python", 30),
    ("from aiokafka import AIOKafkaProducer", "AIOKafkaProducer(bootstrap_servers='broker:9092')", "aiokafka", 40),
    ("from confluent_kafka import Producer", "Producer({'bootstrap.servers': 'broker:9092'})", "librdkafka", 60),
    ("import nats", "nats.connect('nats://broker')", "nats", 2),
    ("from databases import Database", "Database('postgresql://app@db/orders')", "asyncpg", 60),
    ("from sqlalchemy import create_engine", "create_engine('mysql+pymysql://app@db/orders')", "pymysql", 10),
    ("from sqlalchemy import create_engine", "create_engine('mssql+pyodbc://app@db/orders')", "pyodbc", 15),
    (
        "from sqlalchemy.ext.asyncio import create_async_engine",
        "create_async_engine('postgresql+asyncpg://app@db/orders')",
        "asyncpg",
        60,
    ),
]


@pytest.mark.parametrize(("line", "made", "library", "seconds"), BOUNDED, ids=[made for _, made, _, _ in BOUNDED])
def test_a_library_that_bounds_the_wait_by_default_has_its_default(
    line: str, made: str, library: str, seconds: float
) -> None:
    assert clients(f"{line}\n\nclient = {made}\n", "psycopg[binary]==3.2.3\n") == [(library, 3, seconds)]


GIVEN = [
    ("import psycopg2", "psycopg2.connect(host='db', connect_timeout=3)", 3),
    ("import psycopg2", "psycopg2.connect('host=db connect_timeout=4')", 4),
    ("import psycopg2", "psycopg2.connect('postgresql://db/orders?connect_timeout=5')", 5),
    ("import psycopg2", "psycopg2.connect(host='db', options='-c statement_timeout=2000')", 2),
    ("import pg8000", "pg8000.connect('app', host='db', timeout=3)", 3),
    ("import aiomysql", "aiomysql.connect(host='db', connect_timeout=3)", 3),
    ("import mysql.connector", "mysql.connector.connect(host='db', connection_timeout=3)", 3),
    ("import aioredis", "aioredis.from_url('redis://cache', socket_connect_timeout=1)", 1),
    ("import aioredis", "aioredis.from_url('redis://cache?socket_timeout=2')", 2),
    ("import stomp", "stomp.Connection([('broker', 61613)], heartbeats=(4000, 4000))", 4000),
    ("from pymemcache import Client", "Client('cache', timeout=1)", 1),
    (
        "from sqlalchemy import create_engine",
        "create_engine('postgresql://app@db/orders', connect_args={'connect_timeout': 3})",
        3,
    ),
    (
        "from sqlalchemy import create_engine",
        "create_engine('postgresql://app@db/orders', connect_args=dict(options='-c statement_timeout=1500'))",
        1.5,
    ),
    ("from sqlalchemy import create_engine", "create_engine('postgresql://app@db/orders?connect_timeout=3')", 3),
    (
        "import dataset",
        "dataset.connect('postgresql://db', engine_kwargs={'connect_args': {'connect_timeout': 3}})",
        3,
    ),
    ("from peewee import PostgresqlDatabase", "PostgresqlDatabase('orders', host='db', connect_timeout=3)", 3),
]


@pytest.mark.parametrize(("line", "made", "seconds"), GIVEN, ids=[made for _, made, _ in GIVEN])
def test_what_the_code_gives_bounds_the_wait(line: str, made: str, seconds: float) -> None:
    assert [bound for _, _, bound in clients(f"{line}\n\nclient = {made}\n")] == [seconds]


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("import asyncpg", "asyncpg.connect(host='db', timeout=None)"),
        ("import pymysql", "pymysql.connect(host='db', connect_timeout=None)"),
        ("import psycopg2", "psycopg2.connect(host='db', connect_timeout=0)"),
        ("from elasticsearch import Elasticsearch", "Elasticsearch('http://search:9200', request_timeout=None)"),
        ("from sqlalchemy import create_engine", "create_engine('postgresql://db/x', pool_timeout=30)"),
    ],
)
def test_an_explicit_none_takes_the_default_away_and_a_wait_for_the_pool_is_none(line: str, made: str) -> None:
    assert [bound for _, _, bound in clients(f"{line}\n\nclient = {made}\n")] == [None]


@pytest.mark.parametrize(
    ("requirement", "bound"),
    [
        ("redis==5.0.1", None),
        ("redis>=5.0.1,<6", None),
        ("redis~=7.4", None),
        ("redis[hiredis]==7.4.1", None),
        ("redis==8.0.0", 5),
        ("redis>=8", 5),
        ("redis>=5", UNKNOWN),
        ("redis", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_redis_waits_by_the_version_that_the_requirements_name(requirement: str, bound: float | str | None) -> None:
    code = "import redis\n\nclient = redis.Redis(host='cache')\n"
    assert clients(code, f"{requirement}\n") == [("redis", 3, bound)]


@pytest.mark.parametrize(
    "made",
    [
        "redis.StrictRedis('cache', 6379, 0)",
        "redis.from_url('redis://cache/0')",
        "redis.asyncio.Redis.from_url('redis://cache/0')",
        "redis.ConnectionPool(host='cache')",
        "redis.cluster.RedisCluster(host='cache')",
        "redis.sentinel.Sentinel([('cache', 26379)])",
        "redis.BlockingConnectionPool.from_url('redis://cache', timeout=5)",
    ],
)
def test_every_way_to_make_a_redis_client_is_known(made: str) -> None:
    code = f"import redis\nimport redis.asyncio\n\nclient = {made}\n"
    assert clients(code, "redis==5.0.8\n") == [("redis", 4, None)]


def test_a_client_on_a_pool_is_judged_where_the_pool_is_made() -> None:
    code = """\
        import redis

        pool = redis.ConnectionPool(host="cache", socket_timeout=2)
        client = redis.Redis(connection_pool=pool)
        """
    assert clients(code, "redis==5.0.8\n") == [("redis", 3, 2)]


@pytest.mark.parametrize(
    "made",
    [
        "psycopg2.connect(**settings())",
        "psycopg2.connect(os.environ['DATABASE_URL'])",
        "psycopg2.connect(host='db', connect_timeout=int(os.environ['DB_TIMEOUT']))",
        "create_engine(os.environ['DATABASE_URL'])",
    ],
)
def test_what_is_not_known_is_no_violation(made: str) -> None:
    code = (
        f"import os\nimport psycopg2\nfrom elsewhere import settings\nfrom sqlalchemy import create_engine\n\n{made}\n"
    )
    assert [bound for _, _, bound in clients(code)] in ([UNKNOWN], [])


def test_a_url_of_the_environment_is_read_with_its_parameters() -> None:
    code = "import os\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ['DATABASE_URL'])\n"
    bare = clients(code, variables={"DATABASE_URL": "postgresql://app@db/orders"})
    limited = clients(code, variables={"DATABASE_URL": "postgresql://app@db/orders?connect_timeout=2"})
    assert (bare, limited) == ([("psycopg2", 4, None)], [("psycopg2", 4, 2)])


def test_the_variable_that_libpq_reads_bounds_the_wait() -> None:
    code = "import psycopg2\n\nclient = psycopg2.connect(host='db')\n"
    assert clients(code, variables={"PGCONNECT_TIMEOUT": "3"}) == [("psycopg2", 3, 3)]


def test_a_limit_of_the_server_may_bound_the_wait() -> None:
    code = "import psycopg2\n\nclient = psycopg2.connect(host='db')\n"
    found = clients(code, variables={}, command="postgres -c statement_timeout=5000")
    assert found == [("psycopg2", 3, UNKNOWN)]


def test_a_limit_around_the_call_may_bound_the_wait() -> None:
    code = """\
        import asyncio

        import aiomysql


        async def main():
            return await asyncio.wait_for(aiomysql.connect(host="db"), timeout=3)


        asyncio.run(main())
        """
    assert clients(code) == [("aiomysql", 7, UNKNOWN)]


def test_a_url_with_unknown_parts_still_names_its_driver() -> None:
    code = """\
        import os

        from sqlalchemy import create_engine

        engine = create_engine(f"postgresql://{os.environ['DB_USER']}@{os.environ['DB_HOST']}/orders")
        """
    assert clients(code) == [("psycopg2", 5, None)]


def test_a_local_socket_is_no_network() -> None:
    assert clients("import redis\n\nclient = redis.from_url('unix:///run/redis.sock')\n", "redis==5.0.8") == []


def test_of_boto3_only_the_tables_are_a_datastore() -> None:
    assert clients("import boto3\n\nqueue = boto3.client('sqs')\n") == []


def test_sqlite_has_no_server_to_wait_for() -> None:
    assert clients("from sqlalchemy import create_engine\n\nengine = create_engine('sqlite:///app.db')\n") == []


def test_plain_postgresql_is_psycopg_where_only_that_is_required() -> None:
    code = "from sqlalchemy import create_engine\n\nengine = create_engine('postgresql://app@db/orders')\n"
    assert clients(code, "psycopg[binary]==3.2.3\nsqlalchemy==2.1.0\n") == [("psycopg", 3, 130)]


def test_pymysql_in_the_place_of_mysqlclient_brings_its_default() -> None:
    code = """\
        import pymysql
        from sqlalchemy import create_engine

        pymysql.install_as_MySQLdb()
        engine = create_engine("mysql://app@db/orders")
        """
    assert clients(code) == [("pymysql", 5, 10)]


def test_flask_sqlalchemy_is_judged_where_the_extension_is_made() -> None:
    code = """\
        from flask import Flask
        from flask_sqlalchemy import SQLAlchemy

        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://app@db/orders"
        {options}
        db = SQLAlchemy(app)
        """
    limited = 'app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"connect_timeout": 3}}'
    other = 'app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True}'
    assert [clients(code.format(options=one)) for one in ("", limited, other)] == [
        [("psycopg2", 7, None)],
        [("psycopg2", 7, 3)],
        [("psycopg2", 7, None)],
    ]


def test_django_settings_are_judged_by_the_driver_that_is_required() -> None:
    settings = """\
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "orders",
                "OPTIONS": {"sslmode": "require"},
            },
        }
        """
    found = [clients(settings, requirement) for requirement in ("psycopg2==2.9.9", "psycopg==3.2.3", "django==5.1")]
    assert found == [[("psycopg2", 3, None)], [("psycopg", 3, 130)], []]


def test_settings_that_django_is_not_started_with_are_not_judged() -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": "orders"}}\n'
    manage = """\
        import os

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        """
    draft = draft_of({"app/manage.py": manage, "app/shop/settings.py": settings, "app/old/settings.py": settings})
    add_datastore_clients(draft)
    assert [one.at.path for one in draft.select(DatastoreClient)] == ["app/shop/settings.py"]


def test_django_caches_in_redis_are_clients() -> None:
    settings = """\
        CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://cache:6379/1",
                "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
            },
            "sessions": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://cache:6379/2",
                "OPTIONS": {"socket_connect_timeout": 2},
            },
        }
        """
    assert clients(settings, "redis==5.0.8") == [("redis", 3, None), ("redis", 8, 2)]


def test_alembics_environment_makes_the_migrations_connection() -> None:
    code = """\
        from alembic import context
        from sqlalchemy import create_engine

        engine = create_engine("postgresql://app@db/orders")
        """
    assert clients(code) == []


def test_every_driver_that_the_tables_name_is_known_and_has_a_source() -> None:
    named = {one.driver for one in MAKERS.values() if one.driver is not None}
    named |= {name for schemes in SCHEMES.values() for name in schemes.values()}
    assert named <= DRIVERS.keys()
    assert all(one.source.startswith("https://") for one in DRIVERS.values())
