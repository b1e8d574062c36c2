from __future__ import annotations

import hashlib

from archlint.core.source import Kind, SourceFile
from archlint.core.system import DOCUMENT_SUBJECTS
from archlint.model.documents import _TAKEN, document_subjects
from archlint.model.index import FactIndex
from archlint.readers import read


def file(path: str, kind: Kind, text: str) -> SourceFile:
    return SourceFile(path, kind, text.encode(), hashlib.sha256(text.encode()).hexdigest())


INDEX = FactIndex([
    *read(file("orders/app.py", Kind.PYTHON, "import os\nimport sys\nos.getenv('A')\n")),
    *read(file("orders/Dockerfile", Kind.DOCKERFILE, "ARG TAG=3\nFROM python:$TAG\nRUN pip install x\n")),
])  # fmt: skip


def test_every_document_subject_can_be_taken_out() -> None:
    assert set(_TAKEN) == {one.__name__ for one in DOCUMENT_SUBJECTS}


def test_only_what_is_asked_for_comes_out() -> None:
    found = [(type(one).__name__, one.at.line) for one in document_subjects(INDEX, {"PythonImport", "HttpCall"})]
    assert found == [("PythonImport", 1), ("PythonImport", 2)]


def test_instructions_come_from_before_and_within_the_stages() -> None:
    lines = sorted({one.at.line for one in document_subjects(INDEX, {"DockerfileInstruction"})})
    assert lines[0] == 1
    assert lines[-1] == 3
