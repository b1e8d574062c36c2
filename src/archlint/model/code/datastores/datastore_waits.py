"""How long clients of datastores, caches and brokers wait by default, and which arguments bound it.

Data: one ``Driver`` for each library that opens the connection, with the source of its default; which driver the URL of
a layered library (SQLAlchemy, databases) names; the calls that make clients. Read from the releases that are named.
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Driver:
    """A library's waiting. ``default`` are the seconds that bound connecting or the answer where nothing is said, None
    where it waits without bound; an explicit None in ``default_argument`` takes that default away.

    ``arguments`` bound connecting or waiting for an answer, ``server_arguments`` hold settings of the server in which
    ``statement_timeout`` bounds the answer. ``since`` is the version of ``package`` from which the default holds.
    """

    name: str
    package: str
    arguments: tuple[str, ...]
    default: float | None
    source: str
    default_argument: str = ""
    since: tuple[int, ...] = ()
    server_arguments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Environment variables that the library itself reads."""


_LIBPQ = "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CONNECT-TIMEOUT"
_MYSQL_C = "https://github.com/mysql/mysql-server/blob/8.0/sql-common/client.cc (CONNECT_TIMEOUT is 0)"

_DRIVERS = (
    # PostgreSQL
    Driver(
        "psycopg2", "psycopg2", ("connect_timeout", "tcp_user_timeout"), None, _LIBPQ,
        server_arguments=("options",), variables=("PGCONNECT_TIMEOUT", "PGOPTIONS"),
    ),
    Driver(
        "psycopg", "psycopg", ("connect_timeout", "tcp_user_timeout"), 130,
        "https://github.com/psycopg/psycopg/blob/3.3.4/psycopg/psycopg/conninfo.py (_DEFAULT_CONNECT_TIMEOUT)",
        since=(3, 1), server_arguments=("options",), variables=("PGCONNECT_TIMEOUT", "PGOPTIONS"),
    ),
    Driver(
        "asyncpg", "asyncpg", ("timeout", "command_timeout"), 60,
        "https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect",
        "timeout", server_arguments=("server_settings",),
    ),
    Driver(
        "aiopg", "aiopg", ("timeout", "connect_timeout"), 60,
        "https://github.com/aio-libs/aiopg/blob/v1.4.0/aiopg/connection.py (TIMEOUT)", "timeout",
        server_arguments=("options",),
    ),
    Driver(
        "pg8000", "pg8000", ("timeout", "tcp_user_timeout"), None,
        "https://github.com/tlocke/pg8000/blob/1.31.6/pg8000/core.py (timeout=None)",
    ),
    # MySQL
    Driver(
        "MySQLdb", "mysqlclient", ("connect_timeout", "read_timeout", "write_timeout"), None, _MYSQL_C,
        server_arguments=("init_command",),
    ),
    Driver(
        "pymysql", "pymysql", ("connect_timeout", "read_timeout"), 10,
        "https://github.com/PyMySQL/PyMySQL/blob/v1.1.1/pymysql/connections.py (connect_timeout=10)", "connect_timeout",
        server_arguments=("init_command",),
    ),
    Driver(
        "mysql.connector", "mysql-connector-python", ("connection_timeout", "connect_timeout", "read_timeout"), None,
        "https://github.com/mysql/mysql-connector-python/blob/9.1.0/mysql-connector-python/lib/mysql/connector/"
        "constants.py (connect_timeout is None from 8.0.33 to 26.10)",
        server_arguments=("init_command",),
    ),
    Driver(
        "aiomysql", "aiomysql", ("connect_timeout",), None,
        "https://github.com/aio-libs/aiomysql/blob/v0.3.2/aiomysql/connection.py (connect_timeout=None)",
        server_arguments=("init_command",),
    ),
    Driver(
        "asyncmy", "asyncmy", ("connect_timeout", "read_timeout"), 10,
        "https://github.com/long2ice/asyncmy/blob/v0.2.10/asyncmy/connection.pyx (connect_timeout=10)",
    ),
    Driver(
        "Flask-MySQLdb", "flask-mysqldb", (), 10,
        "https://github.com/alexferl/flask-mysqldb/blob/master/flask_mysqldb/__init__.py (MYSQL_CONNECT_TIMEOUT)",
    ),
    # Other relational databases
    Driver(
        "pyodbc", "pyodbc", ("timeout",), 15,
        "https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute (the driver's login timeout)",
    ),
    Driver(
        "pymssql", "pymssql", ("login_timeout", "timeout"), 60,
        "https://pymssql.readthedocs.io/en/stable/ref/pymssql.html (login_timeout=60)", "login_timeout",
    ),
    Driver(
        "oracledb", "oracledb", ("tcp_connect_timeout",), 20,
        "https://python-oracledb.readthedocs.io/en/latest/api_manual/module.html (tcp_connect_timeout=20.0)",
    ),
    Driver(
        "clickhouse", "clickhouse-driver", ("connect_timeout", "send_receive_timeout"), 10,
        "https://clickhouse-driver.readthedocs.io/en/latest/api.html (connect_timeout=10)",
    ),
    # Documents, search, wide columns
    Driver(
        "pymongo", "pymongo", ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "timeoutMS"), 30,
        "https://pymongo.readthedocs.io/en/stable/api/pymongo/mongo_client.html (serverSelectionTimeoutMS=30000)",
    ),
    Driver(
        "elasticsearch", "elasticsearch", ("timeout", "request_timeout"), 10,
        "https://elastic-transport-python.readthedocs.io/en/stable/nodes.html (request_timeout=10)", "request_timeout",
    ),
    Driver(
        "cassandra-driver", "cassandra-driver", ("connect_timeout",), 5,
        "https://docs.datastax.com/en/developer/python-driver/latest/api/cassandra/cluster/ (connect_timeout=5)",
    ),
    Driver(
        "neo4j", "neo4j", ("connection_timeout", "connection_acquisition_timeout"), 30,
        "https://neo4j.com/docs/api/python-driver/current/api.html (connection_timeout=30.0)",
    ),
    Driver(
        "botocore", "botocore", ("connect_timeout", "read_timeout"), 60,
        "https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html (both 60)",
    ),
    # Caches
    Driver(
        "redis", "redis", ("socket_timeout", "socket_connect_timeout"), 5,
        "https://github.com/redis/redis-py/blob/v8.0.0/redis/_defaults.py (5 s; None before 8.0)",
        "socket_timeout", since=(8,),
    ),
    Driver(
        "aioredis", "aioredis", ("socket_timeout", "socket_connect_timeout", "timeout"), None,
        "https://github.com/aio-libs-abandoned/aioredis-py/blob/v2.0.1/aioredis/connection.py",
    ),
    Driver(
        "pymemcache", "pymemcache", ("connect_timeout", "timeout"), None,
        "https://pymemcache.readthedocs.io/en/latest/apidoc/pymemcache.client.base.html",
    ),
    # Brokers
    Driver(
        "pika", "pika", ("socket_timeout", "stack_timeout", "blocked_connection_timeout"), 10,
        "https://pika.readthedocs.io/en/stable/modules/parameters.html (socket_timeout=10.0, stack_timeout=15)",
    ),
    Driver(
        "aiormq", "aiormq", ("timeout", "heartbeat"), 60,
        "https://github.com/mosquito/aiormq/blob/7.2.4/aiormq/connection.py (a heartbeat of 60 s ends it)",
    ),
    Driver(
        "kombu", "kombu", ("connect_timeout", "heartbeat"), 5,
        "https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.html (connect_timeout=5)", "connect_timeout",
    ),
    Driver(
        "kafka-python", "kafka-python", ("request_timeout_ms",), 30,
        "https://kafka-python.readthedocs.io/en/master/apidoc/KafkaProducer.html (request_timeout_ms=30000)",
    ),
    Driver(
        "aiokafka", "aiokafka", ("request_timeout_ms",), 40,
        "https://aiokafka.readthedocs.io/en/stable/api.html (request_timeout_ms=40000)",
    ),
    Driver(
        "librdkafka", "confluent-kafka", (), 60,
        "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md (socket.timeout.ms=60000)",
    ),
    Driver(
        "nats", "nats-py", ("connect_timeout",), 2,
        "https://github.com/nats-io/nats.py/blob/main/nats/src/nats/aio/client.py (DEFAULT_CONNECT_TIMEOUT=2)",
    ),
    Driver(
        "stomp.py", "stomp-py", ("timeout", "heartbeats"), None,
        "https://github.com/jasonrbriggs/stomp.py/blob/v8.2.0/stomp/transport.py (timeout=None, no heartbeats)",
    ),
)  # fmt: skip

