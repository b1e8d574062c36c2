"""Facts: what single files say, before anything is joined."""

from __future__ import annotations

from archlint.core.facts.base import Fact, Gap
from archlint.core.facts.documents import (
    AsyncApiDocument,
    ComposeFile,
    ConfigValue,
    Dockerfile,
    HelmChart,
    HelmTemplate,
    HelmValues,
    KubernetesObject,
    Kustomization,
    OpenApiDocument,
    OtherSource,
    Pipeline,
    ProtoFile,
    ShellScript,
    SkaffoldConfig,
    TerraformBlock,
)
from archlint.core.facts.python import PythonModule
from archlint.core.facts.requirements import PythonRequirement

AnyFact = (
    PythonModule
    | PythonRequirement
    | KubernetesObject
    | Kustomization
    | HelmChart
    | HelmValues
    | HelmTemplate
    | ComposeFile
    | SkaffoldConfig
    | Pipeline
    | OpenApiDocument
    | AsyncApiDocument
    | ProtoFile
    | Dockerfile
    | ConfigValue
    | ShellScript
    | OtherSource
    | TerraformBlock
    | Gap
)
"""What a reader yields and the cache keeps: the top-level facts of one file."""

__all__ = ["AnyFact", "Fact", "Gap"]
