"""What is known of public images: the role they play, the user they run as, whether they check their own health.

Data only, keyed by the last part of an image's repository (``bitnami/redis`` is looked up as ``redis``), with the
vendors' own names beside it. An image that is not here is unknown, never guessed.
"""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.model.paths import names


@dataclass(frozen=True)
class KnownImage:
    """``user``: ``root``, ``non-root`` (its metadata names one), ``steps-down`` (its entry point leaves root),
    ``master-root`` (workers step down, the first process does not), or None where it is not known."""

    role: str
    user: str | None = None
    has_healthcheck: bool = False


def _table(role: str, user: str | None, names: str) -> dict[str, KnownImage]:
    return {name: KnownImage(role, user) for name in names.split()}


IMAGES: dict[str, KnownImage] = {
    **_table(
        "datastore",
        "steps-down",
        "postgres postgresql mysql mariadb mongo mongodb redis valkey couchdb couchbase cassandra elasticsearch "
        "neo4j influxdb percona clickhouse-server arangodb",
    ),
    **_table(
        "datastore",
        "non-root",
        "opensearch solr etcd redis-stack mongodb-community-server postgresql-ha mongodb-sharded mssql-server server",
    ),
    **_table(
        "datastore",
        None,
        "postgis timescaledb pgvector cockroach cockroachdb memcached rethinkdb dynamodb-local scylla dgraph "
        "mysql-server mssql minio keydb dragonfly oracle oracle-xe qdrant weaviate milvus documentdb "
        "documentdb-local azure-cosmos-emulator azurite surrealdb ferretdb redis-cluster mysql-cluster "
        "mongodb-enterprise-server kvrocks tidb orientdb ravendb eventstore eventstore-db questdb pinot-server "
        "trino hadoop-namenode chroma redismod typesense meilisearch pgpool pgbouncer supabase-postgres "
        "spanner-emulator",
    ),
    **_table("broker", "steps-down", "rabbitmq"),
    **_table(
        "broker", "non-root", "kafka cp-kafka cp-zookeeper cp-schema-registry cp-server nats-streaming confluent-local"
    ),
    **_table(
        "broker",
        None,
        "zookeeper nats redpanda pulsar activemq activemq-artemis artemis eclipse-mosquitto mosquitto emqx vernemq "
        "nsqd nsqlookupd nsqadmin elasticmq elasticmq-native goaws rocketmq schema-registry kafka-native "
        "cp-kafka-connect debezium connect hivemq-ce kafka-connect cp-ksqldb-server pubsub-emulator "
        "servicebus-emulator",
    ),
    **_table(
        "gateway",
        "root",
        "traefik openresty haproxy-ingress",
    ),
    **_table("gateway", "master-root", "nginx"),
    **_table("gateway", "steps-down", "envoy"),
    **_table("gateway", "non-root", "kong haproxy nginx-unprivileged krakend apisix kong-gateway"),
    **_table(
        "gateway",
        None,
        "caddy nginx-ingress-controller ingress-nginx-controller tyk-gateway ambassador emissary gloo apache httpd "
        "contour swag nginx-proxy ingress-controller controller oauth2-proxy express-gateway spring-cloud-gateway",
    ),
    **_table(
        "observability",
        "non-root",
        "prometheus alertmanager grafana node-exporter pushgateway blackbox-exporter loki promtail tempo jaeger "
        "opentelemetry-collector opentelemetry-collector-contrib otelcol mysqld-exporter mimir agent alloy thanos",
    ),
    **_table(
        "observability",
        None,
        "all-in-one jaeger-agent jaeger-collector jaeger-query zipkin zipkin-slim fluentd fluent-bit fluentbit "
        "kibana logstash filebeat metricbeat apm-server opensearch-dashboards datadog-agent vector statsd "
        "statsd-exporter graphite graphite-statsd telegraf chronograf redis_exporter redis-exporter "
        "postgres-exporter postgres_exporter mongodb-exporter mongodb_exporter kafka-exporter "
        "elasticsearch-exporter nginx-prometheus-exporter rabbitmq-exporter kube-state-metrics seq sentry "
        "aws-otel-collector signoz kiali splunk otel-lgtm docker-otel-lgtm victoria-metrics uptime-kuma "
        "aspire-dashboard newrelic-infra skywalking-oap-server skywalking-ui elastic-agent",
    ),
    "cadvisor": KnownImage("observability", "root", has_healthcheck=True),
    **_table("infrastructure", "non-root", "keycloak pgadmin4 vault-agent adminer cert-manager-controller"),
    **_table("infrastructure", "steps-down", "vault consul localstack"),
    **_table(
        "infrastructure",
        None,
        "flagd phpmyadmin mongo-express redis-commander redisinsight mailhog mailpit maildev smtp4dev mailcatcher "
        "fake-smtp-server portainer portainer-ce watchtower registry eureka eureka-server config-server dex hydra "
        "kratos opa openldap osixia kafka-ui kafdrop kowl akhq cmak console kafka-manager redpanda-console dozzle "
        "flower zoonavigator mc cloud-sdk aws-cli localstack-pro moto wiremock mock-server mockserver swagger-ui "
        "swagger-editor gitea jenkins sonarqube nexus3 pause cloudsql-proxy cloud-sql-proxy gce-proxy step-ca "
        "unleash-server external-secrets sealed-secrets-controller git-sync linkerd-proxy ollama stripe-cli flyway "
        "liquibase migrate atlas temporal auto-setup temporal-ui ui admin-tools wait-for-it docker-wait wait "
        "dockerize k8s-wait-for",
    ),
    "proxyv2": KnownImage("sidecar"),
    "daprd": KnownImage("sidecar"),
    "envoy-proxy": KnownImage("sidecar"),
    **_table("test-tool", None, "locust k6 jmeter gatling vegeta hey wrk artillery selenium standalone-chrome newman"),
    **_table(
        "infrastructure",
        "root",
        "busybox alpine debian ubuntu centos fedora bash docker dind amazonlinux rockylinux almalinux archlinux",
    ),
}

