"""Contract documents: their operations, their versions and which documents are copies of one contract."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from archlint.core import tree
from archlint.core.facts.documents import AsyncApiDocument, ContractProblem, OpenApiDocument, ProtoFile
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span, start_of
from archlint.core.tree import Mapping, Node
from archlint.core.values import UNKNOWN, Truth

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VERSION_PART = pattern(r"v\d+(?:(?:alpha|beta|p)\d*)*(?:\.\d+)*|\d+\.\d+|\d{4}-\d{2}-\d{2}", re.IGNORECASE)
_OPERATIONAL_PACKAGES = ("grpc.health.", "grpc.reflection.", "grpc.channelz.", "grpc.binarylog.", "grpc.testing")
_FOREIGN_PACKAGES = (
    "google.",
    "gogoproto",
    "validate",
    "buf.validate",
    "opentelemetry.proto.",
    "envoy.",
    "xds.",
    "udpa.",
)


@dataclass(frozen=True)
class DocumentOperation:
    """An operation as one document writes it. ``path`` is below the server's base path."""

    method: str
    path: str
    at: Span
    is_authenticated: Truth
    responses: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A contract document in one shape for all formats. ``base_paths`` are those of its servers; ``is_open`` says that
    some operations stand in files that are not read."""

    format: str
    title: str
    specification: str
    at: Span
    version_at: Span
    version_in: str | None
    operations: tuple[DocumentOperation, ...]
    base_paths: tuple[str, ...] = ("",)
    is_open: bool = False
    is_operational: bool = False
    problems: tuple[ContractProblem, ...] = ()
    release: str | None = None

    @property
    def path(self) -> str:
        """The file."""
        return self.at.path


def read_openapi(fact: OpenApiDocument) -> Document:
    """An OpenAPI or Swagger document."""
    root = fact.tree
    servers = tree.items(root, "servers")
    urls = [url for server in servers if (url := tree.text(server, "url"))]
    if base := tree.text(root, "basePath"):
        urls.append(base)
    operations, is_open = _operations(root)
    version = next(
        (f"server {url}" for url in urls if has_version(url)),
        next((f"path {one.path}" for one in operations if has_version(one.path)), None),
    )
    place = tree.get(root, "servers", 0, "url") or tree.get(root, "basePath") or tree.get(root, "info", "version")
    return Document(
        "openapi",
        tree.text(root, "info", "title") or fact.at.path,
        f"OpenAPI {fact.version}" if fact.version[:1] != "2" else f"Swagger {fact.version}",
        start_of(fact.at.path),
        place.at if place is not None else start_of(fact.at.path),
        version,
        operations,
        tuple(dict.fromkeys(base_path(url) for url in urls)) or ("",),
        is_open,
        not operations and not is_open,
        fact.problems,
        tree.text(root, "info", "version"),
    )


def read_asyncapi(fact: AsyncApiDocument) -> Document:
    """An AsyncAPI document: its channels are its operations."""
    channels = tree.entries(fact.tree, "channels")
    operations = tuple(
        DocumentOperation("MESSAGE", tree.text(one.value, "address") or one.key, one.at, UNKNOWN, ())
        for one in channels
    )
    return Document(
        "asyncapi",
        tree.text(fact.tree, "info", "title") or fact.at.path,
        f"AsyncAPI {fact.version}",
        start_of(fact.at.path),
        start_of(fact.at.path),
        "not asked of AsyncAPI documents",
        operations,
        problems=fact.problems,
        release=tree.text(fact.tree, "info", "version"),
    )


def read_proto(fact: ProtoFile) -> Document:
    """A proto file: its rpcs are its operations."""
    operations = tuple(
        DocumentOperation("RPC", _rpc_path(fact.package, service.name, method.name), method.at, UNKNOWN, ())
        for service in fact.services
        for method in service.methods
    )
    parts = fact.package.split(".")
    version = next((f"package {fact.package}" for part in parts if _VERSION_PART.fullmatch(part)), None)
    name = f"{fact.package}."
    return Document(
        "proto",
        fact.package or fact.at.path,
        fact.syntax,
        start_of(fact.at.path),
        fact.package_at or start_of(fact.at.path),
        version,
        operations,
        is_operational=name.startswith(_OPERATIONAL_PACKAGES)
        or name.startswith(_FOREIGN_PACKAGES)
        or not (fact.services or fact.messages),
        problems=fact.problems,
    )


def is_foreign(package: str) -> bool:
    """Whether a proto package is one that others publish and everyone copies."""
    return f"{package}.".startswith((*_OPERATIONAL_PACKAGES, *_FOREIGN_PACKAGES))


def has_version(url: str) -> bool:
    """Whether a segment of the URL or path is a version, or its host starts with one."""
    split = urlsplit(url if "//" in url else f"//host{url if url.startswith('/') else '/' + url}")
    labels = (split.netloc.partition(":")[0]).split(".")
    return any(_VERSION_PART.fullmatch(part) for part in split.path.split("/")) or bool(
        len(labels) > 1 and re.fullmatch(r"v\d+", labels[0])
    )


def base_path(url: str) -> str:
    """The path of a server's URL without the last slash; template variables stay as segments."""
    path = urlsplit(url).path if "://" in url else (url if url.startswith("/") else "")
    return path.rstrip("/")


def group_copies(documents: Iterable[Document]) -> list[list[Document]]:
    """Documents of one contract together: OpenAPI by title where they share an operation, protos by package. The
    first of each is the one that a person edits: the most complete, outside services' own folders before within."""
    groups: list[list[Document]] = []
    by_name: dict[tuple[str, str], list[list[Document]]] = {}
    for document in sorted(documents, key=lambda one: (-len(one.operations), one.path.count("/"), one.path)):
        named = by_name.setdefault((document.format, document.title), [])
        mine = {(one.method, one.path) for one in document.operations}
        for group in named:
            theirs = {(one.method, one.path) for other in group for one in other.operations}
            if document.format == "proto" or mine & theirs:
                group.append(document)
                break
        else:
            named.append([document])
            groups.append(named[-1])
    return groups


def _operations(root: Mapping) -> tuple[tuple[DocumentOperation, ...], bool]:
    found: list[DocumentOperation] = []
    is_open = False
    default = _authenticated(tree.get(root, "security"))
    for path in tree.entries(root, "paths"):
        if not path.key.startswith("/"):
            continue
        item: Node | None = path.value
        if (reference := tree.text(item, "$ref")) is not None:
            item = _local(root, reference)
            if item is None:
                is_open = True
                continue
        for entry in tree.entries(item):
            if entry.key not in METHODS:
                continue
            security = tree.get(entry.value, "security")
            found.append(
                DocumentOperation(
                    entry.key.upper(),
                    path.key,
                    entry.at,
                    default if security is None else _authenticated(security),
                    tuple(one.key for one in tree.entries(entry.value, "responses")),
                )
            )
    return tuple(found), is_open


def _authenticated(security: Node | None) -> Truth:
    if security is None:
        return False
    requirements = tree.items(security)
    return bool(requirements) and all(tree.entries(one) for one in requirements)


def _local(root: Mapping, reference: str) -> Node | None:
    if not reference.startswith("#/"):
        return None
    steps = [step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/")]
    return tree.get(root, *steps)


def _rpc_path(package: str, service: str, method: str) -> str:
    return f"/{package}.{service}/{method}" if package else f"/{service}/{method}"
