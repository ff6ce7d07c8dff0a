"""The settings file as text: a new study, the catalogue, added sources."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.setting_sections import (
    AnalysisSettings,
    CodingSettings,
    HarvestSettings,
    PrefectSettings,
    SourceSettings,
    StudySettings,
)
from flows.settings import Settings, SettingsError, load_settings, parse_settings, section_from
from flows.study_file import append_source, catalogue_texts, new_study_text, toml_value
from harvesters.html_forum.profile import shipped_names
from harvesters.registry import PLATFORMS
from warehouse.home import Home

STUDY = '[study]\nname = "A study"\ncontact = "study@example.org"\n'
FORUM = '[[sources]]\nname = "forum"\nplatform = "discourse"\nurl = "https://forum.example.org"\n'


def parse(text: str) -> Settings:
    return parse_settings(text, file="valuetalk.toml", simulated=False, environ={})


def make_home(folder: Path, text: str) -> Home:
    home = Home(folder / "home")
    home.create()
    home.settings_file.write_text(text, encoding="utf-8")
    return home


def test_a_new_study_holds_every_key_with_its_default() -> None:
    study = StudySettings(name='The "value" of care', contact="study@example.org")
    text = new_study_text(study)
    data = tomllib.loads(text)
    for section, model in {
        "study": StudySettings,
        "harvest": HarvestSettings,
        "analysis": AnalysisSettings,
        "coding": CodingSettings,
        "prefect": PrefectSettings,
    }.items():
        assert list(data[section]) == list(model.model_fields), section
    settings = parse(text)
    assert settings.study == study
    assert settings.harvest == HarvestSettings()
    assert settings.analysis == AnalysisSettings()
    assert settings.runnable_sources() == ()


def test_a_new_study_explains_every_key() -> None:
    text = new_study_text(StudySettings(name="A", contact="study@example.org"))
    lines = text.split("[[sources]]\nname")[0].splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ = ", line):
            assert lines[number - 1].startswith("# "), line
    for key in SourceSettings.model_fields:
        assert key == "communities" or any(line.startswith(f"# {key}: ") for line in lines), key
    assert max(len(line) for line in lines) <= 100


def catalogue() -> tuple[SourceSettings, ...]:
    return parse(STUDY + "\n".join(catalogue_texts())).sources


def test_the_catalogue_is_switched_off_and_says_what_was_checked_and_how() -> None:
    entries = catalogue()
    assert len(entries) >= 20
    for entry in entries:
        assert not entry.enabled, entry.name
        assert re.match(r"20\d\d-\d\d: \w", entry.checked), entry.name
        assert entry.access.startswith(("open", "partly open")), entry.name
        assert entry.licence or entry.terms_note, entry.name
        assert entry.communities, entry.name
        assert entry.ethics_ref is None, entry.name


def test_the_catalogue_names_platforms_and_profiles_that_there_are() -> None:
    known = {*PLATFORMS, "unknown"}
    assert {source.platform for source in catalogue()} <= known
    profiles = {str(s.options["profile"]) for s in catalogue() if s.platform == "forum"}
    assert profiles <= set(shipped_names())
    assert profiles


def test_the_catalogue_ships_no_closed_underage_or_consent_first_site() -> None:
    shipped = "\n".join(catalogue_texts()).lower()
    for excluded in (
        "sidebyside",
        "elefriends",
        "bipolaruk",
        "reachout",
        "togetherall",
        "kooth",
        "shout",
        "studentroom",
        "carerstrust",
        "carers trust",
        "jiscmail",
        "medium.com",
    ):
        assert excluded not in shipped


def test_of_the_catalogue_only_own_sites_run_when_all_is_switched_on() -> None:
    switched_on = [entry.model_copy(update={"enabled": True}) for entry in catalogue()]
    base = parse(STUDY)
    settings = Settings(
        study=base.study,
        harvest=base.harvest,
        analysis=base.analysis,
        prefect=base.prefect,
        sources=tuple(switched_on),
        simulated=False,
    )
    assert all(source.organisation for source in settings.runnable_sources())
    held = settings.held_back()
    assert "mastodon_social" in held
    assert "mad_in_the_uk" in held
    assert "recovery_in_the_bin" not in held


def test_switching_on_what_no_harvester_reads_is_refused() -> None:
    text = STUDY + "\n".join(catalogue_texts()).replace("enabled = false", "enabled = true")
    with pytest.raises(SettingsError) as caught:
        parse(text)
    message = str(caught.value)
    unread = {entry.name for entry in catalogue() if entry.platform not in PLATFORMS}
    assert unread == set(re.findall(r"sources\.(\w+)\.platform", message))
    assert unread


def test_an_added_source_leaves_the_file_as_it_was_before_it(tmp_path: Path) -> None:
    before = f"# my own comment\n{STUDY}# the end, without a line break"
    home = make_home(tmp_path, before)
    source = section_from(
        SourceSettings,
        {
            "name": "dump",
            "platform": "archive",
            "ethics_ref": 'REC "26"\\0123',
            "options": {"a": 1, "b c": "x"},
            "communities": [{"community": "c", "name": "Ünï", "tags": ["t"]}],
        },
    )
    settings = append_source(home, source, environ={})
    after = home.settings_file.read_text(encoding="utf-8")
    assert after.startswith(before + "\n\n[[sources]]\n")
    assert settings.sources == load_settings(home, {}).sources == (source,)
    assert stat.S_IMODE(home.settings_file.stat().st_mode) == 0o600


def test_a_source_that_would_be_refused_is_not_added(tmp_path: Path) -> None:
    home = make_home(tmp_path, STUDY + FORUM)
    source = section_from(
        SourceSettings, {"name": "forum", "platform": "feed", "url": "https://b.org"}
    )
    with pytest.raises(SettingsError, match="stands 2 times"):
        append_source(home, source, environ={})
    assert home.settings_file.read_text() == STUDY + FORUM


text_values = st.text(st.characters(exclude_categories=["Cs"]))
plain_values = (
    text_values
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    plain_values,
    lambda inner: st.lists(inner) | st.dictionaries(text_values, inner),
    max_leaves=6,
)


@given(values)
def test_a_value_written_as_toml_reads_as_the_same_value(value: Any) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}") == {"x": value}
