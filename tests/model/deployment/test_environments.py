from __future__ import annotations

from deployment_systems import build, deployment, service


def environments(files: dict[str, str]) -> dict[str, list[str]]:
    draft = build(files)
    return {
        one.name: [item.name for item in draft.workloads if item.environment == one.name] for one in draft.environments
    }


def test_directories_per_service_are_one_environment() -> None:
    assert environments({
        "src/auth/manifests/auth.yaml": deployment("auth"),
        "src/gateway/manifests/gateway.yaml": deployment("gateway"),
    }) == {"src": ["auth", "gateway"]}  # fmt: skip


def test_a_release_file_is_an_environment_of_its_own() -> None:
    both = deployment("auth") + "---\n" + deployment("orders")
    assert environments({
        "manifests/auth.yaml": deployment("auth"),
        "manifests/orders.yaml": deployment("orders"),
        "release/all.yaml": both,
    }) == {"manifests": ["auth", "orders"], "release": ["auth", "orders"]}  # fmt: skip


def test_alternatives_per_service_go_together_by_their_names() -> None:
    assert environments({
        "orders/dev/orders.yaml": deployment("orders"),
        "orders/prod/orders.yaml": deployment("orders"),
        "users/dev/users.yaml": deployment("users"),
        "users/prod/users.yaml": deployment("users"),
    }) == {".": ["orders", "users"], "orders/prod": ["orders", "users"]}  # fmt: skip


def test_files_of_one_directory_that_define_the_same_are_alternatives_and_share_the_rest() -> None:
    assert environments({
        "all.yaml": deployment("orders") + "---\n" + deployment("users"),
        "quick.yaml": deployment("orders"),
        "extra.yaml": deployment("ai"),
    }) == {".": ["orders", "users", "ai"], "quick.yaml": ["ai", "orders"]}  # fmt: skip


def test_a_directory_without_workloads_is_no_environment() -> None:
    assert environments({"mesh/orders.yaml": service("orders")}) == {}


def test_patches_are_no_workloads() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders\nspec:\n  replicas: 3\n"
    assert environments({
        "base/orders.yaml": deployment("orders"),
        "prod/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources:\n  - ../base\npatches:\n  - path: replicas.yaml\n",
        "prod/replicas.yaml": patch,
        "prod/unlisted.yaml": patch,
    }) == {"base": ["orders"]}  # fmt: skip


def test_an_overlay_for_development_is_not_production() -> None:
    draft = build({"k8s/dev/orders.yaml": deployment("orders"), "k8s/prod/orders.yaml": deployment("orders")})
    assert {one.name: one.is_production for one in draft.environments} == {"k8s/dev": False, "k8s/prod": True}


def test_a_service_selects_inside_its_own_environment() -> None:
    draft = build({
        "a/orders.yaml": deployment("orders") + "---\n" + service("orders"),
        "b/orders.yaml": deployment("orders"),
    })  # fmt: skip
    assert [(one.environment, [item.environment for item in one.workloads]) for one in draft.network_services] == [
        ("a", ["a"])
    ]
