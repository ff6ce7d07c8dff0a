"""The token index and corpus queries: SQL over DuckDB."""
