"""The libraries by which Python code connects to datastores, and which arguments say where to and as whom.

In: a call and its qualified name. Out: a Connection with the expressions that give the address, not yet evaluated.
A library that is not in the tables is no datastore to archlint.
"""

from __future__ import annotations

from archlint.core.facts.python import Expression, Literal, PythonCall
from archlint.core.record import dataclass
from archlint.core.span import Span


@dataclass(frozen=True)
class Connection:
    """A connection as the code writes it. ``engine`` is empty where only the URL tells."""

    engine: str
    at: Span
    url: Expression | None = None
    host: Expression | None = None
    port: Expression | None = None
    database: Expression | None = None
    account: Expression | None = None
    is_open: bool = False
    default_host: str | None = None
    default_database: str | None = None
    setting: str = ""
    """The framework's setting that gives it (``DATABASES``), empty where a call does."""
    options: Expression | None = None
    """What a setting hands to the driver."""
    setting_at: Span | None = None
    """The line of the setting that names this connection, where several stand in one."""


@dataclass(frozen=True)
class _Shape:
    """Arguments by meaning: the keyword names that are accepted, and the position."""

    engine: str
    url: tuple[tuple[str, ...], int | None] = ((), None)
    host: tuple[tuple[str, ...], int | None] = ((), None)
    port: tuple[tuple[str, ...], int | None] = ((), None)
    database: tuple[tuple[str, ...], int | None] = ((), None)
    account: tuple[tuple[str, ...], int | None] = ((), None)
    default_host: str | None = None
    default_database: str | None = None


_SQL_URL = _Shape("", url=(("url", "name_or_url", "db_url", "dsn"), 0))
_PG = _Shape(
    "postgresql",
    url=(("dsn", "conninfo"), 0),
    host=(("host",), None),
    port=(("port",), None),
    database=(("database", "dbname", "db"), None),
    account=(("user",), None),
)
_PG_POOL = _Shape(
    "postgresql",
    url=(("dsn",), 2),
    host=(("host",), None),
    port=(("port",), None),
    database=(("database", "dbname"), None),
    account=(("user",), None),
)
_PG8000 = _Shape(
    "postgresql",
    account=(("user",), 0),
    host=(("host",), 1),
    database=(("database",), 2),
    port=(("port",), 3),
)
_MYSQL = _Shape(
    "mysql",
    host=(("host",), 0),
    account=(("user", "username"), 1),
    database=(("database", "db"), 3),
    port=(("port",), 4),
)
_MONGO = _Shape("mongodb", url=(("host",), 0), host=(("host",), 0), port=(("port",), 1), account=(("username",), None))
_MONGOENGINE = _Shape(
    "mongodb",
    url=(("host",), None),
    host=(("host",), None),
    port=(("port",), None),
    database=(("db", "name"), 0),
    account=(("username",), None),
)
_REDIS_URL = _Shape("redis", url=(("url", "address"), 0), database=(("db",), None), default_database="0")
_REDIS = _Shape(
    "redis",
    host=(("host",), 0),
    port=(("port",), 1),
    database=(("db",), 2),
    default_host="localhost",
    default_database="0",
)
_ALLOY = _Shape(
    "postgresql", host=(("instance", "instance_connection_string"), 0), database=(("database", "db"), None),
    account=(("user",), None),
)  # fmt: skip
_ORM = _Shape(
    "",
    database=(("database",), 0),
    account=(("user",), None),
    host=(("host",), None),
    port=(("port",), None),
)

