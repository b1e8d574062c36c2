"""What part a container plays, from its image, its names and the kind of its workload."""

from __future__ import annotations

from collections.abc import Collection

from archlint.model.deployment import known_images
from archlint.model.paths import names, words

_TEST_TOOLS = names(
    "loadgenerator loadgen loadtest loadtests loadtester locust k6 jmeter gatling artillery vegeta stresstest "
    "playwright cypress selenium newman"
)
_TEST_TOOL_PAIRS = (
    ("load", "generator"),
    ("load", "gen"),
    ("load", "test"),
    ("load", "tester"),
    ("traffic", "generator"),
)
_STORE_PORTS = frozenset((3306, 5432, 27017, 6379, 1433, 1521, 9042, 5984, 11211, 9200, 9300, 33060))
_BROKER_PORTS = frozenset((5672, 15672, 9092, 2181, 4222, 61616, 1883))
_STORE_WORDS = names("db database mysql mysqldb mongo mongodb postgres postgresql postgresdb redis mariadb memcached")
_BROKER_WORDS = names("rabbitmq kafka zookeeper nats activemq mosquitto")
_ONE_SHOT = names("migrate migration migrations migrator seed seeder init initdb dbinit setup bootstrap provision")


def is_test_tool(name: str) -> bool:
    """Whether a workload or directory is called like a load generator."""
    parts = words(name)
    return any(part in _TEST_TOOLS for part in parts) or any(
        pair == parts[index : index + 2] for pair in _TEST_TOOL_PAIRS for index in range(len(parts))
    )


def is_one_shot(name: str) -> bool:
    """Whether a compose service is called like a task that ends: a migration, a seed, a set-up."""
    return any(part in _ONE_SHOT for part in words(name))


def role_of(repository: str | None, name: str, workload_kind: str, ports: Collection[int] = ()) -> str:
    """The role of a container. ``service`` stands for whatever is no infrastructure, job or test tool.

    An image that nobody knows is a datastore or broker where its last word and the ports that it declares say so.
    """
    if workload_kind in ("Job", "CronJob"):
        return "job"
    found = known_images.find(repository) if repository else None
    if found is not None:
        return found.role
    if is_test_tool(name):
        return "test-tool"
    last = words(repository.rpartition("/")[2])[-1:] if repository else ()
    for role, known_words, known_ports in (
        ("datastore", _STORE_WORDS, _STORE_PORTS),
        ("broker", _BROKER_WORDS, _BROKER_PORTS),
    ):
        if ports and known_ports.issuperset(ports) and known_words.intersection(last):
            return role
    return "service"
