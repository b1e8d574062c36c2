"""What code and manifests have in common about switches of TLS: how one is put into the system, and those in URLs."""

from __future__ import annotations

import re

from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.security import TlsSetting
from archlint.core.values import Place, Truth

_URL_SWITCH = pattern(
    r"[?&](sslmode=disable|tlsAllowInvalidCertificates=true|tlsInsecure=true|ssl_cert_reqs=(?:none|CERT_NONE)|"
    r"tlsAllowInvalidHostnames=true|sslVerify=false|useSSL=false|trustServerCertificate=true)\b",
    re.IGNORECASE,
)


def url_switch(text: str) -> str | None:
    """The part of a URL that switches verification off, None where there is none."""
    match = _URL_SWITCH.search(text) if "=" in text else None
    return match[1] if match is not None else None


def tls_setting(
    at: Span,
    option: str,
    owner: str,
    source: str,
    service: str | None = None,
    disabled: Truth = True,
    related: tuple[Place, ...] = (),
) -> TlsSetting:
    """A switch as it is written. ``owner`` tells switches of one spelling apart: a service and file, a workload, an
    object; ``source`` is ``code`` or ``manifest``."""
    return TlsSetting(
        at=at,
        name=option,
        key=f"{owner} {option}",
        service=service,
        option=option,
        source=source,
        disabled=disabled,
        related=related,
    )
