from __future__ import annotations

from deployment_systems import build, deployment, service

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.model.deployment.environments import deployed
from archlint.model.draft import Draft

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
BASE = {
    "base/kustomization.yaml": HEAD + "resources:\n  - orders.yaml\n",
    "base/orders.yaml": deployment("orders"),
}


def overlay(text: str, **more: str) -> Draft:
    files = {f"prod/{name.replace('__', '.')}": content for name, content in more.items()}
    return build({**BASE, "prod/kustomization.yaml": HEAD + "resources:\n  - ../base\n" + text, **files})


def only(draft: Draft, kind: str, environment: str = "prod") -> KubernetesObject:
    objects = [object_ for one in deployed(draft) if one.environment.name == environment for object_ in one.objects]
    (found,) = [one for one in objects if one.kind == kind]
    return found


def container(draft: Draft) -> tree.Mapping:
    node = tree.get(only(draft, "Deployment").tree, "spec", "template", "spec", "containers", 0)
    assert isinstance(node, tree.Mapping)
    return node


def test_a_base_is_judged_through_its_overlays_only() -> None:
    draft = build({
        **BASE,
        "dev/kustomization.yaml": HEAD + "resources: [../base]\n",
        "prod/kustomization.yaml": HEAD + "resources: [../base]\n",
    })  # fmt: skip
    assert [(one.name, one.kind, one.is_production) for one in draft.environments] == [
        ("dev", "kustomize", False),
        ("prod", "kustomize", True),
    ]
    assert [(str(one.at), one.overlays) for one in draft.workloads] == [("base/orders.yaml:4:3", ("dev", "prod"))] * 2


def test_overlays_of_one_base_in_different_namespaces_are_alternatives() -> None:
    draft = build({
        **BASE,
        "one/kustomization.yaml": HEAD + "namespace: one\nresources: [../base]\n",
        "two/kustomization.yaml": HEAD + "namespace: two\nresources: [../base]\n",
    })  # fmt: skip
    assert [(one.environment, one.namespace) for one in draft.workloads] == [("one", "one"), ("two", "two")]


def test_a_strategic_patch_merges_containers_and_variables_by_name_and_keeps_places() -> None:
    patch = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: orders
          env:
            - name: LEVEL
              value: info
        - name: proxy
          image: envoy:1.30
"""
    draft = overlay("patches:\n  - path: patch.yaml\n", patch__yaml=patch)
    (workload,) = draft.workloads
    assert (workload.replicas, str(workload.replicas_at), str(workload.at)) == (
        3,
        "prod/patch.yaml:6:3",
        "base/orders.yaml:4:3",
    )
    assert [(one.name, str(one.at)) for one in workload.containers] == [
        ("orders", "prod/patch.yaml:10:11"),
        ("proxy", "prod/patch.yaml:14:11"),
    ]
    assert [(one.name, one.value, str(one.at)) for one in workload.containers[0].variables] == [
        ("LEVEL", "info", "prod/patch.yaml:13:15")
    ]
    assert tree.text(container(draft), "image") == "registry.example.com/orders:1.0.0"


def test_an_inline_patch_stands_at_its_own_lines() -> None:
    draft = overlay(
        """\
