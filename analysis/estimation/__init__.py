"""What prevalence is estimated with: expected codings, cells, the pooled correction, its bands.

`analysis.prevalence` is the way in. Nothing here draws at random but the bands, from a fixed seed.
"""
