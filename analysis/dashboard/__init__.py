"""The public page: one self-contained HTML file from the tables that passed the export gate."""

from analysis.dashboard.about import About
from analysis.dashboard.build import build_dashboard

__all__ = ["About", "build_dashboard"]
