"""The two doors out: the controlled snapshot and the public package."""
