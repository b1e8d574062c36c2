"""Which workloads a mesh takes in: by labels and annotations of the pod, else of its namespace."""

from __future__ import annotations

import pytest
from deployment_systems import build

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  namespace: shop
spec:
  template:
    metadata:
      {kind}:
        {marker}
    spec:
      containers:
        - name: orders
          image: registry.example.com/orders:1.0.0
"""
NAMESPACE = "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    {label}\n"


@pytest.mark.parametrize(
    ("kind", "marker", "expected"),
    [
        ("labels", 'sidecar.istio.io/inject: "true"', True),
        ("annotations", 'sidecar.istio.io/inject: "false"', False),
        ("labels", "istio.io/rev: stable", True),
        ("annotations", "linkerd.io/inject: enabled", True),
        ("annotations", 'consul.hashicorp.com/connect-inject: "true"', True),
        ("labels", "kuma.io/sidecar-injection: enabled", True),
        ("labels", "app: orders", False),
    ],
)
def test_a_pod_says_that_a_mesh_takes_it_in(kind: str, marker: str, expected: bool) -> None:
    (workload,) = build({"k8s/orders.yaml": POD.format(kind=kind, marker=marker)}).workloads
    assert workload.is_meshed is expected


@pytest.mark.parametrize(
    ("label", "marker", "expected"),
    [
        ("istio-injection: enabled", "app: orders", True),
        ("istio.io/dataplane-mode: ambient", "app: orders", True),
        ("kuma.io/sidecar-injection: enabled", "app: orders", True),
        ("istio-injection: disabled", "app: orders", False),
        ("istio-injection: enabled", 'sidecar.istio.io/inject: "false"', False),
    ],
)
def test_a_namespace_says_so_for_its_pods_unless_they_object(label: str, marker: str, expected: bool) -> None:
    text = POD.format(kind="labels", marker=marker) + NAMESPACE.format(label=label)
    (workload,) = build({"k8s/orders.yaml": text}).workloads
    assert workload.is_meshed is expected
