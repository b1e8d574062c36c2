"""Image builds: Dockerfiles joined with what builds them (compose, skaffold, CI-less convention) and what they ship.

In come Dockerfiles, compose builds and skaffold artifacts; out go image builds. Which image of a manifest a build makes
is decided by ``builds_of``.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import field

from archlint.core import tree
from archlint.core.facts.documents import (
    ComposeFile,
    Dockerfile,
    DockerfileInstruction,
    DockerfileStage,
    SkaffoldConfig,
)
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.workloads import EnvironmentVariable, ImageBuild, Probe
from archlint.core.values import UNKNOWN, Unknown, known
from archlint.model.deployment import known_images, references
from archlint.model.deployment.build_tools import kept_tools
from archlint.model.draft import Draft
from archlint.model.paths import is_own_source, join, names, parent, says_non_production

_STRUCTURAL = names("src app docker build deploy deployment image images server code source backend dockerfiles")
_MAX_STAGES = 64
_CHOSEN = pattern(r"(?:\./|/)?([\w./-]*\w)/\$\{?\w+\}?/?\s")
_WORKING_DIRECTORY = pattern(r"^(?:\$PWD|\$\{PWD\})(?=/|$)/?")


def add_images(draft: Draft) -> None:
    """Add an image build for each Dockerfile that is the project's own."""
    declared = _declared_builds(draft)
    required: dict[str, list[PythonRequirement]] = {}
    for one in draft.index.of(PythonRequirement):
        required.setdefault(one.at.path, []).append(one)
    for found in draft.index.of(Dockerfile):
        path = found.at.path
        if not found.stages or not is_own_source(path):
            continue
        draft.add(_build(found, declared.get(path) or _Declared(parent(path)), required))


def shipped_stages(found: Dockerfile, target: str | None = None) -> list[DockerfileStage]:
    """The stage that ships and the stages it starts from, the shipped one first."""
    by_name = {stage.name.lower(): stage for stage in found.stages if stage.name}
    stage: DockerfileStage | None = by_name.get(target.lower()) if target else None
    stage = stage or found.stages[-1]
    chain = [stage]
    while len(chain) < _MAX_STAGES:
        following = by_name.get(chain[-1].base.lower())
        if following is None or following in chain:
            break
        chain.append(following)
    return chain


def directory_name(path: str) -> str:
    """The name that a directory gives to what is built in it: its last part that says more than ``src``."""
    for part in reversed(path.split("/")):
        if part and part.lower() not in _STRUCTURAL:
            return part
    return path.rpartition("/")[2]


def user_kind(user: str | Unknown | None, base: str | Unknown) -> bool | Unknown:
    """Whether an image runs as root: by its USER, else by what is known of its base image."""
    if isinstance(user, Unknown) or isinstance(base, Unknown):
        return UNKNOWN
    if user is not None:
        name = user.partition(":")[0].strip()
        if "$" in name or not name:
            return UNKNOWN
        return name in ("root", "0")
    reference = references.parse(base)
    tag = known(reference.tag) or ""
    if "nonroot" in tag or "chiseled" in tag or "rootless" in tag:
        return False
    name = references.last_part(reference.repository)
    found = known_images.find(reference.repository)
    if found is not None and found.user in ("non-root", "steps-down"):
        return False
    if name in known_images.ROOT_BASES or (found is not None and found.user == "root"):
        return True
    return UNKNOWN


@dataclass
class _Declared:
    """What compose files and skaffold say of a Dockerfile: its context, the names of its images, its targets."""

    context: str
    names: set[str] = field(default_factory=set)
    targets: set[str | None] = field(default_factory=set)


def _declared_builds(draft: Draft) -> dict[str, _Declared]:
    """What compose files and skaffold say of Dockerfiles, by the Dockerfile's path."""
    result: dict[str, _Declared] = {}
    dockerfiles = frozenset(one.at.path for one in draft.index.of(Dockerfile))
    for file in draft.index.of(ComposeFile):
        directory = parent(file.at.path)
        for one in tree.entries(file.tree, "services"):
            found = tree.get(one.value, "build")
            if found is None:
                continue
            built = composed_build(directory, found, dockerfiles)
            if built is not None:
                declared = result.setdefault(built[1], _Declared(built[0]))
                if not says_non_production(file.at.path):
                    declared.targets.add(tree.text(found, "target"))
                image = tree.text(one.value, "image")
                if image and "$" not in image:
                    declared.names.add(references.parse(image).repository)
    for config in draft.index.of(SkaffoldConfig):
        directory = parent(config.at.path)
        for artifact in tree.items(config.tree, "build", "artifacts"):
            image = tree.text(artifact, "image")
            context = join(directory, tree.text(artifact, "context") or ".")
            if not image or context is None:
                continue
            path = join(context, tree.text(artifact, "docker", "dockerfile") or "Dockerfile")
            if path is not None:
                declared = result.setdefault(path, _Declared(context))
                declared.names.add(references.parse(image).repository)
                declared.targets.add(tree.text(artifact, "docker", "target"))
    return result


