from __future__ import annotations

import pytest
from deployment_systems import APPLICATION, DOCKERFILE, build, deployment

from archlint.core.values import UNKNOWN, is_unknown
from archlint.model.deployment.compose_files import interpolate
from archlint.model.draft import Draft


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ("plain", True)),
        ("$TAG", ("7", True)),
        ("redis:${TAG}", ("redis:7", True)),
        ("${TAG:-8}", ("7", True)),
        ("${EMPTY:-8}", ("8", True)),
        ("${EMPTY-8}", ("", True)),
        ("${NONE:-${TAG}}", ("7", True)),
        ("${NONE:-}", ("", True)),
        ("${TAG:+set}", ("set", True)),
        ("${NONE}", ("${NONE}", False)),
        ("${NONE:?must be set}", ("${NONE:?must be set}", False)),
        ("$$TAG costs 5$", ("$TAG costs 5$", True)),
        ("${TAG", ("${TAG", True)),
    ],
)
def test_interpolation_follows_the_specification(text: str, expected: tuple[str, bool]) -> None:
    assert interpolate(text, {"TAG": "7", "EMPTY": ""}) == expected


def variables(draft: Draft, workload: str) -> dict[str, object]:
    (container,) = [one for one in draft.containers if one.workload == workload]
    return {one.name: UNKNOWN if is_unknown(one.value) else one.value for one in container.variables}


def test_values_come_from_the_env_file_beside_it_and_an_example_sets_nothing() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              orders:
                image: registry.example.com/orders:1.0.0
                env_file: orders.env
                environment:
                  - HOST=db
                  - URL=postgres://${DB_USER}@db/${DB_NAME:-orders}
                  - PASSWORD=${DB_PASSWORD}
                  - PASSED
            """,
        ".env": "DB_USER=shop\n",
        ".env.example": "DB_PASSWORD=changeme\n",
        "orders.env": "MODE=fast\nHOST=other\n",
    })  # fmt: skip
    assert variables(draft, "orders") == {
        "MODE": "fast", "HOST": "db", "URL": "postgres://shop@db/orders", "PASSWORD": UNKNOWN, "PASSED": UNKNOWN
    }  # fmt: skip
    (url,) = [one for one in draft.containers[0].variables if one.name == "URL"]
    assert (url.at.path, url.at.line, [place.at.line for place in url.chain]) == (".env", 1, [7])


def test_a_line_of_an_env_file_may_use_those_above_it() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              orders:
                image: registry.example.com/orders:1.0.0
                environment:
                  - STOCK_ADDRESS
                  - URL=http://${STOCK_ADDRESS}
            """,
        ".env": "STOCK_PORT=50051\nSTOCK_ADDRESS=stock:${STOCK_PORT}\n",
    })  # fmt: skip
    assert variables(draft, "orders") == {"STOCK_ADDRESS": "stock:50051", "URL": "http://stock:50051"}


def test_an_override_is_laid_over_its_base_and_is_not_production() -> None:
    draft = build({
        "docker-compose.yml": "services:\n  orders:\n    image: a/orders:1\n    environment: {A: '1', B: '2'}\n",
        "docker-compose.override.yml": "services:\n  orders:\n    environment: [B=3]\n    user: root\n",
    })  # fmt: skip
    found = [
        (one.environment, one.is_production, {each.name: each.value for each in one.variables})
        for one in draft.containers
    ]
    assert found == [
        ("docker-compose.override.yml", False, {"A": "1", "B": "3"}),
        ("docker-compose.yml", True, {"A": "1", "B": "2"}),
    ]


def test_extends_takes_over_all_but_dependencies() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              base:
                image: a/orders:1
                depends_on: [db]
                environment: {A: one}
              orders:
                extends: base
                environment: {B: two}
              db:
                image: postgres:17.1
            """,
    })  # fmt: skip
    assert variables(draft, "orders") == {"A": "one", "B": "two"}


def test_ports_ranges_and_loopback_are_read() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              orders:
                image: a/orders:1
                ports: ["127.0.0.1:8001:80", "9000-9001:9000-9001/udp", 7000, {target: 5, published: 6}]
                expose: ["4"]
            """,
    })  # fmt: skip
    found = [(one.number, one.host_port, one.host_ip, one.protocol) for one in draft.containers[0].ports]
    assert found == [
        (80, 8001, "127.0.0.1", "TCP"),
        (9000, 9000, None, "UDP"),
        (9001, 9001, None, "UDP"),
        (7000, None, None, "TCP"),
        (5, 6, None, "TCP"),
        (4, None, None, "TCP"),
    ]


def test_hosts_are_all_names_of_a_service() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              db:
                image: postgres:17.1
                container_name: shop-db
                hostname: dbhost
                networks: {default: {aliases: [database]}}
              orders:
                image: a/orders:1
                links: ["db:store"]
            """,
    })  # fmt: skip
    assert draft.network_services[0].hosts == ("db", "shop-db", "dbhost", "database", "store")


def test_a_compose_file_beside_manifests_of_the_same_services_is_not_production() -> None:
    files = {
        "compose.yaml": "services:\n  orders:\n    build: ./orders\n",
        "orders/Dockerfile": DOCKERFILE,
        "orders/app.py": APPLICATION,
    }
    assert [one.is_production for one in build(files).environments] == [True]
    files["k8s/orders.yaml"] = deployment("orders")
    assert {one.kind: one.is_production for one in build(files).environments} == {"kubernetes": True, "compose": False}


def test_what_another_service_waits_for_to_end_is_no_long_running_container() -> None:
    draft = build({
        "compose.yaml": """\
            services:
              topics:
                image: a/topics:1
              orders:
                image: a/orders:1
                depends_on:
                  topics: {condition: service_completed_successfully}
            """,
    })  # fmt: skip
    assert {one.name: one.is_long_running for one in draft.containers} == {"topics": False, "orders": True}


def test_a_disabled_health_check_is_none() -> None:
    draft = build({"compose.yaml": "services:\n  a:\n    image: a/b:1\n    healthcheck: {disable: true}\n"})
    assert draft.containers[0].liveness is None
