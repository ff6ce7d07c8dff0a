"""What every screen shares: its frame, the banner of simulated data, and names."""

from analysis.dashboard.figures import CommunityInfo, Figures
from analysis.dashboard.forest import two_lines
from analysis.dashboard.markup import Html, element

SIMULATED = "Simulated data: invented people. Nothing here is a finding."
FILTERED = ("frames", "compare", "topics")
ROLE_NAMES = {
    "service_users": "service users",
    "carers": "carers",
    "practitioners": "practitioners",
    "movement": "movement",
    "policy": "policy",
    "mixed": "mixed",
}


def screen(figures: Figures, anchor: str, question: str, lead: str, *content: str) -> Html:
    """Return one screen: banner where the data are simulated, question, answer, content."""
    filtered = anchor in FILTERED
    banner = element("p", SIMULATED, class_="simulated") if figures.about.simulated else Html()
    return element(
        "section",
        banner,
        element("h2", question, id=f"{anchor}-title"),
        element("p", lead, class_="lead"),
        *content,
        id=anchor,
        class_="screen filtered" if filtered else "screen",
        aria_labelledby=f"{anchor}-title",
    )


def role_and_country(community: CommunityInfo) -> str:
    """Return what a community is compared by, in a few words."""
    role = ROLE_NAMES.get(community.role or "", community.role or "role not recorded")
    return f"{role}, {community.country}" if community.country else role


def community_key(community: CommunityInfo) -> str:
    """Return the community's name in links to a view."""
    return "/".join(community.key)


def named_community(community: CommunityInfo) -> Html:
    """Return a community's name with its role and country under it."""
    return two_lines(community.name, role_and_country(community))


def definition_list(*pairs: tuple[str, str]) -> Html:
    """Return names with what they stand for."""
    items = (element("div", element("dt", name), element("dd", text)) for name, text in pairs)
    return element("dl", *items)
