"""OpenAPI 3 and Swagger 2 documents (YAML or JSON) in, one fact each out: the tree, and what the specification rejects.

Problems come from the official JSON schemas and from the MUSTs of the text that the schemas cannot say. References to
other files and to URLs are neither followed nor judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ContractProblem, OpenApiDocument
from archlint.core.source import SourceFile
from archlint.core.tree import Mapping
from archlint.readers import yaml
from archlint.readers.openapi.schema import schema_problems
from archlint.readers.openapi.semantics import semantic_problems

PROBLEM_LIMIT = 50
ALIKE_LIMIT = 3

_DIFFERENCES = re.compile(r"^.*?: |'[^']*'|\d+")
"""What tells a mistake from its repetition elsewhere: the path before the colon, names and numbers."""


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The documents of the file that say ``openapi`` or ``swagger``, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        version = tree.text(document, "openapi") or tree.text(document, "swagger")
        if version:
            yield OpenApiDocument(document.at, version, document, _problems(document, version))
    yield from documents.gaps


def _problems(document: Mapping, version: str) -> tuple[ContractProblem, ...]:
    """The problems in the order of their places.

    One a line, as a second one is nearly always the first again; and of a mistake that a generator made over and over
    only the first, with their number.
    """
    by_line: dict[int, ContractProblem] = {}
    for problem in (*semantic_problems(document, version), *schema_problems(document, version)):
        by_line.setdefault(problem.at.line, problem)
    alike: dict[str, list[ContractProblem]] = {}
    for line in sorted(by_line):
        alike.setdefault(_DIFFERENCES.sub("", by_line[line].message), []).append(by_line[line])
    kept: list[ContractProblem] = []
    for problems in alike.values():
        if len(problems) <= ALIKE_LIMIT:
            kept.extend(problems)
        else:
            message = f"{problems[0].message} (and {len(problems) - 1} more like it)"
            kept.append(ContractProblem(problems[0].at, message))
    kept.sort(key=lambda problem: problem.at)
    return tuple(kept[:PROBLEM_LIMIT])
