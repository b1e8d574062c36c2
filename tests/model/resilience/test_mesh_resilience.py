"""Retries and breakers of meshes and proxies, by the host that requests lead to."""

from __future__ import annotations

import json

import pytest
from resilient_systems import guarded, repeated

CALL = 'import requests\nrequests.get("http://inventory:8000/items", timeout=2)\n'


def rendered(api: str, kind: str, name: str, spec: object, annotations: object = None) -> str:
    return json.dumps(
        {"apiVersion": api, "kind": kind, "metadata": {"name": name, "annotations": annotations or {}}, "spec": spec}
    )


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            rendered(
                "gateway.networking.k8s.io/v1",
                "HTTPRoute",
                "inventory",
                {"rules": [{"retry": {"attempts": 3}, "backendRefs": [{"name": "inventory", "port": 8000}]}]},
            ),
            "the mesh",
        ),
        (
            rendered(
                "linkerd.io/v1alpha2",
                "ServiceProfile",
                "inventory.shop.svc.cluster.local",
                {"routes": [{"name": "GET /items", "isRetryable": True}]},
            ),
            "Linkerd",
        ),
        (rendered("v1", "Service", "inventory", {}, {"retry.linkerd.io/http": "5xx"}), "Linkerd"),
        (rendered("networking.istio.io/v1", "EnvoyFilter", "any", {"patch": {"retry_policy": {}}}), "?"),
        (rendered("networking.istio.io/v1", "EnvoyFilter", "any", {"patch": {"rate_limit": {}}}), None),
        (
            rendered(
                "networking.istio.io/v1",
                "VirtualService",
                "inventory",
                {"hosts": ["inventory"], "gateways": ["public"], "http": [{"retries": {"attempts": 3}, "route": []}]},
            ),
            None,
        ),
        (
            rendered(
                "networking.istio.io/v1",
                "VirtualService",
                "prices",
                {"hosts": ["prices"], "http": [{"retries": {"attempts": 3}, "route": []}]},
            ),
            None,
        ),
    ],
)
def test_a_mesh_repeats_requests_to_the_hosts_that_it_names(manifest: str, expected: str | None) -> None:
    assert repeated({"orders/app.py": CALL, "mesh.yaml": manifest}) == [("GET inventory:8000/items", expected)]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (rendered("v1", "Service", "inventory", {}, {"balancer.linkerd.io/failure-accrual": "consecutive"}), "Linkerd"),
        (rendered("kuma.io/v1alpha1", "MeshCircuitBreaker", "any", {}), "?"),
        (
            rendered(
                "networking.istio.io/v1",
                "DestinationRule",
                "all",
                {"host": "*.local", "trafficPolicy": {"outlierDetection": {}}},
            ),
            "outlier detection",
        ),
    ],
)
def test_a_mesh_breaks_the_circuit_to_the_hosts_that_it_names(manifest: str, expected: str) -> None:
    assert guarded({"orders/app.py": CALL, "mesh.yaml": manifest}) == [("GET inventory:8000/items", expected)]


def test_what_holds_inside_the_cluster_says_nothing_of_the_outside() -> None:
    spec = {"host": "*", "trafficPolicy": {"outlierDetection": {}}}
    files = {
        "orders/app.py": 'import requests\nrequests.get("https://inventory.example.com/items", timeout=2)\n',
        "mesh.yaml": rendered("networking.istio.io/v1", "DestinationRule", "all", spec),
    }
    assert guarded(files) == [("GET inventory.example.com/items", None)]


def test_envoys_own_configuration_counts_by_the_hosts_of_its_clusters() -> None:
    address = {"endpoint": {"address": {"socket_address": {"address": "inventory", "port_value": 8000}}}}
    cluster = {
        "name": "stock",
        "outlier_detection": {"consecutive_5xx": 5},
        "load_assignment": {"endpoints": [{"lb_endpoints": [address]}]},
    }
    route = {"route": {"cluster": "stock", "retry_policy": {"retry_on": "5xx"}}}
    files = {
        "orders/app.py": CALL,
        "envoy.json": json.dumps({"static_resources": {"clusters": [cluster]}, "virtual_hosts": [{"routes": [route]}]}),
    }
    assert guarded(files) == [("GET inventory:8000/items", "Envoy's outlier detection")]
    assert repeated(files) == [("GET inventory:8000/items", "Envoy")]
