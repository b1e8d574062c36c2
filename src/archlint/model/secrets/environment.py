"""Secrets that processes get as environment variables or arguments: containers, Dockerfiles, pipelines.

What reaches a variable from a ConfigMap, an env file or a values file is reported where it stands, by
``configuration``; references to Secrets and vaults are how it should be.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import ComposeFile, Dockerfile, DockerfileInstruction, HelmValues, Pipeline
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.values import known
from archlint.model.deployment.kubernetes import container_nodes
from archlint.model.draft import Draft
from archlint.model.secrets.collect import Collector, on_its_line
from archlint.model.secrets.names import credential_kind
from archlint.model.secrets.value import MASK, Secret, expand, find_secret, find_token, is_placeholder

_WRITTEN_HERE = frozenset(("literal", "interpolation"))
_ASSIGNMENT = pattern(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_OPTION = pattern(r"^--?([A-Za-z][\w.-]+)(?:=(.*))?$", re.DOTALL)
_DEFAULT = pattern(r"\$\{\w+:?-([^{}]+)\}")
_PIPELINE_VARIABLES = frozenset(("env", "environment", "variables", "environments", "build_args", "build-args"))
_LOCAL_URL = pattern(r"@(?:localhost|127\.0\.0\.1|\[::1\]|postgres|mysql|mariadb|mongo|redis|rabbitmq|db)\b")
"""A pipeline's own throwaway server."""
_PIPELINE_WEAK = pattern(
    r"(?i)^(?:.*(?:test|dummy|fake|sample|mock|ci)\b.*|test.*|password\d*|postgres|root|admin|guest|secret|mysql|user|rabbitmq)$"
)


def add_environment_secrets(draft: Draft, collector: Collector) -> None:
    """Add what containers, images and pipelines have in the open."""
    values_files = {one.at.path for one in draft.index.of(HelmValues)}
    written = _written(draft)
    for container in draft.containers:
        for variable in container.variables:
            place = "config-file" if variable.at.path in values_files else "environment"
            _add_variable(collector, container, variable, place, written.get((variable.at.path, variable.at.line)))
    nodes = container_nodes(draft)
    for container, (node, _) in nodes.items():
        _add_arguments(
            collector, node, ("command", "args"), container.name, container.environment, service=container.service
        )
    for compose in draft.index.of(ComposeFile):
        for one in tree.entries(compose.tree, "services"):
            _add_arguments(collector, one.value, ("command", "entrypoint"), one.key, compose.at.path)
    for dockerfile in draft.index.of(Dockerfile):
        _add_dockerfile(draft, collector, dockerfile)
    for pipeline in draft.index.of(Pipeline):
        if pipeline.tree is not None:
            _add_pipeline(collector, pipeline)


def find_in_arguments(words: list[tuple[str, Span]]) -> Iterator[tuple[str, Span, Secret]]:
    """The secrets in a command line, each word with its place: ``--password x``, ``--password=x``, ``PASSWORD=x cmd``,
    URLs with credentials and tokens of known formats."""
    for index, (word, at) in enumerate(words):
        option = _OPTION.match(word)
        assignment = _ASSIGNMENT.match(word)
        name, value, where = "", None, at
        if option:
            name, value = option.group(1), option.group(2)
            if (
                value is None
                and credential_kind(name)
                and index + 1 < len(words)
                and not words[index + 1][0].startswith("-")
            ):
                value, where = words[index + 1]
        elif assignment:
            name, value = assignment.group(1), assignment.group(2)
        secret = find_secret(name, expand(value, lambda _: False)) if value else None
        if secret is None and not (option and option.group(2) is None):
            secret = find_token(expand(word, lambda _: False))
        if secret is not None:
            yield name or secret.kind, where, secret


def _written(draft: Draft) -> dict[tuple[str, int], str]:
    """What compose files say, before interpolation, by path and line."""
    return {
        (node.at.path, node.at.line): node.text
        for compose in draft.index.of(ComposeFile)
        for _, node in tree.walk(compose.tree)
        if isinstance(node, tree.Scalar) and node.value is not None
    }


