"""``python -m archlint.cli``."""

from archlint.cli import main

main()
