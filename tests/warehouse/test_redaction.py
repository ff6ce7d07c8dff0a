"""Redaction against invented sentences that were written before the rules.

«…» marks what must become the token of its kind; everything else must stay to the letter.
"""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.protection.redaction import Redacted, redact

STRUCTURED = (
    ("email", "You can write to me at «ann.bell@example.org» if that is easier."),
    ("email", "«SUNNY_DAYS99@EXAMPLE.CO.UK» is where the forms should go."),
    ("email", "Send it to (<«peer-group+minutes@trust.example.nhs.uk»>), please."),
    ("email", "my mail is «ann dot bell at example dot org» but I seldom look"),
    ("email", "contact «annbell [at] example [dot] com» about the next meeting"),
    ("email", "«annbell(at)example.org» works too"),
    ("email", "or «ann_bell @ example.com» without the spaces"),
    ("email", "Mail «o'connor@example.ie», she knows the rota."),
    ("phone", "Ring me on «07700 900123» any evening."),
    ("phone", "her number is «07700900123» and she picks up"),
    ("phone", "the crisis team's line is «020 7946 0018», they said"),
    ("phone", "The ward phone is «0113 496 0234»."),
    ("phone", "Call «(01632) 960 123» before ten."),
    ("phone", "text «+44 7700 900 456» to book"),
    ("phone", "from abroad it is «+44 (0)20 7946 0321»"),
    ("phone", "«0044 7700 900789» also reaches him"),
    ("phone", "try «07700-900-321» after lunch"),
    ("phone", "office: «01632 960456», leave a message"),
    ("phone", "mobile «07700.900.654» works"),
    ("phone", "her sister in the States is on «+1 202 555 0143»"),
    ("phone", "ring «0808 157 0192» and ask for the duty worker"),
    ("phone", "tel«01632960789» is all the letter says"),
    ("nhs-number", "My NHS number is «943 476 5919», they asked for it twice."),
    ("nhs-number", "nhs no «9434765919» on every page"),
    ("nhs-number", "They read out «943-476-5919» in the waiting room."),
    ("nhs-number", "The letter had «9434765919» at the top in bold."),
    ("nhs-number", "NHS number: «999 123 4567» was wrong by a digit"),
    ("ni-number", "National insurance «QQ 12 34 56 C» was on the envelope."),
    ("ni-number", "«AB123456C» is what the DWP has for me"),
    ("ni-number", "my ni number is «ab 12 34 56 c» and still they ask"),
    ("ni-number", "They wanted «ab123456d» again."),
    ("ni-number", "NINO «JG-10-37-59-A» on the form"),
    ("postcode", "I moved to «M1 1AE» last year."),
    ("postcode", "The office is at «EC1A 1BB», second floor."),
    ("postcode", "anyone near «cr2 6xh» who goes to the group?"),
    ("postcode", "we are in «dn551pt» now"),
    ("postcode", "Letters go to «W1A 0AX»."),
    ("postcode", "my postcode is «b33 8th» if that helps"),
    ("postcode", "(«SW1A1AA»)"),
    ("postcode", "The group meets at «LS2  9JT» on Tuesdays"),
    ("url", "It is all on «https://forum.example/members/annbell.1234/» now."),
    ("url", "see «http://example.org/thread/88213?page=2#post-99» for the row"),
    ("url", "«www.facebook.com/ann.bell.923» has the pictures"),
    ("url", "her page «https://instagram.com/annbellpaints» is lovely"),
    ("url", "I wrote it at «https://annbell.wordpress.com/about-me» years ago"),
    ("url", "«https://example.org/users/annbell/posts» lists everything"),
    ("url", "the form («https://docs.example.com/d/1AbCdEf9hIjKlMnOpQrStUv/edit») is open"),
    ("url", "watch «youtu.be/dQw4w9WgXcQ» before the meeting"),
    ("url", "«https://example.org/unsubscribe?email=x&token=9f8e7d»"),
    ("card", "They took it from card «4111 1111 1111 1111» without asking."),
    ("card", "card «5500005555555559» was declined"),
    ("card", "it was «3782 822463 10005», the travel card"),
    ("card", "«4111-1111-1111-1111» is the one on file"),
    ("account", "Pay it into «08-99-99 66374958», reference tea fund."),
    ("account", "sort code «08 99 99», she said, and then the rest"),
    ("account", "account number «66374958» at the credit union"),
    ("account", "Sort code: «089999» is on the back"),
    ("account", "my IBAN is «GB82 WEST 1234 5698 7654 32» for the refund"),
    ("account", "«GB82WEST12345698765432» for the travel costs"),
    ("date-of-birth", "DOB «12/03/1985» is printed on the wristband."),
    ("date-of-birth", "my date of birth is «3rd March 1985» and they still asked"),
    ("date-of-birth", "she was born on «12 March 1985» in the old wing"),
    ("date-of-birth", "D.O.B: «1985-03-12»"),
    ("reference", "my hospital number is «RX4471902», keep it safe"),
    ("reference", "Case ref: «MH/2021/00417» has gone nowhere."),
    ("reference", "claim reference «PIP-88231-XK» is still open"),
    ("reference", "patient ID «40017755» on the board for all to see"),
    ("address", "I live at «14 Larch Avenue» with my cat."),
    ("address", "The group is at «7b Old Mill Lane», up the stairs."),
    ("address", "«Flat 3, 221 Heron Street» is where they sent it."),
    ("handle", "add me on snap: «ann_b77» if you want to talk"),
    ("handle", "my insta is «annbell.paints» for the pictures"),
    ("handle", "Discord: «annbell#4821», anyone welcome"),
    ("handle", "find me on kik, username «quietannie»"),
)

