from __future__ import annotations

from deployment_systems import APPLICATION, DOCKERFILE, build, deployment

from archlint.config import Config, ServiceConfig
from archlint.model.draft import Draft


def services(draft: Draft) -> list[tuple[str, str | None, str, bool, list[str]]]:
    return [
        (one.name, one.directory, one.role, one.is_read, [item.environment for item in one.workloads])
        for one in draft.services
    ]


def test_one_service_across_compose_and_manifests() -> None:
    draft = build({
        "orders/Dockerfile": DOCKERFILE,
        "orders/app.py": APPLICATION,
        "compose.yaml": "services:\n  orders:\n    build: ./orders\n  db:\n    image: postgres:17.1\n",
        "k8s/orders.yaml": deployment("orders", "ghcr.io/shop/orders-service:1.0.0"),
    })  # fmt: skip
    assert services(draft) == [("orders", "orders", "service", True, ["compose.yaml", "k8s"])]
    assert [str(place.at) for place in draft.services[0].entry_points] == ["orders/app.py:3:7"]
    assert str(draft.services[0].at) == "orders/app.py:3:7"


def test_compose_files_in_a_folder_of_their_own_build_from_the_root() -> None:
    for written in ("orders", "$PWD/orders", "${PWD}/orders", "../orders"):
        draft = build({
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": APPLICATION,
            "compose/shop.yml": f"services:\n  buying:\n    build: {written}\n",
        })  # fmt: skip
        assert services(draft) == [("buying", "orders", "service", True, ["compose/shop.yml"])]


def test_a_folder_called_like_an_official_image_is_no_base_image() -> None:
    draft = build({
        "node-service/Dockerfile": "FROM node:22\nCOPY . .\nCMD [\"npm\", \"start\"]\n",
        "node-service/app.js": "start()\n",
        "company-base/Dockerfile": "FROM python:3.13\nCOPY . .\n",
        "company-base/tools.py": "VALUE = 1\n",
        "orders/Dockerfile": DOCKERFILE.replace("python:3.12-slim", "company-base:1.0"),
        "orders/app.py": APPLICATION,
    })  # fmt: skip
    assert [(name, is_read) for name, _, _, is_read, _ in services(draft)] == [
        ("node-service", False),
        ("orders", True),
    ]


def test_a_release_and_its_chart_of_one_name_give_that_name_once() -> None:
    draft = build({
        "apps/orders/Dockerfile": DOCKERFILE,
        "apps/orders/app.py": APPLICATION,
        "k8s/orders.yaml": deployment("orders-orders", "ghcr.io/shop/orders:1.0.0"),
    })  # fmt: skip
    assert [name for name, *_ in services(draft)] == ["orders"]


def test_processes_of_one_code_base_are_one_service() -> None:
    draft = build({
        "shop/Dockerfile": DOCKERFILE,
        "shop/app.py": APPLICATION,
        "compose.yaml": "services:\n  web:\n    build: ./shop\n  worker:\n    build: ./shop\n    command: run\n",
    })  # fmt: skip
    assert services(draft) == [("shop", "shop", "service", True, ["compose.yaml", "compose.yaml"])]


def test_without_manifests_directories_with_an_application_are_services_and_libraries_are_not() -> None:
    draft = build({
        "orders/requirements.txt": "flask\n",
        "orders/web/app.py": APPLICATION,
        "kitchen/requirements.txt": "flask\n",
        "kitchen/app.py": APPLICATION,
        "common/requirements.txt": "flask\n",
        "common/tools.py": "VALUE = 1\n",
        "orders/tests/test_app.py": APPLICATION,
    })  # fmt: skip
    assert services(draft) == [
        ("kitchen", "kitchen", "service", True, []),
        ("orders", "orders", "service", True, []),
    ]


def test_containers_of_the_same_name_in_different_workloads_stay_apart() -> None:
    files = {
        f"k8s/{name}.yaml": deployment(name, f"a/{name}:1").replace(f"- name: {name}", "- name: server")
        for name in ("orders", "users")
    }
    assert [one.name for one in build(files).services] == ["orders", "users"]


def test_two_services_in_one_pod_keep_their_own_names() -> None:
    second = "        - name: notifications\n          image: a/notifications:1\n"
    draft = build({
        "k8s/pricing.yaml": deployment("pricing", "a/pricing:1", more=second),
        "pricing/Dockerfile": DOCKERFILE, "pricing/app.py": APPLICATION,
        "notifications/Dockerfile": DOCKERFILE, "notifications/app.py": APPLICATION,
    })  # fmt: skip
    assert sorted(one.name for one in draft.services) == ["notifications", "pricing"]
    assert {one.name: one.service for one in draft.containers} == {
        "pricing": "pricing",
        "notifications": "notifications",
    }


def test_a_source_directory_above_src_is_the_root() -> None:
    draft = build({"src/cart/src/Dockerfile": DOCKERFILE, "src/cart/src/app.py": APPLICATION})
    assert services(draft) == [("cart", "src/cart", "service", True, [])]


def test_the_dockerfile_beside_the_manifest_builds_the_only_image_that_nothing_else_does() -> None:
    draft = build({
        "ch14/Dockerfile": DOCKERFILE,
        "ch14/migrations.dockerfile": DOCKERFILE,
        "ch14/shop/app.py": APPLICATION,
        "ch14/orders.yaml": deployment("orders", "registry.example.com/a:1"),
    })  # fmt: skip
    assert [(one.name, one.build.path if one.build else None) for one in draft.containers] == [
        ("orders", "ch14/Dockerfile")
    ]


