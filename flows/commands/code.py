"""`valuetalk code`: from a codebook to codings by people, and how far they agree."""

from __future__ import annotations

import typer

from flows.commands import code_agreement, code_draws, code_sheets, codebook

PANEL = "Measures"
commands = typer.Typer(
    name="code", help="Code posts by the codebook, by people.", rich_help_panel=PANEL
)
codebook.register(commands)
code_draws.register(commands)
code_sheets.register(commands)
code_agreement.register(commands)
