"""Hosts in texts: which values name one, and what kind of host it is.

In: the name of a variable or key and its value. Out: the addresses in it: URLs, ``host:port`` lists and plain host
names. What a name says it is not (an image, a bind address, an origin) is no address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterator

from archlint.core.record import dataclass, pattern
from archlint.model.secrets.names import words_of
from archlint.model.secrets.value import MASK, expand

_URL = pattern(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^\s/@,;\"']*@)?(?P<hosts>\[[0-9A-Fa-f:.%]+\](?::\d+)?|[^\s/?#\"'<>|\\]+)"
    r"(?P<path>/[^\s?#\"',]*)?"
)
_HOST_PORT = pattern(
    r"^(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_\x00](?:[A-Za-z0-9_.\x00-]*[A-Za-z0-9\x00])?):(?P<port>\d{2,5})$"
)
_HOST = pattern(r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?$")
_LABEL = pattern(r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$", re.IGNORECASE)

_HOST_WORDS = frozenset(
    (
        "host",
        "hostname",
        "hosts",
        "addr",
        "address",
        "addresses",
        "url",
        "uri",
        "endpoint",
        "server",
        "servers",
        "broker",
        "brokers",
        "target",
        "upstream",
        "backend",
        "nodes",
        "node",
        "contactpoints",
    )
)
_OTHER_WORDS = frozenset(
    (
        "allowed",
        "bind",
        "listen",
        "listener",
        "listeners",
        "advertised",
        "virtual",
        "public",
        "external",
        "cors",
        "origin",
        "origins",
        "redirect",
        "callback",
        "issuer",
        "audience",
        "domain",
        "image",
        "tag",
        "version",
        "nameserver",
        "resolver",
        "dns",
        "cidr",
        "subnet",
        "network",
        "whitelist",
        "allowlist",
        "trusted",
        "website",
        "homepage",
        "docs",
        "logo",
        "avatar",
        "cookie",
        "namespace",
        "schema",
        "ns",
        "xmlns",
        "proxies",
    )
)
"""Words of names whose hosts are no targets of this process's calls."""

_OWN_ADDRESS = frozenset(
    (("host",), ("hostname",), ("server", "host"), ("app", "host"), ("http", "host"), ("address",))
)
_NO_PORT_NAMES = pattern(r"(?i)(image|version|tag|digest|time|schedule|cron|ratio|mapping|user|uid|group|ports?)$")
_PUBLIC_SCHEMES = frozenset(
    ("file", "s3", "gs", "jdbc", "sqlite", "urn", "data", "arn", "memory", "unix", "docker", "spiffe")
)
_SPECIAL_SUFFIXES = (
    ".internal",
    ".local",
    ".localdomain",
    ".localhost",
    ".lan",
    ".home",
    ".test",
    ".invalid",
    ".example",
)
_CLUSTER_SUFFIXES = (".svc", ".svc.cluster.local", ".cluster.local", ".pod.cluster.local")

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True)
class Address:
    """A host with what stands around it. ``is_call_target`` is false where the name says bind, origin and the like."""

    host: str
    port: int | None
    scheme: str | None = None
    path: str | None = None
    is_call_target: bool = True


def addresses_in(name: str, text: str) -> Iterator[Address]:
    """The addresses that a value under that name holds."""
    if len(text) > 4000:
        return
    words = words_of(name)
    plain = expand(text.strip(), lambda _: False)
    calls = not (set(words) & _OTHER_WORDS)
    if "://" in plain:
        yield from _in_urls(plain, calls)
        return
    if tuple(words) in _OWN_ADDRESS or (words and words[0] in ("bind", "listen")):
        return
    for part in re.split(r"[,;\s]+", plain) if "," in plain or ";" in plain else [plain]:
        match = _HOST_PORT.match(part)
        if match is not None:
            host, port = match.group("host").strip("[]"), int(match.group("port"))
            if host.isdigit() or port > 65535 or _NO_PORT_NAMES.search(name):
                continue
            if "_" in host and not _says_host(words):
                continue
            yield Address(host, port, is_call_target=calls)
        elif _says_host(words) and _HOST.match(part) and _may_be_host(part):
            yield Address(part.rstrip("."), None, is_call_target=calls)


def kind_of(host: str, namespaces: Container[str] = ()) -> str:
    """``ip``, ``loopback``, ``bind``, ``metadata``, ``in-cluster``, ``external`` or ``template``.

    ``namespaces`` are those of the environment: ``orders.shop`` is in the cluster where ``shop`` is one of them.
    """
    if MASK in host or "$" in host or "{" in host or "<" in host or "%" in host or not host:
        return "template"
    if re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", host):
        return "template"
    lowered = host.lower().rstrip(".")
    number = _ip(lowered)
    if number is not None:
        if number.is_loopback:
            return "loopback"
        if number.is_unspecified or number.is_multicast or lowered == "255.255.255.255":
            return "bind"
        return "metadata" if number.is_link_local or lowered == "fd00:ec2::254" else "ip"
    if lowered == "localhost" or lowered.endswith(".localhost"):
        return "loopback"
    labels = lowered.split(".")
    if not all(_LABEL.match(label) for label in labels):
        return "template"
    if len(labels) == 1 or lowered.endswith(_CLUSTER_SUFFIXES):
        return "in-cluster"
    if lowered.endswith(_SPECIAL_SUFFIXES):
        return "external"
    if len(labels) <= 3 and labels[-1] in namespaces:
        return "in-cluster"
    return "external"


def _in_urls(text: str, calls: bool) -> Iterator[Address]:
    for match in _URL.finditer(text):
        scheme = match.group("scheme").lower()
        if scheme in _PUBLIC_SCHEMES:
            continue
        for part in match.group("hosts").split(","):
            host, port = _split(part)
            if host:
                yield Address(host, port, scheme, match.group("path"), calls)


def _split(part: str) -> tuple[str, int | None]:
    part = part.rpartition("@")[2]
    if part.startswith("["):
        host, _, rest = part[1:].partition("]")
        return host, int(rest[1:]) if rest[1:].isdigit() else None
    host, _, port = part.partition(":")
    return host.rstrip(")];.'\""), int(port) if port.isdigit() and int(port) < 65536 else None


def _says_host(words: tuple[str, ...]) -> bool:
    while words and (words[-1].isdigit() or words[-1] in ("value", "default", "list", "internal", "primary", "master")):
        words = words[:-1]
    return bool(words) and words[-1] in _HOST_WORDS


def _may_be_host(text: str) -> bool:
    if _ip(text) is not None:
        return True
    if text.isdigit() or text.lower() in _NOT_HOSTS or "_" in text:
        return False
    return any(character.isalpha() for character in text)


_NOT_HOSTS = frozenset(
    ("true", "false", "none", "null", "yes", "no", "default", "auto", "all", "any", "on", "off", "local")
)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not text or not (text[0].isdigit() or ":" in text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
