"""The command line `valuetalk`: one module a noun, each a thin call."""


def main() -> None:
    """Run the command line."""
    raise SystemExit(0)
