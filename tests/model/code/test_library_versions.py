"""Which version of a library the requirements name."""

from __future__ import annotations

import pytest

from archlint.core.values import is_unknown
from archlint.model.code.library_versions import needs_of
from tests.model.code.datastore_systems import draft_of

UNKNOWN = "unknown"


def older_than_8(files: dict[str, str], path: str = "app/main.py") -> bool | str:
    """Whether redis is older than version 8 for a file of the service."""
    answer = needs_of(draft_of(files), "app", path).is_older("redis", (8,))
    return UNKNOWN if is_unknown(answer) else answer is True


@pytest.mark.parametrize(
    ("specifier", "older"),
    [
        ("==5.0.1", True),
        ("==8.0", False),
        ("==8.1.2", False),
        ("~=5.0", True),
        ("~=7.4.1", True),
        ("~=8.0", False),
        ("<8", True),
        ("<=7.4", True),
        ("<9", UNKNOWN),
        (">=4,<6", True),
        (">=8.0.1", False),
        (">=7", UNKNOWN),
        ("!=6.0", UNKNOWN),
        ("==5.*", True),
        ("", UNKNOWN),
        ('==4.6.0; python_version < "3.9"', True),
    ],
)
def test_a_specifier_says_whether_the_version_is_older(specifier: str, older: bool | str) -> None:
    assert older_than_8({"app/requirements.txt": f"redis{specifier}\n"}) is older


def test_the_requirements_of_the_service_come_before_those_of_the_workspace() -> None:
    files = {"requirements.txt": "redis==8.0.0\n", "app/requirements.txt": "redis==5.0.1\n"}
    assert older_than_8(files) is True


def test_a_version_that_is_said_once_holds_for_all() -> None:
    assert older_than_8({"shared/requirements/base.txt": "redis==5.0.1\n"}) is True


def test_two_versions_elsewhere_say_nothing() -> None:
    files = {"a/requirements.txt": "redis==5.0.1\n", "b/requirements.txt": "redis==8.0.0\n"}
    assert older_than_8(files) == UNKNOWN


def test_setup_py_requires_too() -> None:
    setup = 'from setuptools import setup\n\nsetup(name="app", install_requires=["flask", "redis[hiredis]==3.2.1"])\n'
    assert older_than_8({"app/setup.py": setup, "app/main.py": ""}) is True
