"""`valuetalk qda export`: a recorded project of drawn posts, coded by people and the classifier."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from scipy.sparse import csr_array
from typer.testing import CliRunner

from analysis.frames.classifier import FrameClassifier
from analysis.frames.storage import save_classifier
from flows.commands import app
from flows.commands.session import open_study
from tests.warehouse.invented import Study, author, healthy_study, insert
from tests.warehouse.invented_names import StandIn
from warehouse.home import Home
from warehouse.protection import names_model
from warehouse.release.controlled import publish_controlled
from warehouse.release.refi_qda import PROJECT_NAMESPACE

Q = f"{{{PROJECT_NAMESPACE}}}"
MENTIONED = f"author_{author(77)}"
AT = datetime(2026, 3, 1, tzinfo=UTC)
MACHINE = "Frame classifier c1 (machine)"


def run(*arguments: str) -> Any:
    command = ["qda", "export", "--to", "Dr A", *arguments]
    return CliRunner().invoke(app, command, prog_name="valuetalk")


def planted(study: Study) -> dict[str, int]:
    """Add posts of which something is special, two codings of each, and scores."""
    plain = {"community": "carers", "text": f"Magda and {MENTIONED} wrote to [email]"}
    told: dict[str, dict[str, Any]] = {
        "coded": {},
        "withheld": {"withheld": True},
        "automated": {"automated": True},
        "duplicate": {"duplicate_of": 1},
    }
    ids = {name: study.add_posts(1, **plain, **more)[0] for name, more in told.items()}
    study.index()
    study.append(
        "frames",
        [
            {
                "frame": "contestation",
                "name": "Contestation",
                "family": "stance",
                "definition": "who disputes it",
                "codebook_version": 1,
            }
        ],
    )
    for post_id in ids.values():
        for coder, frame, value, version in (
            ("A", "service_value", 1.0, 1),
            ("A", "contestation", 0.0, 1),
            ("B", "service_value", 0.0, 1),
            ("B", "contestation", 0.0, 1),
            ("A", "contestation", 1.0, 0),  # A coded the post again since
            ("C", "contestation", 1.0, 0),
        ):
            row = {"post_id": post_id, "frame": frame, "coder": coder, "value": value}
            row |= {"codebook_version": version, "wave": 1, "coded_at": AT}
            insert(study.connection, "codings", row)
        for frame, probability in (("service_value", 0.62), ("contestation", 0.41)):
            row = {"run_id": "run-1", "post_id": post_id, "frame": frame, "classifier": "c1"}
            insert(study.connection, "frame_scores", row | {"probability": probability})
    return ids


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, dict[str, int]]]:
    folder = tmp_path_factory.mktemp("qda")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.setenv("VALUETALK_HOME", str(folder / "study"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        begin = ["init", "--name", "A study", "--contact", "study@example.org"]
        assert CliRunner().invoke(app, begin).exit_code == 0
        study = healthy_study()
        ids = planted(study)
        publish_controlled(study.connection, Home(folder / "study"))
        study.connection.close()
        yield Home(folder / "study"), ids


@pytest.fixture
def home(published: tuple[Home, dict[str, int]], monkeypatch: pytest.MonkeyPatch) -> Home:
    """The study without files that were handed over before, and without the model of names."""
    monkeypatch.setattr(names_model, "_folder", lambda: None)
    for file in published[0].exports.glob("*"):
        file.unlink()
    return published[0]


def read(home: Home) -> tuple[ET.Element, str]:
    (path,) = home.exports.glob("*.qdpx")
    with zipfile.ZipFile(path) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()[1:]]
        return ET.fromstring(archive.read("project.qde")), "".join(texts)


def posts_of(root: ET.Element) -> set[int]:
    return {int(part.attrib["name"][5:]) for part in root.iter(f"{Q}PlainTextSelection")}


def said(root: ET.Element) -> set[tuple[str, str]]:
    users = {user.attrib["guid"]: user.attrib["name"] for user in root.iter(f"{Q}User")}
    codes = {code.attrib["guid"]: code.attrib["name"] for code in root.iter(f"{Q}Code")}
    return {
        (users[coding.attrib["creatingUser"]], codes[coding[0].attrib["targetGUID"]])
        for coding in root.iter(f"{Q}Coding")
    }


def test_coded_posts_leave_with_who_coded_what(home: Home, published: Any) -> None:
    done = run("--coded", "--threshold", "0.5")
    assert done.exit_code == 0, done.output
    root, texts = read(home)
    assert posts_of(root) == {published[1]["coded"]}
    assert said(root) == {
        ("Coder A", "Service value"),
        ("Coder C (codebook 0)", "Contestation"),
        ("Coder B", "None of these"),
        (MACHINE, "Service value"),
    }
    notes = [part.findtext(f"{Q}Description") for part in root.iter(f"{Q}PlainTextSelection")]
    assert notes == [f"{MACHINE}: service_value 0.62; contestation 0.41"]
    assert "1 posts with 3 codings of people (3 coders) and 1 of the classifier" in done.stdout
    assert texts.endswith("Magda and @somebody wrote to [email]\n\n")


def test_nobody_is_named_and_nothing_links_to_a_place(home: Home) -> None:
    assert run("--n", "1000").exit_code == 0
    root, texts = read(home)
    everything = texts + ET.tostring(root, encoding="unicode")
    keys = {author(1000 + number) for number in range(20)} | {MENTIONED}
    assert not [key for key in keys if key in everything]
    assert "http" not in everything.replace("http://www.w3.org", "")


def test_withheld_automated_and_repeated_posts_stay_unless_asked_for(
    home: Home, published: Any
) -> None:
    ids = published[1]
    assert run("--n", "1000").exit_code == 0
    held = posts_of(read(home)[0])
    assert held & set(ids.values()) == {ids["coded"]}
    for file in home.exports.glob("*"):
        file.unlink()
    assert run("--n", "1000", "--duplicates").exit_code == 0
    more = posts_of(read(home)[0])
    assert more & set(ids.values()) == {ids["coded"], ids["duplicate"]}
    assert held < more


def test_a_draw_hangs_on_its_seed_and_a_larger_one_holds_the_smaller(home: Home) -> None:
    drawn = {}
    for n, seed in ((10, 1), (20, 1), (10, 2)):
        assert (
            run("--n", str(n), "--seed", str(seed), "--where", "community = 'trust'").exit_code == 0
        )
        drawn[n, seed] = posts_of(read(home)[0])
        for file in home.exports.glob("*"):
            file.unlink()
    assert [len(posts) for posts in drawn.values()] == [10, 20, 10]
    assert drawn[10, 1] < drawn[20, 1]
    assert drawn[10, 1] != drawn[10, 2]


def test_the_project_is_recorded_and_its_codebook_lies_beside_it(home: Home) -> None:
    assert run("--n", "3", "--no-machine", "--where", "community = 'carers'").exit_code == 0
    (path,) = home.exports.glob("*.qdpx")
    with open_study(home.root).warehouse() as warehouse:
        rows = warehouse.query("SELECT * FROM exports ORDER BY exported_at DESC LIMIT 1")
    (row,) = rows.to_pylist()
    assert (row["who"], row["n_rows"]) == ("Dr A", 3)
    assert row["what"] == "qda export --n 3 --seed 0 --where community = 'carers' --no-machine"
    assert path.stem.endswith(row["sha256"][:8])
    beside = sorted(file.name for file in home.exports.glob("*codebook*"))
    assert beside == [f"{path.stem}-codebook.csv", f"{path.stem}-codebook.qdc"]
    assert {file.stat().st_mode & 0o777 for file in home.exports.iterdir()} == {0o600}
    codebook = ET.fromstring((home.exports / beside[1]).read_bytes())
    names = [
        code.attrib["name"] for family in codebook[0] for code in family if "name" in code.attrib
    ]
    assert names == ["Contestation", "Service value", "None of these"]


def test_a_choice_of_frames_leaves_the_others_out(home: Home) -> None:
    assert run("--coded", "--frames", "contestation", "--threshold", "0.4").exit_code == 0
    root, _ = read(home)
    assert said(root) == {
        ("Coder A", "None of these"),
        ("Coder C (codebook 0)", "Contestation"),
        ("Coder B", "None of these"),
        (MACHINE, "Contestation"),
    }


def test_without_a_threshold_the_classifier_says_for_itself(home: Home) -> None:
    assert "not among the study's models: it codes from 0.5 on" in run("--coded").stderr
    for file in home.exports.glob("*"):
        file.unlink()
    counts = csr_array(np.tile(np.eye(2), (20, 1)))
    values = np.column_stack([np.arange(40) % 2, np.zeros(40)]).astype(float)
    frames = ["service_value", "contestation"]
    model = FrameClassifier().fit(counts, values, ["money", "wait"], frames=frames)
    model.thresholds_ = np.array([0.7, 0.1])  # the second frame is abstained from: nobody saw it
    save_classifier(model, home.models / "c1")
    done = run("--coded")
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("Names that no context tells stay")
    assert MACHINE not in {user for user, _ in said(read(home)[0])}


def test_names_go_where_the_model_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_model, "is_installed", lambda: True)
    monkeypatch.setattr(names_model.RampartModel, "load", lambda: StandIn({"Mag": 0.9}))
    done = run("--coded")
    assert "Names taken out of own_text: 1." in done.stderr
    assert "[name] and @somebody wrote to [email]" in read(home)[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--frames", "value,nothing"), "the codebook has no frame nothing, value; it has"),
        (("--where", "author_key = 'a'"), "no query is about one person"),
        (("--corpus", "nowhere"), "nowhere"),
        (("--no-machine", "--threshold", "0.4"), "leave --no-machine out"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    home: Home, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run(*arguments)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert sentence in done.stderr
    assert not list(home.exports.glob("*"))


def test_no_post_is_a_failure_without_a_file(home: Home) -> None:
    done = run("--where", "community = 'nowhere'")
    assert done.exit_code == 1
    assert "no released post is what is asked for" in done.stderr
    assert not list(home.exports.glob("*"))


def test_the_same_sample_has_the_same_bytes(home: Home) -> None:
    written = []
    for _ in range(2):
        assert run("--n", "30").exit_code == 0
        (path,) = home.exports.glob("*.qdpx")
        written.append(path.read_bytes())
        for file in home.exports.glob("*"):
            file.unlink()
    assert written[0] == written[1]
    assert zipfile.is_zipfile(io.BytesIO(written[0]))


def test_a_person_has_to_be_named(home: Home) -> None:
    done = CliRunner().invoke(app, ["qda", "export"], prog_name="valuetalk")
    assert done.exit_code == 2
    assert not Path(home.exports).exists() or not list(home.exports.glob("*"))