DRIVERS = {one.name: one for one in _DRIVERS}
"""Drivers by name."""

SQLALCHEMY_DRIVERS = {
    "postgresql": "psycopg2",  # psycopg from SQLAlchemy 2.1 on
    "postgres": "psycopg2",
    "postgresql+psycopg2": "psycopg2",
    "postgresql+psycopg": "psycopg",
    "postgresql+psycopg_async": "psycopg",
    "postgresql+asyncpg": "asyncpg",
    "postgresql+aiopg": "aiopg",
    "postgresql+pg8000": "pg8000",
    "cockroachdb": "psycopg2",
    "cockroachdb+asyncpg": "asyncpg",
    "redshift+psycopg2": "psycopg2",
    "mysql": "MySQLdb",
    "mysql+mysqldb": "MySQLdb",
    "mariadb": "MySQLdb",
    "mysql+pymysql": "pymysql",
    "mariadb+pymysql": "pymysql",
    "mysql+mysqlconnector": "mysql.connector",
    "mysql+aiomysql": "aiomysql",
    "mysql+asyncmy": "asyncmy",
    "mssql": "pyodbc",
    "mssql+pyodbc": "pyodbc",
    "mssql+aioodbc": "pyodbc",
    "mssql+pymssql": "pymssql",
    "oracle+oracledb": "oracledb",
}
"""Drivers by the scheme of an SQLAlchemy URL: https://docs.sqlalchemy.org/en/20/core/engines.html."""

