"""Several services in one unit of deployment, so that they cannot deploy, scale and fail on their own.

In: pods, commands and images of containers, supervisor configuration, entry-point scripts. Out: a ``SharedDeployment``
for each pod with two business services, each image that commands run as different services, and each container that
keeps several processes. Sidecars are part of their service, and so are a service's web, worker and scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from archlint.core.facts.documents import ConfigValue, ShellScript
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.services import SharedDeployment
from archlint.core.system.workloads import Container
from archlint.core.values import Place, Unknown
from archlint.model.draft import Draft
from archlint.model.production import is_production, service_name_at

_SERVERS = pattern(
    r"\b(?:uvicorn|gunicorn|hypercorn|daphne|waitress-serve|flask\s+run|fastapi\s+run|python\d?(?:\.\d+)?|node|java"
    r"|nameko\s+run|celery|npm\s+(?:run|start)|streamlit\s+run|faust|dramatiq|rq\s+worker|arq)\b"
)
_HELPERS = pattern(
    r"(?i)\b(?:nginx|cron|crond|rsyslogd?|syslog|sshd|logrotate|tail|filebeat|fluent|supervisor|eventlistener|exporter"
    r"|migrate|alembic|collectstatic|pip|manage\.py\s+(?:migrate|collectstatic|loaddata)|-c\s)"
)
_SAME_SERVICE = pattern(
    r"(?i)(?:^|[-_./])(?:worker|workers|beat|scheduler|cron|tasks?|consumer|cli|migrat\w*|manage|alembic|flower|seed|init)"
    r"(?:$|[-_./:])"
)
_MODULE = pattern(
    r"(?:uvicorn|gunicorn|hypercorn|daphne)\b(?:\s+-\S+(?:[= ]\S+)?)*?\s+(?P<app>[A-Za-z_][\w.]*):\w+"
    r"|python\d?(?:\.\d+)?\s+(?:-u\s+)?(?:-m\s+(?P<module>[A-Za-z_][\w.]*)|(?P<file>[\w./-]+\.py))"
)


def add_shared_deployments(draft: Draft) -> None:
    """Add every deployment that several services share."""
    draft.add(*_pods(draft), *_images(draft), *_supervisors(draft), *_scripts(draft))


def _pods(draft: Draft) -> Iterator[SharedDeployment]:
    for workload in draft.workloads:
        if workload.platform != "kubernetes":
            continue
        members: dict[str, Container] = {}
        for container in workload.containers:
            if container.kind == "app" and container.role == "service" and not _is_sidecar(draft, container):
                members.setdefault(container.service or "", container)
        members.pop("", None)
        if len(members) > 1:
            first, *others = members.values()
            yield SharedDeployment(
                at=others[0].at,
                name=workload.name,
                key=f"{workload.key}/pod",
                services=tuple(members),
                kind="pod",
                related=(
                    Place(first.at, f"{first.service} runs in the same pod"),
                    *(Place(one.at, f"so does {one.service}") for one in others[1:]),
                ),
            )


def _images(draft: Draft) -> Iterator[SharedDeployment]:
    """Containers of one image whose commands start different applications."""
    groups: dict[tuple[str, str], dict[str, tuple[str, Container]]] = {}
    for container in draft.containers:
        if (
            container.role != "service"
            or container.kind != "app"
            or (container.image is None and container.build is None)
        ):
            continue
        if container.build is not None:
            image = container.build.path
        elif container.image is not None and (container.image.is_built_here or container.service):
            image = container.image.repository
        else:
            continue
        application = _application(container)
        if application is not None:
            known = groups.setdefault((container.environment, image), {})
            known.setdefault(application, (container.workload, container))
    for (environment, image), found in groups.items():
        if len(found) < 2 or len({name for name, _ in found.values()}) < 2:
            continue
        members = [container for _, container in found.values()]
        names = tuple(dict.fromkeys(name for name, _ in found.values()))
        yield SharedDeployment(
            at=members[1].at,
            name=image,
            key=f"{environment}/{image}/image",
            services=names,
            kind="image",
            is_production=members[1].is_production or members[1].platform != "compose",
            related=tuple(Place(one.at, f"{one.workload} runs the same image") for one in (members[0], *members[2:])),
        )


def _supervisors(draft: Draft) -> Iterator[SharedDeployment]:
    programs: dict[str, list[ConfigValue]] = {}
    for one in draft.index.of(ConfigValue):
        if one.key.startswith("program:") and one.key.endswith(".command") and isinstance(one.value, str):
            programs.setdefault(one.at.path, []).append(one)
    for path, values in programs.items():
        found = [one for one in values if not _HELPERS.search(str(one.value))]
        if len(found) > 1 and is_production(path, draft.config):
            names = tuple(one.key.removeprefix("program:").removesuffix(".command") for one in found)
            yield _several(
                path,
                found[1].at,
                names,
                tuple(Place(one.at, "another process") for one in found if one is not found[1]),
            )


def _scripts(draft: Draft) -> Iterator[SharedDeployment]:
    """Scripts that put a server in the background and start another one."""
    lines = [part for one in draft.containers for part in (one.command, one.arguments)]
    lines += [one.command for one in draft.images]
    commands = " ".join(word for line in lines if not isinstance(line, Unknown) for word in line)
    for script in draft.index.of(ShellScript):
        path = script.at.path
        name = path.rpartition("/")[2]
        if service_name_at(draft, path) is None or not is_production(path, draft.config) or name not in commands:
            continue
        processes = _processes(script.text)
        if len(processes) > 1:
            at = [Span(path, script.at.line + number, 1, script.at.line + number, 2) for number, _ in processes]
            names = tuple(dict.fromkeys(text for _, text in processes))
            yield _several(path, at[0], names, tuple(Place(one, "another process") for one in at[1:]))


def _several(path: str, at: Span, names: tuple[str, ...], related: tuple[Place, ...]) -> SharedDeployment:
    return SharedDeployment(
        at=at, name=path, key=f"{path}/supervisor", services=names, kind="supervisor", related=related
    )


def _processes(text: str) -> list[tuple[int, str]]:
    """The servers that a script runs beside each other, by line; empty where none is put in the background."""
    found: list[tuple[int, str]] = []
    background = False
    for number, line in enumerate(text.split("\n")):
        code = line.partition(" #")[0].strip()
        if not code or code.startswith("#") or _HELPERS.search(code) or not _SERVERS.search(code):
            continue
        if code.endswith("&") and not code.endswith("&&"):
            background = True
        found.append((number, " ".join(code.rstrip("&").removeprefix("exec ").split()[:4])))
    return found if background else []


def _application(container: Container) -> str | None:
    """What a container's command starts: the package of its module; None where it says nothing or starts a helper."""
    if isinstance(container.command, Unknown) or isinstance(container.arguments, Unknown):
        return None
    line = " ".join((*container.command, *container.arguments))
    match = _MODULE.search(line)
    if match is None or _SAME_SERVICE.search(container.workload) or _SAME_SERVICE.search(match.group(0).split()[-1]):
        return None
    name = (
        match.group("app") or match.group("module") or (match.group("file") or "").removesuffix(".py").replace("/", ".")
    )
    return name.strip(".") or None


def _is_sidecar(draft: Draft, container: Container) -> bool:
    names = [container.name, container.image.repository if container.image else ""]
    return any(fnmatchcase(name, pattern) for name in names for pattern in draft.config.sidecars)
