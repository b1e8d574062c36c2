from __future__ import annotations

import dataclasses
import re
from dataclasses import field

import pytest

from archlint.core.record import dataclass, pattern


@dataclass(frozen=True)
class Parcel:
    name: str
    weight: int = 1
    marks: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Derived(Base):
    size: int = 2
    owner: str


@dataclass
class Tally:
    count: int = 0


def test_a_record_takes_its_fields_by_position_and_name_with_defaults() -> None:
    parcel = Parcel("a", marks=["x"])
    assert (parcel.name, parcel.weight, parcel.marks) == ("a", 1, ["x"])
    assert Parcel("a").marks is not Parcel("a").marks
    with pytest.raises(TypeError, match="weigth"):
        Parcel("a", weigth=2)  # type: ignore[call-arg]


def test_a_frozen_record_refuses_to_change_and_works_with_the_standard_functions() -> None:
    parcel = Parcel("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        parcel.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del parcel.name  # type: ignore[misc]
    assert dataclasses.replace(parcel, weight=3) == Parcel("a", 3)
    assert [one.name for one in dataclasses.fields(parcel)] == ["name", "weight", "marks"]


def test_records_compare_by_value_unless_they_say_otherwise() -> None:
    assert Parcel("a", 1, []) == Parcel("a") != Parcel("b")
    assert Derived(name="a", owner="b") != Derived(name="a", owner="b")
    assert repr(Derived(name="a", owner="b")) == "Derived(name='a', size=2, owner='b')"
    tally = Tally()
    tally.count += 1
    assert tally == Tally(1)
    with pytest.raises(TypeError):
        hash(tally)


def test_keyword_fields_of_a_subclass_may_follow_defaults() -> None:
    with pytest.raises(TypeError, match="owner"):
        Derived(name="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Derived("a", 1, "b")  # type: ignore[misc]


def test_a_pattern_works_as_a_compiled_one_and_fails_where_it_is_used() -> None:
    word = pattern(r"[a-z]+", re.IGNORECASE)
    found = word.search("12 Ab")
    assert found is not None and found[0] == "Ab"
    assert word.sub("-", "aB1") == "-1"
    assert word.pattern == "[a-z]+"
    with pytest.raises(re.error):
        pattern("(").search("")
