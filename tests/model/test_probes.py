"""Probes: paths against routes, ports against what the image and the container say."""

from __future__ import annotations

import pytest

from archlint.config import Config
from archlint.core.span import start_of
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, EnvironmentVariable, ImageBuild, Port, Probe
from archlint.core.values import UNKNOWN, Unknown, is_unknown
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.probes import add_probe_service
from archlint.model.program import Program

HERE = start_of("k8s.yaml")


def served(
    routes: list[str | Unknown],
    *,
    path: str | None = "/health",
    port: int | str | None = None,
    command: str | None = None,
    exposed: tuple[int, ...] = (),
    declared: tuple[int, ...] = (),
    variables: tuple[str, ...] = (),
    platform: str = "kubernetes",
) -> bool | str:
    """Whether one probe of a Flask service is served."""
    draft = Draft(FactIndex([]), Config(), Program([]))
    found = tuple(
        Route(at=HERE, name=str(one), key=str(one), service="orders", protocol="http", path=one, methods=("GET",))
        for one in routes
    )
    service = Service(
        at=HERE, name="orders", key="orders", directory="orders", is_read=True, frameworks=("flask",), routes=found
    )
    probe = Probe(
        at=HERE,
        name="probe",
        key="probe",
        kind="liveness",
        mechanism="exec" if command else "http",
        workload="orders",
        container="orders",
        path=path,
        port=port,
        command=command,
    )
    container = Container(
        at=HERE,
        name="orders",
        key="orders",
        kind="app",
        platform=platform,
        workload="orders",
        workload_kind="Deployment",
        environment="k8s",
        service="orders",
        probes=(probe,),
        ports=tuple(Port(at=HERE, name=str(one), key=str(one), number=one) for one in declared),
        variables=tuple(
            EnvironmentVariable(at=HERE, name="PORT", key="PORT", value=one, source="literal") for one in variables
        ),
    )
    build = ImageBuild(
        at=HERE, name="orders", key="orders", path="Dockerfile", context="", service="orders", exposed_ports=exposed
    )
    draft.add(service, container, probe, build)
    add_probe_service(draft)
    return "unknown" if is_unknown(probe.served) else probe.served  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("routes", "path", "expected"),
    [
        (["/health"], "/health", True),
        (["/health/"], "/health", True),
        (["/health"], "/health?full=1", True),
        (["/orders/{id}"], "/orders/1", True),
        (["/healthz"], "/health", False),
        (["/orders/{id}"], "/health", False),
        (["/healthz", UNKNOWN], "/health", "unknown"),
        ([], "/health", "unknown"),
        (["/healthz"], None, "unknown"),
    ],
)
def test_a_path_is_judged_where_all_routes_are_known(
    routes: list[str | Unknown], path: str | None, expected: bool | str
) -> None:
    assert served(routes, path=path) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("CMD curl -f http://localhost:8000/health", True),
        ("CMD-SHELL wget -qO- http://orders:8000/live || exit 1", False),
        ("CMD curl -f http://other:8000/live", "unknown"),
        ("CMD pg_isready", "unknown"),
        ("CMD curl -f http://localhost:$PORT/live", "unknown"),
    ],
)
def test_a_command_that_asks_its_own_url_is_a_request(command: str, expected: bool | str) -> None:
    assert served(["/health"], command=command) == expected


def test_a_port_is_wrong_where_image_and_container_agree_on_another() -> None:
    assert served(["/health"], port=80, exposed=(8080,), declared=(8080,)) is False
    assert served(["/health"], port=8080, exposed=(8080,), declared=(8080,)) is True
    assert served(["/health"], port=80, exposed=(8080,)) is True
    assert served(["/health"], port=80, exposed=(8080,), declared=(9090,)) is True
    assert served(["/health"], port=80, exposed=(8080,), declared=(8080,), variables=("80",)) is True


def test_a_port_name_must_be_declared() -> None:
    assert served(["/health"], port="http", declared=(8080,)) is False
    assert served(["/health"], port="http", declared=(8080,), platform="compose") is True
