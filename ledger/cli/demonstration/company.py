"""The invented company: eight people, one agent, one pipeline, ten changes, and the faults planted in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

COMPANY: Final = "Larkspur Freight"
PRODUCT: Final = "tariffs"
PROJECT: Final = "tariff-service"
ORIGIN: Final = "ledger.larkspur.example"
AGENT: Final = "Quill"
PIPELINE: Final = "Pipeline"
VERSION: Final = "4.2.0"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the company."""

    name: str
    roles: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """Name of their key, and local part of their address."""
        return self.name.split(maxsplit=1)[0].lower()

    @property
    def mail(self) -> str:
        """Address of their commits."""
        return f"{self.handle}@larkspur.example"


MARA: Final = Somebody("Mara Lindqvist")
INES: Final = Somebody("Ines Duarte")
OMAR: Final = Somebody("Omar Haddad", ("approver",))
YUKI: Final = Somebody("Yuki Tanabe 田辺由紀", ("approver",))
LENA: Final = Somebody("Lena Żukowska", ("approver",))
PRIYA: Final = Somebody("Priya Nair", ("approver", "security"))
JONAS: Final = Somebody("Jonas Weber", ("approver",))
SAMIR: Final = Somebody("Samir El-Amin سمير الأمين", ("release-approver",))
PEOPLE: Final = (MARA, INES, OMAR, YUKI, LENA, PRIYA, JONAS, SAMIR)
"""Mara founds the ledger and is its administrator."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """Somebody asks the agent."""

    by: Somebody
    text: str
    output: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A revision: the author commits, the pipeline records the diff."""

    files: tuple[tuple[str, str], ...]
    """Path and whole content of each file."""
    message: str
    ai: Literal["none", "assisted", "generated"] | None
    """What the author declares; None: nothing, so that trailers speak."""
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """The pipeline runs the suite on the head."""

    passed: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody signs a decision about the last revision."""

    by: Somebody
    decision: Literal["approve", "reject"] = "approve"
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Ticked:
    """Somebody approves on the forge, with a click and without a key; the pipeline brings what the forge shows."""

    by: Somebody
    stranger: bool = False
    """Whether an account that nobody knows commented too."""


@dataclass(frozen=True, slots=True)
class Excepted:
    """Somebody declares that the rules which shut the gate are departed from."""

    by: Somebody
    incident: str
    reason: str


@dataclass(frozen=True, slots=True)
class Landed:
    """Somebody merges."""

    by: Somebody
    method: Literal["squash", "merge", "push"]
    slipped_in: tuple[tuple[str, str], ...] = ()
    """Path and content of files that come in with a merge commit itself."""


Step: TypeAlias = Prompted | Pushed | Tested | Decided | Ticked | Excepted | Landed


@dataclass(frozen=True, slots=True)
class Story:
    """One change from its first prompt or push to main."""

    number: str
    title: str
    author: Somebody
    steps: tuple[Step, ...]
    planted: str | None = None
    """The fault in it, as one who knows would say it; None: a clean change."""


def _rates(margin: str, extra: str = "") -> str:
    return (
        '"""Freight rates."""\n\n\n'
        "def rate(weight_kg, zone):\n"
        '    """Price of a parcel in cents."""\n'
        f"    return round(weight_kg * zone * {margin})\n"
        f"{extra}"
    )


STORIES: Final = (
    Story(
        "201",
        "Round rates to whole cents",
        INES,
        (
            Prompted(
                INES, "Rates come out with fractions of a cent. Round them half up, with tests.", "Changed rate()."
            ),
            Pushed((("src/rates.py", _rates("1.20")),), "Round rates to whole cents", "assisted"),
            Tested(18),
            Decided(YUKI, comment="Checked the rounding against the price list."),
            Landed(YUKI, "squash"),
        ),
    ),
    Story(
        "202",
        "Surcharge for islands",
        LENA,
        (
            Prompted(
                OMAR, "Add a surcharge of 4.50 for island zones; take the zones from the table.", "Added islands.py."
            ),
            Pushed((("src/islands.py", "SURCHARGE_CENTS = 450\n"),), "Surcharge for islands", "generated"),
            Tested(21),
            Decided(OMAR, comment="Looks right."),
            Landed(OMAR, "squash"),
        ),
        "The person who prompted the agent approved what came out, and nobody else did.",
    ),
    Story(
        "203",
        "Discount for contract customers",
        INES,
        (
            Pushed((("src/discount.py", "DISCOUNT = 0.05\n"),), "Discount for contract customers", "none"),
            Pushed((("src/discount.py", "DISCOUNT = 0.07\n"),), "Seven percent, as agreed", "none"),
            Tested(24),
            Ticked(JONAS, stranger=True),
            Pushed((("src/discount.py", "DISCOUNT = 0.70\n"),), "Move the constant", "none"),
            Tested(24),
            Landed(INES, "squash"),
        ),
        "Revision 2 was approved on the forge; revision 3, with ten times the discount, was merged.",
    ),
    Story(
        "204",
        "Cache zone lookups",
        OMAR,
        (
            Pushed((("src/cache.py", "ZONES = {}\n"),), "Cache zone lookups", "none"),
            Tested(23, 2),
            Tested(24, 1),
            Tested(25),
            Decided(PRIYA, comment="Keys hold no customer data."),
            Landed(PRIYA, "squash"),
        ),
        "The suite failed, failed again, and then passed on the same content.",
    ),
    Story(
        "205",
        "Document the rate table",
        JONAS,
        (
            Pushed(
                (("docs/rates.md", "# Rates\n\nIn cents, per kilogram and zone.\n"),), "Document the rate table", "none"
            ),
            Tested(25),
            Decided(LENA),
            Landed(LENA, "squash"),
        ),
    ),
    Story(
        "206",
        "Accept partner rates",
        LENA,
        (
            Prompted(
                LENA, "Read partner rates from the upload folder and merge them into the table.", "Added partners.py."
            ),
            Pushed(
                (("src/partners.py", "def load(path):\n    return eval(open(path).read())\n"),),
                "Accept partner rates",
                "assisted",
            ),
            Tested(27),
            Decided(PRIYA, "reject", "eval() on an uploaded file runs whatever a partner sends."),
            Decided(YUKI, comment="Works with the samples."),
            Landed(YUKI, "squash"),
        ),
        "It was merged over a standing rejection by the security reviewer.",
    ),
    Story(
        "207",
        "Hotfix: zones beyond 12",
        OMAR,
        (
            Pushed((("src/zones.py", "LAST_ZONE = 99\n"),), "Hotfix: zones beyond 12", "none"),
            Tested(27),
            Excepted(OMAR, "INC-311", "Parcels beyond zone 12 cannot be priced, and nobody else is awake."),
            Landed(OMAR, "merge"),
        ),
        "A hotfix went out at night under an exception; nobody has looked at it since.",
    ),
    Story(
        "208",
        "Weight classes",
        YUKI,
        (
            Prompted(
                YUKI, "Split parcels into weight classes; keep the public function as it is.", "Added weights.py."
            ),
            Pushed(
                (("src/weights.py", "CLASSES_KG = (1, 5, 20)\n"),),
                "Weight classes",
                "generated",
                ("Assisted-by: Quill",),
            ),
            Tested(31),
            Decided(JONAS, comment="Bounds match the contract."),
            Decided(PRIYA),
            Landed(JONAS, "merge"),
        ),
    ),
    Story(
        "209",
        "Currency in the interface",
        INES,
        (
            Pushed(
                (("src/currency.py", 'CURRENCY = "EUR"\n'),),
                "Currency in the interface",
                "none",
                ("Co-authored-by: Cursor Agent <cursoragent@cursor.com>",),
            ),
            Tested(32),
            Decided(LENA),
            Landed(LENA, "squash"),
        ),
        "The author declared that no assistant took part; a commit's trailer says otherwise.",
    ),
    Story(
        "210",
        "Round up partner rates",
        LENA,
        (
            Pushed((("src/rounding.py", "UNIT_CENTS = 5\n"),), "Round up partner rates", "none"),
            Tested(33),
            Decided(JONAS, comment="As agreed with the partners."),
            Landed(LENA, "merge", (("src/partner_check.py", "CHECK_SIGNATURES = False\n"),)),
        ),
        "The approved change landed together with a file that nobody had seen.",
    ),
)
"""Ten changes, in the order in which they happened."""

QUESTION: Final = ("src/discount.py", 1)
"""The line an on-call engineer asks about in the middle of the night."""
