"""Secrets that stand in the open, in every layer.

In: the deployment model with its resolved variables, and the facts of configuration, manifests and Python. Out: one
``SecretExposure`` a place. ``value`` and ``names`` decide what is a secret; the other modules know where to look.
"""

from __future__ import annotations

from archlint.core.facts.documents import ConfigValue
from archlint.core.values import known
from archlint.model.draft import Draft
from archlint.model.production import service_name_at
from archlint.model.secrets.collect import Collector
from archlint.model.secrets.configuration import add_configuration_secrets, is_template
from archlint.model.secrets.environment import add_environment_secrets
from archlint.model.secrets.manifests import add_kubernetes_secrets
from archlint.model.secrets.names import words_of
from archlint.model.secrets.python import add_source_secrets
from archlint.model.secrets.terraform import add_terraform_secrets
from archlint.model.secrets.value import find_secret

Setters = dict[str, set[str | None]]


def add_secrets(draft: Draft) -> None:
    """Add every secret to the draft."""
    collector = Collector(draft)
    setters = _setters(draft)

    def default_holds(key: str, service: str | None) -> bool:
        services = setters.get(key)
        if services is None:
            return True
        return service is not None and service not in services and None not in services

    in_force = _credentials_in_force(draft) | add_kubernetes_secrets(draft, collector)
    add_environment_secrets(draft, collector)
    add_configuration_secrets(draft, collector, default_holds)
    add_terraform_secrets(draft, collector)
    add_source_secrets(draft, collector, default_holds, in_force, _weak_in_force(draft))


def _setters(draft: Draft) -> Setters:
    """Who gets a value for each environment variable; None stands for whoever reads a ``.env`` file."""
    found: Setters = {}
    for container in draft.containers:
        for variable in container.variables:
            if variable.value is not None:
                found.setdefault(variable.name, set()).add(container.service)
    for one in draft.index.of(ConfigValue):
        if one.format in ("env", "dotenv") and not is_template(one.at.path):
            found.setdefault(one.key, set()).add(service_name_at(draft, one.at.path))
    return found


def _credentials_in_force(draft: Draft) -> set[str]:
    found = set()
    for container in draft.containers:
        for variable in container.variables:
            secret = find_secret(variable.name, known(variable.value))
            if secret is not None:
                found.add(secret.digest)
    return found


def _weak_in_force(draft: Draft) -> dict[str, set[tuple[str, ...]]]:
    """The values of the credentials that containers are given, each with the words of the variables that hold it."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for container in draft.containers:
        for variable in container.variables:
            value, words = known(variable.value), words_of(variable.name)
            if len(words) > 1 and isinstance(value, str) and find_secret(variable.name, value) is not None:
                found.setdefault(value, set()).add(words)
    return found
