"""The screens of the page, one module each; every screen answers one question."""
