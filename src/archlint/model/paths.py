"""What a path says by its names: whether it is the project's own, and whether manifests are meant for production.

In come POSIX paths relative to the root; out come plain answers. No file is read.
"""

from __future__ import annotations

from archlint.core.record import pattern


def names(text: str) -> frozenset[str]:
    """The names in a text, one blank apart."""
    return frozenset(text.split())


NOT_OWN = names(
    "venv env virtualenv site-packages dist-packages node_modules vendor vendored third_party third-party "
    "__pycache__ bower_components eggs"
)
"""Folders whose content other people wrote."""

NON_PRODUCTION_NAMES = names(
    "dev devcontainer devel develop development test tests testing local override debug ci e2e minikube sandbox"
)
"""Words that say that a compose file, overlay or directory of manifests is not for production."""

_WORDS = pattern(r"[^a-zA-Z0-9]+")


def is_own_source(path: str) -> bool:
    """Whether the path lies outside virtual environments, vendored packages and dotted folders."""
    return not any(part in NOT_OWN or (part.startswith(".") and len(part) > 1) for part in path.split("/")[:-1])


def words(text: str) -> tuple[str, ...]:
    """The words of a name, in lower case: ``docker-compose.dev.yml`` is docker, compose, dev, yml."""
    return tuple(word for word in _WORDS.split(text.lower()) if word)


def says_non_production(path: str) -> bool:
    """Whether a name in the path says dev, test, local or override, or is a tool's own folder (``.devcontainer``)."""
    if any(part.startswith(".") and part not in (".", "..") for part in path.split("/")[:-1]):
        return True
    return any(word in NON_PRODUCTION_NAMES for word in words(path))


def parent(path: str) -> str:
    """The directory of a path; empty at the root."""
    return path.rpartition("/")[0]


def is_below(path: str, directory: str) -> bool:
    """Whether the path is the directory or lies below it."""
    return directory in ("", path) or path.startswith(directory + "/")


def join(directory: str, relative: str) -> str | None:
    """The path of a relative path that is written in a file of the directory; None where it leaves the root."""
    parts: list[str] = [part for part in directory.split("/") if part]
    for part in relative.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
