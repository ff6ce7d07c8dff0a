"""Coding by people: posts are drawn, handed out on sheets, taken back, compared and decided."""
