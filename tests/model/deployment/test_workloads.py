from __future__ import annotations

from deployment_systems import build, deployment, service

from archlint.core.system.workloads import Namespace
from archlint.core.values import UNKNOWN


def test_a_native_sidecar_is_a_sidecar_and_an_init_container_ends() -> None:
    text = deployment("orders") + (
        "      initContainers:\n"
        "        - name: shipper\n          image: a/shipper:1.0.0\n          restartPolicy: Always\n"
        "        - name: migrate\n          image: registry.example.com/orders:1.0.0\n"
    )
    found = {one.name: (one.kind, one.is_long_running) for one in build({"k8s/orders.yaml": text}).containers}
    assert found == {"orders": ("app", True), "shipper": ("sidecar", True), "migrate": ("init", False)}


def test_the_pods_context_holds_where_the_container_says_nothing() -> None:
    text = deployment("orders") + "      securityContext:\n        runAsUser: 1000\n      hostPID: true\n"
    security = build({"k8s/orders.yaml": text}).containers[0].security
    assert security is not None
    assert (security.runs_as_root, security.allows_escalation, security.host_namespaces) == (False, True, ("hostPID",))


def test_the_line_of_a_container_is_its_name() -> None:
    assert build({"k8s/orders.yaml": deployment("orders")}).containers[0].at.line == 12


def test_traffic_reaches_the_container_that_declares_the_port_else_the_first() -> None:
    ports = "          ports:\n            - containerPort: 9000\n"
    second = "        - name: web\n          image: registry.example.com/web:1.0.0\n" + ports.replace("9000", "8080")
    draft = build({
        "k8s/orders.yaml": deployment("orders", more=ports + second),
        "k8s/service.yaml": service("orders", "{port: 80, targetPort: 8080}"),
        "k8s/users.yaml": deployment("users", more=ports),
        "k8s/users-service.yaml": service("users", "{port: 80, targetPort: 7}"),
    })  # fmt: skip
    assert {one.name: one.is_behind_service for one in draft.containers} == {
        "orders": False,
        "web": True,
        "users": True,
    }


def test_a_limit_range_of_the_namespace_fills_the_gaps() -> None:
    limits = (
        "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: defaults\nspec:\n  limits:\n"
        "    - type: Container\n      default: {memory: 256Mi}\n      defaultRequest: {cpu: 100m}\n"
    )
    own = "          resources:\n            limits: {cpu: 1}\n"
    found = build({"k8s/a.yaml": limits, "k8s/b.yaml": deployment("orders", more=own)}).containers[0].resources
    assert found is not None
    assert (found.cpu_request, found.cpu_limit, found.memory_request, found.memory_limit) == (
        "100m", "1", "256Mi", "256Mi"
    )  # fmt: skip


def test_an_autoscaler_and_a_budget_find_their_workload() -> None:
    scaler = (
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: a\n"
        "spec:\n  scaleTargetRef:\n    name: orders\n"
    )
    budget = (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: b\nspec:\n  selector:\n"
        "    matchLabels: {app: orders}\n"
    )
    draft = build({"k8s/a.yaml": scaler, "k8s/b.yaml": budget, "k8s/c.yaml": deployment("orders")})
    assert [(one.is_autoscaled, one.has_disruption_budget) for one in draft.workloads] == [(True, True)]


def test_a_policy_covers_its_own_namespace() -> None:
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\n  namespace: {}\n"
        "spec:\n  podSelector: {{}}\n"
    )
    draft = build({
        "k8s/a.yaml": deployment("orders", namespace="shop"),
        "k8s/b.yaml": deployment("bills", namespace="billing"),
        "k8s/c.yaml": policy.format("billing"),
    })  # fmt: skip

    assert {one.name: one.has_network_policy for one in draft.select(Namespace)} == {"shop": False, "billing": True}


def test_a_replica_count_that_is_a_placeholder_is_unknown() -> None:
    text = deployment("orders").replace("spec:\n  template", "spec:\n  replicas: ${REPLICAS}\n  template")
    found = build({"k8s/orders.yaml": text}).workloads[0]
    assert (found.replicas, found.replicas_at.line if found.replicas_at else None) == (UNKNOWN, 6)
