"""The family of letters as tests in a browser see it: every kind, short and long, by name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from digest.model.cadence import Cadence
from digest.model.issue import Article, IssueContent, Place
from digest.model.item import Image
from digest.model.newsletter import Brand, Font, Pictures
from digest.rendering import notices
from digest.rendering.blocks import compile_issue
from digest.rendering.environment import TemplateEnvironment, environment
from digest.rendering.headers import PersonalFields, headers_for, notice_headers
from digest.rendering.message import Prepared, prepare
from digest.rendering.notices import Front, Latest
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import Tongues
from digest.rendering.variant import lay_out
from digest.resources import folder
from tests.support.pictures import drawing
from tests.unit.rendering.samples import ARTICLES, CONTENT, PERSONAL, TOPICS, article, choice, many
from tests.unit.rendering.test_message import NEWSLETTER

Placed = tuple[int, str | None]

FIVE: tuple[Placed, ...] = ((1, None), (2, "carers"), (3, "carers"), (4, "safeguarding"), (5, "budgets"))
HEADERS = headers_for(
    NEWSLETTER,
    list_domain="lists.example.org",
    feedback_id="2026-11:care-notes:digest:exampleorg",
    archive_url=CONTENT.archive_url,
    help_url=CONTENT.archive_home_url,
    owner="people@example.org",
)
NOTICE_HEADERS = notice_headers(NEWSLETTER, feedback_id="notice:care-notes:notice:exampleorg")
PICTURES = "https://pictures.example/"
#: What a page is given that asks for a picture of ours.
ANSWERS = {
    f"{PICTURES}{name}.png": ("image/png", drawing(name, *size))
    for name, size in {"kitchen": (1200, 675), "rota": (300, 200), "logo": (360, 80), "logo-dark": (360, 80)}.items()
}
LOGOS = Brand(
    accent="#8a1c4a",
    accent_dark="#f0a3c4",
    logo=f"{PICTURES}logo.png",
    headline_font=Font.SANS,
    text_font=Font.SYSTEM,
    publisher=CONTENT.brand.publisher,
    postal_address=CONTENT.brand.postal_address,
)
#: What one reader is told; the others get the same words.
WHY = {
    "de": "Sie erhalten dies einmal im Monat, weil Sie sich am 3. März 2026 mit p•••@example.org angemeldet und Unpaid "
    "carers und Personal budgets gewählt haben.",
}


#: Pictures that are answered with what is no picture.
LOST = {f"{PICTURES}gone/{name}.png": ("text/plain", b"") for name in ("kitchen", "rota")}


def letters() -> dict[str, Callable[[], Prepared]]:
    """Every letter by name; it is made when it is called for."""
    return {
        "one": lambda: issue(((2, "carers"),)),
        "five": lambda: issue(FIVE, more=2),
        "fifteen": lambda: whole(*many(15)),
        "sixty": lambda: whole(*many(60)),
        "awkward": lambda: whole(*AWKWARD),
        "pictures": pictured,
        "pictures that do not come": lambda: pictured(f"{PICTURES}gone/"),
        "brand": lambda: issue(FIVE, replace(CONTENT, brand=replace(LOGOS, logo_dark=f"{PICTURES}logo-dark.png"))),
        "logo": lambda: issue(FIVE[:2], replace(CONTENT, brand=LOGOS)),
        "right to left": hebrew,
        "German": lambda: issue(FIVE, replace(CONTENT, language="de", written_in="en-GB"), more=1),
        "quiet": lambda: issue((), replace(CONTENT, next_on=date(2026, 12, 1))),
        "last": lambda: issue(FIVE, replace(CONTENT, last=True, intro_html="", intro_text="")),
        "confirmation": lambda: confirmation(),
        "welcome": lambda: welcome(),
        "German welcome": lambda: welcome("de"),
        "right to left welcome": lambda: welcome("he"),
    }


@cache
def html(name: str) -> str:
    """A letter's HTML part as its reader gets it."""
    return letters()[name]().html(personal(name))


def personal(name: str) -> dict[str, str]:
    """The values of a letter that are its reader's own."""
    language = "de" if name.startswith("German") else "he" if name.startswith("right") else "en-GB"
    phrases = env(language).phrases
    topics: list[str] | None = ["Unpaid carers", "Personal budgets"]
    to = {"newsletter": CONTENT.name, "name": "Priya", "email": "priya@example.org", "cadence": Cadence.MONTHLY}
    if name == "confirmation":
        url = "https://digest.example/confirm/abcdefghijklmnopqrstuvwxyz0123456789?a=1&b=2"
        return notices.confirm_values(phrases, **to, topics=topics, confirm_url=url, until=date(2026, 12, 6))
    if "welcome" in name:
        days = {"signed_up_on": date(2026, 11, 22), "next_on": date(2026, 12, 1)}
        ways = {key: PERSONAL[key] for key in ("preferences_url", "unsubscribe_url")}
        return notices.welcome_values(phrases, **to, topics=topics, **days, **ways)
    return PERSONAL | {"greeting": phrases.greeting("Priya"), "why": WHY.get(language, PERSONAL["why"])}


@cache
def env(language: str) -> TemplateEnvironment:
    """Our templates, speaking a language."""
    return environment([folder("templates")], Phrases(Tongues([folder("templates")]).of(language)))