def composed_build(directory: str, build: tree.Node, dockerfiles: Container[str]) -> tuple[str, str] | None:
    """The context and the Dockerfile of a compose ``build:``. Paths start at the file's directory, or at the root, for
    files that are run from there (``$PWD/orders``, ``--project-directory``)."""
    written = tree.text(build) or tree.text(build, "context") or "."
    relative = _WORKING_DIRECTORY.sub("", written)
    found: list[tuple[str, str]] = []
    for start in (directory, "") if relative == written else ("", directory):
        place = join(start, relative)
        file = join(place, tree.text(build, "dockerfile") or "Dockerfile") if place is not None else None
        if place is not None and file is not None:
            found.append((place, file))
    return next((one for one in found if one[1] in dockerfiles), found[0] if found else None)


def _build(found: Dockerfile, declared: _Declared, required: Mapping[str, Sequence[PythonRequirement]]) -> ImageBuild:
    path = found.at.path
    # A stage called dev or test is for developers: what ships is the last one.
    targets = {one for one in declared.targets if one is None or not says_non_production(one)}
    target = next(iter(targets)) if len(targets) == 1 else None
    chain = shipped_stages(found, target)
    instructions = [one for stage in reversed(chain) for one in stage.instructions]
    key = path
    base = chain[-1].base
    tools = kept_tools(chain, (declared.context, parent(path)), required)
    file_name = path.rpartition("/")[2]
    stage_at = chain[0].at
    return ImageBuild(
        at=Span(
            path, stage_at.line, 1, stage_at.line, stage_at.end_column if stage_at.end_line == stage_at.line else 2
        ),
        name=path,
        key=key,
        path=path,
        context=declared.context,
        images=tuple(sorted(declared.names)),
        base=UNKNOWN if "$" in base else base,
        user=_user(instructions),
        stages=len(found.stages),
        build_tools=tools,
        ships_build_tools=bool(tools),
        kept=tuple(dict.fromkeys(one.note for one in tools)),
        exposed_ports=_exposed(instructions),
        command=_command(instructions),
        variables=_variables(instructions, path),
        healthcheck=_healthcheck(instructions, path),
        is_production=not says_non_production(file_name) and not says_non_production(parent(path)),
        chosen_below=_chosen_below(instructions),
    )


def _chosen_below(instructions: Sequence[DockerfileInstruction]) -> str:
    """``services`` of ``COPY ./services/${SERVICE} .``."""
    for one in instructions:
        match = _CHOSEN.match(one.text) if one.keyword in ("COPY", "ADD") and "$" in one.text else None
        if match and not any(name == "from" for name, _ in one.flags):
            return match[1]
    return ""


def _user(instructions: Sequence[DockerfileInstruction]) -> str | Unknown | None:
    users = [one for one in instructions if one.keyword == "USER"]
    if not users:
        return None
    return UNKNOWN if "$" in users[-1].text else users[-1].text.strip()


def _exposed(instructions: Sequence[DockerfileInstruction]) -> tuple[int, ...]:
    numbers = []
    for one in instructions:
        if one.keyword == "EXPOSE":
            for word in one.text.split():
                number = word.partition("/")[0]
                if number.isdigit():
                    numbers.append(int(number))
    return tuple(dict.fromkeys(numbers))


def _command(instructions: Sequence[DockerfileInstruction]) -> tuple[str, ...]:
    entry: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    for one in instructions:
        if one.keyword == "ENTRYPOINT":
            entry, command = _words(one), ()
        elif one.keyword == "CMD":
            command = _words(one)
    return (*entry, *command)


def _words(one: DockerfileInstruction) -> tuple[str, ...]:
    return one.words or tuple(one.text.split())


def _variables(instructions: Sequence[DockerfileInstruction], path: str) -> tuple[EnvironmentVariable, ...]:
    found: dict[str, EnvironmentVariable] = {}
    for one in instructions:
        if one.keyword != "ENV":
            continue
        for name, value in _assignments(one.text):
            found[name] = EnvironmentVariable(
                at=one.at,
                name=name,
                key=f"{path}/{name}",
                value=UNKNOWN if "$" in value else value,
                source="image",
            )
    return tuple(found.values())


def _assignments(text: str) -> list[tuple[str, str]]:
    first = text.split(None, 1)
    if not first:
        return []
    if "=" not in first[0]:
        return [(first[0], first[1].strip() if len(first) > 1 else "")]
    result: list[tuple[str, str]] = []
    for word in _split_words(text):
        name, equals, value = word.partition("=")
        if equals and name:
            result.append((name, value))
    return result


def _split_words(text: str) -> list[str]:
    """Words with quotes taken off, as Docker's parser does it; a quote that is never closed ends at the end."""
    result, current, quote, started, escaped = [], [], "", False, False
    for character in text:
        if escaped:
            current.append(character)
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = started = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                current.append(character)
        elif character in "\"'":
            quote, started = character, True
        elif character.isspace():
            if started or current:
                result.append("".join(current))
            current, started = [], False
        else:
            current.append(character)
    if started or current:
        result.append("".join(current))
    return result


def _healthcheck(instructions: Sequence[DockerfileInstruction], path: str) -> Probe | None:
    checks = [one for one in instructions if one.keyword == "HEALTHCHECK"]
    if not checks or checks[-1].text.strip().upper() == "NONE":
        return None
    one = checks[-1]
    return Probe(
        at=one.at,
        name=f"health check of {path}",
        key=f"{path}/healthcheck",
        kind="healthcheck",
        mechanism="exec",
        workload="",
        container="",
        command=one.text,
    )
