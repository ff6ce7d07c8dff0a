"""Frames outside a study's nights: coded texts in files, their words and vectors, and judging."""
