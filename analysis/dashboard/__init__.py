"""The dashboard: one self-contained page built from public tables only."""
