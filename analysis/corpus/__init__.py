"""Statistics of a corpus on arrays: association, keyness, dispersion, trends, shifts, bundles."""
