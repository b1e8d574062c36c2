from __future__ import annotations

import pytest
from deployment_systems import build

from archlint.core.values import UNKNOWN
from archlint.model.deployment.references import Reference, is_mutable, parse


@pytest.mark.parametrize(
    ("text", "expected", "mutable"),
    [
        ("redis", Reference("redis", None, None), True),
        ("docker.io/library/redis:7", Reference("redis", "7", None), False),
        ("localhost:5000/shop/orders", Reference("localhost:5000/shop/orders", None, None), True),
        ("shop/orders:latest", Reference("shop/orders", "latest", None), True),
        ("shop/orders:deadbeef", Reference("shop/orders", "deadbeef", None), False),
        ("shop/orders:latest@sha256:ab", Reference("shop/orders", "latest", "sha256:ab"), False),
        ("shop/orders:${TAG}", Reference("shop/orders", UNKNOWN, None), UNKNOWN),
    ],
)
def test_references_are_taken_apart(text: str, expected: Reference, mutable: object) -> None:
    assert parse(text) == expected
    assert is_mutable(expected) == mutable


def kept(text: str, **files: str) -> tuple[str, ...]:
    return (
        build({"orders/Dockerfile": text, **{f"orders/{name}.txt": body for name, body in files.items()}})
        .images[0]
        .kept
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python:3.12\nRUN pip install --no-cache-dir flask\n", ()),
        ("FROM python:3.12\nRUN pip install flask\n", ("pip's cache",)),
        ("FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nRUN pip install flask\n", ()),
        ("FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache pip install flask\n", ()),
        ("FROM python:3.12\nRUN pip install -U pip setuptools\n", ()),
        (
            "FROM python:3.12\nRUN apt-get update && apt-get install -y gcc curl && rm -rf /var/lib/apt/lists/*\n",
            ("gcc",),
        ),
        ("FROM a:1\nRUN apt-get install gcc && make && apt-get purge gcc && rm -r /var/lib/apt/lists\n", ()),
        ("FROM alpine:3\nRUN apk add --no-cache --virtual .b gcc && make && apk del .b\n", ()),
        ("FROM alpine:3\nRUN apk add --no-cache -t b gcc\n", ("b",)),
        ("FROM golang:1.22\nRUN go build\n", ("the Go tool chain",)),
        ("FROM golang:1.22 AS build\nRUN go build\nFROM scratch\nCOPY --from=build /a /a\n", ()),
        ("FROM node:22\nRUN npm ci --omit=dev\n", ("npm's cache",)),
        ("FROM node:22\nRUN npm ci --omit=dev && npm cache clean --force\n", ()),
        ("FROM node:22 AS b\nRUN npm ci\nFROM node:22\nCOPY --from=b /a /a\nRUN npm ci --omit=dev\n", ()),
        ("FROM python:3.12\nRUN poetry install\n", ("the development packages of pyproject.toml for development",)),
        ("FROM python:3.12\nRUN poetry install --only main\n", ()),
    ],
)
def test_what_stays_in_the_image_is_kept(text: str, expected: tuple[str, ...]) -> None:
    assert kept(text) == expected


def test_development_packages_of_a_requirements_file_are_kept() -> None:
    text = "FROM python:3.12\nCOPY requirements.txt /app/\nRUN pip install --no-cache-dir -r /app/requirements.txt\n"
    assert kept(text, requirements="flask==3.0\npytest==8\n") == ("pytest for development",)


def test_the_user_of_the_shipped_stage_comes_through_the_stages_it_starts_from() -> None:
    text = "FROM python:3.12 AS base\nUSER 1000\nFROM node:22 AS other\nUSER root\nFROM base\nCOPY . .\n"
    assert build({"orders/Dockerfile": text}).images[0].user == "1000"


def test_the_target_that_compose_builds_is_what_ships() -> None:
    draft = build({
        "compose.yaml": "services:\n  orders:\n    build: {context: orders, target: run}\n",
        "orders/Dockerfile": "FROM python:3.12 AS run\nUSER 1000\nFROM run AS debug\nUSER root\n",
    })  # fmt: skip
    assert (draft.images[0].user, draft.images[0].context) == ("1000", "orders")


def test_a_target_for_developers_is_not_what_ships() -> None:
    draft = build({
        "compose.yaml": "services:\n  orders:\n    build: {context: orders, target: dev}\n",
        "orders/Dockerfile": "FROM python:3.12 AS base\nFROM base AS dev\nUSER root\nFROM base\nUSER 1000\n",
    })  # fmt: skip
    assert draft.images[0].user == "1000"


def test_variables_of_the_image_are_read_in_both_forms() -> None:
    text = 'FROM python:3.12\nENV A=1 B="two words"\nENV C three words\n'
    assert [(one.name, one.value) for one in build({"orders/Dockerfile": text}).images[0].variables] == [
        ("A", "1"), ("B", "two words"), ("C", "three words")
    ]  # fmt: skip
