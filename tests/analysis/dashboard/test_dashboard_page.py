"""The whole page: well-formed, self-contained, true to its tables, the same bytes each time."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType

import duckdb
import lxml.etree
import lxml.html
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analysis.dashboard import About, build_dashboard
from analysis.dashboard.build import build_page
from warehouse.protection import gate
from warehouse.protection.gate import GateReport, PublicTables

DASH = "\N{EN DASH}"
VOID = {"meta", "link", "br", "input"}
SCHEMA = Path(__file__).resolve().parents[3] / "warehouse" / "schema"
SCREENS = ["overview", "frames", "compare", "topics", "methods", "data"]
HOSTILE = "</script><script>alert('1')</script>\"'\u202egro.live\u2066<img src=x onerror=x>"


class Balance(HTMLParser):
    """Fails on a tag that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.names.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tables: dict[str, pa.Table], report: GateReport, about: About) -> str:
    return build_page(tables, report, about)


@pytest.fixture(scope="module")
def tree(page: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page)


def text_of(node: lxml.html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


def table_of(panel: lxml.html.HtmlElement) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for row in panel.iterfind(".//tbody/tr")]


def test_every_tag_is_closed_in_turn(page: str) -> None:
    balance = Balance()
    balance.feed(page)
    balance.close()
    assert balance.open == []


def test_every_drawing_is_xml(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) > 114
    for drawing in drawings:
        lxml.etree.fromstring(drawing)


def test_ids_are_unique_and_every_link_leads_somewhere(tree: lxml.html.HtmlElement) -> None:
    ids = tree.xpath("//@id")
    assert len(set(ids)) == len(ids)
    inside = [ref for ref in tree.xpath("//@href") if ref.startswith("#")]
    assert {ref[1:] for ref in inside} <= set(ids)
    assert {f"axes-frames-{n}" for n in range(1, 10)} <= set(ids)


def test_nothing_is_fetched_from_anywhere(page: str, tree: lxml.html.HtmlElement) -> None:
    assert tree.xpath("//@src | //@srcset | //@action | //@style") == []
    outside = {ref for ref in tree.xpath("//@href") if not ref.startswith("#")}
    assert outside == {
        "data:,",
        "https://licences.example/by/4.0/",
        "mailto:team@study.example",
    }
    assert not re.search(r"@import|url\((?!#)|//cdn|fetch\(|XMLHttpRequest|WebSocket", page)


