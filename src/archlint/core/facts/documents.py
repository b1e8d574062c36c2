"""Facts of the YAML, JSON, Dockerfile and configuration formats."""

from __future__ import annotations

import msgspec

from archlint.core.facts.base import Fact
from archlint.core.span import Span
from archlint.core.tree import Mapping


class KubernetesObject(Fact, frozen=True, array_like=True, gc=False):
    """One object of a manifest; the items of a ``List`` come one by one. ``namespace`` is None where it is not said.

    ``at`` spans the whole object. Custom resources (mesh, gateway, monitoring) are objects like any other.
    """

    api_version: str
    kind: str
    name: str
    namespace: str | None
    tree: Mapping


class Kustomization(Fact, frozen=True, array_like=True, gc=False):
    """A kustomization.yaml (kustomize.config.k8s.io; Component too)."""

    tree: Mapping


class HelmChart(Fact, frozen=True, array_like=True, gc=False):
    """A Chart.yaml: its directory is the chart."""

    name: str
    tree: Mapping


class HelmValues(Fact, frozen=True, array_like=True, gc=False):
    """A values file of a chart."""

    tree: Mapping


class HelmTemplate(Fact, frozen=True, array_like=True, gc=False):
    """A template of a chart, as text."""

    text: str


class ComposeFile(Fact, frozen=True, array_like=True, gc=False):
    """A compose file as written: interpolation, ``extends`` and overrides are resolved by the model."""

    tree: Mapping


class SkaffoldConfig(Fact, frozen=True, array_like=True, gc=False):
    """One document of a skaffold.yaml."""

    tree: Mapping


class Pipeline(Fact, frozen=True, array_like=True, gc=False):
    """A CI pipeline; ``system`` is ``github``, ``gitlab``, ``azure``, ``circleci``, ``cloudbuild`` or ``jenkins``."""

    system: str
    tree: Mapping | None


class OpenApiDocument(Fact, frozen=True, array_like=True, gc=False):
    """An OpenAPI 3 or Swagger 2 document. ``problems`` is what its own specification rejects."""

    version: str
    tree: Mapping
    problems: tuple[ContractProblem, ...] = ()


class AsyncApiDocument(Fact, frozen=True, array_like=True, gc=False):
    """An AsyncAPI document."""

    version: str
    tree: Mapping
    problems: tuple[ContractProblem, ...] = ()


class ContractProblem(Fact, frozen=True, array_like=True, gc=False):
    """One way in which a contract breaks its specification."""

    message: str


class ProtoField(Fact, frozen=True, array_like=True, gc=False):
    """A field. ``type`` is fully qualified without the leading dot, or a scalar type; ``label`` as in descriptors."""

    name: str
    number: int
    type: str
    label: str = ""


class ProtoMessage(Fact, frozen=True, array_like=True, gc=False):
    """A message (nested ones as ``Outer.Inner``) without its package."""

    name: str
    fields: tuple[ProtoField, ...] = ()


class ProtoEnum(Fact, frozen=True, array_like=True, gc=False):
    """An enum and its values."""

    name: str
    values: tuple[tuple[str, int], ...] = ()


class ProtoMethod(Fact, frozen=True, array_like=True, gc=False):
    """An rpc of a service; ``http`` is its google.api.http binding, as method and path."""

    name: str
    input: str
    output: str
    client_streaming: bool = False
    server_streaming: bool = False
    http: tuple[str, str] | None = None


class ProtoService(Fact, frozen=True, array_like=True, gc=False):
    """A service of a proto file."""

    name: str
    methods: tuple[ProtoMethod, ...] = ()


class ProtoFile(Fact, frozen=True, array_like=True, gc=False):
    """A proto file. ``package_at`` spans its package statement."""

    syntax: str
    package: str
    package_at: Span | None
    imports: tuple[str, ...] = ()
    services: tuple[ProtoService, ...] = ()
    messages: tuple[ProtoMessage, ...] = ()
    enums: tuple[ProtoEnum, ...] = ()
    problems: tuple[ContractProblem, ...] = ()


class DockerfileInstruction(Fact, frozen=True, array_like=True, gc=False):
    """One instruction. ``keyword`` is in upper case; ``text`` is the rest without flags, with continuations joined.

    ARG and ENV are expanded as far as they are known (the rest stays ``${NAME}``) where the builder does it: not in
    RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL, whose variables belong to the shell. ``words`` is the exec form's list
    (or empty), ``flags`` are its ``--name=value`` without dashes (``("link", "")`` for a bare one), ``heredocs`` the
    bodies, ``pairs`` what ENV, LABEL and ARG set, without quotes (an ARG without default is not among them).
    """

    keyword: str
    text: str
    words: tuple[str, ...] = ()
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


