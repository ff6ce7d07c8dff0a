"""Communities of invented people served over real HTTP, with planted truth and faults."""
