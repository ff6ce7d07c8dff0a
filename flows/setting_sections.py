"""The tables of `valuetalk.toml`: what can be set, what it means, and what it is by default.

What the file holds too much, too little or wrongly is refused; `flows.settings` reads it.
"""

from collections.abc import Mapping
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from flows.setting_values import Contact, Country, EthicsRef, Language, Slug, Text, Url, Variable
from warehouse.records import CommunityRole

ARCHIVE = "archive"
"""The platform of posts that come with import."""

OptionValue = bool | int | float | str


class Section(BaseModel):
    """A table of the settings file: frozen, without unknown keys, without converted types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


AnySection = TypeVar("AnySection", bound=Section)


class StudySettings(Section):
    """`[study]`: what the study is and who answers for it."""

    name: Text = Field(
        description="What the study is called; it also names the key file.",
        examples=["Value in mental health services"],
    )
    contact: Contact = Field(
        description="E-mail or web address under which the owners of a site can reach you. "
        "Every request carries it.",
        examples=["study@example.org"],
    )
    language: Language = Field(
        default="en",
        description="Language whose posts are counted; others are kept and counted as excluded.",
    )
    bin: Literal["month", "week"] = Field(
        default="month",
        description="Length of a period in all series: 'month', or 'week' (from Monday).",
    )
    licence: Text = Field(
        default="CC-BY-4.0", description="Licence of the tables that the study publishes."
    )


class HarvestSettings(Section):
    """`[harvest]`: how much is read, how fast, and how long it is kept."""

    spacing_seconds: float = Field(
        default=1.0,
        ge=0,
        le=3600,
        description="Least time between two requests to one host; its robots.txt may ask for more.",
    )
    requests_a_day: int = Field(default=5000, ge=1, description="Most requests to one host a day.")
    history_days: int = Field(
        default=30,
        ge=1,
        le=36500,
        description="How far back the first harvest of a community goes.",
    )
    recheck_budget: int = Field(
        default=2000,
        ge=0,
        description="Most posts of a source that a night reads again to see edits and deletions.",
    )
    landing_days: int = Field(
        default=30, ge=1, le=365, description="Days for which loaded segments are kept for repairs."
    )
    superseded_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="Days after which the text of an edited post's earlier version is dropped.",
    )


class AnalysisSettings(Section):
    """`[analysis]`: sizes of models and samples."""

    topics: int = Field(
        default=20, ge=2, le=500, description="Topics that a line of topic models begins with."
    )
    choose_topics: bool = Field(
        default=False,
        description="Let a line begin with as many topics as are stable and coherent, up to twice "
        "the number above.",
    )
    topic_seeds: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Topics that a line is asked for, each a name and its words, for example "
        'housing = ["rent", "landlord"].',
    )
    refit_days: int = Field(
        default=30,
        ge=1,
        description="Days after which the topics are fitted again to all posts, from where they "
        "were.",
    )
    new_terms: bool = Field(
        default=False,
        description="Let such a fit choose terms and phrases anew, for studies of 10,000 posts or "
        "more; otherwise they stay those that the line began with.",
    )
    train_codings: int = Field(
        default=400, ge=0, description="Posts a wave drawn for coding to train classifiers."
    )
    measure_codings: int = Field(
        default=600,
        ge=0,
        description="Posts a wave drawn for coding to measure prevalence; never trained on.",
    )
    seed: int = Field(
        default=20260101, ge=0, description="Seed of everything random; it makes runs repeatable."
    )


class CodingSettings(Section):
    """`[coding]`: by which codebook people code, and how much of it a day."""

    codebook: str = Field(
        default="",
        description="File of the study's codebook (YAML), relative to this one; empty: the one of "
        "value frames that comes with valuetalk. 'valuetalk code begin' writes a copy to edit.",
    )
    posts_per_day: int = Field(
        default=60,
        ge=1,
        le=1000,
        description="Most posts that a coder is given a day: reading of distress wears people out.",
    )
    shared_part: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Part of the drawn posts that every coder is given, so that agreement shows.",
    )


class PrefectSettings(Section):
    """`[prefect]`: where flows may report to."""

    allowed_hosts: tuple[Text, ...] = Field(
        default=(),
        strict=False,
        description="Hosts besides this machine whose Prefect server may learn of runs, for "
        'example ["prefect.example.org"].',
    )


class CommunitySettings(Section):
    """`[[sources.communities]]`: one board, tag, list or blog of a source."""

    community: Text = Field(
        description="The platform's own handle of it: board id, tag, 'blog'.", examples=["blog"]
    )
    name: Text = Field(description="What people read in figures.", examples=["A blog"])
    country: Country | None = Field(
        default=None, description="Where its people mostly are, as a code of ISO 3166: 'GB'."
    )
    role: CommunityRole | None = Field(
        default=None,
        description="Whose voice it mostly is: service_users, carers, practitioners, movement, "
        "policy or mixed.",
    )
    tags: tuple[Text, ...] = Field(
        default=(), strict=False, description="Any words to compare communities by."
    )


class SourceSettings(Section):
    """`[[sources]]`: one site, list, instance or imported archive."""

    name: Slug = Field(
        description="Short name, used in tables and file names.", examples=["a_forum"]
    )
    platform: Slug = Field(
        description=f"What runs the site, or '{ARCHIVE}' for posts that come with import.",
        examples=["wordpress"],
    )
    url: Url | None = Field(
        default=None,
        description="Address of the site; an archive has none.",
        examples=["https://forum.example.org"],
    )
    licence: str = Field(default="", description="Licence of the posts, as far as it is known.")
    terms_note: str = Field(default="", description="What the site's terms say about reading it.")
    access: str = Field(default="", description="Who can read the site.")
    checked: str = Field(default="", description="When and how platform, access and terms were.")
    ethics_ref: EthicsRef | None = Field(
        default=None,
        description="Reference of the ethics approval that covers this source.",
        examples=["REC 26/0123"],
    )
    approval_ref: EthicsRef | None = Field(
        default=None,
        description="Reference of the platform owner's approval, where the platform asks for one.",
    )
    organisation: bool = Field(
        default=False,
        description="An organisation's own site, which may be read without an ethics_ref.",
    )
    one_post_per_person: bool = Field(
        default=False, description="Whether each post is by another person, as in a survey."
    )
    enabled: bool = Field(default=True, description="Whether nights read it.")
    options: dict[str, OptionValue] = Field(
        default_factory=dict, description="What only this platform knows."
    )
    token_env: Variable | None = Field(
        default=None, description="Environment variable that holds the access token."
    )
    client_id_env: Variable | None = Field(
        default=None, description="Environment variable that holds the application's id."
    )
    client_secret_env: Variable | None = Field(
        default=None, description="Environment variable that holds the application's secret."
    )
    username_env: Variable | None = Field(
        default=None, description="Environment variable that holds the study's own account's name."
    )
    password_env: Variable | None = Field(
        default=None, description="Environment variable that holds that account's app password."
    )
    communities: tuple[CommunitySettings, ...] = Field(
        default=(), strict=False, description="What to read of it; everything where none is named."
    )

    @property
    def secret_names(self) -> Mapping[str, str]:
        """The environment variable of each secret that the source needs."""
        named = {
            "token": self.token_env,
            "client_id": self.client_id_env,
            "client_secret": self.client_secret_env,
            "username": self.username_env,
            "password": self.password_env,
        }
        return {secret: variable for secret, variable in named.items() if variable}


class SettingsFile(Section):
    """`valuetalk.toml` as a whole."""

    study: StudySettings
    harvest: HarvestSettings = HarvestSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    coding: CodingSettings = CodingSettings()
    prefect: PrefectSettings = PrefectSettings()
    sources: tuple[SourceSettings, ...] = Field(default=(), strict=False)
