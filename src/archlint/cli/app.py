"""The commands in one table, imported when they are called for, and what becomes of errors: always exit status 2."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from archlint import __version__
from archlint.config import ConfigError
from archlint.ruleset.errors import RuleError

COMMANDS = {
    "check": ("archlint.cli.check", "check", "Check a system against its architecture standard."),
    "explain": ("archlint.cli.rules", "explain", "Tell why a rule exists and how to fix what it finds."),
    "facts": ("archlint.cli.inspect", "facts", "Show what the readers saw, as JSON."),
    "model": ("archlint.cli.inspect", "model", "Show the system as archlint understands it, as JSON."),
    "rules": ("archlint.cli.rules", "rules", "List rules, or test their examples."),
}

FAILED = 2
INTERRUPTED = 130


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in sorted(COMMANDS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from archlint.ruleset.errors import did_you_mean

            hint = did_you_mean(name, COMMANDS) or f"; commands are {', '.join(sorted(COMMANDS))}"
            raise click.UsageError(f"no command is called {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="archlint", message="%(prog)s %(version)s")
def archlint() -> None:
    """Check the architecture of microservice systems: code, contracts, manifests and infrastructure together."""


def run(arguments: Sequence[str]) -> int:
    """Run a command and give its exit status; every error is one on stderr, without a traceback unless it is a bug."""
    try:
        status = archlint.main(list(arguments), prog_name="archlint", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as problem:
        return problem.exit_code
    except click.ClickException as problem:
        problem.show()
        return FAILED
    except (ConfigError, RuleError) as problem:
        _say(f"archlint: {problem}")
        return FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing must be flushed into it at exit
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        _say("archlint: interrupted")
        return INTERRUPTED
    except OSError as problem:
        _say(f"archlint: {problem.filename or ''}{': ' if problem.filename else ''}{problem.strerror or problem}")
        return FAILED
    except Exception:
        import traceback

        traceback.print_exc()
        _say("archlint: this is a bug in archlint; the lines above belong into its report")
        return FAILED


def _say(message: str) -> None:
    click.echo(message, err=True)