def _add_variable(
    collector: Collector, container: Container, variable: EnvironmentVariable, place: str, written: str | None
) -> None:
    value = known(variable.value)
    if variable.source not in _WRITTEN_HERE or not value or _is_dotenv(variable.at.path):
        return
    if variable.source == "interpolation":
        # What other files give is reported there; here only what is written here.
        text = written or ""
        name, equals, rest = text.partition("=")
        text = rest if equals and name.strip() == variable.name else text
        value = expand(text, lambda _: True) if _default_of(text) in value else expand(text, lambda _: False)
    secret = find_secret(variable.name, expand(value, lambda _: False))
    collector.add(
        secret,
        place,
        variable.at,
        variable.name,
        owner=container.name,
        service=container.service or container.name,
        environment=container.environment,
        related=variable.chain,
    )


def _default_of(text: str) -> str:
    """The first default of an interpolated text, or something that no value holds."""
    match = _DEFAULT.search(text)
    return match.group(1) if match else MASK


def _is_dotenv(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(".env") or name.endswith(".env")


def _add_arguments(
    collector: Collector,
    node: tree.Node,
    fields: tuple[str, ...],
    name: str,
    environment: str,
    *,
    service: str | None = None,
) -> None:
    for field in fields:
        words = list(_words(tree.get(node, field)))
        for option, at, secret in find_in_arguments(words):
            collector.add(
                secret,
                "environment",
                at,
                option,
                owner=name,
                service=service or name,
                environment=environment,
            )


def _words(node: tree.Node | None) -> Iterator[tuple[str, Span]]:
    scalars = (
        [node] if isinstance(node, tree.Scalar) else [one for one in tree.items(node) if isinstance(one, tree.Scalar)]
    )
    for scalar in scalars:
        text = tree.text(scalar)
        if text is None:
            continue
        if isinstance(node, tree.Sequence) and not any(mark in text for mark in " \n"):
            yield text, scalar.at
            continue
        is_block = scalar.at.end_line > scalar.at.line and not scalar.text.startswith(('"', "'"))
        for offset, line in enumerate(text.split("\n")):
            at = scalar.at
            if is_block and scalar.at.line + 1 + offset <= scalar.at.end_line and "\n" in text:
                number = scalar.at.line + 1 + offset
                at = Span(at.path, number, 1, number, len(line) + 1)
            try:
                parts = shlex.split(line)
            except ValueError:
                parts = line.split()
            for part in parts:
                yield part.replace("$$", MASK), at


def _add_dockerfile(draft: Draft, collector: Collector, dockerfile: Dockerfile) -> None:
    path = dockerfile.at.path
    service = draft.service_at(path)
    instructions: list[DockerfileInstruction] = list(dockerfile.arguments)
    for stage in dockerfile.stages:
        instructions.extend(one for one in stage.instructions if one.keyword in ("ENV", "ARG"))
    for one in instructions:
        for name, value in one.pairs:
            secret = find_secret(name, expand(value, lambda _: False))
            collector.add(
                secret,
                "environment",
                one.at,
                name,
                owner="image",
                service=service.name if service else None,
            )


def _add_pipeline(collector: Collector, pipeline: Pipeline) -> None:
    assert pipeline.tree is not None
    throwaway = {
        tree.text(node)
        for path, node in tree.walk(pipeline.tree)
        if "services" in path and isinstance(node, tree.Scalar)
    }
    for path, node in tree.walk(pipeline.tree):
        if "services" in path or not isinstance(node, tree.Mapping):
            continue
        named = bool(path) and path[-1] in _PIPELINE_VARIABLES
        for one in node.entries:
            text = tree.text(one.value)
            if text is None or text in throwaway:
                continue
            plain = expand(text, lambda _: False)
            secret = find_secret(one.key, plain) if named else find_token(plain)
            if named and secret is not None and secret.kind in ("name", "url") and _PIPELINE_WEAK.match(text):
                continue
            if secret is not None and secret.kind == "url" and (not named or _LOCAL_URL.search(text)):
                continue
            if secret is not None and secret.kind == "name" and is_placeholder(text, one.key):
                continue
            collector.add(secret, "environment", on_its_line(one.at, one.value), one.key, owner="pipeline")
