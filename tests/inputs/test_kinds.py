"""Every kind is decided by name and content, without parsing."""

from __future__ import annotations

import time

import pytest

from archlint.core.source import Kind
from archlint.inputs.kinds import is_generated, kind_of, kind_without_bytes, may_have_kind

DEPLOYMENT = b"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders\n"
COMPOSE = b"services:\n  orders:\n    # ours\n    image: orders\n"


@pytest.mark.parametrize(
    ("path", "data", "kind"),
    [
        ("orders/app.py", b"", Kind.PYTHON),
        ("bin/start", b"#!/usr/bin/env python3\nprint()\n", Kind.PYTHON),
        ("bin/start", b"#!/bin/bash -e\n", Kind.SHELL),
        ("infra/main.tf.json", b"{", Kind.TERRAFORM),
        ("infra/prod.tfvars.json", b"{}", Kind.TERRAFORM_VALUES),
        ("bin/start", b"just text", None),
        ("k8s/orders.yaml", DEPLOYMENT, Kind.KUBERNETES),
        ("anywhere.yml", b"---\n# comment\n" + DEPLOYMENT, Kind.KUBERNETES),
        ("docker-compose.yml", b"version: '3'\n", Kind.COMPOSE),
        ("deploy/stack.yml", COMPOSE, Kind.COMPOSE),
        ("services.yaml", b"services:\n  Mailer:\n    arguments: []\nother:\n  image: x\n", Kind.CONFIGURATION),
        ("archlint.yaml", COMPOSE, None),
        ("api.yaml", b"openapi: 3.1.0\ninfo: {}\n", Kind.OPENAPI),
        ("api.yaml", b'swagger: "2.0"\n', Kind.OPENAPI),
        ("api.json", b'{\n  "openapi": "3.0.3"}', Kind.OPENAPI),
        ("events.yaml", b"asyncapi: '2.6.0'\n", Kind.ASYNCAPI),
        ("notes.yaml", b"text: |\n  openapi: 3.0.0\n", Kind.CONFIGURATION),
        ("base/kustomization.yaml", b"resources: []\n", Kind.KUSTOMIZATION),
        ("c.yaml", b"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", Kind.KUSTOMIZATION),
        ("skaffold.yaml", b"apiVersion: skaffold/v4beta1\nkind: Config\n", Kind.SKAFFOLD),
        ("ci/task.yaml", b"apiVersion: tekton.dev/v1\nkind: Task\n", Kind.PIPELINE),
        (".github/workflows/ci.yaml", b"on: push\njobs: {}\n", Kind.PIPELINE),
        ("shared/reusable.yml", b"on:\n  workflow_call:\njobs: {}\n", Kind.PIPELINE),
        (".gitlab-ci.yml", b"services: []\n", Kind.PIPELINE),
        ("azure-pipelines.yml", b"", Kind.PIPELINE),
        ("Jenkinsfile", b"pipeline {}", Kind.PIPELINE),
        (".circleci/config.yml", b"", Kind.PIPELINE),
        ("cloudbuild.yaml", b"", Kind.PIPELINE),
        ("Dockerfile", b"", Kind.DOCKERFILE),
        ("Dockerfile.dev", b"", Kind.DOCKERFILE),
        ("orders.Dockerfile", b"", Kind.DOCKERFILE),
        ("Containerfile", b"", Kind.DOCKERFILE),
        ("Dockerfile.dockerignore", b"", None),
        (".env", b"", Kind.DOTENV),
        (".env.production", b"", Kind.DOTENV),
        ("deploy/orders.env", b"", Kind.DOTENV),
        ("main.tf", b"", Kind.TERRAFORM),
        ("prod.tfvars", b"", Kind.TERRAFORM_VALUES),
        ("api/orders.proto", b"", Kind.PROTO),
        ("requirements-dev.txt", b"", Kind.PYTHON_REQUIREMENTS),
        ("requirements/base.txt", b"", Kind.PYTHON_REQUIREMENTS),
        ("pyproject.toml", b"", Kind.PYTHON_REQUIREMENTS),
        ("config/app.toml", b"", Kind.CONFIGURATION),
        ("nginx.conf", b"", Kind.CONFIGURATION),
        ("Procfile", b"web: gunicorn app", Kind.CONFIGURATION),
        ("alembic.ini", b"", Kind.CONFIGURATION),
        ("settings.json", b'{"a": 1}', Kind.CONFIGURATION),
        ("tsconfig.json", b"{}", None),
        ("list.json", b"[1]", None),
        ("locales/de.json", b"{}", None),
        ("tests/data/reply.json", b"{}", None),
        ("tls/server.key", b"-----BEGIN RSA PRIVATE KEY-----\n", Kind.CONFIGURATION),
        ("tls/server.pem", b"-----BEGIN CERTIFICATE-----\n", None),
        ("schema.sql", b"", Kind.SQL),
        ("src/main.go", b"", Kind.OTHER_SOURCE),
        ("cassette.yaml", b"interactions:\n- request: {}\nversion: 1\n", None),
        ("page.yaml", b"image: {{ .Values.image }}\n", Kind.HELM_TEMPLATE),
    ],
)
def test_a_file_has_one_kind(path: str, data: bytes, kind: Kind | None) -> None:
    assert kind_of(path, data) is kind


def test_files_of_a_chart_are_told_by_their_place_in_it() -> None:
    assert kind_of("charts/shop/templates/orders.yaml", DEPLOYMENT, "charts/shop") is Kind.HELM_TEMPLATE
    assert kind_of("charts/shop/templates/_helpers.tpl", b"", "charts/shop") is Kind.HELM_TEMPLATE
    assert kind_of("charts/shop/values-prod.yaml", b"a: 1\n", "charts/shop") is Kind.HELM_VALUES
    assert kind_of("charts/shop/Chart.yaml", b"name: shop\n", "charts/shop") is Kind.HELM_CHART
    assert kind_of("templates/orders.yaml", DEPLOYMENT, "") is Kind.HELM_TEMPLATE
    assert kind_of("charts/shop/crds/orders.yaml", DEPLOYMENT, "charts/shop") is Kind.KUBERNETES


def test_names_that_cannot_be_of_use_are_not_opened() -> None:
    assert not may_have_kind("photo.png")
    assert not may_have_kind("README.md")
    assert not may_have_kind("package-lock.json")
    assert may_have_kind("Makefile")  # perhaps a script: its first line tells


def test_sources_of_other_languages_need_no_bytes() -> None:
    assert kind_without_bytes("main.go") is Kind.OTHER_SOURCE
    assert kind_without_bytes("app.py") is None


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("demo_pb2.py", b"", True),
        ("demo_pb2_grpc.py", b"", True),
        ("client.py", b"# Code generated by swagger. DO NOT EDIT.\n", True),
        ("client.py", b'BANNER = "DO NOT EDIT"\n', False),
        ("client.py", b"import x\n", False),
    ],
)
def test_generated_python_is_recognised(name: str, data: bytes, expected: bool) -> None:
    assert is_generated(name, Kind.PYTHON, data) is expected


@pytest.mark.parametrize(
    "data",
    [
        b"services:\n" + b" \t \n" * 50_000,
        b"services:\n" + b"  a: b\n" * 100_000,
        b"{{" * 300_000,
        b"a" * 1_000_000,
        b'"' * 300_000,
        b"{" + b'"kind":' * 50_000,
    ],
)
def test_no_content_makes_the_decision_slow(data: bytes) -> None:
    started = time.perf_counter()
    kind_of("x.yaml", data)
    kind_of("x.json", data)
    assert time.perf_counter() - started < 2
