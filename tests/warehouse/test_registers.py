"""Communities that nobody configured are entered under the handle that their posts came with."""

from tests.warehouse.invented import Study
from warehouse.records import Community, SourceInfo
from warehouse.registers import register_met_communities, register_sources


def test_communities_of_posts_are_entered_once_and_configured_ones_keep_their_names() -> None:
    study = Study()
    named = Community(source="forum", community="b", name="Carers", country="GB", role="carers")
    info = SourceInfo(
        source="forum", platform="discourse", licence="", ethics_ref=None, communities=(named,)
    )
    register_sources(study.connection, [info])
    for source, community in (("forum", "b"), ("forum", "a"), ("forum", "a"), ("dump", "b")):
        study.add_posts(2, source=source, community=community)

    for _ in range(2):
        register_met_communities(study.connection)

    assert study.sql("FROM communities ORDER BY source, community") == [
        ("dump", "b", "b", None, None, []),
        ("forum", "a", "a", None, None, []),
        ("forum", "b", "Carers", "GB", "carers", []),
    ]


def test_a_profile_page_of_one_person_is_no_community() -> None:
    study = Study()
    study.add_posts(1, source="dump", community="u_somebody")
    study.add_posts(1, source="dump", community="U_Somebody")
    study.add_posts(1, source="dump", community="uni_life")
    register_met_communities(study.connection)
    assert study.sql("SELECT community FROM communities") == [("uni_life",)]
