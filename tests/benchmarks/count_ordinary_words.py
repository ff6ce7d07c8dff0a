"""Count which words are ordinary: written by many, and seldom with a capital.

    python tests/benchmarks/count_ordinary_words.py FILE.parquet

Reads the columns `body` and `community` and prints `warehouse/protection/ordinary_words.txt`. A
word is ordinary if at least 50 posts of 20 communities have it in lower case, and if at least four
of five of its uses inside a sentence are: so a forename that is seldom a word stays out, and
nothing that only a few people say gets in.
"""

import re
import sys
from collections import Counter, defaultdict

import pyarrow.parquet as pq

LEAST_POSTS, LEAST_COMMUNITIES, LEAST_SHARE = 50, 20, 0.8
_WORD = re.compile(r"(?<![\w'\u2019.@/-])[A-Za-z][a-z]+(?![\w@/-])")
_INSIDE = re.compile(r"[^\W\d_,][ ]|,[ ]")


def main() -> None:
    """Print the list, one word a line."""
    lower, capital, posts = Counter[str](), Counter[str](), Counter[str]()
    communities: defaultdict[str, set[str]] = defaultdict(set)
    for batch in pq.ParquetFile(sys.argv[1]).iter_batches(columns=["body", "community"]):
        for body, community in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            met = set()
            for found in _WORD.finditer(body):
                word = found[0]
                if word.islower():
                    lower[word] += 1
                    met.add(word)
                elif _INSIDE.fullmatch(body, max(0, found.start() - 2), found.start()):
                    capital[word.lower()] += 1
            posts.update(met)
            for word in met:
                if len(communities[word]) < LEAST_COMMUNITIES:
                    communities[word].add(community)
    for word in sorted(posts):
        often = posts[word] >= LEAST_POSTS and len(communities[word]) >= LEAST_COMMUNITIES
        if often and lower[word] >= LEAST_SHARE * (lower[word] + capital[word]):
            sys.stdout.write(f"{word}\n")


if __name__ == "__main__":
    main()
