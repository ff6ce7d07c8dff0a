"""Beginning a study: its private folder, its settings file and its pseudonym keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.setting_sections import StudySettings
from flows.settings import Settings, SettingsError, key_file, parse_settings, section_from
from flows.study_file import new_study_text
from warehouse.home import Home, write_private
from warehouse.protection.keys import KeyRing


class StudyExists(SettingsError):
    """Something that a new study would overwrite is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStudy:
    """What was made: the study's home, its settings and the file of its keys."""

    home: Home
    settings: Settings
    keys: Path


def begin_study(home: Home, *, environ: Mapping[str, str], **study: str) -> NewStudy:
    """Make the folders, the commented settings and the keys of a new study.

    Parameters
    ----------
    home : Home
        Where the study shall live.
    environ : mapping
        Environment that may name the key file.
    **study : str
        Keys of `[study]`: name, contact, language, bin, licence.

    Raises
    ------
    StudyExists
        If there is a study or a key file already; nothing is overwritten.
    SettingsError
        If a name or address cannot be used.
    """
    text = new_study_text(section_from(StudySettings, study))
    settings = parse_settings(
        text, file=str(home.settings_file), simulated=home.is_simulated, environ=environ
    )
    keys = key_file(home, settings, environ)
    _refuse_overwriting(home, keys)
    home.create()
    write_private(home.root / ".gitignore", b"# data of people: never committed\n*\n")
    KeyRing.create(keys)
    try:
        write_private(home.settings_file, text.encode())
    except OSError:
        keys.unlink()  # or a second try would find keys of a study that never began
        raise
    return NewStudy(home=home, settings=settings, keys=keys)


def _refuse_overwriting(home: Home, keys: Path) -> None:
    if home.settings_file.exists():
        raise StudyExists(
            f"{home.root} holds a study already; edit its {home.settings_file.name}, or name "
            "another folder with --home"
        )
    if keys.exists():
        raise StudyExists(
            f"{keys} holds the keys of a study already; choose another --name, or name another "
            "key file in $VALUETALK_KEY_FILE"
        )
    if keys.resolve().is_relative_to(home.root.resolve()):
        raise StudyExists(
            f"{keys} lies inside the home, so that every copy of the data would carry its key; "
            "name a file elsewhere in $VALUETALK_KEY_FILE"
        )
