"""One module per platform, all behind one protocol and one polite client."""
