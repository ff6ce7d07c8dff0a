"""REFI-QDA 1.0: coded posts as a project that programs for qualitative analysis can open.

A project (`.qdpx`) is a zip: `project.qde`, an XML of users, codes and codings, and the texts under
`Sources/`. A codebook (`.qdc`) is the codes alone. Posts of one community and month lie in one
text, since a text a post makes a list that nobody can use; a line before each says which post it
is. Every number and byte follows from what is exported, so the same sample gives the same file.

Source of the format: REFI-QDA, *Standard 1.0* (2019), https://www.qdasoftware.org.
"""

import csv
import io
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from xml.etree import ElementTree as ET

from warehouse.release.refi_text import ascii_name, plain_text

ORIGIN = "valuetalk"
PROJECT_NAMESPACE = "urn:QDA-XML:project:1.0"
CODEBOOK_NAMESPACE = "urn:QDA-XML:codebook:1.0"
POST_LABEL = "post"

_GUIDS = uuid.uuid5(uuid.NAMESPACE_URL, PROJECT_NAMESPACE + "/" + ORIGIN)
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can say
_UNIX = 3
_PRIVATE = 0o100600 << 16
_VARIABLES = ("source", "community", "month", "country", "role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code of the codebook: `key` in the tables, and what people read."""

    key: str
    name: str
    family: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """That somebody, or the classifier, saw a code in a post; `at` where that was noted."""

    user: str
    code: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedPost:
    """A post with its codings; `note` is shown with the passage that it is."""

    post_id: int
    source: str
    community: str
    thread_id: int
    kind: str
    day: date
    text: str
    codings: tuple[Coding, ...] = ()
    note: str = ""
    country: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class _Passage:
    """Where a post stands in the text of its bundle, in characters from 0, end excluded."""

    post: CodedPost
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The posts of one community and month as one text."""

    name: str
    guid: str
    text: str
    passages: tuple[_Passage, ...]


def project_file(name: str, codes: Sequence[Code], posts: Sequence[CodedPost]) -> bytes:
    """Return a project (`.qdpx`) of posts and their codings.

    Parameters
    ----------
    name : str
        What the program calls the project.
    codes : sequence of Code
        In the order in which they are to be listed; codes of a family are listed under it.
    posts : sequence of CodedPost
        In any order; each once. Codings name the codes by their keys.
    """
    bundles = list(_bundles(posts))
    files = {"project.qde": _xml(_project(name, codes, bundles))}
    files |= {f"Sources/{bundle.guid}.txt": bundle.text.encode() for bundle in bundles}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.create_system, entry.external_attr = _UNIX, _PRIVATE
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


def codebook_file(codes: Sequence[Code]) -> bytes:
    """Return a codebook (`.qdc`)."""
    root = ET.Element("CodeBook", {"xmlns": CODEBOOK_NAMESPACE, "origin": ORIGIN})
    _add_codes(root, codes)
    return _xml(root)


def taguette_codebook(codes: Sequence[Code]) -> bytes:
    """Return a codebook as the CSV that Taguette imports: tag, description."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("tag", "description"))
    for code in codes:
        tag = ascii_name(f"{code.family}.{code.key}")
        writer.writerow((tag, plain_text(f"{code.name}: {code.description}")))
    return text.getvalue().encode()


def _bundles(posts: Sequence[CodedPost]) -> Iterator[_Bundle]:
    """Yield the posts of each community and month as a text, in the order of threads and days."""
    ordered = sorted(posts, key=lambda p: (*_place(p), p.thread_id, p.day, p.post_id))
    for (source, community, month), some in groupby(ordered, key=_place):
        name = ascii_name(f"{source} {community} {month}")
        text, passages = _written(list(some))
        yield _Bundle(name, _guid("source", name, text), text, passages)


def _place(post: CodedPost) -> tuple[str, str, str]:
    return post.source, post.community, f"{post.day:%Y-%m}"


def _written(posts: Sequence[CodedPost]) -> tuple[str, tuple[_Passage, ...]]:
    """Return posts one below the other, and where each stands."""
    text = ""
    passages = []
    for post in posts:
        text += f"[{POST_LABEL} {post.post_id}, thread {post.thread_id}, {post.kind}, {post.day}]\n"
        own = plain_text(post.text).strip()
        passages.append(_Passage(post, len(text), len(text) + len(own)))
        text += f"{own}\n\n"
    return text, tuple(passages)


def _project(name: str, codes: Sequence[Code], bundles: Sequence[_Bundle]) -> ET.Element:
    root = ET.Element(
        "Project", {"name": ascii_name(name), "origin": ORIGIN, "xmlns": PROJECT_NAMESPACE}
    )
    users = {
        coding.user
        for bundle in bundles
        for passage in bundle.passages
        for coding in passage.post.codings
    }
    if users:
        listed = ET.SubElement(root, "Users")
        for user in sorted(users):
            ET.SubElement(listed, "User", {"guid": _guid("user", user), "name": ascii_name(user)})
    _add_codes(ET.SubElement(root, "CodeBook"), codes)
    variables = ET.SubElement(root, "Variables")
    for variable in _VARIABLES:
        told = {"guid": _guid("variable", variable), "name": variable, "typeOfVariable": "Text"}
        ET.SubElement(variables, "Variable", told)
    if bundles:
        sources = ET.SubElement(root, "Sources")
        for bundle in bundles:
            _add_source(sources, bundle)
    return root


def _add_codes(parent: ET.Element, codes: Sequence[Code]) -> None:
    listed = ET.SubElement(parent, "Codes")
    families = dict.fromkeys(code.family for code in codes)
    for number, family in enumerate(families):
        colour = _COLOURS[number % len(_COLOURS)]
        group = _add_code(listed, family, ("family", family), colour=colour, codable=False)
        for code in (code for code in codes if code.family == family):
            added = _add_code(group, code.name, ("code", code.key), colour=colour, codable=True)
            ET.SubElement(added, "Description").text = plain_text(code.description)


def _add_code(
    parent: ET.Element, name: str, content: tuple[str, str], *, colour: str, codable: bool
) -> ET.Element:
    told = {"guid": _guid(*content), "name": ascii_name(name)}
    told |= {"isCodable": str(codable).lower(), "color": colour}
    return ET.SubElement(parent, "Code", told)


def _add_source(parent: ET.Element, bundle: _Bundle) -> None:
    """Add a text with its passages; the schema wants these before the text's variables."""
    told = {"guid": bundle.guid, "name": bundle.name}
    told["plainTextPath"] = f"internal://{bundle.guid}.txt"
    source = ET.SubElement(parent, "TextSource", told)
    for passage in bundle.passages:
        _add_passage(source, bundle.guid, passage)
    first = bundle.passages[0].post
    values = (*_place(first), first.country, first.role)
    for variable, value in zip(_VARIABLES, values, strict=True):
        if value:
            held = ET.SubElement(source, "VariableValue")
            ET.SubElement(held, "VariableRef", {"targetGUID": _guid("variable", variable)})
            ET.SubElement(held, "TextValue").text = plain_text(value)


def _add_passage(source: ET.Element, source_guid: str, passage: _Passage) -> None:
    post = passage.post
    guid = _guid("selection", source_guid, str(post.post_id))
    told = {"guid": guid, "name": f"{POST_LABEL} {post.post_id}"}
    told |= {"startPosition": str(passage.start), "endPosition": str(passage.end)}
    selection = ET.SubElement(source, "PlainTextSelection", told)
    if post.note:
        ET.SubElement(selection, "Description").text = plain_text(post.note)
    for coding in sorted(post.codings, key=lambda each: (each.user, each.code)):
        made = {"guid": _guid("coding", guid, coding.user, coding.code)}
        made["creatingUser"] = _guid("user", coding.user)
        if coding.at is not None:
            made["creationDateTime"] = f"{coding.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        added = ET.SubElement(selection, "Coding", made)
        ET.SubElement(added, "CodeRef", {"targetGUID": _guid("code", coding.code)})


def _guid(*content: str) -> str:
    return str(uuid.uuid5(_GUIDS, "\x1f".join(content)))


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content