CONTEXT = (
    ("name", "Dr «Okonjo-Bell» listened for the first time."),
    ("name", "I saw Mrs «Harrowgate» on Monday and she cried with me."),
    ("name", "Nurse «Delphine» brought tea at four."),
    ("name", "Prof. «Anselm Tarrow» runs the study."),
    ("name", "my name is «Rosalind» and I am a carer"),
    ("name", "My name is «Rosalind Meeks», I speak for the group."),
    ("name", "hi, my name's «tamsin» and i have been here a year"),
    ("name", "I'm called «Bartholomew» at work, Bart at home."),
    ("name", "a woman called «Perpetua» sat with me all night"),
    ("name", "My CPN, «Lettice», never rang back."),
    ("name", "my care coordinator «Osbert» left in June"),
    ("name", "her psychiatrist is «Dorothea Vane» and she is good"),
    ("name", "Miss «Quillfeather» at the school office helped."),
    ("name", "the doctor, Dr. «A. K. Pemberton-Reyes», said no"),
    ("name", "dr «khan» would not change it"),
    ("name", "mrs «smith» from the council came round"),
    ("name", "My son «Caspian» is under CAMHS."),
    ("name", "a nurse named «Hyacinth» held my hand"),
    ("place", "They moved me to «Larchwood» Ward in the night."),
    ("place", "I was on «Juniper» ward for nine weeks."),
    ("place", "«St Ethelburga's» Hospital kept me waiting."),
    ("place", "the «Northmere and Easterdale» NHS Foundation Trust wrote back"),
    ("place", "my GP at «Heron Lane» Surgery is kind"),
    ("place", "She volunteers at The «Larches» Day Centre."),
    ("place", "discharged from the «Elderflower» Unit with no plan"),
    ("place", "«Great Marlow Street» Hospital has a garden"),
    ("place", "the «Brackenfield» Clinic closed"),
    ("place", "«Westerdale» Mental Health Trust published minutes"),
    ("place", "my son goes to «Pinfold Green» School"),
)

