"""Topics of a study: fitting, the night, reading, naming, and judging models on any corpus."""
