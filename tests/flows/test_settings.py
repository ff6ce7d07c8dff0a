"""Settings: what is refused and how, the ethics rule, secrets, keys."""

import itertools
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.setting_sections import HarvestSettings, SourceSettings
from flows.settings import (
    MissingSource,
    Settings,
    SettingsError,
    key_file,
    load_settings,
    parse_settings,
    section_from,
)
from warehouse.home import Home

STUDY = '[study]\nname = "A study"\ncontact = "study@example.org"\n'
FORUM = '[[sources]]\nname = "forum"\nplatform = "discourse"\nurl = "https://forum.example.org"\n'


def parse(text: str, *, simulated: bool = False, **environ: str) -> Settings:
    return parse_settings(text, file="valuetalk.toml", simulated=simulated, environ=environ)


def refusal(text: str, *, simulated: bool = False, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, simulated=simulated, **environ)
    return str(caught.value)


def make_home(folder: Path, text: str = STUDY, *, simulated: bool = False) -> Home:
    home = Home(folder / "home")
    home.create()
    home.settings_file.write_text(text, encoding="utf-8")
    if simulated:
        home.simulated_mark.touch()
    return home


REFUSED = {
    "unknown section": (STUDY + "[harvst]\n", "harvst is not a setting; did you mean harvest?"),
    "unknown key": (
        STUDY + "[harvest]\nspacing_second = 2\n",
        "harvest.spacing_second is not a setting; did you mean spacing_seconds?",
    ),
    "key of another section": (
        STUDY + "refit_days = 3\n",
        "study.refit_days is not a setting here; refit_days belongs under [analysis]",
    ),
    "missing section": ("", "study is missing"),
    "missing key": (
        '[study]\nname = "A study"\n',
        'study.contact is missing; write for example contact = "study@example.org"',
    ),
    "text for a number": (
        STUDY + '[analysis]\ntopics = "20"\n',
        'analysis.topics must be a whole number, not "20"; write for example topics = 20',
    ),
    "truth for a number": (
        STUDY + "[analysis]\ntopics = true\n",
        "analysis.topics must be a whole number, not true",
    ),
    "fraction for a whole number": (
        STUDY + "[harvest]\nhistory_days = 1.5\n",
        "harvest.history_days must be a whole number, not 1.5",
    ),
    "number for a truth": (
        STUDY + FORUM + "enabled = 0\n",
        "sources.forum.enabled must be true or false, not 0; write for example enabled = true",
    ),
    "text for a list": (
        STUDY + '[prefect]\nallowed_hosts = "a"\n',
        'prefect.allowed_hosts must be a list in square brackets, not "a"',
    ),
    "codebook outside": (
        STUDY + '[coding]\ncodebook = "../codebook.yaml"\n',
        "coding.codebook must lie in the study's folder",
    ),
    "codebook among sheets": (
        STUDY + '[coding]\ncodebook = "coding/codebook.yaml"\n',
        "coding.codebook must not lie under coding/",
    ),
    "too little": (
        STUDY + "[harvest]\nhistory_days = 0\n",
        "harvest.history_days must be at least 1, not 0",
    ),
    "too much": (
        STUDY + "[harvest]\nlanding_days = 999\n",
        "harvest.landing_days must be at most 365, not 999",
    ),
    "impolite": (
        STUDY + "[harvest]\nspacing_seconds = 0.2\n",
        "harvest.spacing_seconds must be at least 1.0 for real sites",
    ),
    "unknown choice": (
        STUDY + 'bin = "monthly"\n',
        "study.bin must be 'month' or 'week', not \"monthly\"",
    ),
    "contact": (
        '[study]\nname = "A"\ncontact = "me"\n',
        "study.contact must be an e-mail or web address",
    ),
    "language": (STUDY + 'language = "english"\n', "study.language must be a language code"),
    "nothing as a name": (
        '[study]\nname = " "\ncontact = "a@b.org"\n',
        "study.name must be text on one line, not empty",
    ),
    "source name": (
        STUDY + '[[sources]]\nname = "NSUN blog"\nplatform = "feed"\nurl = "https://a.org"\n',
        (
            "sources.NSUN blog.name must be at most 40 lower-case letters, digits and underscores, "
            "beginning with a letter; write for example 'nsun_blog'"
        ),
    ),
    "reserved source name": (
        STUDY + '[[sources]]\nname = "quarantine"\nplatform = "feed"\nurl = "https://a.org"\n',
        "sources.quarantine.name must not be 'quarantine'",
    ),
    "unnamed source": (
        STUDY + FORUM + '[[sources]]\nplatform = "feed"\nurl = "https://a.org"\n',
        "sources[2].name is missing",
    ),
    "two sources of one name": (
        STUDY + FORUM + FORUM,
        "sources.forum.name stands 2 times; give each source its own name",
    ),
    "address without scheme": (
        STUDY + FORUM.replace("https://", ""),
        "sources.forum.url must be a web address; write for example 'https://forum.example.org'",
    ),
    "address with a bad port": (
        STUDY + FORUM.replace("example.org", "example.org:x"),
        "sources.forum.url must be a web address",
    ),
    "address with a password": (
        STUDY + FORUM.replace("https://", "https://ann:secret@"),
        "sources.forum.url must hold no user name or password",
    ),
    "address missing": (
        STUDY + '[[sources]]\nname = "a"\nplatform = "feed"\n',
        'sources.a.url is missing; write for example url = "https://forum.example.org"',
    ),
    "address of an archive": (
        STUDY + FORUM.replace("discourse", "archive"),
        "sources.forum.url must be left out: an archive comes from a file",
    ),
    "unknown platform": (
        STUDY + FORUM.replace("discourse", "discours"),
        (
            "sources.forum.platform 'discours' is not read yet, set enabled = false; "
            "did you mean 'discourse'?"
        ),
    ),
    "unknown option type": (
        STUDY + FORUM + "options = { a = [1] }\n",
        "sources.forum.options.a must be text, a number, true or false",
    ),
    "country": (
        STUDY + FORUM + 'communities = [{ community = "1", name = "One", country = "UK" }]\n',
        (
            "sources.forum.communities[1].country must be a country code of ISO 3166, not 'UK'; "
            "did you mean 'GB'?"
        ),
    ),
    "role": (
        STUDY + FORUM + 'communities = [{ community = "1", name = "One", role = "carer" }]\n',
        (
            "sources.forum.communities[1].role must be 'service_users', 'carers', 'practitioners', "
            "'movement', 'policy' or 'mixed', not \"carer\""
        ),
    ),
    "community twice": (
        STUDY + FORUM + 'communities = [{community="1", name="A"}, {community="1", name="B"}]\n',
        "sources.forum.communities name '1' more than once",
    ),
    "ethics_ref to do": (
        STUDY + FORUM + 'ethics_ref = "TODO"\n',
        "sources.forum.ethics_ref must be the reference of an ethics approval",
    ),
    "simulated in a real home": (
        STUDY + FORUM + 'ethics_ref = "simulated"\n',
        "sources.forum.ethics_ref 'simulated' is for homes that 'valuetalk demo' makes",
    ),
    "people as an organisation": (
        STUDY + FORUM + "organisation = true\n",
        "sources.forum.organisation cannot be true on discourse",
    ),
    "missing secret": (
        STUDY + FORUM + 'token_env = "FORUM_TOKEN"\n',
        "sources.forum.token_env names $FORUM_TOKEN, which is not set; export it",
    ),
    "not TOML": ("[study\n", "not TOML"),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "_"))