INNOCENT = (
    "The NHS saved my life and I will keep saying so.",
    "CBT was 6 sessions of 50 minutes and then nothing.",
    "My PIP assessor never read the form, so I asked for mandatory reconsideration.",
    "The CMHT and the DWP each told me to ring the other.",
    "My CPN came at 10.30 and left at 10.45 on 12/03/2021.",
    "Call 999 or 111, or Samaritans on 116 123, day or night.",
    "Text SHOUT to 85258 if you cannot speak.",
    "I was put on 20 mg, then 40 mg, then back to 20 mg within 3 weeks.",
    "Vitamin B12 5mg helped more than I expected.",
    "We meet on the 2nd and 4th Thursday at 7pm in the library.",
    "In 2019 2,345 people signed; in 2020 it was 10 000.",
    "Waiting 18 weeks is the target; I waited 104.",
    "The Ward rounds were at nine and nobody asked what I wanted.",
    "On the ward we made a rota together.",
    "The Hospital should have listened.",
    "In Hospital I learned to paint.",
    "The Trust lost our trust.",
    "NHS Foundation Trust boards should have two members with lived experience.",
    "Dr who? They never tell you who is coming.",
    "The doctor said that the doctors disagree.",
    "I miss her and I miss the old centre.",
    "My name is on the list but nobody calls.",
    "My name is not important, what happened is.",
    "I'm called in every six months and told I am fit for work.",
    "I am called difficult whenever I ask why.",
    "My GP is great but my GP surgery is not.",
    "My friend and I run the group on our own.",
    "My mum thinks Monday is best, I think Sunday.",
    "My psychiatrist is leaving and my therapist left in May.",
    "Look at nhs.uk for the waiting times.",
    "See https://www.nhs.uk/mental-health/ for what is on offer.",
    "The charity's page is www.example.org.uk and the talk is free.",
    "It costs £1,234,567.89 a year and helps 300 people.",
    "Section 117 aftercare under the 1983 Act is free.",
    "ICD-10 F32.1 and DSM-5 say different things.",
    "Version 3.11.2 fixed it, 3.11.3 broke it again.",
    "Scores went 01 02 03 04 05 over five weeks.",
    "On a scale of 0-10 I was at 2, now 7/10.",
    "He is 6ft 2in, I am 5'4\", and the chair fits neither.",
    "The M6 was shut so the S3 group started at 6.",
    "I took the E4 bus, then the B3 4 stops.",
    "We raised 20-30-40 percent more than last year.",
    "Group 12-34 met on 12-03-19 and again on 13-03-19.",
    "Open 9-5, Mon-Fri, 52 weeks, 365 days, 24/7.",
    "People with Lived Experience should sit on every Board.",
    "Mental Health Services cost money; Mental Health Trusts know.",
    "The Community Mental Health Team was cut by half.",
    "A Day Centre is not a luxury.",
    "Our Crisis House closed and the Recovery College followed.",
    "I looked at dot plots and worked at home.",
    "They looked at us as if we were a cost.",
    "Meet at 2pm at the café, bring 1 thing each.",
    "The 1st, 2nd and 3rd of us got 1hr, 2hr and 3hr.",
    "It was the Winter Fuel Payment of 2022/23 and the Universal Credit of 2024.",
    "Reference groups of service users give a reference point.",
    "My account of it differs, account for that.",
    "Patient identity is not a number.",
    "Born on the wrong side of the river, we say.",
    "I live at home with 2 cats and 14 plants.",
    "Discord is down again and insta is boring.",
    "#CoProduction 2024 was the best yet!!! 10/10",
    "He said “nothing about us without us” 3 times.",
)


def _split(marked: str) -> tuple[str, str, str]:
    before, rest = marked.split("«")
    inside, after = rest.split("»")
    return before, inside, after


def _as_expected(kind: str, marked: str) -> bool:
    before, inside, after = _split(marked)
    return redact(before + inside + after).text == f"{before}[{kind}]{after}"


@pytest.mark.parametrize(("kind", "marked"), STRUCTURED)
def test_each_structured_identifier_becomes_its_token_and_nothing_else_changes(
    kind: str, marked: str
) -> None:
    before, inside, after = _split(marked)
    assert redact(before + inside + after) == Redacted(f"{before}[{kind}]{after}", {kind: 1})


@pytest.mark.parametrize(("kind", "marked"), CONTEXT)
def test_each_name_in_context_becomes_its_token_and_the_context_stays(
    kind: str, marked: str
) -> None:
    before, inside, after = _split(marked)
    assert redact(before + inside + after) == Redacted(f"{before}[{kind}]{after}", {kind: 1})


@pytest.mark.parametrize("sentence", INNOCENT)
def test_innocent_sentences_stay_as_they_are(sentence: str) -> None:
    assert redact(sentence) == Redacted(sentence, {})


