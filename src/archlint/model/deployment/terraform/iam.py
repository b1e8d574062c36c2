"""Permissions that Terraform gives: which are wider than a service should have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.documents import TerraformBlock
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span, first_line
from archlint.core.system.security import IamGrant
from archlint.core.values import Place
from archlint.model.deployment.terraform.module import (
    Resource,
    Symbol,
    TerraformModule,
    Value,
    as_list,
    parse_json,
)
from archlint.model.draft import Draft

_POLICIES = ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")
_ATTACHMENTS = (
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
)
_WIDE_AWS = pattern(r"policy/(?:AdministratorAccess|PowerUserAccess|IAMFullAccess)$")
_WIDE_GOOGLE = {
    "roles/owner": "the primitive role Owner",
    "roles/editor": "the primitive role Editor",
    "roles/iam.serviceAccountAdmin": "service-account admin over the whole project",
    "roles/iam.serviceAccountTokenCreator": "token creator for every service account of the project",
    "roles/iam.serviceAccountKeyAdmin": "key admin for every service account of the project",
    "roles/resourcemanager.projectIamAdmin": "the right to give itself any role",
}
_READS = pattern(
    r"(?:^|:)(?:Get|List|Describe|Head|BatchGet|Query|Scan|Lookup|View|Search|Filter|Read|Check|Decode|Estimate|Validate|Test)\w*\*?$"
)
_UNSCOPED = pattern(
    r"^(?:ec2:(?:Describe|CreateTags|CreateNetworkInterface|DeleteNetworkInterface|AssignPrivateIp|UnassignPrivateIp)"
    r"|ecr:GetAuthorizationToken|logs:(?:Create|Put|UpdateLogDelivery|DeleteLogDelivery)|bedrock:Invoke|cloudwatch:PutMetric|xray:Put|sts:GetCallerIdentity|ssmmessages:"
    r"|ec2messages:|autoscaling:Describe|route53:ListHostedZones|kms:CreateKey|elasticloadbalancing:Describe)"
)
"""Actions that cannot be narrowed to a resource, or that everyone gives so."""
_PEOPLE = ("user:", "group:", "domain:")


@dataclass(frozen=True)
class Statement:
    """One statement of a policy document."""

    effect: Value
    actions: list[Value]
    resources: list[Value]
    has_condition: bool
    at: Span


def add_grants(draft: Draft, module: TerraformModule) -> None:
    """Add the grants of one module, wide or not."""
    for policy in module.of(*_POLICIES):
        _add_policy(draft, policy, _written(policy))
    for document in module.of("aws_iam_policy_document"):
        if not _is_trust_policy(document):
            _add_policy(draft, document, _documented(document))
    for attachment in module.of(*_ATTACHMENTS):
        arn = attachment.value("policy_arn")
        wide = isinstance(arn, str) and _WIDE_AWS.search(arn)
        problem = f"the managed policy {arn.rpartition('/')[2]}" if wide and isinstance(arn, str) else None
        _add(draft, attachment, problem, attachment.place("policy_arn"))
    for binding in module.of("google_project_iam_member", "google_project_iam_binding"):
        members = [*as_list(binding.value("member")), *as_list(binding.value("members"))]
        if members and all(isinstance(one, str) and one.startswith(_PEOPLE) for one in members):
            continue
        for role in _roles(binding):
            _add(draft, binding, _WIDE_GOOGLE.get(role), binding.place("role"))
    for assignment in module.of("azurerm_role_assignment"):
        granted, scope = assignment.value("role_definition_name"), assignment.value("scope")
        over_all = isinstance(scope, Symbol) and scope.address.startswith("data.azurerm_subscription")
        over_all = over_all or (isinstance(scope, str) and re.fullmatch(r"/subscriptions/[^/]+/?", scope) is not None)
        is_wide = granted in ("Owner", "Contributor", "User Access Administrator") and over_all
        _add(
            draft,
            assignment,
            f"{granted} over the whole subscription" if is_wide else None,
            assignment.place("role_definition_name"),
        )


def _roles(binding: Resource) -> Iterator[str]:
    """The role of a binding; with ``for_each`` over a literal set, each of its roles."""
    role = binding.value("role")
    if isinstance(role, str):
        yield role
        return
    each = binding.value("for_each")
    names = each if isinstance(each, list) else list(each.values()) if isinstance(each, dict) else []
    yield from (name for name in names if isinstance(name, str) and name.startswith("roles/"))


def _add_policy(draft: Draft, resource: Resource, statements: Iterator[Statement]) -> None:
    problems = [(problem, one.at) for one in statements if (problem := _problem(one))]
    if not problems:
        _add(draft, resource, None, resource.at)
    for problem, at in problems[:1]:
        _add(draft, resource, problem, at)


def _add(draft: Draft, resource: Resource, problem: str | None, at: Span) -> None:
    identity = resource.block.labels[1]
    draft.add(
        IamGrant(
            at=at,
            name=resource.address,
            key=f"{resource.module.directory} {resource.address} {problem or ''}".rstrip(),
            identity=identity,
            problem=problem,
            related=(Place(resource.at, f"{resource.address} is declared here"),) if at != resource.at else (),
        )
    )


def _problem(statement: Statement) -> str | None:
    """What is too wide in a statement, None where nothing is known to be."""
    if statement.effect not in (None, "Allow"):
        return None
    actions = [one for one in statement.actions if isinstance(one, str)]
    everywhere = "*" in statement.resources
    if "*" in actions or "*:*" in actions:
        return "every action" + (" on every resource" if everywhere else "")
    if everywhere and not statement.has_condition:
        writing = [one for one in actions if not _READS.search(one) and not _UNSCOPED.match(one)]
        if writing:
            return f"{', '.join(writing[:3])} on every resource"
    return None


def _written(policy: Resource) -> Iterator[Statement]:
    value = policy.value("policy")
    if isinstance(value, str):
        value = parse_json(value)
    if isinstance(value, dict):
        for one in as_list(value.get("Statement")):
            if isinstance(one, dict):
                yield Statement(
                    one.get("Effect"),
                    as_list(one.get("Action")),
                    as_list(one.get("Resource")),
                    one.get("Condition") is not None,
                    policy.place("policy"),
                )


def _documented(document: Resource) -> Iterator[Statement]:
    for block in document.block.blocks:
        if block.type == "statement":
            value = document.module.value_in
            yield Statement(
                value(block, "effect"),
                as_list(value(block, "actions")),
                as_list(value(block, "resources")),
                any(one.type == "condition" for one in block.blocks),
                _statement_place(block),
            )


def _statement_place(block: TerraformBlock) -> Span:
    wide = next((one for one in block.attributes if one.name in ("actions", "resources")), None)
    return first_line(wide.at) if wide else first_line(block.at)


def _is_trust_policy(document: Resource) -> bool:
    """Whether a document says who may assume a role, or who may reach a resource: not what an identity may do."""
    return any(one.type == "principals" for block in document.block.blocks for one in block.blocks)