DATABASES_DRIVERS = {
    "postgresql": "asyncpg",
    "postgres": "asyncpg",
    "postgresql+asyncpg": "asyncpg",
    "postgresql+aiopg": "aiopg",
    "mysql": "aiomysql",
    "mysql+aiomysql": "aiomysql",
    "mysql+asyncmy": "asyncmy",
}
"""Drivers by scheme of ``databases`` (and ormar): https://github.com/encode/databases/blob/0.9.0/databases/core.py."""

TORTOISE_DRIVERS = {"postgres": "asyncpg", "asyncpg": "asyncpg", "psycopg": "psycopg"}
"""Drivers by scheme of Tortoise: https://tortoise.github.io/databases.html. Its MySQL driver is what is installed."""


@dataclass(frozen=True)
class Maker:
    """A call that makes a client. ``driver`` is None where the scheme of its URL tells, by ``schemes``.

    ``url`` are the names and the position of the URL or DSN, in which parameters may stand. ``driver_arguments`` is the
    argument that holds the driver's own, ``positions`` gives positions of the driver's arguments.
    """

    driver: str | None
    url: tuple[tuple[str, ...], int | None] = ((), None)
    schemes: str = ""
    driver_arguments: str = ""
    positions: tuple[tuple[str, int], ...] = ()
    setting: str = ""
    """The key of a configuration file that holds the URL."""
    first: str = ""
    """What the first argument has to be (``dynamodb``), empty for anything."""