def test_an_image_that_only_configures_a_datastore_is_one() -> None:
    draft = build({
        "mongo/Dockerfile": "FROM mongo:5\nCOPY *.js /docker-entrypoint-initdb.d/\n",
        "mongo/users.js": "db.users.insertOne({});\n",
        "compose.yaml": "services:\n  mongo:\n    build: mongo\n",
    })  # fmt: skip
    assert services(draft) == []
    assert draft.containers[0].role == "datastore"


def test_an_image_of_another_publisher_beside_own_builds_is_infrastructure() -> None:
    draft = build({
        "orders/Dockerfile": DOCKERFILE,
        "orders/app.py": APPLICATION,
        "compose.yaml": "services:\n  orders:\n    build: orders\n  firepit:\n    image: someone/firepit:1\n",
    })  # fmt: skip
    assert {one.name: one.role for one in draft.containers} == {"orders": "service", "firepit": "infrastructure"}


def test_a_load_generator_is_a_test_tool() -> None:
    draft = build({"load-gen/Dockerfile": DOCKERFILE, "load-gen/app.py": APPLICATION})
    assert services(draft) == [("load-gen", "load-gen", "test-tool", True, [])]


def test_configuration_names_a_service_and_a_library() -> None:
    config = Config(services={"billing": ServiceConfig(path="src/b")}, libraries=("shared",))
    draft = build({"src/b/app.py": APPLICATION, "shared/requirements.txt": "x\n", "shared/app.py": APPLICATION}, config)
    assert [(one.name, one.directory) for one in draft.services] == [("billing", "src/b")]


def test_a_dockerfile_that_makes_no_service_ships_nothing() -> None:
    draft = build({
        "orders/Dockerfile": DOCKERFILE + "RUN apt-get install gcc\n",
        "orders/app.py": APPLICATION,
        "genproto/Dockerfile": "FROM golang:1.22\nRUN go install protoc-gen-go\n",
    })  # fmt: skip
    assert {one.path: one.ships_build_tools for one in draft.images} == {
        "genproto/Dockerfile": False, "orders/Dockerfile": True
    }  # fmt: skip


def test_folders_in_a_folder_of_services_are_services_below_one_set_of_requirements() -> None:
    consuming = "import pika\n\nchannel = pika.BlockingConnection().channel()\nchannel.start_consuming()\n"
    draft = build({
        "requirements.txt": "fastapi\npika\n",
        "services/__init__.py": "",
        "services/orders/app/__init__.py": "",
        "services/orders/app/main.py": APPLICATION,
        "services/mailing/app/consumer.py": consuming,
        "services/common/text.py": "VALUE = 1\n",
        "tools/receive.py": consuming,
    })  # fmt: skip
    assert sorted((name, directory) for name, directory, *_ in services(draft)) == [
        ("mailing", "services/mailing"),
        ("orders", "services/orders"),
    ]


def test_a_folder_of_apps_holds_services_only_where_several_of_them_make_an_application() -> None:
    one = {
        "requirements.txt": "flask\n",
        "apps/site/app.py": APPLICATION,
        "apps/orders/models.py": "VALUE = 1\n",
    }
    assert [directory for _, directory, *_ in services(build(one))] == [""]
    several = {**one, "apps/orders/app.py": APPLICATION}
    assert [directory for _, directory, *_ in services(build(several))] == ["apps/orders", "apps/site"]


def test_an_image_whose_folder_a_build_argument_chooses_is_no_service_itself() -> None:
    files = {
        "Dockerfile.services": "FROM python:3.12-slim\nARG name\nCOPY ./services/${name} .\nCMD python app.py\n",
        "services/orders/app.py": APPLICATION,
        "services/orders/requirements.txt": "flask\n",
        "services/stock/app.py": APPLICATION,
        "services/stock/requirements.txt": "flask\n",
        "k8s/orders.yaml": deployment("orders", "orders"),
    }
    assert [(name, directory) for name, directory, *_ in services(build(files))] == [
        ("orders", "services/orders"),
        ("stock", "services/stock"),
    ]


def test_one_image_for_development_and_production_packs_the_source_of_its_context() -> None:
    draft = build({
        "requirements.txt": "flask\n",
        "shop/app.py": APPLICATION,
        "compose/local/shop/Dockerfile": DOCKERFILE,
        "compose/production/shop/Dockerfile": DOCKERFILE,
        "compose/production/nginx/Dockerfile": "FROM nginx:1.27\nCOPY nginx.conf /etc/nginx/\n",
        "local.yml": "services:\n  web:\n    build: {context: ., dockerfile: compose/local/shop/Dockerfile}\n",
        "production.yml": "services:\n  web:\n    build: {context: ., dockerfile: compose/production/shop/Dockerfile}\n"
        "  proxy:\n    build: {context: ., dockerfile: compose/production/nginx/Dockerfile}\n",
    })  # fmt: skip
    assert [(name, directory, is_read) for name, directory, _, is_read, _ in services(draft)] == [("web", "", True)]


def test_images_of_several_names_that_share_a_context_stay_apart() -> None:
    draft = build({
        "orders/app.py": APPLICATION,
        "stock/app.py": APPLICATION,
        "docker/orders/Dockerfile": DOCKERFILE,
        "docker/stock/Dockerfile": DOCKERFILE,
        "compose.yaml": "services:\n  orders:\n    build: {context: ., dockerfile: docker/orders/Dockerfile}\n"
        "  stock:\n    build: {context: ., dockerfile: docker/stock/Dockerfile}\n",
    })  # fmt: skip
    assert {"docker/orders", "docker/stock"} <= {directory for _, directory, *_ in services(draft)}
