"""What is said of topics in public is made of the software's own words."""

from flows.topics.sentences import every_sentence
from warehouse.protection.wording import OWN_EVENT_WORDS


def test_every_word_of_a_sentence_is_the_software_s_own() -> None:
    words = {word for sentence in every_sentence() for word in sentence.split()}
    assert words - OWN_EVENT_WORDS == {"12"}
