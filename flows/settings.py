"""What a study is set to do: one TOML file and, for secrets alone, the environment.

Everything is read once into frozen records. What the file holds too much, too little or wrongly is
refused with its dotted key and with what to write instead. Nothing but organisations' own sites
yields posts before an ethics reference is written into its entry.
"""

import hashlib
import os
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from flows.confirmations import read_confirmed
from flows.refusals import closest, dotted, problems_of
from flows.setting_sections import (
    ARCHIVE,
    AnalysisSettings,
    AnySection,
    CodingSettings,
    HarvestSettings,
    PrefectSettings,
    SettingsFile,
    SourceSettings,
    StudySettings,
)
from harvesters.base import SourceSpec
from harvesters.registry import PLATFORMS, Platform
from warehouse.home import Home
from warehouse.records import Community, SourceInfo

SIMULATED = "simulated"
OWN_SITE_PLATFORMS = frozenset({"wordpress", "feed"})
LEAST_SPACING_SECONDS = 1.0


class SettingsError(ValueError):
    """The settings cannot be used; the message has one sentence a line, each with file and key."""

    exit_code = 2


class MissingSource(SettingsError):
    """A source was asked for that the settings do not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one study.

    `simulated` says whether its home is marked as holding simulated data only; `profiles` is the
    folder of the study's own forum profiles, `confirmed` the digest of the profile by which each
    forum was read before the eyes of somebody who knows it.
    """

    study: StudySettings
    harvest: HarvestSettings
    analysis: AnalysisSettings
    prefect: PrefectSettings
    sources: tuple[SourceSettings, ...]
    simulated: bool
    coding: CodingSettings = field(default_factory=CodingSettings)
    profiles: Path | None = None
    confirmed: Mapping[str, str] = field(default_factory=dict)

    def source_named(self, name: str) -> SourceSettings:
        """Return the source of that name; raises `MissingSource`."""
        for source in self.sources:
            if source.name == name:
                return source
        names = [source.name for source in self.sources]
        near = closest(name, names)
        hint = f"did you mean {near}?" if near else "'valuetalk sources list' shows what there is"
        raise MissingSource(f"the settings have no source {name!r}; {hint}")

    def ethics_gap(self, source: SourceSettings) -> str | None:
        """Return why no post may be taken from a source, or None."""
        if self.simulated and source.ethics_ref != SIMULATED:
            return "this home holds simulated data only"
        if source.ethics_ref or source.organisation:
            return None
        return "no ethics_ref in its entry, and no organisation's own site"

    def held_back(self) -> dict[str, str]:
        """Return why a night does not read a source, for each that it does not read."""
        reasons = ((source.name, self._reason(source)) for source in self.sources)
        return {name: reason for name, reason in reasons if reason}

    def runnable_sources(self) -> tuple[SourceSettings, ...]:
        """Return the sources that a night reads."""
        return tuple(source for source in self.sources if self._reason(source) is None)

    def runnable_source(self, name: str) -> SourceSettings:
        """Return one source to read; raises `SettingsError` with the reason where it must not."""
        source = self.source_named(name)
        if reason := self._reason(source):
            raise SettingsError(f"source {name} is not read: {reason}")
        return source

    def spec_of(
        self, source: SourceSettings, environ: Mapping[str, str] | None = None
    ) -> SourceSpec:
        """Return a source as its harvester sees it.

        Without an ethics reference only what the organisation itself wrote is read, so comments
        are switched off.
        """
        environ = os.environ if environ is None else environ
        options = source.options if source.ethics_ref else {**source.options, "comments": False}
        if source.name in self.confirmed:
            options = {**options, "confirmed": self.confirmed[source.name]}
        return SourceSpec(
            source=source.name,
            platform=source.platform,
            url=source.url or "",
            communities=_communities(source),
            options=dict(options),
            secrets=_secrets(source, environ),
            allow_private=self.simulated,
            profiles=self.profiles,
        )

    def info_of(self, source: SourceSettings) -> SourceInfo:
        """Return what the warehouse records about a source."""
        return SourceInfo(
            source=source.name,
            platform=source.platform,
            licence=source.licence,
            ethics_ref=source.ethics_ref,
            terms_note=source.terms_note,
            one_post_per_person=source.one_post_per_person,
            communities=_communities(source),
        )

    def _reason(self, source: SourceSettings) -> str | None:
        if not source.enabled:
            return "switched off (enabled = false)"
        if source.platform == ARCHIVE:
            return "an archive, which 'valuetalk import' reads"
        return self.ethics_gap(source)


def section_from(model: type[AnySection], values: Mapping[str, Any]) -> AnySection:
    """Return one table of the settings made from single values.

    Raises
    ------
    SettingsError
        If one of them is unknown, missing or wrong.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise SettingsError("\n".join(problems_of(error, values, model))) from None


def load_settings(home: Home, environ: Mapping[str, str] | None = None) -> Settings:
    """Read a study's settings.

    Parameters
    ----------
    home : Home
        The study's home.
    environ : mapping, optional
        Where secrets are looked for; the process's environment where nothing is said.

    Raises
    ------
    SettingsError
        If the file is missing, is not TOML, or holds anything unknown, missing or wrong.
    """
    path = home.settings_file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; 'valuetalk init' writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    settings = parse_settings(
        text,
        file=str(path),
        simulated=home.is_simulated,
        environ=os.environ if environ is None else environ,
    )
    return replace(settings, profiles=home.profiles, confirmed=read_confirmed(home.state))


def parse_settings(
    text: str, *, file: str, simulated: bool, environ: Mapping[str, str]
) -> Settings:
    """Read settings from the text of a settings file; `file` is what errors call it.

    Raises
    ------
    SettingsError
        As for `load_settings`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    try:
        content = SettingsFile.model_validate(data)
    except ValidationError as error:
        problems = problems_of(error, data, SettingsFile)
        raise SettingsError("\n".join(f"{file}: {line}" for line in problems)) from None
    settings = Settings(
        study=content.study,
        harvest=content.harvest,
        analysis=content.analysis,
        coding=content.coding,
        prefect=content.prefect,
        sources=content.sources,
        simulated=simulated,
    )
    contradictions = list(_contradictions(settings, data, environ))
    if contradictions:
        raise SettingsError("\n".join(f"{file}: {line}" for line in contradictions))
    return settings