def test_what_is_wrong_is_refused_with_file_key_and_advice(case: str) -> None:
    text, expected = REFUSED[case]
    message = refusal(text)
    assert f"valuetalk.toml: {expected}" in message
    assert "pydantic" not in message


def test_every_mistake_is_named_at_once_a_line_each() -> None:
    lines = refusal(STUDY + "x = 1\n[harvest]\ny = 2\n[analysis]\ntopics = 1\n").splitlines()
    assert [line.split()[1] for line in lines] == ["study.x", "harvest.y", "analysis.topics"]


def test_a_secret_that_stands_where_its_name_should_is_not_repeated() -> None:
    message = refusal(STUDY + FORUM + 'token_env = "s3cr3t-value"\n')
    assert "environment variable" in message
    assert "s3cr3t" not in message


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(SettingsError, match="no such file; 'valuetalk init' writes one"):
        load_settings(home, {})
    home.settings_file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read as UTF-8"):
        load_settings(home, {})


def test_what_is_left_out_has_its_default_and_nothing_can_be_changed() -> None:
    settings = parse(STUDY)
    assert (settings.study.language, settings.study.bin) == ("en", "month")
    assert settings.harvest == HarvestSettings(
        spacing_seconds=1.0,
        requests_a_day=5000,
        history_days=30,
        recheck_budget=2000,
        landing_days=30,
        superseded_days=30,
    )
    with pytest.raises(ValidationError, match="frozen"):
        settings.study.name = "Another"  # type: ignore[misc]


