from __future__ import annotations

import pytest
from reading import place, source

from archlint.core.facts.requirements import PythonRequirement
from archlint.readers import requirements

Found = list[tuple[str, str, bool]]


def read(path: str, text: str) -> list[PythonRequirement]:
    return [fact for fact in requirements.read(source(path, text)) if isinstance(fact, PythonRequirement)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("requirements.txt", "Flask[async]==2.0 # c\n-r a.txt\n--hash x\n", [("flask", "==2.0", False)]),
        ("requirements.txt", 'a.b_c>=1 ; python_version<"3"\n', [("a-b-c", ">=1", False)]),
        (
            "requirements.txt",
            "git+https://x/y.git#egg=Foo\nb @ https://x\n",
            [("foo", "", False), ("b", "@ https://x", False)],
        ),
        ("requirements.txt", "a==1 \\\n  --hash=sha256:x\n", [("a", "==1", False)]),
        ("requirements/dev.txt", "black\n", [("black", "", True)]),
        ("requirements-test.in", "black\n", [("black", "", True)]),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["a>1"]\noptional-dependencies = {test = ["b"], db = ["c"]}\n',
            [("a", ">1", False), ("b", "", True), ("c", "", False)],
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\npython = "^3"\na = {version = "^1"}\n'
            '[tool.poetry.group.x.dependencies]\nb = "*"\n',
            [("a", "^1", False), ("b", "*", True)],
        ),
        ("pyproject.toml", '[dependency-groups]\ndev = ["a", {include-group = "b"}]\n', [("a", "", True)]),
        ("Pipfile", '[packages]\na = "*"\n[dev-packages]\nb = "*"\n', [("a", "*", False), ("b", "*", True)]),
        ("setup.cfg", "[options]\ninstall_requires =\n  a>1\n  b\n", [("a", ">1", False), ("b", "", False)]),
        (
            "setup.py",
            'R = ["a>1"]\nsetup(install_requires=R, extras_require={"dev": ["b"]})\n',
            [("a", ">1", False), ("b", "", True)],
        ),
        (
            "environment.yml",
            "dependencies:\n- python=3\n- x::numpy=1.2\n- pip: [flask==2]\n",
            [("numpy", "", False), ("flask", "==2", False)],
        ),
    ],
)
def test_each_way_to_name_a_dependency_is_read(path: str, text: str, expected: Found) -> None:
    assert [(one.name, one.specifier, one.development) for one in read(path, text)] == expected


def test_places_are_those_of_the_requirement() -> None:
    assert [place(one.at) for one in read("requirements.txt", "# x\n  a>1  # y\n")] == [(2, 3, 2, 6)]
    assert [place(one.at) for one in read("setup.cfg", "[options]\ninstall_requires =\n  a>1\n")] == [(3, 3, 3, 6)]
