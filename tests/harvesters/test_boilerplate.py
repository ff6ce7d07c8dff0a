"""Templates of machines and moderators, and people who write nearly the same; all invented."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.boilerplate import SIGNATURES, is_boilerplate

TEMPLATES = [
    (
        "Your post needs a flair.\n\n*I am a bot, and this action was performed automatically. "
        "Please [contact the moderators](/message/compose/?to=/r/peers) if you have any questions.*"
    ),
    "^(I am a bot, and this comment was posted automatically.)",
    "Crisis lines of your country:\nI'm a friendly bot, this reply was sent automatically.",
    "Beep boop! I'm a bot. Here is a link to the group's page.",
    "Beep boop, I am a bot and I counted the words.",
    (
        "Thanks for joining the Carers' Forum, and welcome!\nI\u2019m only a robot, but our "
        "friendly staff are also here to help. Say @discobot display help."
    ),
    "Hi! To find out what I can do, say `@discobot display help`.",
    "This is an automated message. Your account is new, so a moderator will look at your post.",
    "**This is an automated message from the moderators.** Please keep to the subject.",
    "Hello Wren, this is an automated reminder sent to everybody who signed up for Thursday.",
    "Please note: this is an automated response.",
    "Minutes of the board are on the website.\nThis post was automatically generated.",
    "New video.\nThis message was automatically sent by the newsletter's software.",
    "Opening times have changed.\nPlease do not reply to this automated message.",
    "Your submission has been removed for the following reason:\nRule 3: no surveys.",
    "Hi there, your post was removed for the following reasons:\n\n- no diagnosis by strangers",
    (
        "Thank you for your submission, unfortunately your submission has been removed for the "
        "following reason(s):\nNo fundraising."
    ),
    "Hello, your comment has been automatically removed because it violates rule 1.",
    "Unfortunately, your post has been removed as it breaks our rule on naming staff.",
    "Your thread has been removed for breach of the community guidelines.",
    "Your post has been held for moderation. It will show once somebody has read it.",
    "Welcome to r/peers! Please read our rules before you post.",
    "Welcome to the Recovery Forum! Before you post, take a moment to review the guidelines.",
    "Hello Wren, welcome to our community. Please familiarise yourself with the code of conduct.",
    "This topic was automatically closed 90 days after the last reply.",
    "This thread has been closed by a moderator.",
    "Answered above.\nThis topic is now closed to further replies.",
    "This thread has been locked by the moderators.",
    "Too many reports.\nThread locked by mod team.",
    "This post is locked. New comments cannot be posted.",
    "Not open for further replies.",
    "This post was flagged by the community and is temporarily hidden.",
    "(post withdrawn by author, will be automatically deleted in 24 hours unless flagged)",
    "I will be messaging you in 3 days on 2026-01-08 10:00:00 UTC to remind you of this link",
]
PEOPLE = [
    "I am not a bot, I am a person who has waited eight months.",
    "Sometimes I feel I am a bot, performing recovery for the ward round.",
    "The form said I am a bot and this action was not allowed. I cried at my kitchen table.",
    "They wrote \u201cI am a bot, and this action was performed automatically\u201d. I had cried.",
    'My message got: "This is an automated message". Nothing else for weeks.',
    "After the crisis line closed I was told this is an automated message and to call back.",
    "This is an automated message is all I ever hear from that trust.",
    "Is this an automated message or did somebody mean it?",
    "This is an automated world and nobody picks up the phone.",
    "The reply was automatic. I could tell that no one had read my letter.",
    "An automated reply thanked me for my feedback, so much for co-production.",
    "Please do not reply to this if you are tired, it can wait.",
    "I automatically said I was fine.",
    "This message was sent by my daughter because I cannot type today.",
    "Your post has helped me more than my last three appointments.",
    "Your post was removed? Mine too. I asked the mods and they put it back.",
    "My submission has been removed for the following reason: I named the ward.",
    "I opened the letter: your benefit has been removed for the following reason, not attending.",
    "Your comment has been on my mind all day.",
    "Your post has been removed from my feed somehow, could you link it again?",
    "Your message has been removed because you asked me to, is that all right?",
    "The stigma has not been removed, it has been rebranded.",
    "They removed the user panel for the following reasons: money, money and money.",
    "Your thread was closed before I could answer, so I write here.",
    "Your account of the ward round could be mine. Held for three days without review by anyone.",
    "Welcome to the forum, I joined last week and it has been kind to me.",
    "Welcome to the club nobody wants to join! Please be gentle with yourself.",
    "Welcome to the NHS! Please hold. I have read the rules of this game by now.",
    "Welcome! Do not worry about the rules, ask whatever you need.",
    "Welcome to the group. The guidelines for carers changed last year and nobody told us.",
    "I felt welcome until they read me the rules.",
    "The day centre was closed after the last review.",
    "This topic is closed for me, I cannot talk about my father any more.",
    "This topic was close to my heart, and after the meeting I wrote to the board.",
    "This thread has closed a wound that I carried for years.",
    "This discussion is closed to people like us, always was.",
    "The ward was locked by the nurses at nine, new patients or not.",
    "I was locked in a seclusion room and this post is about that.",
    "This thread locked me up in tears.",
    "Locked wards are not open for further discussion, apparently.",
    "We are not open for further cuts, thank you very much!",
    "I flagged this to the community team and it is temporarily better.",
    "My consent was withdrawn by author of the care plan, if you can call him that.",
    "I will be messaging you about the walking group, remind me of your name?",
    "Could somebody remind me in three days to ring the council?",
    "The robot vacuum is the only one that comes to my flat.",
    "I'm only human, but our friendly staff seem to be robots.",
    "Hello, my name is Wren and I thought a robot would answer me here.",
    "Thanks for joining us yesterday, it was lovely to see so many carers.",
    "The bot on the trust's website sent me to a page that is not there.",
    "Hi all, this is an automated system we are being asked to co-design, who is in?",
    "",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_templates_are_told(text: str) -> None:
    assert is_boilerplate(text)


@pytest.mark.parametrize("text", PEOPLE)
def test_people_who_write_nearly_the_same_are_people(text: str) -> None:
    assert not is_boilerplate(text)


def test_there_are_near_misses_enough_and_every_signature_is_met() -> None:
    assert len(PEOPLE) >= 40
    hints = {signature.hint for signature in SIGNATURES}
    assert hints == {hint for hint in hints if any(hint in text.lower() for text in TEMPLATES)}


@given(st.lists(st.sampled_from([*TEMPLATES, *PEOPLE, "\n", " ", "your post ", "has been "])))
@settings(max_examples=80, deadline=None)
def test_a_template_as_a_quotation_by_a_person_is_no_template(texts: list[str]) -> None:
    told = "".join(f'> "{line}"\n' for text in texts for line in text.split("\n"))
    assert not is_boilerplate(f"This is what I was sent:\n{told}Nobody rang.")


def test_a_huge_text_full_of_hints_is_judged_in_a_moment() -> None:
    text = ("your post has been removed welcome to a closed locked automated bot " * 3000)[:200_000]
    started = time.process_time()
    assert not is_boilerplate(text)
    assert time.process_time() - started < 1.0
