"""What is recognised but not understood yet is counted and named."""

from __future__ import annotations

import pytest

from archlint.config import Config
from archlint.core.source import Kind, SourceFile
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.program import Program
from archlint.model.unread import count_unread, is_custom
from archlint.readers import read


@pytest.mark.parametrize(
    ("api_version", "expected"),
    [
        ("v1", False),
        ("apps/v1", False),
        ("networking.k8s.io/v1", False),
        ("gateway.networking.k8s.io/v1", False),
        ("serving.knative.dev/v1", False),
        ("networking.istio.io/v1", True),
        ("monitoring.coreos.com/v1", True),
    ],
)
def test_a_group_outside_of_kubernetes_is_custom(api_version: str, expected: bool) -> None:
    assert is_custom(api_version) is expected


def test_objects_that_no_stage_reads_and_pipelines_are_counted() -> None:
    manifest = "apiVersion: networking.istio.io/v1\nkind: {}\nmetadata:\n  name: orders\n"
    files = [
        SourceFile("a.yaml", Kind.KUBERNETES, manifest.format("DestinationRule").encode(), "a"),
        SourceFile("b.yaml", Kind.KUBERNETES, manifest.format("VirtualService").encode(), "b"),
        SourceFile(".github/workflows/ci.yaml", Kind.PIPELINE, b"on: push\njobs: {}\n", "c"),
    ]
    draft = Draft(FactIndex([fact for file in files for fact in read(file)]), Config(), Program(()))
    count_unread(draft)
    assert dict(draft.unread) == {"DestinationRule objects": 1, "CI pipelines (beyond their secrets)": 1}