def test_sources_are_found_by_name_and_a_near_name_is_offered() -> None:
    settings = parse(STUDY + FORUM)
    assert settings.source_named("forum").url == "https://forum.example.org"
    with pytest.raises(MissingSource, match="no source 'forun'; did you mean forum"):
        settings.source_named("forun")


def own_site(*, organisation: bool, ethics_ref: str | None) -> str:
    lines = ["[[sources]]", 'name = "site"', 'platform = "wordpress"', 'url = "https://a.org"']
    lines += [f"organisation = {str(organisation).lower()}"]
    lines += [f'ethics_ref = "{ethics_ref}"'] if ethics_ref else []
    return STUDY + "\n".join(lines)


@pytest.mark.parametrize(
    ("organisation", "ethics_ref"), list(itertools.product([False, True], [None, "REC 26/0123"]))
)
def test_a_source_runs_only_with_an_ethics_reference_or_as_an_own_site(
    organisation: bool, ethics_ref: str | None
) -> None:
    settings = parse(own_site(organisation=organisation, ethics_ref=ethics_ref))
    runs = organisation or ethics_ref is not None
    assert [source.name for source in settings.runnable_sources()] == ["site"] * runs
    assert ("site" in settings.held_back()) is not runs
    assert (settings.ethics_gap(settings.sources[0]) is None) is runs


def test_a_simulated_home_reads_simulated_sources_alone() -> None:
    simulated = parse(own_site(organisation=False, ethics_ref="simulated"), simulated=True)
    assert [source.name for source in simulated.runnable_sources()] == ["site"]
    assert simulated.spec_of(simulated.sources[0]).allow_private
    real = parse(own_site(organisation=True, ethics_ref="REC 26/0123"), simulated=True)
    assert real.runnable_sources() == ()
    assert real.held_back() == {"site": "this home holds simulated data only"}


def test_without_an_ethics_reference_comments_of_readers_are_not_read() -> None:
    bare = parse(own_site(organisation=True, ethics_ref=None))
    assert bare.spec_of(bare.sources[0]).options == {"comments": False}
    approved = parse(own_site(organisation=True, ethics_ref="REC 26/0123"))
    assert approved.spec_of(approved.sources[0]).options == {}
    assert not approved.spec_of(approved.sources[0]).allow_private


def test_switched_off_sources_and_archives_are_left_to_others() -> None:
    archive = '[[sources]]\nname = "dump"\nplatform = "archive"\nethics_ref = "REC 1"\n'
    off = FORUM + 'ethics_ref = "REC 1"\nenabled = false\n'
    settings = parse(STUDY + archive + off)
    assert settings.held_back() == {
        "dump": "an archive, which 'valuetalk import' reads",
        "forum": "switched off (enabled = false)",
    }
    assert settings.ethics_gap(settings.source_named("dump")) is None