def test_the_policy_lets_only_this_style_and_this_script_run(
    tree: lxml.html.HtmlElement,
) -> None:
    [policy] = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    for kind, path in (("style-src", "//style"), ("script-src", "//script[not(@type)]")):
        [part] = tree.xpath(path)
        digest = base64.b64encode(hashlib.sha256(part.text.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"


def test_there_are_six_screens_and_each_says_that_the_data_are_simulated(
    tree: lxml.html.HtmlElement,
) -> None:
    assert tree.xpath("//section/@id") == SCREENS
    assert [a.get("href") for a in tree.xpath("//nav/a")] == [f"#{s}" for s in SCREENS]
    for section in tree.xpath("//section"):
        assert "Simulated data: invented people" in text_of(section.find("p[@class='simulated']"))


def test_real_data_carry_no_banner(
    tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    page = build_page(tables, report, replace(about, simulated=False))
    assert "Simulated data" not in page


def test_every_figure_of_every_frame_is_in_its_table(
    tree: lxml.html.HtmlElement, tables: dict[str, pa.Table]
) -> None:
    panels = {
        (p.get("data-f"), p.get("data-c")): table_of(p)
        for p in tree.xpath("//section[@id='frames']//figure")
    }
    assert len(panels) == 54
    for row in tables["frame_prevalence"].to_pylist():
        week = (row["period"] - date(2026, 3, 2)).days // 7
        shown = panels[row["frame"], f"{row['source']}/{row['community']}"][week]
        if row["estimate"] is None:
            assert shown[1:5] == [DASH] * 4
            assert row["refused_because"].replace("_", " ") in shown[5]
            continue
        assert float(shown[1].removesuffix("%")) == pytest.approx(row["estimate"] * 100, abs=0.05)
        lower, upper = shown[2].removesuffix("%").split(" to ")
        assert float(lower) == pytest.approx(row["lower"] * 100, abs=0.05)
        assert float(upper) == pytest.approx(row["upper"] * 100, abs=0.05)
        assert [int(n.replace(",", "")) for n in shown[3:5]] == [row["n_posts"], row["n_coded"]]


def test_every_share_of_a_topic_is_in_its_table_or_has_a_reason(
    tree: lxml.html.HtmlElement, tables: dict[str, pa.Table]
) -> None:
    rows = [row for p in tree.xpath("//section[@id='topics']//figure") for row in table_of(p)]
    trends = tables["topic_trends"].to_pylist()
    assert len(rows) == len(trends) == 540
    hidden = [row for row in rows if row[1] == DASH]
    assert len(hidden) == sum(row["share"] is None for row in trends)
    assert all("withheld: not enough people" in row[-1] for row in hidden)
    shown = sorted(float(row[1].removesuffix("%")) for row in rows if row[1] != DASH)
    wanted = sorted(row["share"] * 100 for row in trends if row["share"] is not None)
    assert shown == pytest.approx(wanted, abs=0.05)


def test_every_empty_cell_of_the_comparisons_shows_its_reason(
    tree: lxml.html.HtmlElement, tables: dict[str, pa.Table]
) -> None:
    last = [
        row
        for row in tables["frame_prevalence"].to_pylist()
        if row["period"] == date(2026, 4, 20) and row["estimate"] is None
    ]
    cells = tree.xpath("//section[@id='compare']//td[contains(@class, 'withheld')]/..")
    assert len(cells) == len(last) > 0
    assert all("fewer than 10 authors" in text_of(cell) for cell in cells)
    empty = tree.xpath("//table[@class='matrix']//td[@class='none']")
    assert {text_of(cell) for cell in empty} == {"withheld", "not comparable"}


def test_every_number_in_the_grid_of_changes_has_its_interval(
    tree: lxml.html.HtmlElement,
) -> None:
    cells = tree.xpath("//table[@class='matrix']//td[not(@class='none')]")
    assert len(cells) == 51
    for cell in cells:
        assert re.search(
            r"[+\u2212]?[\d.]+ ?[+\u2212]?[\d.]+ to [+\u2212]?[\d.]+$", text_of(cell)
        ), text_of(cell)


def test_every_chart_has_a_title_a_summary_and_its_numbers(tree: lxml.html.HtmlElement) -> None:
    figures = tree.xpath("//figure")
    assert len(figures) == 54 + 60 + 4
    for figure in figures:
        [drawing] = figure.xpath("./svg[@role='img']")
        assert re.fullmatch(r"[^.].*\.", drawing.get("aria-label"))
        assert text_of(figure.find("figcaption/b"))
        assert len(figure.xpath("./details//tbody/tr")) == 9
    for drawing in tree.xpath("//table[@class='forest']//svg"):
        assert drawing.get("role") == "img"
        assert drawing.get("aria-label")


def test_lines_run_forward_in_time_and_stay_in_their_panel(tree: lxml.html.HtmlElement) -> None:
    lines = tree.xpath("//figure//path[@class='line']/@d")
    assert len(lines) > 100
    for path in lines:
        for stretch in path.split("M")[1:]:
            points = [tuple(map(float, p.split())) for p in stretch.split("L")]
            xs = [x for x, _ in points]
            assert xs == sorted(set(xs))
            assert 25 <= xs[0] < xs[-1] <= 158
            assert all(11 <= y <= 87 for _, y in points)


def test_a_ribbon_holds_its_line(tree: lxml.html.HtmlElement) -> None:
    for figure in tree.xpath("//figure"):
        lines = "".join(figure.xpath(".//path[@class='line']/@d"))
        ribbons = "".join(figure.xpath(".//path[@class='ribbon']/@d"))
        middle = dict(re.findall(r"([\d.]+) ([\d.]+)", lines))
        edges: dict[str, list[float]] = {}
        for x, y in re.findall(r"([\d.]+) ([\d.]+)", ribbons):
            edges.setdefault(x, []).append(float(y))
        assert edges.keys() == middle.keys()
        for x, y in middle.items():
            assert min(edges[x]) <= float(y) <= max(edges[x])


def test_no_line_crosses_an_empty_period(tree: lxml.html.HtmlElement) -> None:
    width = (158 - 25) / 9
    for figure in tree.xpath("//section[@id='frames']//figure"):
        rows = table_of(figure)
        empty = {week for week, row in enumerate(rows) if row[1] == DASH}
        for stretch in "".join(figure.xpath(".//path[@class='line']/@d")).split("M")[1:]:
            xs = [float(p.split()[0]) for p in stretch.split("L")]
            weeks = [round((x - 25) / width - 0.5) for x in xs]
            assert weeks == list(range(weeks[0], weeks[-1] + 1))
            assert not empty & set(weeks)
            assert 8 not in weeks  # the ninth week is not over


def test_breaks_and_empty_periods_are_drawn(tree: lxml.html.HtmlElement) -> None:
    [broken] = tree.xpath("//section[@id='frames']//figure[.//path[@class='break']]")
    assert (broken.get("data-f"), broken.get("data-c")) == ("service_value", "policy/blog")
    assert "series breaks here: the site changed what it lists" in text_of(broken)
    assert len(tree.xpath("//figure//rect[@class='withheld']")) > 10
    assert len(tree.xpath("//figure//rect[@class='refused']")) == 9
    assert len(tree.xpath("//*[@id='axes-frames']/path[@class='ev']")) == 2


def test_the_gates_report_is_shown(tree: lxml.html.HtmlElement) -> None:
    [row] = tree.xpath("//table[@class='gate']//tbody/tr")
    assert [text_of(cell) for cell in row] == [
        "frame_prevalencefewer than 10 authors: 21; numerator 1 to 7: 6; unknown community: 2",
        *("441", "27", "18", "2"),
    ]


def test_who_coded_is_told(tree: lxml.html.HtmlElement) -> None:
    assert "Coded by simulated coders with 10 % error." in text_of(
        tree.get_element_by_id("methods")
    )


def test_support_is_at_the_foot_of_every_screen(tree: lxml.html.HtmlElement) -> None:
    assert "116 123" in text_of(tree.find(".//footer"))
    assert tree.xpath("//footer/ancestor::section") == []


def test_the_same_input_gives_the_same_bytes(
    page: str, tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    copied = {name: pa.Table.from_pylist(t.to_pylist(), t.schema) for name, t in tables.items()}
    reordered = dict(reversed(copied.items()))
    assert build_page(reordered, report, about) == page


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) <= 500_000


def hostile(table: pa.Table) -> pa.Table:
    """Put hostile text into every text column whose values name nothing else."""
    keys = {"source", "community", "frame", "bin", "kind", "model", "run_id"}
    for place, field in enumerate(table.schema):
        if field.name in keys or not table.num_rows:
            continue
        if pa.types.is_string(field.type):
            filled = pc.if_else(pc.is_valid(table[field.name]), HOSTILE, table[field.name])
            table = table.set_column(place, field, filled)
        elif pa.types.is_list(field.type):
            table = table.set_column(place, field, pa.array([[HOSTILE]] * table.num_rows))
    return table


def test_hostile_text_is_only_ever_text(
    tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    attacked = {name: hostile(table) for name, table in tables.items()}
    words = ("study", "contact", "licence", "coders_note", "run_id", "version")
    particulars = replace(about, **dict.fromkeys(words, HOSTILE), support_lines=(HOSTILE,))
    got = build_page(attacked, report, particulars)
    balance = Balance()
    balance.feed(got)
    assert balance.open == []
    assert balance.names.count("script") == 2
    assert "img" not in balance.names
    tree = lxml.html.document_fromstring(got)
    assert tree.xpath("//@*[starts-with(name(), 'on')]") == []
    assert all(ref.startswith(("#", "data:,")) for ref in tree.xpath("//@href"))
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", got)
    assert "&lt;img src=x onerror=x&gt;" in got


def test_hostile_keys_are_only_ever_text(
    tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    renamed = {}
    for name, table in tables.items():
        for column in ("source", "community", "frame"):
            if column in table.column_names:
                place = table.column_names.index(column)
                table = table.set_column(  # noqa: PLW2901 # the table grows column by column
                    place, column, pc.binary_join_element_wise(table[column], HOSTILE, "")
                )
        renamed[name] = table
    balance = Balance()
    balance.feed(build_page(renamed, report, about))
    assert balance.open == []
    assert balance.names.count("script") == 2


@pytest.mark.parametrize("kept", [0, 54 * 9])
def test_a_study_that_has_little_yet_has_a_page(
    tables: dict[str, pa.Table], report: GateReport, about: About, kept: int
) -> None:
    bare = {name: tables[name] for name in ("communities", "frames")}
    page = build_page(
        {**bare, "frame_prevalence": tables["frame_prevalence"].slice(0, kept)}, report, about
    )
    assert lxml.html.document_fromstring(page).xpath("//section/@id") == SCREENS
    assert ("Nothing can be compared yet" in page) == (kept == 0)


def test_the_first_week_is_shown_as_not_over(
    tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    early = replace(about, built_at=datetime(2026, 3, 4, tzinfo=UTC))
    rows = tables["frame_prevalence"]
    first = rows.filter(pc.equal(rows["period"], pa.scalar(date(2026, 3, 2))))
    page = build_page({**tables, "frame_prevalence": first}, report, early)
    assert "No complete period yet" in page
    assert " so far</span>" in page


def public(tables: dict[str, pa.Table], report: GateReport) -> PublicTables:
    return PublicTables(
        tables=MappingProxyType(tables),
        report=report,
        periods=MappingProxyType({}),
        passed=gate._ONLY_THE_GATE,
    )


def test_what_passed_the_gate_becomes_the_page(
    page: str, tables: dict[str, pa.Table], report: GateReport, about: About
) -> None:
    assert build_dashboard(public(tables, report), about) == page


def test_a_study_on_its_first_day_has_a_page(about: About) -> None:
    """The real gate, over a warehouse that holds nothing but its schema and a codebook."""
    with duckdb.connect() as connection:
        for migration in sorted(SCHEMA.glob("*.sql")):
            connection.execute(migration.read_text(encoding="utf-8"))
        connection.execute(
            "INSERT INTO frames VALUES ('service_value', 'Service value', 'value', 'Works.', 1)"
        )
        page = build_dashboard(gate.pass_gate(connection), about)
    assert "Nothing can be compared yet" in page
    assert lxml.html.document_fromstring(page).xpath("//section/@id") == SCREENS


def test_what_did_not_pass_the_gate_is_refused(tables: dict[str, pa.Table], about: About) -> None:
    with pytest.raises(TypeError, match="only what pass_gate returns, not dict"):
        build_dashboard(tables, about)  # type: ignore[arg-type] # that is what is tested
