"""Posts that readers of forum pages stumble over, written by hand."""

from harvesters.simulation.forums.model import Code, Items, Link, Picture, Piece, Quoted, Words

TITLES = (
    "Værdi & samskabelse 🧠 共同生产 \u2013 was bedeutet <b>Wert</b>?",
    "مساحة للكلام: what helped you this week?",
    "\"Nothing about us without us\" \u2013 it's 5 < 6, isn't it?",
)
NAMES = (
    "zoë_🌱",
    "دليل الأمل",
    "希望の木",
    "O'Brien & Søn",
    "Last edited by",
    "Today at 10:30",
)
GUEST_NAMES = ("Guest", "lemon_teapot", "Sunday Walker")

WORDS: tuple[tuple[Piece, ...], ...] = (
    (),
    (Words("👩\u200d👩\u200d👧 that is us 🧡🏳️\u200d🌈 1️⃣"),),
    (
        Words("木漏れ日のカフェで話しました。とても助かりました。"),
        Words("共同生产 means making it together."),
    ),
    (Words("شكرا لكم جميعا، المجموعة ساعدتني كثيرا."), Words("(thank you, the group helped me)")),
    (
        Words(
            "Cafe\u0301 Ame\u0301lie, and Z\u0335a\u0336l\u0334g\u0337o on the door; naïve, façade."
        ),
    ),
    (Words('<b>not bold</b> & 5 < 6 > 4, &amp; stays &amp;, "quoted", it\'s fine'),),
    (Words("Last edited by nobody; today at 10:30 AM I posted this on 01-02-2026."),),
    (Words("On Monday the nurse wrote:"), Words("that I should say in my own words what I need.")),
    (
        Words("How I keep my diary:"),
        Code("for day in week:\n    if day < 'Friday' && tired:\n        rest(hours=2)  # <br>\n"),
        Words("It runs on an old laptop."),
    ),
    (
        Words("What we asked for:"),
        Items(
            ("a chair at the table", "minutes that say what we said", "the bus fare \u2013 £4.50")
        ),
    ),
    (
        Link(
            "The leaflet is at ",
            "the hub's page",
            "https://hub.example/leaflet?year=2024&page=2#top",
            ", second from below.",
        ),
        Picture("https://pictures.example/garden-2024.jpg"),
        Words("The bench is new."),
    ),
    (Picture("https://pictures.example/rain.png"),),
    (Words("Signature?"), Words("__________________"), Words("No, I only drew a line.")),
    (Words("ok"),),
    (Words(" ".join(f"Line {n} of a long list of what I wrote down." for n in range(1, 120))),),
)


def only_a_quote(said: Quoted) -> tuple[Piece, ...]:
    """Return a post in which nothing is the author's."""
    return (said,)


def quotes_in_quotes(inner: Quoted, *, author: str, post: int) -> tuple[Piece, ...]:
    """Return a post that quotes a post that quotes a post, and speaks between quotations."""
    return (
        Quoted(author, post, (inner, Words("That was my point as well."))),
        Words("Both of you are right."),
        Quoted(inner.author, None, (Words("typed from memory, more or less"),)),
        Words("And this I remember, too."),
    )