_SQLALCHEMY = Maker(None, (("url", "name_or_url"), 0), "sqlalchemy", "connect_args")
_DATASET = Maker(None, (("url", "uri", "dsn"), 0), "sqlalchemy", "engine_kwargs.connect_args")
_DATABASES = Maker(None, (("url",), 0), "databases")
_REDIS = Maker("redis", positions=(("socket_timeout", 4), ("socket_connect_timeout", 5)))
_REDIS_URL = Maker("redis", (("url",), 0))
_REDIS_CLASSES = (
    "Redis", "StrictRedis", "ConnectionPool", "BlockingConnectionPool", "RedisCluster", "cluster.RedisCluster",
    "client.Redis", "connection.ConnectionPool", "connection.BlockingConnectionPool",
)  # fmt: skip
_SENTINELS = ("redis.Sentinel", "redis.sentinel.Sentinel", "redis.asyncio.Sentinel", "redis.asyncio.sentinel.Sentinel")


def _names(prefixes: str, maker: Maker) -> dict[str, Maker]:
    return dict.fromkeys(prefixes.split(), maker)


MAKERS: dict[str, Maker] = {
    **_names(
        "sqlalchemy.create_engine sqlalchemy.engine.create_engine sqlalchemy.ext.asyncio.create_async_engine "
        "sqlalchemy.ext.asyncio.engine.create_async_engine sqlmodel.create_engine "
        "sqlmodel.ext.asyncio.create_async_engine",
        _SQLALCHEMY,
    ),
    **_names("dataset.connect records.Database", _DATASET),
    **_names(
        "nameko_sqlalchemy.DatabaseSession nameko_sqlalchemy.Database nameko_sqlalchemy.database.Database "
        "nameko_sqlalchemy.database_session.DatabaseSession",
        Maker(None, schemes="sqlalchemy", driver_arguments="engine_options.connect_args", setting="DB_URIS"),
    ),
    **_names("databases.Database ormar.DatabaseConnection", _DATABASES),
    **_names(
        "tortoise.contrib.fastapi.register_tortoise tortoise.Tortoise.init",
        Maker(None, (("db_url",), None), "tortoise"),
    ),
    "gino.Gino.set_bind": Maker("asyncpg", (("bind",), 0)),
    "piccolo.engine.postgres.PostgresEngine": Maker("asyncpg", driver_arguments="config"),
    "psycopg2.connect": Maker("psycopg2", (("dsn",), 0)),
    **_names(
        "psycopg2.pool.SimpleConnectionPool psycopg2.pool.ThreadedConnectionPool "
        "psycopg2.pool.PersistentConnectionPool psycopg2.pool.AbstractConnectionPool",
        Maker("psycopg2", (("dsn",), 2)),
    ),
    **_names(
        "psycopg.connect psycopg.Connection.connect psycopg.AsyncConnection.connect psycopg_pool.ConnectionPool "
        "psycopg_pool.AsyncConnectionPool",
        Maker("psycopg", (("conninfo",), 0)),
    ),
    **_names("asyncpg.connect asyncpg.create_pool", Maker("asyncpg", (("dsn",), 0))),
    **_names("aiopg.connect aiopg.create_pool aiopg.sa.create_engine", Maker("aiopg", (("dsn",), 0))),
    **_names("pg8000.connect pg8000.dbapi.connect pg8000.native.Connection", Maker("pg8000")),
    **_names("MySQLdb.connect MySQLdb.Connection", Maker("MySQLdb")),
    **_names("pymysql.connect pymysql.Connection pymysql.connections.Connection", Maker("pymysql")),
    **_names(
        "mysql.connector.connect mysql.connector.MySQLConnection mysql.connector.pooling.MySQLConnectionPool "
        "mysql.connector.aio.connect",
        Maker("mysql.connector"),
    ),
    **_names("aiomysql.connect aiomysql.create_pool aiomysql.sa.create_engine", Maker("aiomysql")),
    **_names("asyncmy.connect asyncmy.create_pool", Maker("asyncmy")),
    "flask_mysqldb.MySQL": Maker("Flask-MySQLdb"),
    **_names("peewee.PostgresqlDatabase playhouse.pool.PooledPostgresqlDatabase", Maker("psycopg2")),
    **_names("playhouse.postgres_ext.PostgresqlExtDatabase", Maker("psycopg2")),
    "pyodbc.connect": Maker("pyodbc"),
    "pymssql.connect": Maker("pymssql"),
    **_names("oracledb.connect oracledb.create_pool", Maker("oracledb")),
    **_names("clickhouse_driver.Client clickhouse_connect.get_client", Maker("clickhouse")),
    **_names(
        "pymongo.MongoClient pymongo.mongo_client.MongoClient pymongo.AsyncMongoClient mongoengine.connect "
        "motor.motor_asyncio.AsyncIOMotorClient motor.motor_tornado.MotorClient motor.MotorClient",
        Maker("pymongo", (("host",), 0)),
    ),
    "flask_pymongo.PyMongo": Maker("pymongo", (("uri",), 1)),
    **_names("elasticsearch.Elasticsearch elasticsearch.AsyncElasticsearch", Maker("elasticsearch")),
    **_names(
        "boto3.client boto3.resource boto3.session.Session.client boto3.session.Session.resource boto3.Session.client "
        "boto3.Session.resource aioboto3.Session.client aioboto3.Session.resource",
        Maker("botocore", first="dynamodb"),
    ),
    "cassandra.cluster.Cluster": Maker("cassandra-driver"),
    **_names("neo4j.GraphDatabase.driver neo4j.AsyncGraphDatabase.driver", Maker("neo4j")),
    **{f"redis.{inner}{name}": _REDIS for inner in ("", "asyncio.") for name in _REDIS_CLASSES},
    **{f"redis.{inner}{name}.from_url": _REDIS_URL for inner in ("", "asyncio.") for name in _REDIS_CLASSES},
    **_names("redis.from_url redis.asyncio.from_url", _REDIS_URL),
    **dict.fromkeys(_SENTINELS, Maker("redis")),
    **_names("walrus.Database", _REDIS),
    "faststream.redis.RedisBroker": Maker("redis", (("url",), 0)),
    "dramatiq.brokers.redis.RedisBroker": Maker("redis", (("url",), None)),
    **_names(
        "aioredis.from_url aioredis.Redis.from_url aioredis.create_redis aioredis.create_redis_pool "
        "aioredis.create_pool",
        Maker("aioredis", (("url", "address"), 0)),
    ),
    **_names("aioredis.Redis aioredis.StrictRedis", Maker("aioredis")),
    **_names(
        "pymemcache.Client pymemcache.client.Client pymemcache.client.base.Client pymemcache.PooledClient "
        "pymemcache.client.base.PooledClient pymemcache.HashClient pymemcache.client.hash.HashClient",
        Maker("pymemcache", positions=(("connect_timeout", 4), ("timeout", 5))),
    ),
    **_names("pika.BlockingConnection pika.SelectConnection pika.adapters.BlockingConnection", Maker("pika")),
    **_names("aio_pika.connect aio_pika.connect_robust aiormq.connect", Maker("aiormq", (("url",), 0))),
    **_names("kombu.Connection kombu.connection.Connection", Maker("kombu")),
    **_names("kafka.KafkaProducer kafka.KafkaConsumer", Maker("kafka-python")),
    **_names("aiokafka.AIOKafkaProducer aiokafka.AIOKafkaConsumer", Maker("aiokafka")),
    **_names("confluent_kafka.Producer confluent_kafka.Consumer", Maker("librdkafka")),
    **_names("nats.connect", Maker("nats")),
    **_names(
        "stomp.Connection stomp.Connection10 stomp.Connection11 stomp.Connection12 stomp.connect.StompConnection11",
        Maker("stomp.py"),
    ),
}
"""The calls that make clients, by qualified name."""

SCHEMES = {
    "sqlalchemy": SQLALCHEMY_DRIVERS,
    "databases": DATABASES_DRIVERS,
    "tortoise": TORTOISE_DRIVERS,
}
"""Drivers by scheme, by the layered library."""

MAKER_NAMES = frozenset(name.rpartition(".")[2] for name in MAKERS)
"""The last parts of all names in the table, to leave other calls alone cheaply."""

GIVEN_CLIENTS = frozenset({"connection_pool", "creator", "async_creator", "pool", "unix_socket_path", "unix_socket"})
"""Arguments that hand in a connection made elsewhere, or one that leaves the machine's network alone."""
