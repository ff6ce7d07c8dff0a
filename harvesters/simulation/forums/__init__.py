"""Boards of invented people as forum softwares without an API show them, with planted truth."""