patches:
  - target:
      kind: Deployment
      name: ord.*
    patch: |-
      - op: add
        path: /spec/replicas
        value: 4
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: orders:2.0
"""
    )
    (workload,) = draft.workloads
    assert (workload.replicas, str(workload.replicas_at)) == (4, "prod/kustomization.yaml:12:9")
    image = workload.containers[0].image
    assert image is not None
    assert (image.tag, str(image.at)) == ("2.0", "prod/kustomization.yaml:15:9")


def test_patches_delete_and_replace() -> None:
    draft = build({
        "base/kustomization.yaml": HEAD + "resources: [orders.yaml, worker.yaml]\n",
        "base/orders.yaml": deployment("orders"),
        "base/worker.yaml": deployment("worker"),
        "prod/kustomization.yaml": HEAD + "resources: [../base]\npatchesStrategicMerge: [no-worker.yaml]\n",
        "prod/no-worker.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: worker\n$patch: delete\n",
    })  # fmt: skip
    assert [one.name for one in draft.workloads] == ["orders"]


def test_images_and_replicas_stand_in_the_kustomization() -> None:
    draft = overlay(
        "images:\n  - name: registry.example.com/orders\n    newTag: latest\n"
        "replicas:\n  - name: orders\n    count: 5\n"
    )
    (workload,) = draft.workloads
    assert (workload.replicas, str(workload.replicas_at)) == (5, "prod/kustomization.yaml:10:5")
    image = workload.containers[0].image
    assert image is not None
    assert (image.name, str(image.at), image.is_mutable) == (
        "registry.example.com/orders:latest",
        "prod/kustomization.yaml:7:5",
        True,
    )


def test_generated_configuration_reaches_variables_under_a_prefixed_name() -> None:
    draft = build({
        "kustomization.yaml": HEAD + "namePrefix: shop-\nresources: [orders.yaml]\n"
        "configMapGenerator:\n  - name: settings\n    literals:\n      - URL=http://stock\n    envs: [app.env]\n",
        "orders.yaml": deployment(
            "orders", more="          envFrom:\n            - configMapRef:\n                name: settings\n"
        ),
        "app.env": "LEVEL=info\n",
    })  # fmt: skip
    (workload,) = draft.workloads
    assert workload.name == "shop-orders"
    assert [(one.name, one.value, str(one.at)) for one in workload.containers[0].variables] == [
        ("URL", "http://stock", "kustomization.yaml:8:9"),
        ("LEVEL", "info", "app.env:1:7"),
    ]


def test_common_labels_reach_selectors_and_pods() -> None:
    draft = build({
        "kustomization.yaml": HEAD + "commonLabels:\n  tier: shop\nresources: [orders.yaml, service.yaml]\n",
        "orders.yaml": deployment("orders"),
        "service.yaml": service("orders"),
    })  # fmt: skip
    (workload,) = draft.workloads
    assert dict(workload.labels) == {"app": "orders", "tier": "shop"}
    assert [one.name for one in workload.selected_by] == ["orders"]


def test_components_are_laid_over_and_deploy_nothing_by_themselves() -> None:
    draft = build({
        **BASE,
        "prod/kustomization.yaml": HEAD + "resources: [../base]\ncomponents: [../extra]\n",
        "extra/kustomization.yaml": COMPONENT + "resources: [a.yaml]\n",
        "extra/a.yaml": deployment("audit"),
        "unused/kustomization.yaml": COMPONENT + "resources: [b.yaml]\n",
        "unused/b.yaml": deployment("never"),
    })  # fmt: skip
    assert sorted((one.environment, one.name) for one in draft.workloads) == [("prod", "audit"), ("prod", "orders")]


def test_a_remote_base_leaves_the_environment_incomplete() -> None:
    draft = overlay("  - https://example.com/stock?ref=v1\n")
    assert [one.is_complete for one in draft.environments] == [False]


def test_a_patch_that_does_not_fit_is_a_gap_and_the_rest_goes_on() -> None:
    draft = overlay(
        "patches:\n  - target:\n      kind: Deployment\n    patch: |-\n"
        "      - op: remove\n        path: /spec/nothing\n"
    )
    assert [(str(one.at), one.kind) for one in draft.gaps] == [("prod/kustomization.yaml:6:5", "template")]
    assert [one.name for one in draft.workloads] == ["orders"]


def test_an_annotation_can_be_added_where_there_is_none_yet() -> None:
    draft = overlay(
        "patches:\n  - target:\n      kind: Deployment\n    patch: |-\n"
        "      - op: add\n        path: /metadata/annotations/example.com~1team\n        value: shop\n"
    )
    assert list(draft.gaps) == []
    assert tree.text(only(draft, "Deployment").tree, "metadata", "annotations", "example.com/team") == "shop"


def test_kustomizations_in_a_circle_end() -> None:
    draft = build({
        "a/kustomization.yaml": HEAD + "resources: [../b]\n",
        "b/kustomization.yaml": HEAD + "resources: [../a]\n",
        "c/kustomization.yaml": HEAD + "resources: [../a, orders.yaml]\n",
        "c/orders.yaml": deployment("orders"),
    })  # fmt: skip
    assert [(one.name, one.is_complete) for one in draft.environments] == [("c", False)]


def test_a_replacement_sets_a_field_and_what_is_not_found_is_not_known() -> None:
    text = (
        "replacements:\n  - source:\n      kind: Service\n      name: orders\n    targets:\n      - select:\n"
        "          kind: Deployment\n        fieldPaths:\n"
        "          - spec.template.spec.containers.[name=orders].image\n"
    )
    assert tree.text(container(overlay(text)), "image") is None
    draft = overlay(text.replace("kind: Service", "kind: Deployment"))
    assert tree.text(container(draft), "image") == "orders"
