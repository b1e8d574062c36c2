"""What the commands of images and manifests start: the Python files behind ``CMD``, ``args`` and console scripts.

In: commands in exec or shell form, and the shell scripts that they run. Out: paths, or None for a command that is not
understood: then any file of the service may be started.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from archlint.core.facts.documents import ConfigValue, ShellScript
from archlint.core.facts.python import PythonModule
from archlint.core.record import pattern
from archlint.core.values import known
from archlint.model.draft import Draft
from archlint.model.paths import names

_PYTHON = pattern(r"(.*/)?(python|pypy)[0-9.]*$")
_SERVERS = names(
    "uvicorn gunicorn hypercorn daphne granian waitress-serve celery nameko faust flask fastapi streamlit uwsgi "
    "opentelemetry-instrument ddtrace-run newrelic-admin watchmedo dramatiq rq arq taskiq"
)
_SERVER_BASES = pattern(r"uvicorn|gunicorn|uwsgi|meinheld|hypercorn|starlette")
"""Base images that bring a command of their own: it starts an application under a usual name."""
_TARGET = pattern(r"([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)(?::[\w.()]+)?$")
_SHELL_BREAK = pattern(r"&&|\|\||[;|\n&]")
_PREFIXES = frozenset({"exec", "nohup", "time", "env", "then", "do", "else"})
_ASSIGNMENT = pattern(r"\w+=")


def commands_by_service(draft: Draft) -> dict[str, list[tuple[str, ...] | None]]:
    """What each service's images and containers start; None for a command that is not known."""
    found = draft.memo.get("commands")
    if isinstance(found, dict):
        return found
    commands: dict[str, list[tuple[str, ...] | None]] = {}
    for image in draft.images:
        if image.service is not None and image.is_production:
            command = known(image.command)
            if command == () and isinstance(image.base, str) and _SERVER_BASES.search(image.base):
                commands.setdefault(image.service, []).append(None)
            elif command != ():
                commands.setdefault(image.service, []).append(command)
    for container in draft.containers:
        if container.service is None:
            continue
        command, arguments = known(container.command), known(container.arguments)
        if command is None or arguments is None:
            commands.setdefault(container.service, []).append(None)
        elif command or arguments:
            commands.setdefault(container.service, []).append((*command, *arguments))
    draft.memo["commands"] = commands
    return commands


def started_by(
    draft: Draft, words: tuple[str, ...], modules: dict[str, PythonModule], directory: str, depth: int = 0
) -> set[str] | None:
    """The files that a command starts, None where it is not understood."""
    found: set[str] = set()
    understood = False
    for part in _simple_commands(words):
        files = _started_by(part, modules, directory)
        if files is not None:
            understood = True
            found |= files
        elif depth < 3:
            script = _script(draft, part, directory)
            if script is not None:
                inner = started_by(draft, (script,), modules, directory, depth + 1)
                if inner is not None:
                    understood = True
                    found |= inner
    return found if understood and found else None


def _simple_commands(words: tuple[str, ...]) -> Iterator[list[str]]:
    """The simple commands of an exec form, a shell form, or the text of a shell script."""
    if len(words) > 2 and words[0].rpartition("/")[2] in ("sh", "bash", "ash", "dash") and words[1].endswith("c"):
        words = (words[2],)
    if len(words) > 1:
        yield list(words)
        return
    for line in _SHELL_BREAK.split(words[0].replace("\\\n", " ") if words else ""):
        try:
            part = shlex.split(line, comments=True)
        except ValueError:
            part = line.split()
        while part and (part[0] in _PREFIXES or _ASSIGNMENT.match(part[0])):
            part = part[1:]
        if part:
            yield part


def _started_by(words: list[str], modules: dict[str, PythonModule], directory: str) -> set[str] | None:
    tools = {word.rpartition("/")[2] for word in words[:6]}
    runs_itself = bool(words) and words[0].endswith(".py")
    if not (runs_itself or tools & _SERVERS or any(_PYTHON.match(word) for word in words[:6])):
        return None
    found: set[str] = set()
    takes_module = bool(tools & _SERVERS)
    for previous, word in zip(["", *words], words, strict=False):
        if word.endswith(".py") and not word.startswith("-"):
            found |= _files_ending(word, modules, directory)
        elif previous in ("-m", "-A", "--app", "--module", "-w", "run") or takes_module:
            name = word.partition("=")[2] if word.startswith(("--app=", "-A")) and "=" in word else word
            match = _TARGET.match(name)
            if match:
                found |= _modules_named(match[1], modules, directory)
    return found or None


def _files_ending(word: str, modules: dict[str, PythonModule], directory: str) -> set[str]:
    parts = [part for part in word.split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        for prefix in (directory + "/" if directory else "", f"{directory}/src/" if directory else "src/"):
            if prefix + tail in modules:
                return {prefix + tail}
        matches = sorted((path for path in modules if path.endswith("/" + tail)), key=lambda one: (one.count("/"), one))
        if matches:
            return {matches[0]}
    return set()


def _modules_named(name: str, modules: dict[str, PythonModule], directory: str) -> set[str]:
    tail = name.replace(".", "/")
    found: set[str] = set()
    for ending in (f"{tail}.py", f"{tail}/__init__.py", f"{tail}/__main__.py"):
        exact = [prefix + ending for prefix in (directory + "/" if directory else "", f"{directory}/src/".lstrip("/"))]
        matches = [one for one in exact if one in modules] or sorted(
            (path for path in modules if path.endswith("/" + ending)), key=lambda one: (one.count("/"), one)
        )[:1]
        found.update(matches)
    if not found and "." in name:
        return _modules_named(name.rpartition(".")[0], modules, directory)
    return found


def _script(draft: Draft, words: list[str], directory: str) -> str | None:
    """The text of the shell script that a command runs."""
    for word in words[:2]:
        name = word.rpartition("/")[2]
        for script in _scripts_named(draft).get(name, ()):
            if _is_in(script.at.path, directory):
                return script.text
    return None


def _scripts_named(draft: Draft) -> dict[str, list[ShellScript]]:
    found = draft.memo.get("shell scripts")
    if isinstance(found, dict):
        return found
    scripts: dict[str, list[ShellScript]] = {}
    for script in draft.index.of(ShellScript):
        scripts.setdefault(script.at.path.rpartition("/")[2], []).append(script)
    draft.memo["shell scripts"] = scripts
    return scripts


def console_scripts(draft: Draft, modules: dict[str, PythonModule], directory: str) -> set[str]:
    """The files behind the console scripts of the service's pyproject.toml."""
    found: set[str] = set()
    for fact in draft.index.at(f"{directory}/pyproject.toml".lstrip("/")):
        if (
            isinstance(fact, ConfigValue)
            and isinstance(fact.value, str)
            and fact.key.startswith(("project.scripts.", "tool.poetry.scripts."))
        ):
            found |= _modules_named(fact.value.partition(":")[0], modules, directory)
    return found


def _is_in(path: str, directory: str | None) -> bool:
    return directory is not None and (directory == "" or path.startswith(directory + "/"))
