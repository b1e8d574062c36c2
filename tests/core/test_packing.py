"""A packed system comes back as it was, with the same subjects knowing each other; anything else is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pytest

from archlint.config import Config, Options
from archlint.core.facts.base import Gap
from archlint.core.facts.documents import ConfigValue
from archlint.core.span import Span
from archlint.core.system import SYSTEM_SUBJECTS, Subject, System
from archlint.core.system.messaging import Channel
from archlint.core.system.packing import UnpackableError, pack, unpack
from archlint.core.system.services import Service
from archlint.core.system.workloads import NetworkService, Workload
from archlint.core.values import Place, Setting, Unknown
from archlint.survey import survey

FIXTURES = Path(__file__).parents[2] / "fixtures"
HERE = Span("deploy/orders.yaml", 3, 5, 3, 11)


def shop() -> System:
    workload = Workload(
        at=HERE,
        name="orders",
        key="w",
        kind="Deployment",
        platform="kubernetes",
        environment="prod",
        replicas=Unknown("r"),
    )
    network = NetworkService(
        at=HERE, name="orders", key="n", platform="kubernetes", environment="prod", workloads=(workload, workload)
    )
    object.__setattr__(workload, "selected_by", (network,))
    gap = Gap(HERE, "syntax", "mend it")
    return System([workload, network, gap], {"pipelines": 2}, [gap])


def test_subjects_that_know_each_other_in_a_circle_do_so_again() -> None:
    system = unpack(pack(shop()))
    (workload,) = system.select(Workload)
    (network,) = system.select(NetworkService)
    assert workload.selected_by == (network,)
    assert network.workloads == (workload, workload)
    assert workload.replicas == Unknown("r")
    assert (workload.at, workload.name, workload.is_meshed, workload.service) == (HERE, "orders", False, None)
    assert system.unread == {"pipelines": 2}
    assert system.gaps == system.select(Gap) == (Gap(HERE, "syntax", "mend it"),)


def test_numbers_and_truths_that_are_equal_stay_apart() -> None:
    values = (True, 1, 1.0, False, 0, None, "1", Setting(1.0, "code", HERE), Place(HERE, "here"), (), ((1,), (True,)))
    found = unpack(pack(System([Service(at=HERE, name="a", key="a", labels=values)])))  # type: ignore[arg-type]
    (service,) = found.select(Service)
    assert service.labels == values
    assert [type(one) for one in service.labels] == [type(one) for one in values]
    assert [type(one) for one in service.labels[-1][1]] == [bool]


def test_a_subject_is_found_by_its_base_too_and_is_one_object() -> None:
    system = survey(FIXTURES / "shop", Config(), Options(use_cache=False)).system
    again = unpack(pack(system))
    assert {kind: len(found) for kind, found in again.by_kind.items()} == {
        kind: len(found) for kind, found in system.by_kind.items()
    }
    assert {id(one) for one in again.select(Channel)} <= {
        id(one) for kind in SYSTEM_SUBJECTS for one in again.select(kind)
    }


@pytest.mark.parametrize("name", ["shop", "shop-in-trouble"])
def test_a_whole_system_comes_back_as_it_was(name: str) -> None:
    system = survey(FIXTURES / name, Config(), Options(use_cache=False)).system
    again = unpack(pack(system))
    assert pack(again) == pack(system)
    for kind, subjects in system.by_kind.items():
        for before, after in zip(subjects, again.by_kind[kind], strict=True):
            assert flat(after) == flat(before)


def flat(subject: object) -> object:
    """The subject's fields, other subjects by type and name."""
    if not isinstance(subject, Subject):
        return subject
    shown = {field.name: getattr(subject, field.name) for field in dataclasses.fields(subject)}
    return type(subject), {name: named(value) for name, value in shown.items()}


def named(value: object) -> object:
    if isinstance(value, Subject):
        return type(value), value.key
    return tuple(map(named, value)) if isinstance(value, tuple) else value


def test_what_no_subject_should_hold_is_not_packed() -> None:
    odd = Service(at=HERE, name="a", key="a", owner=object())  # type: ignore[arg-type]
    with pytest.raises(UnpackableError, match="a value of the type object"):
        pack(System([odd]))
    with pytest.raises(UnpackableError, match="ConfigValue"):
        pack(System([ConfigValue(HERE, "properties", ("a",), "b")]))


@pytest.mark.parametrize("data", [b"", b"\x00", msgspec.msgpack.encode([[], [], [], [], [], [["Nothing", 1, [], []]]])])
def test_bytes_that_are_no_system_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no packed system"):
        unpack(data)


def test_a_number_that_leads_nowhere_is_refused() -> None:
    packed = msgspec.msgpack.decode(pack(shop()))
    packed[-1][0]["Workload"] = [10_000]
    with pytest.raises(ValueError, match="no packed system"):
        unpack(msgspec.msgpack.encode(packed))
