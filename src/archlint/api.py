"""All that a plugin may import: the nouns, and nothing that reads, decides or prints.

What is here is kept stable; everything else may change from one release to the next.
"""

from archlint.config import Config, ConfigError
from archlint.core.facts import AnyFact, Fact, Gap
from archlint.core.finding import Finding, Inputs, Report, RuleRun, Suppressed, Violation
from archlint.core.rule import Example, Option, Rule, Severity
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span, start_of
from archlint.core.system import SUBJECTS, Subject, System
from archlint.core.values import UNKNOWN, Place, Setting, Truth, Unknown, is_unknown, known

__all__ = [
    "SUBJECTS",
    "UNKNOWN",
    "AnyFact",
    "Config",
    "ConfigError",
    "Example",
    "Fact",
    "Finding",
    "Gap",
    "Inputs",
    "Kind",
    "Option",
    "Place",
    "Report",
    "Rule",
    "RuleRun",
    "Setting",
    "Severity",
    "SourceFile",
    "Span",
    "Subject",
    "Suppressed",
    "System",
    "Truth",
    "Unknown",
    "Violation",
    "is_unknown",
    "known",
    "start_of",
]