def test_a_switched_off_source_may_be_of_a_platform_that_is_not_read_yet() -> None:
    text = STUDY + FORUM.replace("discourse", "xenforo") + "enabled = false\n"
    assert parse(text).sources[0].platform == "xenforo"


def test_what_harvesters_and_warehouse_see_of_a_source() -> None:
    community = (
        '[[sources.communities]]\ncommunity = "7"\nname = "Carers"\n'
        'country = "GB"\nrole = "carers"\ntags = ["a", "b"]\n'
    )
    source = FORUM.replace(".org", ".org/") + 'ethics_ref = "REC 1"\nlicence = "CC0"\n'
    source += 'terms_note = "read them"\noptions = { page = 2, slow = true }\n' + community
    settings = parse(STUDY + source)
    spec, info = (read(settings.sources[0]) for read in (settings.spec_of, settings.info_of))
    assert (spec.source, spec.platform, spec.url) == (
        "forum",
        "discourse",
        "https://forum.example.org",
    )
    assert spec.options == {"page": 2, "slow": True}
    assert spec.communities == info.communities
    (seen,) = info.communities
    assert (seen.community, seen.name, seen.country, seen.role, seen.tags) == (
        "7",
        "Carers",
        "GB",
        "carers",
        ("a", "b"),
    )
    assert (info.licence, info.ethics_ref, info.terms_note) == ("CC0", "REC 1", "read them")


def test_a_secret_reaches_the_harvester_and_no_repr() -> None:
    text = STUDY + FORUM + 'ethics_ref = "REC 1"\ntoken_env = "FORUM_TOKEN"\n'
    settings = parse(text, FORUM_TOKEN="s3cr3t")
    spec = settings.spec_of(settings.sources[0], {"FORUM_TOKEN": "s3cr3t"})
    assert spec.secrets == {"token": "s3cr3t"}
    assert "s3cr3t" not in f"{settings!r}{spec!r}{settings.sources[0]!r}"


def test_a_switched_off_source_needs_no_secret() -> None:
    text = STUDY + FORUM + 'token_env = "FORUM_TOKEN"\nenabled = false\n'
    assert parse(text).sources[0].token_env == "FORUM_TOKEN"


def test_the_key_file_lies_where_the_environment_says(tmp_path: Path) -> None:
    home, settings = Home(tmp_path / "home"), parse(STUDY.replace("A study", "Élan: A Study"))
    assert key_file(home, settings, {"VALUETALK_KEY_FILE": "/k/x.key"}) == Path("/k/x.key")
    assert key_file(home, settings, {"XDG_CONFIG_HOME": "/c"}) == Path(
        "/c/valuetalk/elan-a-study.key"
    )
    assert key_file(home, settings, {}) == Path("~/.config/valuetalk/elan-a-study.key").expanduser()


def test_a_simulated_home_never_meets_the_key_of_a_study(tmp_path: Path) -> None:
    places = [make_home(tmp_path / name, simulated=True) for name in ("one", "two")]
    names = {key_file(home, parse(STUDY), {"XDG_CONFIG_HOME": "/c"}).name for home in places}
    assert len(names) == 2
    assert all(re.fullmatch(r"demo-[0-9a-f]{16}\.key", name) for name in names)


def test_names_that_no_file_can_bear_still_name_a_key_file(tmp_path: Path) -> None:
    named = {
        key_file(Home(tmp_path), parse(STUDY.replace("A study", name)), {"XDG_CONFIG_HOME": "/c"})
        for name in ("価値", "値", "../../etc/passwd")
    }
    assert len(named) == 3
    assert {path.parent for path in named} == {Path("/c/valuetalk")}


def test_single_values_of_a_new_source_are_refused_with_their_key() -> None:
    with pytest.raises(SettingsError, match=r"^url must be a web address"):
        section_from(SourceSettings, {"name": "a", "platform": "feed", "url": "b"})