_SHAPES: dict[str, _Shape] = {
    **dict.fromkeys(
        (
            "sqlalchemy.create_engine",
            "sqlalchemy.engine.create_engine",
            "sqlalchemy.ext.asyncio.create_async_engine",
            "sqlalchemy.ext.asyncio.engine.create_async_engine",
            "sqlmodel.create_engine",
            "sqlmodel.ext.asyncio.create_async_engine",
            "databases.Database",
            "playhouse.db_url.connect",
            "dataset.connect",
            "gino.Gino.set_bind",
            "records.Database",
            "ormar.DatabaseConnection",
            "edgy.Registry",
            "piccolo.engine.postgres.PostgresEngine",
            "dj_database_url.parse",
        ),
        _SQL_URL,
    ),
    "tortoise.contrib.fastapi.register_tortoise": _Shape("", url=(("db_url",), None)),
    "tortoise.Tortoise.init": _Shape("", url=(("db_url",), None)),
    **dict.fromkeys(
        (
            "psycopg2.connect",
            "psycopg.connect",
            "psycopg.Connection.connect",
            "psycopg.AsyncConnection.connect",
            "asyncpg.connect",
            "asyncpg.create_pool",
            "aiopg.connect",
            "aiopg.create_pool",
            "aiopg.sa.create_engine",
            "psycopg_pool.ConnectionPool",
            "psycopg_pool.AsyncConnectionPool",
        ),
        _PG,
    ),
    **dict.fromkeys(
        (
            "psycopg2.pool.SimpleConnectionPool",
            "psycopg2.pool.ThreadedConnectionPool",
            "psycopg2.pool.PersistentConnectionPool",
        ),
        _PG_POOL,
    ),
    **dict.fromkeys(("pg8000.connect", "pg8000.dbapi.connect", "pg8000.native.Connection"), _PG8000),
    **dict.fromkeys(
        (
            "mysql.connector.connect",
            "mysql.connector.pooling.MySQLConnectionPool",
            "mysql.connector.MySQLConnection",
            "pymysql.connect",
            "pymysql.Connection",
            "pymysql.connections.Connection",
            "MySQLdb.connect",
            "mariadb.connect",
            "aiomysql.connect",
            "aiomysql.create_pool",
            "asyncmy.connect",
            "asyncmy.create_pool",
        ),
        _MYSQL,
    ),
    **dict.fromkeys(
        (
            "pymongo.MongoClient",
            "pymongo.mongo_client.MongoClient",
            "pymongo.AsyncMongoClient",
            "motor.motor_asyncio.AsyncIOMotorClient",
            "motor.motor_tornado.MotorClient",
            "motor.MotorClient",
        ),
        _MONGO,
    ),
    "mongoengine.connect": _MONGOENGINE,
    "flask_pymongo.PyMongo": _Shape("mongodb", url=(("uri",), 1)),
    **dict.fromkeys(
        (
            "redis.from_url",
            "redis.Redis.from_url",
            "redis.StrictRedis.from_url",
            "redis.client.Redis.from_url",
            "redis.ConnectionPool.from_url",
            "redis.BlockingConnectionPool.from_url",
            "redis.asyncio.from_url",
            "redis.asyncio.Redis.from_url",
            "redis.asyncio.client.Redis.from_url",
            "redis.asyncio.ConnectionPool.from_url",
            "aioredis.from_url",
            "aioredis.Redis.from_url",
            "aioredis.create_redis",
            "aioredis.create_redis_pool",
        ),
        _REDIS_URL,
    ),
    **dict.fromkeys(
        (
            "redis.Redis",
            "redis.StrictRedis",
            "redis.client.Redis",
            "redis.ConnectionPool",
            "redis.BlockingConnectionPool",
            "redis.asyncio.Redis",
            "redis.asyncio.StrictRedis",
            "redis.asyncio.client.Redis",
            "redis.asyncio.ConnectionPool",
            "aioredis.Redis",
            "walrus.Database",
        ),
        _REDIS,
    ),
    **dict.fromkeys(
        (
            "langchain_google_alloydb_pg.AlloyDBEngine.from_instance",
            "langchain_google_alloydb_pg.AlloyDBEngine.afrom_instance",
            "langchain_google_cloud_sql_pg.PostgresEngine.from_instance",
            "google.cloud.alloydb.connector.Connector.connect",
            "google.cloud.sql.connector.Connector.connect",
            "google.cloud.alloydbconnector.Connector.connect",
        ),
        _ALLOY,
    ),
    "peewee.PostgresqlDatabase": _ORM,
    "peewee.MySQLDatabase": _ORM,
    "playhouse.pool.PooledPostgresqlDatabase": _ORM,
    "playhouse.pool.PooledMySQLDatabase": _ORM,
    "playhouse.postgres_ext.PostgresqlExtDatabase": _ORM,
    "neo4j.GraphDatabase.driver": _Shape("neo4j", url=(("uri",), 0)),
    "neo4j.AsyncGraphDatabase.driver": _Shape("neo4j", url=(("uri",), 0)),
    "clickhouse_driver.Client": _Shape("clickhouse", host=(("host",), 0), database=(("database",), None)),
    "clickhouse_connect.get_client": _Shape("clickhouse", host=(("host",), 0), database=(("database",), None)),
    "pymssql.connect": _Shape(
        "mssql",
        host=(("server", "host"), 0),
        account=(("user",), 1),
        database=(("database",), 3),
        port=(("port",), None),
    ),
    "pyodbc.connect": _Shape("mssql", url=(("connstring",), 0)),
}
MONGO_CLIENTS = frozenset(name for name, shape in _SHAPES.items() if shape is _MONGO)
"""The Mongo clients whose databases are named where they are used."""

CONSTRUCTORS = frozenset(name.rpartition(".")[2] for name in _SHAPES)
"""The last parts of all names in the table, to leave other calls alone cheaply."""


def connection_of(name: str, call: PythonCall) -> Connection | None:
    """The connection that a call of that qualified name opens."""
    shape = _SHAPES.get(name)
    if shape is None:
        return None
    engine = shape.engine
    if shape is _ORM:
        engine = "postgresql" if "ostgres" in name else "mysql"
    return Connection(
        engine=engine,
        at=call.at,
        url=_argument(call, shape.url),
        host=_argument(call, shape.host),
        port=_argument(call, shape.port),
        database=_argument(call, shape.database),
        account=_argument(call, shape.account),
        is_open=call.is_open,
        default_host=shape.default_host,
        default_database=shape.default_database,
    )


def _argument(call: PythonCall, names: tuple[tuple[str, ...], int | None]) -> Expression | None:
    keywords, position = names
    for keyword in keywords:
        found = call.argument(keyword)
        if found is not None and found.name == keyword:
            return _set(found.value)
    if position is not None and keywords:
        found = call.argument(keywords[0], position)
        if found is not None:
            return _set(found.value)
    return None


def _set(value: Expression) -> Expression | None:
    return None if isinstance(value, Literal) and value.value is None else value
