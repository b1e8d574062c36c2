"""What part a container plays, from its image, its names and the kind of its workload."""

from __future__ import annotations

from archlint.model.deployment import known_images
from archlint.model.paths import names, words

_TEST_TOOLS = names(
    "loadgenerator loadgen loadtest loadtests loadtester locust k6 jmeter gatling artillery vegeta stresstest "
    "playwright cypress selenium newman"
)
_TEST_TOOL_PAIRS = (
    ("load", "generator"),
    ("load", "gen"),
    ("load", "test"),
    ("load", "tester"),
    ("traffic", "generator"),
)
_ONE_SHOT = names("migrate migration migrations migrator seed seeder init initdb dbinit setup bootstrap provision")


def is_test_tool(name: str) -> bool:
    """Whether a workload or directory is called like a load generator."""
    parts = words(name)
    return any(part in _TEST_TOOLS for part in parts) or any(
        pair == parts[index : index + 2] for pair in _TEST_TOOL_PAIRS for index in range(len(parts))
    )


def is_one_shot(name: str) -> bool:
    """Whether a compose service is called like a task that ends: a migration, a seed, a set-up."""
    return any(part in _ONE_SHOT for part in words(name))


def role_of(repository: str | None, name: str, workload_kind: str) -> str:
    """The role of a container. ``service`` stands for whatever is no infrastructure, job or test tool."""
    if workload_kind in ("Job", "CronJob"):
        return "job"
    found = known_images.find(repository) if repository else None
    if found is not None:
        return found.role
    if is_test_tool(name):
        return "test-tool"
    return "service"
