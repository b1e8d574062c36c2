from __future__ import annotations

import base64

from deployment_systems import DOCKERFILE, build, deployment

from archlint.core.values import UNKNOWN, is_unknown

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: orders\ndata:\n  HOST: db\n  PORT: '5432'\n"
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: orders\n"
    f"data:\n  PASSWORD: {base64.b64encode(b'tulip').decode()}\nstringData:\n  USER: shop\n"
)
ENV = """\
          envFrom:
            - configMapRef: {name: orders}
              prefix: DB_
          env:
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: orders, key: PASSWORD}}
            - name: URL
              value: postgres://$(DB_HOST):$(DB_PORT)/$(NOBODY)$$(X)
            - name: ELSEWHERE
              valueFrom: {configMapKeyRef: {name: missing, key: A}}
            - name: DERIVED
              value: $(ELSEWHERE)/x
            - name: NODE
              valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
            - name: MODE
              value: slow
"""


def test_every_reference_is_resolved_with_its_chain() -> None:
    draft = build({
        "k8s/a.yaml": CONFIG,
        "k8s/b.yaml": SECRET,
        "k8s/c.yaml": deployment("orders", more=ENV),
        "orders/Dockerfile": DOCKERFILE + "ENV MODE=fast EXTRA=1\n",
    })  # fmt: skip
    found = {one.name: one for one in draft.containers[0].variables}
    assert {name: (UNKNOWN if is_unknown(one.value) else one.value, one.source) for name, one in found.items()} == {
        "EXTRA": ("1", "image"),
        "MODE": ("slow", "literal"),
        "DB_HOST": ("db", "config-map"),
        "DB_PORT": ("5432", "config-map"),
        "PASSWORD": ("tulip", "secret"),
        "URL": ("postgres://db:5432/$(NOBODY)$(X)", "literal"),
        "ELSEWHERE": (UNKNOWN, "config-map"),
        "DERIVED": (UNKNOWN, "literal"),
        "NODE": (UNKNOWN, "field"),
    }
    assert str(found["DB_HOST"].at) == "k8s/a.yaml:6:3"
    assert [str(place.at) for place in found["PASSWORD"].chain] == ["k8s/c.yaml:18:15"]
    assert [str(place.at) for place in found["URL"].chain] == ["k8s/a.yaml:6:3", "k8s/a.yaml:7:3"]


def test_a_config_map_of_another_namespace_is_not_taken() -> None:
    other = CONFIG.replace("name: orders", "name: orders\n  namespace: billing")
    reference = "{configMapKeyRef: {name: orders, key: HOST}}"
    more = f"          env:\n            - name: HOST\n              valueFrom: {reference}\n"
    draft = build({"k8s/a.yaml": other, "k8s/b.yaml": deployment("orders", namespace="shop", more=more)})
    assert is_unknown(draft.containers[0].variables[0].value)


def test_a_config_map_that_is_taken_whole_and_is_not_here_leaves_all_open() -> None:
    draft = build(
        {"k8s/b.yaml": deployment("orders", more="          envFrom:\n            - secretRef: {name: gone}\n")}
    )
    assert draft.containers[0].unread_env_files
