"""Which posts a question is about."""

from dataclasses import replace

from flows.corpus.mentions import refuse_person_in
from warehouse.corpus.population import Population

Posts = str | Population
"""Posts that a question is about: an SQL condition, or what `Corpus.population` returns."""


def posts_of(within: Posts) -> Population:
    """Return the population that is meant; refuse a condition that names a pseudonym."""
    population = Population(where=within) if isinstance(within, str) else within
    refuse_person_in(population.where)
    return population


def narrowed(population: Population, where: str) -> Population:
    """Return the posts of a population that fulfil one more condition."""
    held = population.where.strip()
    both = f"(\n{held}\n) AND (\n{where}\n)" if held and where.strip() else held or where
    return replace(population, where=both)


def counting_alike(within: Population, *sides: Posts | None) -> Population:
    """Return a population that counts copies, and posts of programs, if it or a side does."""
    told = [within, *(side for side in sides if isinstance(side, Population))]
    return replace(
        within,
        include_duplicates=any(each.include_duplicates for each in told),
        include_automated=any(each.include_automated for each in told),
    )
