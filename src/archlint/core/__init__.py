"""The nouns of archlint: spans, values, source files, facts, the system, rules and findings. No I/O, no logic of
formats."""
