"""A page for each frame in plain words, for people who are no researchers.

Made from the codebook alone, so it holds no post and may be given to anybody: participants, an
advisory group, people who code for the first time.
"""

import html
from pathlib import Path
from typing import Literal

from analysis.codebook import Codebook, Frame

PageForm = Literal["html", "md"]

_YES, _NO, _EXAMPLE = "Say yes when", "Say no when", "An invented example"
_FOOTER = "From the codebook {name}, version {version}. No real post stands on this page."
_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 1.25rem/1.5 sans-serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; }}
h2 {{ font-size: 1.3rem; margin-top: 1.6rem; }}
blockquote {{ margin: 0; padding-left: 1rem; border-left: .3rem solid; }}
footer {{ margin-top: 2rem; font-size: 1rem; }}
@page {{ size: A4; margin: 18mm; }}
@media print {{
  body {{ margin: 0; max-width: none; }}
  h2, li, blockquote {{ break-inside: avoid; }}
}}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def frame_page(codebook: Codebook, frame: Frame, *, form: PageForm = "html") -> str:
    """Return the page of one frame, printable on one sheet of paper.

    Parameters
    ----------
    codebook : Codebook
        Where the frame stands; its other frames are called by their names.
    frame : Frame
        What to explain.
    form : {"html", "md"}
        What the page is.
    """
    parts = _parts(codebook, frame)
    return _as_html(codebook, frame, parts) if form == "html" else _as_markdown(frame, parts)


def write_pages(folder: Path, codebook: Codebook, *, form: PageForm = "html") -> list[Path]:
    """Write a page for every frame into a folder, in place of earlier ones; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for frame in codebook.frames:
        path = folder / f"{frame.key}.{form}"
        path.write_text(frame_page(codebook, frame, form=form), encoding="utf-8")
        files.append(path)
    return files


def _parts(codebook: Codebook, frame: Frame) -> list[tuple[str, tuple[str, ...]]]:
    """Return what stands on the page: a heading and its texts, the first without heading."""
    parts = [
        ("", (frame.plain or frame.definition,)),
        (_YES, frame.include),
        (_NO, frame.exclude),
        (_EXAMPLE, frame.examples),
        ("", (_FOOTER.format(name=codebook.name, version=codebook.version),)),
    ]
    named = {other.key: other.name for other in codebook.frames}
    return [(head, tuple(_spoken(text, named) for text in texts)) for head, texts in parts if texts]


def _spoken(text: str, named: dict[str, str]) -> str:
    """Return a text that calls frames by their names: '(service_value)' is no plain word."""
    for key, name in sorted(named.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(
            f"({key})",
            f"(that is \N{LEFT SINGLE QUOTATION MARK}{name}\N{RIGHT SINGLE QUOTATION MARK})",
        ).replace(key, name)
    return text


def _as_html(codebook: Codebook, frame: Frame, parts: list[tuple[str, tuple[str, ...]]]) -> str:
    (_, (first,)), *middle, (_, (footer,)) = parts
    lines = [f"<h1>{html.escape(frame.name)}</h1>", f"<p>{html.escape(first)}</p>"]
    for head, texts in middle:
        lines.append(f"<h2>{head}</h2>")
        if head == _EXAMPLE:
            lines += [f"<blockquote>{html.escape(text)}</blockquote>" for text in texts]
        else:
            lines += ["<ul>", *(f"<li>{html.escape(text)}</li>" for text in texts), "</ul>"]
    lines.append(f"<footer>{html.escape(footer)}</footer>")
    return _PAGE.format(
        language=html.escape(codebook.language),
        title=html.escape(frame.name),
        body="\n".join(lines),
    )


def _as_markdown(frame: Frame, parts: list[tuple[str, tuple[str, ...]]]) -> str:
    (_, (first,)), *middle, (_, (footer,)) = parts
    blocks = [f"# {frame.name}", first]
    for head, texts in middle:
        blocks.append(f"## {head}")
        mark = "> " if head == _EXAMPLE else "- "
        blocks.append("\n".join(f"{mark}{text}" for text in texts))
    return "\n\n".join([*blocks, f"*{footer}*"]) + "\n"
