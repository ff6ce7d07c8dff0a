"""Corpus queries for researchers: what joins the counts of a release with their statistics."""
