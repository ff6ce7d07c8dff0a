"""Shares of topics over time and effects on them, with intervals by author."""
