"""Takes out of a recorded answer what must not be kept: addresses, tokens, cookies.

    python -m tests.recordings.scrubbing ANSWER PLATFORM/NAME

saves an answer under `tests/recordings`, scrubbed. Only answers to invented text may be recorded:
scrubbing is the second line, not the first.
"""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
INVENTED_HOSTS = (".example", ".invalid", ".test", "example.org", "example.com", "example.net")

_EMAIL = re.compile(rb"[\w.+-]+@(?P<host>[\w-]+(?:\.[\w-]+)+)")
_SECRETS = (
    re.compile(
        rb'(?P<name>"(?:access_token|refresh_token|accessJwt|refreshJwt|password)"\s*:\s*")[^"]+'
    ),
    re.compile(rb"(?P<name>\b(?:sid|PHPSESSID|csrf_token|xfToken)=)[0-9A-Za-z%_-]{12,}"),
    re.compile(rb'(?P<name>name="(?:csrf_token|_xfToken|csrfmiddlewaretoken)"[^>]*value=")[^"]+'),
    re.compile(rb"(?P<name>(?:Set-Cookie|Authorization):\s*)[^\r\n]+", re.IGNORECASE),
)
_ADDRESS = re.compile(rb"\b(?!127\.|0\.0\.0\.0|10\.)(?:\d{1,3}\.){3}\d{1,3}\b")


def scrub(content: bytes) -> bytes:
    """Return an answer without secrets, and with invented addresses in the place of real ones."""
    for pattern in _SECRETS:
        content = pattern.sub(rb"\g<name>scrubbed", content)
    content = _ADDRESS.sub(b"127.0.0.1", content)
    return _EMAIL.sub(_invented, content)


def save(answer: Path, name: str) -> Path:
    """Save an answer under the recordings' folder, scrubbed, and return where."""
    place = FOLDER / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(scrub(answer.read_bytes()))
    return place


def _invented(match: re.Match[bytes]) -> bytes:
    host = match["host"].decode("ascii", "replace").lower()
    return match[0] if host.endswith(INVENTED_HOSTS) else b"somebody@people.example"


if __name__ == "__main__":
    save(Path(sys.argv[1]), sys.argv[2])
