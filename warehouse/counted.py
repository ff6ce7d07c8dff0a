"""Which posts count, as SQL: one definition for the corpus, the figures and the export gate.

A share is a share of counted posts: current, not withheld, not automated, no duplicate, in the
codebook's language, with at least one own word. A post whose language is unknown, as that of most
posts of a few words, is kept out under a reason of its own, so that the number stands beside the
share instead of being guessed away.
"""

# The first reason that holds is the post's reason; null means that it counts.
EXCLUSION = """
CASE WHEN posts.withheld THEN 'withheld'
     WHEN posts.automated THEN 'automated'
     WHEN posts.duplicate_of IS NOT NULL THEN 'duplicate'
     WHEN posts.n_words IS NULL THEN 'not_indexed'
     WHEN posts.n_words = 0 THEN 'no_own_words'
     WHEN posts.language IS NULL THEN 'language_unknown'
     WHEN posts.language <> $language THEN 'other_language'
END
"""

REASONS = (
    "withheld",
    "automated",
    "duplicate",
    "not_indexed",
    "no_own_words",
    "language_unknown",
    "other_language",
)

IS_COUNTED = f"({EXCLUSION}) IS NULL"
