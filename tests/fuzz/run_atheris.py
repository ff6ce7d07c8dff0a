"""Coverage-guided fuzzing of every parser, a minute each: `.ci/long` runs it.

What it finds is written to a file named by the sanitiser; made of invented text and put under
`tests/fuzz/found/<parser>/`, it stays a test.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=60, help="time for each parser")
    arguments.add_argument("--parser", help="only this one, in this process")
    chosen = arguments.parse_args()
    if chosen.parser:
        fuzz(chosen.parser, seconds=chosen.seconds)
        return
    from tests.fuzz.parsers import every_parser

    broken = [name for name in every_parser() if not survives(name, seconds=chosen.seconds)]
    names = ", ".join(broken) or "none"
    sys.stdout.write(f"{len(every_parser())} parsers, {len(broken)} broken: {names}\n")
    sys.exit(bool(broken))


def survives(parser: str, *, seconds: int) -> bool:
    """Fuzz one parser in a process of its own, beginning from its recordings."""
    sys.stdout.write(f"== {parser}\n")
    sys.stdout.flush()
    command = [sys.executable, __file__, "--parser", parser, "--seconds", str(seconds)]
    return subprocess.run(command, check=False).returncode == 0


def fuzz(parser: str, *, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["harvesters", "warehouse"]):
        from harvesters.base import ParseError
        from tests.fuzz.parsers import every_parser, recordings_of
        from tests.fuzz.test_parsers_survive import context_of
    parse, context = every_parser()[parser], context_of(parser)

    def one_input(content: bytes) -> None:
        try:
            parse(content, context)
        except ParseError:
            return

    with tempfile.TemporaryDirectory() as corpus:
        for number, recording in enumerate(recordings_of(parser)):
            (Path(corpus) / str(number)).write_bytes(recording)
        options = [
            f"-max_total_time={seconds}",
            "-timeout=20",
            "-rss_limit_mb=4096",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
