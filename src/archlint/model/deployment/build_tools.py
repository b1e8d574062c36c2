"""What an image ships that only building needs: compilers, package managers' caches, development dependencies.

In come the shipped stage of a Dockerfile and the stages it starts from; out come the places that put a tool into the
image and leave it there. What the same instruction removes again is not kept. What a base image holds itself counts only
where that image is a tool chain (a compiler's own image); Python's and Node's base images are how those services run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archlint.core.facts.documents import DockerfileInstruction, DockerfileStage
from archlint.core.span import Span
from archlint.core.values import Place
from archlint.model.deployment import references

_COMPILERS = frozenset(
    "build-essential gcc g++ clang llvm make cmake automake autoconf libtool build-base musl-dev python3-dev python-dev "
    "gfortran rustc cargo golang golang-go maven gradle openjdk-11-jdk openjdk-17-jdk default-jdk pkg-config pkgconf "
    "linux-headers gcc-c++ libc-dev libffi-dev bison flex nasm pipenv poetry".split()
)
_SECONDARY = frozenset("git".split())
_TOOL_CHAINS = {
    "golang": "the Go tool chain",
    "rust": "the Rust tool chain",
    "maven": "Maven and a JDK",
    "gradle": "Gradle and a JDK",
    "sdk": "the .NET SDK",
}
_BREAK = re.compile(r"&&|\|\||;|\n|\|")
_DEVELOPMENT_PACKAGES = frozenset(
    "pytest pylint flake8 black mypy ruff tox nox coverage pytest-cov pytest-asyncio isort bandit pre-commit "
    "pytest-mock pytest-django".split()
)


def kept_tools(chain: Sequence[DockerfileStage], context: str) -> tuple[Place, ...]:
    """The build tools that stay in the image, in the order of their lines."""
    places: list[Place] = []
    base = references.last_part(references.parse(chain[-1].base).repository)
    if base in _TOOL_CHAINS:
        places.append(Place(_line(chain[-1]), f"{_TOOL_CHAINS[base]} comes with the base image {chain[-1].base}"))
    for stage in reversed(chain):
        caches_off = any(
            one.keyword in ("ENV", "ARG") and re.search(r"PIP_NO_CACHE_DIR[= ]\s*\"?(1|true|yes|on|off)", one.text, re.I)
            for one in stage.instructions
        )
        for one in stage.instructions:
            if one.keyword == "RUN":
                places += _of_run(one, caches_off, base)
    return tuple(sorted(set(places)))


def _line(stage: DockerfileStage) -> Span:
    at = stage.at
    return Span(at.path, at.line, 1, at.line, 2)


def _of_run(one: DockerfileInstruction, caches_off: bool, base: str) -> list[Place]:
    text = " ".join((one.text, *one.heredocs)) if not one.words else " ".join(one.words)
    has_cache_mount = any(name == "mount" and "type=cache" in value for name, value in one.flags)
    notes: list[str] = []
    installed: list[str] = []
    removed: set[str] = set()
    for command in _BREAK.split(text):
        words = [word.strip("\"'()") for word in command.split() if word not in ("sudo", "\\", "then", "do", "(")]
        while words and re.match(r"^[A-Za-z_]\w*=", words[0]):
            words = words[1:]
        if not words:
            continue
        _judge(words, installed, removed, notes, has_cache_mount or caches_off or _cleans_pip(text))
    tools = [name for name in installed if name not in removed]
    if tools:
        notes.insert(0, f"{', '.join(tools)} {'stay' if len(tools) > 1 else 'stays'} in the image")
    return [Place(one.at, note) for note in notes]


def _judge(words: list[str], installed: list[str], removed: set[str], notes: list[str], pip_cache_off: bool) -> None:
    tool, rest = words[0].rpartition("/")[2], words[1:]
    arguments = [word for word in rest if not word.startswith("-")]
    verb = arguments[0] if arguments else ""
    if tool in ("apt-get", "apt", "yum", "dnf", "microdnf", "zypper"):
        if verb == "install":
            installed += [name for name in map(_bare, arguments[1:]) if name in _COMPILERS]
        elif verb in ("remove", "purge", "autoremove", "erase"):
            removed.update(map(_bare, arguments[1:]))
    elif tool == "apk":
        if verb == "add":
            virtual = next((_value(rest, i) for i, word in enumerate(rest) if word.startswith(("--virtual", "-t"))), None)
            names = [name for name in map(_bare, arguments[1:]) if name in _COMPILERS]
            if virtual is not None:
                installed += [f"{virtual}"] if names else []
            else:
                installed += names
        elif verb == "del":
            removed.update(map(_bare, arguments[1:]))
    elif tool in ("pip", "pip3") or (re.match(r"python[0-9.]*$", tool) and rest[:2] == ["-m", "pip"]):
        if "install" in rest:
            packages = [re.split(r"[=<>~!\[]", word)[0].lower() for word in arguments if word != "install"]
            installed += [name for name in packages if name in ("pipenv", "poetry")]
            development = [name for name in packages if name in _DEVELOPMENT_PACKAGES]
            if development:
                notes.append(f"{', '.join(development)} {'are' if len(development) > 1 else 'is'} for development")
            if "--no-cache-dir" not in rest and not pip_cache_off and any(_is_payload(word) for word in rest):
                notes.append("pip's cache stays in the image (no --no-cache-dir)")
    elif tool == "pipenv":
        if verb in ("install", "sync") and ("--dev" in rest or "-d" in rest):
            notes.append("pipenv installs the development packages too (--dev)")
    elif tool == "npm":
        if verb in ("install", "ci", "i"):
            notes.append("npm and its cache stay in the image")
    elif tool == "yarn":
        if verb in ("", "install") and "--production" not in rest:
            notes.append("yarn installs the development packages too")


def _is_payload(word: str) -> bool:
    """Whether an argument of pip names something that is fetched: not the tool itself (``pip``, ``setuptools``)."""
    return word not in ("install", "pip", "setuptools", "wheel") and (
        not word.startswith("-") or word.startswith(("-r", "--requirement"))
    )


def _cleans_pip(text: str) -> bool:
    return "pip cache purge" in text or "/.cache" in text


def _bare(package: str) -> str:
    return re.split(r"[=<>~:@]", package)[0]


def _value(rest: list[str], index: int) -> str:
    _, equals, value = rest[index].partition("=")
    if equals:
        return value
    return rest[index + 1] if index + 1 < len(rest) else ""
