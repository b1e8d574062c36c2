from __future__ import annotations

from reading import place, source

from archlint.core import tree
from archlint.core.facts import Gap
from archlint.core.facts.documents import (
    ComposeFile,
    HelmChart,
    HelmTemplate,
    HelmValues,
    KubernetesObject,
    Pipeline,
)
from archlint.core.source import Kind
from archlint.readers import compose, helm, kubernetes, pipeline


def test_objects_of_all_documents_are_read_and_lists_taken_apart() -> None:
    text = """\
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
---
note: no object
---
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: orders
"""
    service, deployment = kubernetes.read(source("k.yaml", text, Kind.KUBERNETES))
    assert isinstance(service, KubernetesObject) and isinstance(deployment, KubernetesObject)
    assert (service.kind, service.name, service.namespace, place(service.at)) == (
        "Service", "orders", "shop", (1, 1, 3, 42),
    )  # fmt: skip
    assert (deployment.api_version, deployment.name, deployment.namespace) == ("apps/v1", "orders", None)
    assert place(deployment.at) == (10, 5, 13, 19)


def test_items_of_a_typed_list_inherit_what_it_implies() -> None:
    text = '{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"generateName": "a-"}}]}'
    (pod,) = kubernetes.read(source("k.json", text, Kind.KUBERNETES))
    assert isinstance(pod, KubernetesObject)
    assert (pod.api_version, pod.kind, pod.name) == ("v1", "Pod", "a-")


def test_what_can_be_read_of_a_broken_manifest_is_read() -> None:
    facts = list(kubernetes.read(source("k.yaml", "apiVersion: v1\nkind: Pod\n---\na: b: c\n", Kind.KUBERNETES)))
    assert [type(fact) for fact in facts] == [KubernetesObject, Gap]
    assert facts[1].at.line == 4


def test_a_compose_file_is_its_tree() -> None:
    (fact,) = compose.read(source("compose.yaml", "services:\n  a:\n    image: x:${TAG:-1}\n", Kind.COMPOSE))
    assert isinstance(fact, ComposeFile)
    assert tree.text(fact.tree, "services", "a", "image") == "x:${TAG:-1}"


def test_the_files_of_a_chart_are_told_apart() -> None:
    (chart,) = helm.read(source("Chart.yaml", "name: shop\n", Kind.HELM_CHART))
    (values,) = helm.read(source("values.yaml", "a: 1\n", Kind.HELM_VALUES))
    (template,) = helm.read(source("templates/a.yaml", "a: {{ .Values.a }}\n", Kind.HELM_TEMPLATE))
    assert isinstance(chart, HelmChart) and chart.name == "shop"
    assert isinstance(values, HelmValues)
    assert isinstance(template, HelmTemplate) and place(template.at) == (1, 1, 2, 1)


def test_pipelines_are_known_by_their_paths() -> None:
    (github,) = pipeline.read(source(".github/workflows/ci.yml", "on: push\njobs: {}\n", Kind.PIPELINE))
    (jenkins,) = pipeline.read(source("Jenkinsfile", "pipeline {}", Kind.PIPELINE))
    assert isinstance(github, Pipeline) and isinstance(jenkins, Pipeline)
    assert (github.system, jenkins.system, jenkins.tree) == ("github", "jenkins", None)
    assert [one.key for one in tree.entries(github.tree)] == ["on", "jobs"]