class DockerfileStage(Fact, frozen=True, array_like=True, gc=False):
    """A build stage: its base (an image, or a stage's name) after expansion, and its own name, if any.

    ``at`` spans the FROM instruction, which is not among the ``instructions``.
    """

    base: str
    name: str | None
    instructions: tuple[DockerfileInstruction, ...] = ()


class Dockerfile(Fact, frozen=True, array_like=True, gc=False):
    """A Dockerfile; the last stage is what ships unless a build names another ``target``."""

    arguments: tuple[DockerfileInstruction, ...] = ()
    stages: tuple[DockerfileStage, ...] = ()


class ConfigValue(Fact, frozen=True, array_like=True, gc=False):
    """One value of a configuration file. ``key`` is dotted, list positions are numbers (``servers.0.host``).

    ``at`` spans the value, or the key where the value is empty. ``format``: ``dotenv``, ``yaml``, ``json``, ``toml``,
    ``ini``, ``properties``, ``nginx``, ``conf`` (words in lines), ``procfile``, ``pem`` (key ``private_key``, the value
    is where it begins; none for an encrypted key), ``sql`` (key ``USER.password``).
    """

    key: str
    value: str | int | float | bool | None
    format: str


class ShellScript(Fact, frozen=True, array_like=True, gc=False):
    """A shell script, as text: what a container's entry point may be."""

    text: str


class OtherSource(Fact, frozen=True, array_like=True, gc=False):
    """A source file in a language that archlint does not read: it tells what a service is written in.

    ``language`` is ``Go``, ``Java``, ``JavaScript``, ``TypeScript``, ``C#``, ``Rust``, ``Ruby``, ``PHP``, …
    """

    language: str


class TerraformText(msgspec.Struct, frozen=True, array_like=True, tag="tt", gc=False):
    """A string template: literal texts and expressions in turn."""

    at: Span
    parts: tuple[TerraformExpression, ...]


class TerraformLiteral(msgspec.Struct, frozen=True, array_like=True, tag="tl", gc=False):
    """A literal value."""

    at: Span
    value: str | int | float | bool | None


class TerraformReference(msgspec.Struct, frozen=True, array_like=True, tag="tr", gc=False):
    """A traversal: ``var.region``, ``local.tags``, ``aws_db_instance.main.address``, ``module.vpc.id``."""

    at: Span
    name: str


class TerraformList(msgspec.Struct, frozen=True, array_like=True, tag="ts", gc=False):
    """A list."""

    at: Span
    items: tuple[TerraformExpression, ...]


class TerraformObject(msgspec.Struct, frozen=True, array_like=True, tag="to", gc=False):
    """An object; keys that are not literal are left out and ``is_open`` is true."""

    at: Span
    entries: tuple[TerraformAttribute, ...]
    is_open: bool = False


class TerraformCall(msgspec.Struct, frozen=True, array_like=True, tag="tc", gc=False):
    """A function call (``jsonencode(…)``)."""

    at: Span
    function: str
    arguments: tuple[TerraformExpression, ...]


class TerraformOpaque(msgspec.Struct, frozen=True, array_like=True, tag="tu", gc=False):
    """Any other expression: conditionals, ``for``, operators. ``references`` are the traversals in it."""

    at: Span
    text: str
    references: tuple[str, ...] = ()


TerraformExpression = (
    TerraformText
    | TerraformLiteral
    | TerraformReference
    | TerraformList
    | TerraformObject
    | TerraformCall
    | TerraformOpaque
)


class TerraformAttribute(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An attribute of a block or object. ``at`` spans it whole."""

    at: Span
    name: str
    value: TerraformExpression


class TerraformBlock(Fact, frozen=True, array_like=True, gc=False):
    """A block: ``type`` (``resource``, ``variable``, ``container_definitions``, …), labels, attributes, blocks in it.

    A .tfvars file is one block of type ``tfvars``.
    """

    type: str
    labels: tuple[str, ...] = ()
    attributes: tuple[TerraformAttribute, ...] = ()
    blocks: tuple[TerraformBlock, ...] = ()


__all__ = [name for name in dict(globals()) if name[0].isupper() and name not in ("Fact", "Span", "Mapping", "Node")]
