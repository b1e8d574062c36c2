"""Terraform blocks, evaluated, to queues, databases and grants.

In: ``TerraformBlock`` facts. Out: consumers and channels of declared queues, exposures of databases, and grants. A
value that depends on a state, a data source or an expression that is not evaluated is unknown, and nothing is said
of it.
"""

from __future__ import annotations

from archlint.model.deployment.terraform.databases import add_database_exposures
from archlint.model.deployment.terraform.deliveries import add_deliveries
from archlint.model.deployment.terraform.iam import add_grants
from archlint.model.deployment.terraform.module import terraform_modules
from archlint.model.deployment.terraform.queues import add_queues
from archlint.model.draft import Draft


def add_terraform(draft: Draft) -> None:
    """Add what Terraform declares."""
    for module in terraform_modules(draft):
        add_queues(draft, module)
        add_deliveries(draft, module)
        add_database_exposures(draft, module)
        add_grants(draft, module)


__all__ = ["add_terraform", "terraform_modules"]
