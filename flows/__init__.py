"""The only package that joins network, database and models: flows, stages, settings, commands."""
