"""How code defines metrics, what their names say, and which pools, queues and workers are worth measuring: data.

RED is requests, errors, duration (https://grafana.com/blog/2018/08/02/the-red-method-how-to-instrument-your-services/),
USE is utilisation, saturation, errors of a resource (https://www.brendangregg.com/usemethod.html).
"""

from __future__ import annotations

from archlint.model.paths import names

COUNTER, TIMER, GAUGE = "counter", "timer", "gauge"

# https://prometheus.github.io/client_python/instrumenting/: name, documentation, labelnames
PROMETHEUS = {"Counter": COUNTER, "Histogram": TIMER, "Summary": TIMER, "Gauge": GAUGE}
PROMETHEUS_ROOTS = ("prometheus_client.", "aioprometheus.")
COLLECTORS = names(
    "CounterMetricFamily HistogramMetricFamily SummaryMetricFamily GaugeMetricFamily Metric UntypedMetricFamily"
)
"""What a collector of one's own yields: https://prometheus.github.io/client_python/collector/custom/"""

# https://opentelemetry-python.readthedocs.io/en/latest/api/metrics.html
OPENTELEMETRY = {
    "create_counter": COUNTER,
    "create_observable_counter": COUNTER,
    "create_histogram": TIMER,
    "create_up_down_counter": GAUGE,
    "create_observable_up_down_counter": GAUGE,
    "create_gauge": GAUGE,
    "create_observable_gauge": GAUGE,
}
# https://statsd.readthedocs.io/en/stable/reference.html, https://datadogpy.readthedocs.io/en/latest/
STATSD = {
    "incr": COUNTER,
    "increment": COUNTER,
    "decr": GAUGE,
    "count": COUNTER,
    "timing": TIMER,
    "timer": TIMER,
    "timed": TIMER,
    "histogram": TIMER,
    "distribution": TIMER,
    "gauge": GAUGE,
    "set": GAUGE,
}
STATSD_ROOTS = ("statsd.", "datadog.", "aiodogstatsd.")

SERVER_INSTRUMENTATIONS = names(
    "opentelemetry.instrumentation.fastapi opentelemetry.instrumentation.flask opentelemetry.instrumentation.django "
    "opentelemetry.instrumentation.starlette opentelemetry.instrumentation.asgi opentelemetry.instrumentation.wsgi "
    "opentelemetry.instrumentation.aiohttp_server opentelemetry.instrumentation.falcon "
    "opentelemetry.instrumentation.pyramid opentelemetry.instrumentation.tornado opentelemetry.instrumentation.celery"
)
"""Instrumentations that record ``http.server.duration`` with the status ("Metrics support: Yes" in the README of
open-telemetry/opentelemetry-python-contrib/instrumentation), or the time of tasks; that of gRPC records none."""
RESOURCE_INSTRUMENTATIONS = names(
    "opentelemetry.instrumentation.system_metrics opentelemetry.instrumentation.sqlalchemy "
    "opentelemetry.instrumentation.celery opentelemetry.instrumentation.redis"
)
"""Those that measure the process, a connection pool or a worker, or may."""

REQUEST_WORDS = names(
    "request requests req reqs http rpc grpc call calls invocation invocations hit hits api endpoint message messages "
    "msg msgs event events job jobs task tasks processed handled received consumed served view views visit visits "
    "operation operations transaction transactions command commands"
)
DURATION_WORDS = names(
    "duration durations latency latencies time times timing seconds second ms millis milliseconds elapsed response "
    "processing took delay"
)
ERROR_WORDS = names(
    "error errors err errs fail fails failed failure failures exception exceptions reject rejected rejections invalid "
    "unsuccessful denied 4xx 5xx status dropped dead"
)
ERROR_LABELS = names(
    "status code status_code statuscode http_status http_code response_code outcome result success error exception "
    "error_type error_code state ok failed grpc_code exception_type class"
)
OUTCOME_LABELS = names("status code status_code http_status outcome result success response_code grpc_code")
"""What is counted by its outcome is what was asked for."""
REQUEST_LABELS = names("method endpoint route path handler view url uri http_method grpc_method rpc operation")
RESOURCE_WORDS = names(
    "pool pools queue queues queued worker workers thread threads connection connections conn conns progress "
    "inprogress inflight flight active pending backlog depth size utilisation utilization saturation usage cpu memory "
    "busy idle capacity slot slots lag running waiting executor open concurrency tasks jobs heap rss fds load"
)


RESOURCES: dict[str, str] = {
    "concurrent.futures.ThreadPoolExecutor": "a thread pool",
    "concurrent.futures.thread.ThreadPoolExecutor": "a thread pool",
    "concurrent.futures.ProcessPoolExecutor": "a pool of processes",
    "multiprocessing.Pool": "a pool of processes",
    "multiprocessing.pool.ThreadPool": "a thread pool",
    "queue.Queue": "a queue",
    "queue.PriorityQueue": "a queue",
    "queue.LifoQueue": "a queue",
    "queue.SimpleQueue": "a queue",
    "multiprocessing.Queue": "a queue",
    "multiprocessing.JoinableQueue": "a queue",
    "asyncio.Queue": "a queue",
    "asyncio.PriorityQueue": "a queue",
    "gevent.pool.Pool": "a pool of greenlets",
    "eventlet.GreenPool": "a pool of greenlets",
    "sqlalchemy.create_engine": "a connection pool",
    "sqlalchemy.ext.asyncio.create_async_engine": "a connection pool",
    "psycopg2.pool.SimpleConnectionPool": "a connection pool",
    "psycopg2.pool.ThreadedConnectionPool": "a connection pool",
    "psycopg_pool.ConnectionPool": "a connection pool",
    "psycopg_pool.AsyncConnectionPool": "a connection pool",
    "asyncpg.create_pool": "a connection pool",
    "aiomysql.create_pool": "a connection pool",
    "aiopg.create_pool": "a connection pool",
    "mysql.connector.pooling.MySQLConnectionPool": "a connection pool",
    "dbutils.pooled_db.PooledDB": "a connection pool",
    "redis.ConnectionPool": "a connection pool",
    "redis.BlockingConnectionPool": "a connection pool",
    "redis.asyncio.ConnectionPool": "a connection pool",
    "redis.asyncio.BlockingConnectionPool": "a connection pool",
}
"""The pools, queues and sets of workers that code makes, by the names that their libraries document."""
RESOURCE_NAMES = frozenset(name.rpartition(".")[2] for name in RESOURCES)
