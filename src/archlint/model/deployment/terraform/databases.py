"""Databases and brokers that Terraform opens to the outside: public endpoints and firewalls that admit everyone."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import TerraformBlock
from archlint.core.span import Span, first_line
from archlint.core.system.security import DatabaseExposure
from archlint.core.values import Place, Unknown, is_unknown
from archlint.model.deployment.terraform.module import Resource, Symbol, TerraformModule, Value, as_list
from archlint.model.deployment.ways import WAYS
from archlint.model.draft import Draft

_PUBLIC_SWITCH = {
    "aws_db_instance": "publicly_accessible",
    "aws_rds_cluster_instance": "publicly_accessible",
    "aws_docdb_cluster_instance": "publicly_accessible",
    "aws_neptune_cluster_instance": "publicly_accessible",
    "aws_redshift_cluster": "publicly_accessible",
    "aws_dms_replication_instance": "publicly_accessible",
    "aws_mq_broker": "publicly_accessible",
}
_EVERYONE = ("0.0.0.0/0", "::/0", "0.0.0.0")
_PORTS = {
    1433: "SQL Server",
    1521: "Oracle",
    3306: "MySQL",
    5432: "PostgreSQL",
    5439: "Redshift",
    5672: "RabbitMQ",
    6379: "Redis",
    9042: "Cassandra",
    9092: "Kafka",
    9200: "Elasticsearch",
    11211: "Memcached",
    15672: "RabbitMQ management",
    27017: "MongoDB",
}
_FIREWALL_RULES = (
    "azurerm_postgresql_firewall_rule",
    "azurerm_postgresql_flexible_server_firewall_rule",
    "azurerm_mysql_firewall_rule",
    "azurerm_mysql_flexible_server_firewall_rule",
    "azurerm_mssql_firewall_rule",
    "azurerm_sql_firewall_rule",
    "azurerm_redis_firewall_rule",
)


def add_database_exposures(draft: Draft, module: TerraformModule) -> None:
    """Add what one module opens."""
    for kind, switch in _PUBLIC_SWITCH.items():
        for resource in module.of(kind):
            value = resource.value(switch)
            if value is True or is_unknown(value):
                engine = resource.value("engine") or resource.value("engine_type")
                public = True if value is True else Unknown(f"{switch} is not known")
                _add(draft, resource, engine, "publicly-accessible", public, resource.place(switch))
    for resource in module.of("google_sql_database_instance"):
        for network in _authorized_networks(resource.block):
            if _admits_everyone(module.value_in(network, "value")):
                _add(draft, resource, resource.value("database_version"), "open-firewall", True, first_line(network.at))
    for resource in module.of(*_FIREWALL_RULES):
        ends = (resource.value("start_ip_address"), resource.value("start_ip"))
        last = (resource.value("end_ip_address"), resource.value("end_ip"))
        if "0.0.0.0" in ends and "255.255.255.255" in last:
            _add(draft, resource, resource.type.split("_")[1], "open-firewall", True, resource.at)
    for owner, rule, ports, sources in _ingress_rules(module):
        engine = next((name for port, name in _PORTS.items() if _covers(ports, port)), None)
        if engine and any(_admits_everyone(one) for one in sources):
            _add(draft, owner, engine, "open-firewall", True, rule)


def _add(draft: Draft, resource: Resource, engine: Value, kind: str, public: bool | Unknown, at: Span) -> None:
    name = resource.block.labels[1]
    draft.add(
        DatabaseExposure(
            at=at,
            name=name,
            key=f"{resource.module.directory} {resource.address} {kind}",
            engine=engine if isinstance(engine, str) else resource.type,
            kind=kind,
            by=WAYS[kind],
            is_public=public,
            environment=resource.module.directory,
            related=(Place(resource.at, f"{resource.address} is declared here"),) if at != resource.at else (),
        )
    )


def _authorized_networks(block: TerraformBlock) -> Iterator[TerraformBlock]:
    for inner in block.blocks:
        if inner.type == "authorized_networks":
            yield inner
        else:
            yield from _authorized_networks(inner)


def _ingress_rules(module: TerraformModule) -> Iterator[tuple[Resource, Span, tuple[Value, Value], list[Value]]]:
    """Each rule that lets traffic in: its resource, its line, its lowest and highest port, and its sources."""
    for group in module.of("aws_security_group"):
        for block in group.block.blocks:
            if block.type == "ingress":
                values = [module.value_in(block, name) for name in ("cidr_blocks", "ipv6_cidr_blocks")]
                ports = (module.value_in(block, "from_port"), module.value_in(block, "to_port"))
                yield group, first_line(block.at), ports, [one for value in values for one in as_list(value)]
    for rule in module.of("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
        if rule.value("type") in (None, "ingress"):
            names = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
            sources = [one for name in names for one in as_list(rule.value(name))]
            yield rule, rule.at, (rule.value("from_port"), rule.value("to_port")), sources
    for rule in module.of("google_compute_firewall"):
        if rule.value("direction") in (None, "INGRESS"):
            for block in rule.block.blocks:
                for ports in _google_ports(module, block) if block.type == "allow" else ():
                    yield rule, rule.at, ports, as_list(rule.value("source_ranges"))


def _google_ports(module: TerraformModule, block: TerraformBlock) -> Iterator[tuple[Value, Value]]:
    for written in as_list(module.value_in(block, "ports")):
        low, _, high = str(written).partition("-")
        yield low, high or low


def _covers(ports: tuple[Value, Value], port: int) -> bool:
    """Whether a rule is about the port: a range of a few ports that has it, not one that opens everything."""
    low, high = (int(one) if isinstance(one, int | str) and str(one).isdigit() else None for one in ports)
    return low is not None and high is not None and low <= port <= high and high - low <= 1_000


def _admits_everyone(source: Value) -> bool:
    return isinstance(source, str) and not isinstance(source, Symbol) and source in _EVERYONE
