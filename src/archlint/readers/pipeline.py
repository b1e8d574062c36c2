"""CI pipelines in, their trees out; a Jenkinsfile is no YAML and comes without a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import Pipeline
from archlint.core.source import SourceFile
from archlint.core.span import start_of
from archlint.core.tree import Mapping, entry
from archlint.readers import yaml

_BY_PATH = (
    (re.compile(r"(^|/)[^/]*jenkinsfile[^/]*$", re.IGNORECASE), "jenkins"),
    (re.compile(r"(^|/)\.github/"), "github"),
    (re.compile(r"gitlab-ci[^/]*$|(^|/)\.gitlab/"), "gitlab"),
    (re.compile(r"(^|/)(\.azure/|azure-pipelines?)"), "azure"),
    (re.compile(r"(^|/)\.circleci/"), "circleci"),
    (re.compile(r"(^|/)cloudbuild[^/]*$"), "cloudbuild"),
    (re.compile(r"(^|/)bitbucket-pipelines"), "bitbucket"),
    (re.compile(r"(^|/)\.travis\.yml$"), "travis"),
    (re.compile(r"(^|/)\.drone\.ya?ml$"), "drone"),
    (re.compile(r"(^|/)buildspec[^/]*$"), "codebuild"),
)


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The pipelines of the file, then its gaps."""
    system = next((name for pattern, name in _BY_PATH if pattern.search(file.path)), None)
    if system == "jenkins":
        yield Pipeline(start_of(file.path), system, None)
        return
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        yield Pipeline(document.at, system or _system_of(document), document)
    yield from documents.gaps


def _system_of(document: Mapping) -> str:
    if (version := entry(document, "apiVersion")) and getattr(version.value, "text", "").startswith("tekton.dev/"):
        return "tekton"
    return "github" if entry(document, "on") else "gitlab"
