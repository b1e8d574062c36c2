"""Source files: their kinds and contents."""

from __future__ import annotations

import enum
import io
import tokenize

import msgspec


class Kind(enum.StrEnum):
    """What a file is, decided once by name and content. The values are what people see in the summary."""

    PYTHON = "Python"
    PYTHON_REQUIREMENTS = "Python requirements"
    PROTO = "proto"
    OPENAPI = "OpenAPI"
    ASYNCAPI = "AsyncAPI"
    KUBERNETES = "Kubernetes"
    KUSTOMIZATION = "Kustomize"
    HELM_CHART = "Helm chart"
    HELM_VALUES = "Helm values"
    HELM_TEMPLATE = "Helm template"
    COMPOSE = "compose"
    DOCKERFILE = "Dockerfile"
    TERRAFORM = "Terraform"
    TERRAFORM_VALUES = "Terraform values"
    PIPELINE = "CI pipeline"
    SKAFFOLD = "Skaffold"
    DOTENV = "dotenv"
    CONFIGURATION = "configuration"
    SHELL = "shell"
    SQL = "SQL"
    OTHER_SOURCE = "source in other languages"


class SourceFile(msgspec.Struct, frozen=True):
    """One input file. ``path`` is POSIX and relative to the root; ``digest`` is the hex digest of its bytes."""

    path: str
    kind: Kind
    data: bytes
    digest: str

    @property
    def text(self) -> str:
        """The decoded text, without a byte-order mark and with the line ends as they stand.

        UTF-8 by default; Python files by their coding cookie (PEP 263).

        Raises:
            UnicodeDecodeError, SyntaxError: the bytes are not in that encoding; the readers turn it into a gap.
        """
        if self.kind is Kind.PYTHON:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
            return self.data.decode(encoding)
        if self.data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return self.data.decode("utf-16")
        return self.data.decode("utf-8-sig")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def directory(self) -> str:
        """The path without its last part; empty at the root."""
        return self.path.rpartition("/")[0]