def test_recall_on_structured_identifiers_and_precision_meet_the_bars(
    tell: Callable[[str], None],
) -> None:
    found = sum(_as_expected(kind, marked) for kind, marked in STRUCTURED)
    named = sum(_as_expected(kind, marked) for kind, marked in CONTEXT)
    false_spans = sum(redact(sentence).text != sentence for sentence in INNOCENT)
    tell(
        f"structured {found}/{len(STRUCTURED)}, in context {named}/{len(CONTEXT)}, "
        f"false spans {false_spans}/{len(INNOCENT)}"
    )
    assert len(STRUCTURED) + len(CONTEXT) + len(INNOCENT) >= 80
    assert found / len(STRUCTURED) >= 0.99
    assert named / len(CONTEXT) >= 0.9
    assert false_spans == 0


def test_several_identifiers_in_one_text_are_each_counted() -> None:
    text = (
        "Mail ann@example.org or bea@example.org, ring 07700 900123, or come to M1 1AE.\n"
        "Dr Okonjo-Bell of Larchwood Ward has my NHS number 943 476 5919."
    )
    assert redact(text) == Redacted(
        "Mail [email] or [email], ring [phone], or come to [postcode].\n"
        "Dr [name] of [place] Ward has my NHS number [nhs-number].",
        {"email": 2, "phone": 1, "postcode": 1, "name": 1, "place": 1, "nhs-number": 1},
    )


@pytest.mark.parametrize(("_", "marked"), STRUCTURED)
def test_identifiers_are_found_next_to_brackets_and_line_ends(_: str, marked: str) -> None:
    before, inside, after = _split(marked)
    digits = "".join(character for character in inside if character.isdigit())
    cleaned = redact(f"First line\n{before}{inside}\n{after}").text
    assert inside not in cleaned
    assert not digits or digits not in "".join(filter(str.isdigit, cleaned))


# what the word before gives away is left out: it is not there in a pair
_BY_FORM = [
    _split(marked)[1]
    for kind, marked in STRUCTURED
    if kind in {"email", "phone", "ni-number", "postcode", "url", "card", "address"}
    and not _split(marked)[1].startswith(("ab 12", "ann dot", "b33", "cr2"))
]


@pytest.mark.parametrize("between", [" ", ", ", "\n", " or ", "; "])
def test_of_two_identifiers_side_by_side_none_is_left(between: str) -> None:
    left = [
        (first, second)
        for first in _BY_FORM
        for second in _BY_FORM
        if re.search(r"\d|@|\w\.\w", redact(first + between + second).text)
    ]
    assert left == []


@given(
    st.lists(
        st.one_of(
            st.sampled_from([_split(marked)[1] for _, marked in (*STRUCTURED, *CONTEXT)]),
            st.sampled_from(INNOCENT),
            st.sampled_from(["Dr ", "my name is ", " Ward", " dot ", "https://", "\n", "[url]"]),
            st.text(max_size=12),
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    once = redact(" ".join(parts)).text
    assert redact(once).text == once


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "1",
            "0 ",
            "01-",
            "A ",
            "Ab ",
            "a@",
            "a.",
            "@",
            "+",
            "www.",
            "http://",
            "a/",
            "dot ",
        ),
        *(" at ", "a at b dot ", "Dr. ", "Dr A. ", "my name is ", "a-", "'", "(", "GB12 ", "ab12"),
        *("insta ", "Ward ", "Larch Ward ", "of the ", "12 Ab ", "sort code ", "case no ", "[at]"),
    ],
)
def test_no_text_makes_a_rule_run_away(unit: str) -> None:
    hostile = unit * (40_000 // len(unit))
    started = time.process_time()
    redact(hostile)
    assert time.process_time() - started < 1.0


def test_ordinary_posts_are_redacted_fast_enough_for_a_night() -> None:
    post = " ".join(INNOCENT[:3]) + " " + " ".join(INNOCENT[15:20])
    posts = [f"{post} {number}" for number in range(600)]
    started = time.process_time()
    for text in posts:
        redact(text)
    assert len(posts) / (time.process_time() - started) > 1_500
