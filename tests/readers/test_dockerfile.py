from __future__ import annotations

import time

from reading import place, source

from archlint.core.facts import Gap
from archlint.core.facts.documents import Dockerfile
from archlint.core.source import Kind
from archlint.readers import dockerfile


def read(text: str) -> Dockerfile:
    (fact,) = dockerfile.read(source("Dockerfile", text, Kind.DOCKERFILE))
    assert isinstance(fact, Dockerfile)
    return fact


def test_arguments_before_from_choose_the_base() -> None:
    file = read("ARG PY=3.11\nARG BASE\nFROM --platform=$BUILDPLATFORM python:${PY}-slim AS build\nFROM ${BASE}\n")
    assert [argument.text for argument in file.arguments] == ["PY=3.11", "BASE"]
    assert [(stage.base, stage.name) for stage in file.stages] == [("python:3.11-slim", "build"), ("${BASE}", None)]
    assert place(file.stages[0].at) == (3, 1, 3, 58)


def test_continuations_pass_over_comments_and_blank_lines() -> None:
    (run, user) = read("FROM a\nRUN x && \\\n  # why\n\n    y \\\n    z\nUSER 1\n").stages[0].instructions
    assert (run.text, place(run.at)) == ("x &&  y  z", (2, 1, 6, 6))
    assert place(user.at) == (7, 1, 7, 7)


def test_the_escape_directive_changes_the_continuation() -> None:
    (run,) = read("# escape=`\nFROM a\nRUN x `\n  y \\\n").stages[0].instructions
    assert run.text == "x  y \\"


def test_heredocs_belong_to_their_instruction() -> None:
    run, copy = (
        read("FROM a\nRUN <<EOF\nUSER x\nEOF\nCOPY <<-'one' <<two /\n\ta\n\tone\nb\ntwo\n").stages[0].instructions
    )
    assert (run.heredocs, place(run.at)) == (("USER x",), (2, 1, 4, 4))
    assert (copy.heredocs, place(copy.at)) == (("\ta", "b"), (5, 1, 9, 4))


def test_a_shift_is_no_heredoc() -> None:
    run, user = read("FROM a\nRUN echo $((1 <<N))\nUSER 1\n").stages[0].instructions
    assert (run.heredocs, user.keyword) == ((), "USER")


def test_flags_and_exec_forms_are_taken_apart() -> None:
    text = 'FROM a\nCOPY --chown=a:b --link . /x\nCMD ["a", "b"]\nHEALTHCHECK --interval=5s CMD ["c"]\n'
    text += "ENTRYPOINT exec $D\n"
    copy, cmd, health, entry = read(text).stages[0].instructions
    assert (copy.flags, copy.text) == ((("chown", "a:b"), ("link", "")), ". /x")
    assert cmd.words == ("a", "b")
    assert (health.flags, health.words) == ((("interval", "5s"),), ("c",))
    assert (entry.words, entry.text) == ((), "exec $D")


def test_env_sets_pairs_and_expands_as_the_builder_does() -> None:
    text = """\
ARG V=1
FROM a AS one
ARG V
ARG W=w
ENV A=$V B="x ${A} ${W}" C='$V' OLD=${NO:-d}${W:+p}
ENV LEGACY some value
FROM one
USER ${A}:$C
EXPOSE ${UNKNOWN}
"""
    one, two = read(text).stages
    assert one.instructions[2].pairs == (("A", "1"), ("B", "x ${A} w"), ("C", "$V"), ("OLD", "dp"))
    assert one.instructions[3].pairs == (("LEGACY", "some value"),)
    assert [instruction.text for instruction in two.instructions] == ["1:$V", "${UNKNOWN}"]


def test_a_line_without_instruction_is_a_gap_and_the_rest_is_read() -> None:
    file, gap = dockerfile.read(source("Dockerfile", "FROM a\n  {{ x }}\nUSER 1\n", Kind.DOCKERFILE))
    assert isinstance(file, Dockerfile) and isinstance(gap, Gap)
    assert len(file.stages[0].instructions) == 1
    assert place(gap.at) == (2, 3, 2, 10)


def test_values_that_double_themselves_stay_small() -> None:
    begin = time.perf_counter()
    file = read("FROM a\nENV X=xxxxxxxx\n" + "ENV X=$X$X\n" * 200)
    assert time.perf_counter() - begin < 2
    assert len(file.stages[0].instructions) == 201