def key_file(home: Home, settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Return where the study's pseudonym key lies: never in its home.

    `$VALUETALK_KEY_FILE`, else `<study>.key` under `$XDG_CONFIG_HOME/valuetalk`; the key of a
    simulated home is named after the home, so that demos never meet a study's key.
    """
    environ = os.environ if environ is None else environ
    if named := environ.get("VALUETALK_KEY_FILE"):
        return Path(named).expanduser()
    config = environ.get("XDG_CONFIG_HOME") or "~/.config"
    folder = Path(config).expanduser() / "valuetalk"
    if home.is_simulated:
        place = str(home.root.expanduser().resolve())
        return folder / f"demo-{hashlib.sha256(place.encode()).hexdigest()[:16]}.key"
    return folder / f"{_file_stem(settings.study.name)}.key"


def _secrets(source: SourceSettings, environ: Mapping[str, str]) -> dict[str, str]:
    named = {key: environ.get(variable) for key, variable in source.secret_names.items()}
    return {key: secret for key, secret in named.items() if secret}


def _file_stem(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return stem[:60] or hashlib.sha256(name.encode()).hexdigest()[:16]


def _communities(source: SourceSettings) -> tuple[Community, ...]:
    return tuple(
        Community(source=source.name, **community.model_dump()) for community in source.communities
    )


def _contradictions(
    settings: Settings, data: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterator[str]:
    """Yield what only shows when several settings are seen together."""
    if complaint := _misplaced(settings.coding.codebook):
        yield f"coding.codebook {complaint}"
    if settings.harvest.spacing_seconds < LEAST_SPACING_SECONDS and not settings.simulated:
        yield f"harvest.spacing_seconds must be at least {LEAST_SPACING_SECONDS} for real sites"
    named = Counter(source.name for source in settings.sources)
    for name in [name for name, count in named.items() if count > 1]:
        yield f"sources.{name}.name stands {named[name]} times; give each source its own name"
    for number, source in enumerate(settings.sources):
        place = dotted(("sources", number), data)
        for key, complaint in _source_contradictions(source, settings, environ):
            yield f"{place}.{key} {complaint}"


def _misplaced(codebook: str) -> str:
    """Return why a codebook cannot lie where it is said to, or nothing."""
    path = PurePath(codebook)
    if path.is_absolute() or ".." in path.parts:
        return "must lie in the study's folder; write for example codebook = 'codebook.yaml'"
    if path.parts[:1] in {("coding",), ("controlled",), ("public",), ("landing",), ("state",)}:
        return (
            f"must not lie under {path.parts[0]}/, where files of posts come and go; write for "
            "example codebook = 'codebook.yaml'"
        )
    return ""


def _source_contradictions(
    source: SourceSettings, settings: Settings, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    known = (*sorted(PLATFORMS), ARCHIVE)
    if source.enabled and source.platform not in known:
        near = closest(source.platform, known)
        instead = f"did you mean {near!r}?" if near else f"what can be read is {', '.join(known)}"
        yield "platform", f"{source.platform!r} is not read yet, set enabled = false; {instead}"
    if source.platform == ARCHIVE and source.url:
        yield "url", "must be left out: an archive comes from a file"
    if source.platform != ARCHIVE and not source.url:
        yield "url", 'is missing; write for example url = "https://forum.example.org"'
    if source.organisation and source.platform in set(known) - OWN_SITE_PLATFORMS:
        complaint = (
            f"cannot be true on {source.platform}: an organisation's own site is a wordpress or "
            "feed source, and people's posts need an ethics_ref"
        )
        yield "organisation", complaint
    if source.ethics_ref == SIMULATED and not settings.simulated:
        yield "ethics_ref", "'simulated' is for homes that 'valuetalk demo' makes; write your own"
    if source.enabled and source.platform in PLATFORMS:
        yield from _unmet_needs(source, PLATFORMS[source.platform])
    handles = Counter(community.community for community in source.communities)
    for handle in [handle for handle, count in handles.items() if count > 1]:
        yield "communities", f"name {handle!r} more than once; keep one of them"
    for secret, variable in source.secret_names.items():
        if source.enabled and not environ.get(variable):
            yield f"{secret}_env", f"names ${variable}, which is not set; export it before running"


def _unmet_needs(source: SourceSettings, platform: Platform) -> Iterator[tuple[str, str]]:
    """Yield what a platform cannot be read without."""
    if platform.needs_communities and not source.communities:
        yield "communities", "is missing: name what to read, for example a tag"
    for secret in platform.needs_secrets:
        if secret not in source.secret_names:
            yield f"{secret}_env", "is missing: name the environment variable that holds it"
    if platform.needs_approval and not source.approval_ref:
        yield "approval_ref", "is missing: the platform asks studies for its approval first"
