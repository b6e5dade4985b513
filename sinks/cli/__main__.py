"""``python -m sinks.cli``."""

from sinks.cli import main

main(prog_name="sinks")
