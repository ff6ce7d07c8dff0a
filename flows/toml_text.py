"""Values as TOML writes them, since the standard library only reads it."""

import json


def toml_value(value: object) -> str:
    """Return text, a number, a truth value, a list or a table of these as one TOML value.

    A JSON string is a TOML string; the one sign that JSON leaves bare and TOML refuses is DEL.
    """
    if isinstance(value, dict):
        pairs = (f"{toml_value(key)} = {toml_value(part)}" for key, part in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
