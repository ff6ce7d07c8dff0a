"""Corpus queries for researchers: what joins the counts of a release with their statistics."""

from flows.corpus.opened import Corpus
from warehouse.corpus.population import Population

__all__ = ["Corpus", "Population"]