GENERIC_NAMES = names(
    "server controller connect console agent ui migrate wait registry atlas dex auto-setup all-in-one"
)
"""Last parts that mean something only with their vendor before them."""

VENDORS = names(
    "couchbase confluentinc cp debezium ghcr.io/dexidp dexidp ory temporalio grafana jaegertracing migrate "
    "ingress-nginx mariadb mysql mcr.microsoft.com/mssql docker.redpanda.com/redpandadata redpandadata vectorized "
    "library arigaio groundnuty elastic datadog eventstore"
)

ROOT_BASES = names(
    "python node golang rust openjdk eclipse-temurin amazoncorretto maven gradle ruby php perl debian ubuntu "
    "alpine centos fedora busybox buildpack-deps oraclelinux rockylinux almalinux amazonlinux bun deno elixir "
    "erlang haskell swift sdk aspnet runtime runtime-deps uvicorn-gunicorn-fastapi uvicorn-gunicorn tiangolo "
    "miniconda3 miniconda anaconda3 micromamba pypy nginx httpd scratch static base static-debian11 "
    "static-debian12 base-debian11 base-debian12 cc python3 python3-debian11 python3-debian12 nodejs "
    "nodejs18-debian11 nodejs20-debian12 java java17-debian11 java17-debian12 java21-debian12 locust-base uv "
    "conda slim debian-slim bookworm jdk jre adoptopenjdk"
) - frozenset(("micromamba",))
"""Base images whose metadata names no user: what is built on them runs as root unless USER says otherwise."""


def find(repository: str) -> KnownImage | None:
    """What is known of the image with that repository (registry and path, no tag)."""
    parts = repository.lower().split("/")
    known = IMAGES.get(parts[-1])
    if known is None:
        return None
    if parts[-1] in GENERIC_NAMES and not (
        len(parts) > 1 and (parts[-2] in VENDORS or "/".join(parts[:-1]) in VENDORS)
    ):
        return None
    return known
