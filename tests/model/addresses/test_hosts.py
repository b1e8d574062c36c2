"""Hosts in values: which there are, and of what kind."""

from __future__ import annotations

import pytest

from archlint.model.addresses.hosts import addresses_in, kind_of


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ORDERS_URL", "http://orders:8080/api", [("orders", 8080)]),
        ("MONGO", "mongodb://user:pw@a:27017,b:27018/shop", [("a", 27017), ("b", 27018)]),
        ("BROKERS", "kafka-0:9092,kafka-1:9092", [("kafka-0", 9092), ("kafka-1", 9092)]),
        ("REDIS_HOST", "redis", [("redis", None)]),
        ("PAYMENTS_ADDR", "payments.shop.svc.cluster.local:50051", [("payments.shop.svc.cluster.local", 50051)]),
        ("LOG_LEVEL", "info", []),
        ("IMAGE", "postgres:14", []),
        ("START_TIME", "12:30", []),
        ("HOST", "0.0.0.0", []),
        ("REDIS_HOST", "true", []),
    ],
)
def test_values_name_hosts_as_urls_lists_and_plain_names(
    name: str, value: str, expected: list[tuple[str, int | None]]
) -> None:
    assert [(one.host, one.port) for one in addresses_in(name, value)] == expected


def test_an_origin_or_bind_address_is_no_call_target() -> None:
    assert [one.is_call_target for one in addresses_in("CORS_ORIGINS", "http://10.1.2.3")] == [False]
    assert [one.is_call_target for one in addresses_in("INVENTORY_URL", "http://10.1.2.3")] == [True]


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("10.0.0.7", "ip"),
        ("127.0.0.1", "loopback"),
        ("localhost", "loopback"),
        ("0.0.0.0", "bind"),
        ("169.254.169.254", "metadata"),
        ("orders", "in-cluster"),
        ("orders.shop", "in-cluster"),
        ("orders.other", "external"),
        ("orders.other.svc", "in-cluster"),
        ("host.docker.internal", "external"),
        ("api.example.com", "external"),
        ("FRONTEND_IP_ADDRESS", "template"),
        ("${HOST}", "template"),
    ],
)
def test_hosts_are_told_apart_by_their_form_and_the_namespaces(host: str, kind: str) -> None:
    assert kind_of(host, {"shop"}) == kind