def issue(placed: tuple[Placed, ...], content: IssueContent = CONTENT, *, more: int = 0) -> Prepared:
    """A letter of these pieces."""
    speaking = env(content.language)
    chosen = choice(*placed, more=more)
    topics = frozenset({"carers", "budgets"})
    layout = lay_out(chosen, content, topics=topics, phrases=speaking.phrases)
    return prepare(compile_issue(content, speaking), layout, HEADERS)


def whole(*pieces: Article) -> Prepared:
    """A letter of these pieces."""
    order = [topic.slug for topic in TOPICS]
    placed = sorted(((int(a.id), a.topics[0]) for a in pieces), key=lambda each: order.index(each[1]))
    return issue(tuple(placed), replace(CONTENT, articles=pieces))


def pictured(at: str = PICTURES) -> Prepared:
    """A letter with a large picture and a small one, the second without words."""
    first = replace(ARTICLES[1], image=Image(f"{at}kitchen.png", "A kitchen with a calendar on its wall", 1200, 675))
    second = replace(ARTICLES[2], image=Image(f"{at}rota.png", "", 300, 200))
    third = replace(ARTICLES[3], image=Image(f"{at}kitchen.png", "A kitchen seen from the door"))
    brand = replace(CONTENT.brand, pictures=Pictures.LEAD)
    content = replace(CONTENT, articles=(ARTICLES[0], first, second, third, *ARTICLES[4:]), brand=brand)
    return issue(FIVE, content)


def hebrew() -> Prepared:
    """A newsletter in Hebrew, for which there is no catalogue; one piece is in English."""
    said = {"language": "he", "source": "חדשות המחקר", "link_label": "לקריאת הממצאים"}
    pieces = (
        article(1, "ספרו לנו מה הצוות שלכם צריך", pinned=True, summary="שלוש שאלות, עשר דקות, בלי הרשמה.", **said),
        article(2, "הלילות הראשונים בבית: מי בודק ומתי", "carers", "budgets", summary=HEBREW, **said),
        article(3, "A rota that carers helped to write", "carers", language="en"),
        article(4, "תקציב אישי בשפה פשוטה (2026)", "budgets", summary=HEBREW, **said),
        article(5, "מה עולה שעה של מנוחה", "budgets", summary=HEBREW, **said),
    )
    headings = (replace(TOPICS[0], name="בני משפחה מטפלים"), replace(TOPICS[2], name="תקציבים אישיים"))
    content = replace(
        CONTENT,
        name="רשימות טיפול",
        title="רשימות טיפול, נובמבר 2026",
        language="he",
        written_in="he",
        intro_html=f"<p>{HEBREW}</p>",
        intro_text=HEBREW,
        topics=headings,
        articles=pieces,
    )
    return issue(((1, None), (2, "carers"), (3, "carers"), (4, "budgets"), (5, "budgets")), content, more=2)


def confirmation() -> Prepared:
    """Please confirm."""
    return notices.confirm(front("en-GB"), env("en-GB")).prepared(NOTICE_HEADERS)


def welcome(language: str = "en-GB") -> Prepared:
    """Welcome, with the latest issue."""
    return notices.welcome(front(language), env(language)).prepared(NOTICE_HEADERS)


def front(language: str) -> Front:
    """The newsletter, as a notice needs it."""
    pieces = tuple((a.title, a.archive_url) for a in ARTICLES)
    return Front(
        name=CONTENT.name,
        brand=CONTENT.brand,
        language=language,
        written_in=CONTENT.language,
        archive_home_url=CONTENT.archive_home_url,
        latest=Latest(title=CONTENT.title, url=CONTENT.archive_url, pieces=pieces),
    )


HEBREW = (
    "משפחות בארבע ערים כתבו יומן בשבועיים הראשונים אחרי השחרור מבית החולים. רובן קיבלו שיחת טלפון אחת; לשליש מהן "
    "לא התקשר איש."
)
#: A very long title, a very long word, nothing but a title, and all that a summary may hold.
AWKWARD: tuple[Article, ...] = (
    article(
        11,
        "What families, nurses and neighbours in six towns wrote into their diaries during the first fortnight after a "
        "hospital stay, and what nobody had asked them",
        "carers",
        "budgets",
        people=("Ruth Adeyemi", "Tom Hale", "Nadia Okonkwo-Featherstonehaugh", "Jürgen Weiß"),
    ),
    article(12, "Pflegebrückenfinanzierungsverordnung in leichter Sprache", "safeguarding", language="de"),
    replace(article(13, "Nothing but a title", "budgets"), summary_html="", summary_text="", published_on=None),
    article(
        14,
        "Three ways to begin",
        "integration",
        summary_html="<p>Teams tried three ways:</p><ol><li>early, in the first visit</li><li>in writing, with a form "
        "at https://research.example/a/very/long/address/that/does/not/break/by/itself/2026/11/form-seventeen</li>"
        "<li>late</li></ol><blockquote><p>“Nobody had ever asked me that.”</p></blockquote><p>None was best.</p>",
        summary_text="Teams tried three ways.",
        also_at=(Place(name="Harbour blog", link="https://harbour.example/three"), Place(name="Newsroom", link="")),
    ),
)
FIELDS = PersonalFields(
    to="priya@example.org",
    message_id="<d-1234567@digest.example>",
    date="Mon, 30 Nov 2026 08:00:00 +0000",
    unsubscribe_url=PERSONAL["unsubscribe_url"],
    unsubscribe_mailbox="u+abcdefghijklmnopqrstuvwxyz0123456789@bounce.example.org",
    delivery_id="1234567",
)
