"""What an image ships that only building needs: compilers, package managers' caches, development dependencies.

In come the shipped stage of a Dockerfile and the stages it starts from; out come the places that put a tool into the
image and leave it there. What the same instruction removes again is not kept. Of base images only a tool chain's own
one counts; Python's and Node's are how those services run. A stage that copies from another one is the last of a
multi-stage build: a package cache in it is no build tool.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from archlint.core.facts.documents import DockerfileInstruction, DockerfileStage
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Place
from archlint.model.deployment import references
from archlint.model.paths import join, names

_COMPILERS = names(
    "build-essential gcc g++ clang llvm make cmake automake autoconf build-base musl-dev python3-dev python-dev "
    "gfortran rustc cargo golang golang-go maven gradle openjdk-11-jdk openjdk-17-jdk openjdk-21-jdk default-jdk "
    "linux-headers gcc-c++ bison flex nasm"
)
_PYTHON_BUILDERS = frozenset(("pipenv", "poetry"))
_TOOL_CHAINS = {
    "golang": "the Go tool chain",
    "rust": "the Rust tool chain",
    "maven": "Maven and a JDK",
    "gradle": "Gradle and a JDK",
    "sdk": "the .NET SDK",
}
_BREAK = pattern(r"&&|\|\||;|\n|\|")
_ASSIGNMENT = pattern(r"[A-Za-z_]\w*=")
_NO_PIP_CACHE = pattern(r"PIP_NO_CACHE_DIR[= ]\s*[\"']?\w", re.IGNORECASE)
_DEVELOPMENT = names(
    "pytest pylint flake8 black mypy ruff tox nox coverage pytest-cov pytest-asyncio isort bandit pre-commit "
    "pytest-mock pytest-django autopep8 ipdb pytest-xdist pyright pycodestyle"
)
_APT = frozenset(("apt-get", "apt"))
_RPM = frozenset(("yum", "dnf", "microdnf", "zypper"))


@dataclass
class _Layer:
    """What one RUN instruction leaves behind."""

    text: str
    caches_off: bool
    installed: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    development: list[str] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)


def kept_tools(
    chain: Sequence[DockerfileStage], directories: Sequence[str], required: Mapping[str, Sequence[PythonRequirement]]
) -> tuple[Place, ...]:
    """The build tools that stay in the image, in the order of their lines.

    ``chain`` has the shipped stage first; ``directories`` are where requirements files may lie.
    """
    places: list[Place] = []
    base = references.last_part(references.parse(chain[-1].base).repository)
    if base in _TOOL_CHAINS:
        at = chain[-1].at
        places.append(Place(Span(at.path, at.line, 1, at.line, 2), _TOOL_CHAINS[base]))
    instructions = [one for stage in reversed(chain) for one in stage.instructions]
    is_last_of_several = any(
        one.keyword == "COPY" and any(name == "from" for name, _ in one.flags) for one in instructions
    )
    caches_off = False
    for one in instructions:
        if one.keyword in ("ENV", "ARG") and _NO_PIP_CACHE.search(one.text):
            caches_off = True
        if one.keyword == "RUN":
            notes = _notes(_layer(one, caches_off), directories, required, with_caches=not is_last_of_several)
            if notes:
                at = one.at
                places.append(Place(at, ", ".join(notes)))
    return tuple(places)


def _layer(one: DockerfileInstruction, caches_off: bool) -> _Layer:
    text = " ".join(one.words) if one.words else "\n".join((one.text, *one.heredocs))
    mounted = any(name == "mount" and "type=cache" in value for name, value in one.flags)
    layer = _Layer(text, caches_off=caches_off or mounted)
    for command in _BREAK.split(text):
        parts = [part.strip("\"'()") for part in command.split()]
        while parts and (parts[0] in ("sudo", "then", "do", "exec", "") or _ASSIGNMENT.match(parts[0])):
            parts = parts[1:]
        if parts:
            _judge(parts, layer)
    return layer


def _notes(
    layer: _Layer, directories: Sequence[str], required: Mapping[str, Sequence[PythonRequirement]], with_caches: bool
) -> list[str]:
    notes = [name for name in dict.fromkeys(layer.installed) if name not in layer.removed]
    development = list(layer.development)
    for name in layer.requirements:
        development += _development_packages(name, directories, required)
    if development:
        notes.append(f"{', '.join(dict.fromkeys(development))} for development")
    if with_caches:
        notes += dict.fromkeys(layer.caches)
    return notes


def _development_packages(
    file: str, directories: Sequence[str], required: Mapping[str, Sequence[PythonRequirement]]
) -> list[str]:
    parts = [part for part in file.split("/") if part not in ("", ".", "..")]
    for directory in directories:
        for start in range(len(parts)):
            path = join(directory, "/".join(parts[start:]))
            if path is not None and path in required:
                return [one.name for one in required[path] if one.name in _DEVELOPMENT]
    return []


def _judge(parts: list[str], layer: _Layer) -> None:
    tool, rest = parts[0].rpartition("/")[2], parts[1:]
    arguments = [word for word in rest if not word.startswith("-")]
    verb = arguments[0] if arguments else ""
    if tool in _APT or tool in _RPM:
        _system_packages(tool, verb, arguments, layer)
    elif tool == "apk":
        _alpine_packages(verb, rest, arguments, layer)
    elif tool in ("pip", "pip3") or (re.fullmatch(r"python[0-9.]*", tool) and rest[:2] == ["-m", "pip"]):
        _python_packages([word for word in rest if word not in ("-m", "pip")], layer)
    elif tool == "pipenv" and verb in ("install", "sync"):
        if "--dev" in rest or "-d" in rest:
            layer.development.append("the development packages of Pipfile")
    elif tool == "poetry" and verb == "install":
        if not any(word.startswith(("--only", "--no-dev", "--without")) for word in rest):
            layer.development.append("the development packages of pyproject.toml")
    elif (tool == "npm" and verb in ("install", "ci", "i")) or (tool == "yarn" and verb in ("", "install")):
        is_kept = f"{tool} cache clean" not in layer.text and not layer.caches_off
        layer.caches += [f"{tool}'s cache"] if is_kept else []


def _system_packages(tool: str, verb: str, arguments: list[str], layer: _Layer) -> None:
    if verb == "install":
        layer.installed += [name for name in map(_bare, arguments[1:]) if name in _COMPILERS]
        if tool in _APT and "/var/lib/apt/lists" not in layer.text and not layer.caches_off:
            layer.caches.append("apt's package lists")
    elif verb in ("remove", "purge", "autoremove", "erase"):
        layer.removed.update(map(_bare, arguments[1:]))


def _alpine_packages(verb: str, rest: list[str], arguments: list[str], layer: _Layer) -> None:
    if verb == "add":
        names = [name for name in map(_bare, arguments[1:]) if name in _COMPILERS]
        virtual = next((_value(rest, i) for i, word in enumerate(rest) if word.startswith(("--virtual", "-t"))), None)
        layer.installed += [virtual] if virtual and names else names
        if "--no-cache" not in rest and "/var/cache/apk" not in layer.text and not layer.caches_off:
            layer.caches.append("apk's cache")
    elif verb == "del":
        layer.removed.update(map(_bare, arguments[1:]))


def _python_packages(rest: list[str], layer: _Layer) -> None:
    if "install" not in rest:
        return
    files = [
        rest[index + 1] if word in ("-r", "--requirement") and index + 1 < len(rest) else word.partition("=")[2]
        for index, word in enumerate(rest)
        if word in ("-r", "--requirement") or word.startswith("--requirement=")
    ]
    layer.requirements += [file for file in files if file]
    packages = [
        re.split(r"[=<>~!\[]", word)[0].lower() for word in rest if not word.startswith("-") and word != "install"
    ]
    layer.installed += [name for name in packages if name in _PYTHON_BUILDERS]
    layer.development += [name for name in packages if name in _DEVELOPMENT]
    is_off = layer.caches_off or "--no-cache-dir" in rest or "pip cache purge" in layer.text or ".cache" in layer.text
    fetched = [name for name in packages if name not in ("pip", "setuptools", "wheel") and name not in files]
    if (fetched or files) and not is_off and "--no-index" not in rest:
        layer.caches.append("pip's cache")


def _bare(package: str) -> str:
    return re.split(r"[=<>~:@]", package)[0]


def _value(rest: list[str], index: int) -> str:
    _, equals, value = rest[index].partition("=")
    if equals:
        return value
    return rest[index + 1] if index + 1 < len(rest) else ""
