"""List the skipped tests of JUnit reports with their reasons; --strict fails if there are any."""

import sys
import xml.etree.ElementTree as ET  # our own pytest wrote these files


def main(arguments: list[str]) -> int:
    """Print the list; return the exit code."""
    strict = "--strict" in arguments
    skipped = [
        (case.get("classname", ""), case.get("name", ""), reason.get("message", ""))
        for report in arguments
        if report != "--strict"
        for case in ET.parse(report).getroot().iter("testcase")
        for reason in case.iter("skipped")
    ]
    for classname, name, message in skipped:
        sys.stdout.write(f"skipped {classname}::{name}: {message}\n")
    sys.stdout.write(f"{len(skipped)} skipped\n")
    return 1 if strict and skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
