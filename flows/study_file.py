"""The settings file as text: a new study's commented file, and entries added at its end."""

import os
import textwrap
from collections.abc import Iterator, Mapping
from importlib.resources import files

from pydantic import BaseModel

from flows.setting_sections import (
    AnalysisSettings,
    CodingSettings,
    CommunitySettings,
    HarvestSettings,
    PrefectSettings,
    Section,
    SourceSettings,
    StudySettings,
)
from flows.settings import Settings, SettingsError, parse_settings
from flows.toml_text import toml_value
from warehouse.home import Home, write_private

CATALOGUE = ("movement.toml", "forums.toml", "fediverse.toml")
_WIDTH = 98
_HEADER = """\
Settings of one valuetalk study. Keep it with the study's protocol: it says what was read, how and
with whose approval. Secrets never stand here; name the environment variable that holds them.
"""
_SOURCES = """\
Sources: one [[sources]] table each. Nothing is read from a source before its ethics_ref says which
ethics approval covers it; organisations' own sites are the exception, of which only their own
posts are read then. Below stands a catalogue, all of it switched off. The keys of a source:
"""


def new_study_text(study: StudySettings) -> str:
    """Return the commented settings file of a new study, the catalogue of sources included."""
    sections: Mapping[str, Section] = {
        "study": study,
        "harvest": HarvestSettings(),
        "analysis": AnalysisSettings(),
        "coding": CodingSettings(),
        "prefect": PrefectSettings(),
    }
    tables = ["\n".join(_table(name, section)) for name, section in sections.items()]
    explained = [
        _comment(_SOURCES),
        "\n".join(_explained(SourceSettings)),
        _comment("The keys of [[sources.communities]], the parts of a source:"),
        "\n".join(_explained(CommunitySettings)),
    ]
    return "\n\n".join([_comment(_HEADER), *tables, *explained, *catalogue_texts()]) + "\n"


def catalogue_texts() -> list[str]:
    """Return the catalogue's files as they are, comments included."""
    folder = files("flows") / "catalogue"
    return [(folder / name).read_text(encoding="utf-8").strip() for name in CATALOGUE]


def append_source(
    home: Home, source: SourceSettings, *, environ: Mapping[str, str] | None = None
) -> Settings:
    """Write a source at the end of the settings file, leaving what stands there as it is.

    Returns
    -------
    Settings
        The settings with the new source.

    Raises
    ------
    SettingsError
        If the file could not be used with the new source; it is then left unchanged.
    """
    path = home.settings_file
    try:
        before = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    after = f"{before.rstrip()}\n\n{source_text(source)}"
    settings = parse_settings(
        after,
        file=str(path),
        simulated=home.is_simulated,
        environ=os.environ if environ is None else environ,
    )
    write_private(path, after.encode())
    return settings


def source_text(source: SourceSettings) -> str:
    """Return a source as a `[[sources]]` table, what has its default value left out."""
    lines = ["[[sources]]", *_settings_of(source, leave_out={"communities"})]
    for community in source.communities:
        lines += ["[[sources.communities]]", *_settings_of(community)]
    return "\n".join(lines) + "\n"


def _settings_of(record: BaseModel, leave_out: set[str] | None = None) -> Iterator[str]:
    for name, value in record.model_dump(exclude_defaults=True, exclude=leave_out).items():
        yield f"{name} = {toml_value(value)}"


def _table(name: str, section: Section) -> Iterator[str]:
    yield f"[{name}]"
    for key, field in type(section).model_fields.items():
        yield _comment(field.description or "")
        yield f"{key} = {toml_value(getattr(section, key))}"


def _explained(section: type[Section]) -> Iterator[str]:
    """Yield a comment for each key of a table, what it is taken for where it is left out."""
    for key, field in section.model_fields.items():
        if key != "communities":
            needed = " Needed." if field.is_required() else ""
            yield _comment(f"{key}: {field.description}{needed}", later="    ")


def _comment(text: str, *, later: str = "") -> str:
    """Return text as comment lines; those after the first begin with `later`."""
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH, subsequent_indent=later)
    return "\n".join(f"# {line}" for line in lines)
