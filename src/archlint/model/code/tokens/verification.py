"""Switches about TLS and JWT verification, in code and in what containers are given.

In: the production Python of each service, containers' variables and arguments, manifests. Out: ``TlsSetting`` and
``TokenVerification`` subjects. A switch whose value is not known is UNKNOWN; one towards this machine disables nothing.
"""

from __future__ import annotations

from archlint.model.code.tokens.tls_settings import add_tls_settings
from archlint.model.code.tokens.tokens import add_token_verifications
from archlint.model.deployment.tls_settings import add_deployed_tls_settings
from archlint.model.draft import Draft


def add_verification(draft: Draft) -> None:
    """Add them to the draft."""
    add_tls_settings(draft)
    add_deployed_tls_settings(draft)
    add_token_verifications(draft)
