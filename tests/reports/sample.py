"""A pack about an invented company, with the hostile strings that a real history can hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reports.parts import (
    Beside,
    Block,
    Break,
    Bullets,
    Card,
    Code,
    Column,
    Conclusion,
    Document,
    Facts,
    Figure,
    Figures,
    Fingerprint,
    Happening,
    Heading,
    Legend,
    Line,
    Listing,
    Mark,
    Matrix,
    MatrixCell,
    MatrixRow,
    Notes,
    Pairs,
    Paragraph,
    Quiet,
    Quote,
    Reference,
    Row,
    Section,
    Shape,
    Share,
    Shares,
    Signature,
    Status,
    Step,
    Steps,
    Strong,
    Table,
    Timeline,
    Trail,
    line,
    words,
)
from reports.text import Text, capture
from reports.wording import count, digits, minute, moment, share

START = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)
ROOT = "sha256:" + "4e1f09ab7c25d3860f1b" * 3 + "9d0c"

BIDI = "Approve \u202etnemyap eht\u202c now"
BOMB = "Marked e" + "\u0301" * 50_000 + " end"
LONG = "x" * 5_000
SCRIPT = "<script>alert('1')</script> & <img src=http://example.invalid/a.png onerror=go()>"
PATH = (
    "services/settlement/src/main/java/org/example/settlement/netting/internal/NettingWindowCalculatorFactoryImpl.java"
)
HIDDEN = "ap\u200bprove\u00ad this \ue000 \U000e0041 and \x07 ring, \u3164 filler, \ufe0f variant"
NAMES = (
    "Marta Żeleńska",
    "Youssef El-Amrani يوسف العمراني",
    "Haruka Sató 佐藤 遥",
    "Ольга Ждан",
    "Noa Ben-David נועה בן־דוד",
    "Arjun Śarmā अर्जुन शर्मा",
    "Nok Wattana นก วัฒนา",
    "김민서 Min-seo Kim",
)
HOSTILE = (BIDI, BOMB, LONG, SCRIPT, PATH, HIDDEN, *NAMES, "🚀 ship it ✨", "a\nb", "</style></script>]]>--><!--")


def _status(mark: Mark, word: str = "") -> Status:
    return Status(mark, words(word) if word else None)


def _columns(*parts: tuple[str, int]) -> tuple[Column, ...]:
    return tuple(Column(words(head), width) for head, width in parts)


def _rows(*pairs: tuple[str, Line]) -> tuple[tuple[Text, Line], ...]:
    return tuple((words(label), value) for label, value in pairs)


def sample(registered: int = 34) -> Document:
    """The sample pack; ``registered`` is the number of rows in its register."""
    return Document(
        language="en",
        pack_id=words("EP-2026-0412-7K3Q"),
        kind=words("Evidence pack"),
        subject=words("Tidewater Clearing 4.12.0"),
        subtitle=words(
            "Who asked for each change, what was tested, who approved exactly which content, and how to check it."
        ),
        issuer=words("Evidence Ledger"),
        conclusion=Conclusion(
            words("Result of 17 rules"),
            words("2 rules failed, 1 cannot be told"),
            ((Mark.FAIL, 2), (Mark.CANNOT_TELL, 1), (Mark.EXCEPTED, 1), (Mark.PASS, 11), (Mark.NOT_APPLICABLE, 2)),
            line("Both failures concern change 7. Every signature and every proof in the attached bundle verifies."),
        ),
        facts=_rows(
            ("Organisation", line("Tidewater Clearing AS, Payments")),
            ("Release", line("4.12.0, commit ", Code(words("77c1e9b04d2a")))),
            ("Period", line("2026-11-02 to 2026-11-12, ", count(5, "change", "changes"), ", 41 entries")),
            ("Generated", line("2026-11-13 07:00:00Z (08:00:00 +01:00, Europe/Oslo), as of 2026-11-13 06:58:00Z")),
            ("Policy", line(Fingerprint(digits("sha256:" + "ab12" * 16), full=True))),
            (
                "Ledger root",
                line(
                    Fingerprint(digits(ROOT), full=True),
                    Break(),
                    Quiet(words("position 1,204 of the ledger payments.example")),
                ),
            ),
            ("Prepared by", line("Haruka Sató 佐藤 遥, compliance officer")),
        ),
        notice_tag=words("Sample data"),
        notice=words("The organisation, the people, the release and every number in this document are invented."),
        created=datetime(2026, 11, 13, 7, 0, tzinfo=UTC),
        front=(
            Beside(
                (
                    (Heading(words("How to read the marks")), _legend()),
                    (
                        Heading(words("What this pack is not")),
                        Paragraph(
                            line(
                                "It is evidence, not an opinion. It shows what was signed and in which order; "
                                "it does not show that a signer read what was signed, "
                                "nor that nothing happened outside the ledger."
                            )
                        ),
                    ),
                )
            ),
        ),
        sections=(
            _conclusion(),
            _duties(),
            _approvals(),
            _order(),
            _register(registered),
            _hostile(),
            _verify(),
        ),
    )


def _legend() -> Legend:
    return Legend(
        (
            (_status(Mark.PASS), line("the rule held, on evidence that is named")),
            (_status(Mark.FAIL), line("the rule did not hold")),
            (_status(Mark.CANNOT_TELL), line("evidence is missing, withheld or erased")),
            (_status(Mark.NOT_APPLICABLE), line("nothing the rule speaks of; never counted as pass")),
            (_status(Mark.EXCEPTED), line("stands beside an outcome: a declared exception covers it")),
        )
    )


def _conclusion() -> Section:
    return Section(
        "s1",
        "1",
        words("Conclusion"),
        words("Can I rely on this release?"),
        line("Eleven of 17 rules passed. Two failed and one cannot be told; all three are explained on this page."),
        (
            Figures(
                (
                    Figure(words("5"), words("changes in the release")),
                    Figure(words("4"), words("approved by a person other than the author"), words("of 5")),
                    Figure(words("1,742"), words("test cases run, 2 failed at first")),
                    Figure(words("41"), words("entries, each signature valid")),
                )
            ),
            Card(
                words("SOD-01  Nobody approves their own change"),
                _status(Mark.FAIL),
                _rows(
                    ("What was found", line("Marta Żeleńska signed the diff of change 7 and its only approval.")),
                    (
                        "Evidence",
                        line(
                            Reference("approval-7", words("Approval of change 7"), page=True), ", entries 812 and 815"
                        ),
                    ),
                    (
                        "Exception",
                        line(
                            _status(Mark.EXCEPTED), " declared for 24 hours by Ольга Ждан, expired 2026-11-11 09:00:00Z"
                        ),
                    ),
                ),
                "finding-1",
            ),
            Card(
                words("APP-02  The approved content is the merged content"),
                _status(Mark.FAIL),
                _rows(
                    ("What was found", line("The forge shows a tick; the approved revision was 2, merged was 3.")),
                    ("Approved", line(Fingerprint(digits("sha256:" + "0f" * 32), full=True))),
                    ("Merged", line(Fingerprint(digits("sha256:" + "1e" * 32), full=True))),
                ),
            ),
            Card(
                words("TST-01  Tests ran on the merged content"),
                _status(Mark.CANNOT_TELL, "Cannot tell: the report is missing"),
                _rows(("What is missing", line("The raw report of run 3 was declared withheld by the runner."))),
            ),
            Table(
                _columns(("Question", 46), ("Answer", 22), ("Basis", 32)),
                (
                    Row(
                        (
                            line("Did anyone approve their own change?"),
                            line(_status(Mark.FAIL, "Yes, once")),
                            line("SOD-01, change 7"),
                        )
                    ),
                    Row(
                        (
                            line("Was every change tested before release?"),
                            line(_status(Mark.CANNOT_TELL)),
                            line("TST-01, change 3"),
                        )
                    ),
                    Row(
                        (
                            line("Has the record been altered?"),
                            line(_status(Mark.PASS, "No sign of it")),
                            line(Reference("s7", words("How to verify"), page=True)),
                        )
                    ),
                ),
                words("No questions."),
                words("What assessors ask first"),
            ),
        ),
    )


def _duties() -> Section:
    duties = ("Prompt", "Code", "Peer review", "Approval", "Release approval", "Deploy")
    numbers = (
        ("2", "2", "3", "", "", ""),
        ("1", "3", "", "!1", "", ""),
        ("", "", "4", "4", "", ""),
        ("", "", "", "1", "1", ""),
        ("", "1", "", "", "", ""),
        ("1", "", "?1", "", "", ""),
        ("", "", "", "", "", ""),
        ("", "", "", "", "", "2"),
    )

    def cell(value: str, *, machine: bool) -> MatrixCell:
        if not value:
            return MatrixCell(Shape.NONE)
        if value.startswith("!"):
            return MatrixCell(Shape.CONFLICT, words(value[1:]))
        if value.startswith("?"):
            return MatrixCell(Shape.UNKNOWN, words(value[1:]))
        return MatrixCell(Shape.MACHINE if machine else Shape.PERSON, words(value))

    people = (*NAMES[:7], "deploy-runner")
    matrix = Matrix(
        words("Who held which duty: number of changes"),
        words("Person, agent or service"),
        tuple(map(words, duties)),
        tuple(
            MatrixRow(
                words(name),
                words("Service" if name == "deploy-runner" else "Engineer"),
                tuple(cell(value, machine=name == "deploy-runner") for value in row),
                hit="!1" in row,
            )
            for name, row in zip(people, numbers, strict=True)
        ),
        words("Nobody acted in this release."),
    )
    return Section(
        "s2",
        "2",
        words("Segregation of duties"),
        words("Did anyone hold duties that must be apart?"),
        line("One person held two duties on one change that the policy keeps apart: Youssef El-Amrani on change 7."),
        (
            matrix,
            Paragraph(
                line(
                    "Solid box: person. Dashed box: service or agent. Filled box with “!”: a duty in conflict with "
                    "another of the same person on the same change. Double box with “?”: cannot be told who it was."
                ),
                small=True,
            ),
            Pairs(
                words("Pairs of duties held by one person on one change"),
                tuple(map(words, ("Code", "Peer review", "Approval", "Release approval", "Deploy"))),
                ((0,), (1, 0), (0, 0, 0), (0, 0, 0, 0)),
            ),
        ),
    )


def _approvals() -> Section:
    def block(place: int, name: str, *statuses: Status) -> Signature:
        at = START + timedelta(days=place, hours=3)
        return Signature(
            words(f"Change {place + 5}, revision {place + 1}"),
            words(name),
            words("Senior engineer, reviewer"),
            line("“I reviewed this content and approve it for merge.”"),
            _rows(
                (
                    "Signed",
                    line(moment(at), Quiet(words(" ledger ")), moment(at + timedelta(seconds=2)), ", entry 815"),
                ),
                ("Attested by", line("the own key of the person ", Code(words("ed25519 9c41f0aa73be")))),
                ("Content", line(Fingerprint(digits("sha256:" + "0f" * 32), full=True))),
                ("Seen", line("3 prompts, 1 test run, 0 scans")),
                ("Comment", line(SCRIPT if place == 1 else "Looks right; naming discussed in person.")),
            ),
            statuses,
            f"approval-{place + 5}",
        )

    return Section(
        "s3",
        "3",
        words("Approvals"),
        words("Who approved what, when, and meaning what?"),
        line(count(3, "approval", "approvals"), " by three people. Each states printed name, time and meaning."),
        (
            block(0, NAMES[2], _status(Mark.PASS, "Holds")),
            block(1, NAMES[1], _status(Mark.FAIL, "Stale"), _status(Mark.EXCEPTED)),
            block(2, NAMES[0], _status(Mark.FAIL, "Own change")),
            Table(
                _columns(("Change", 12), ("Time, UTC", 18), ("Name", 30), ("Meaning", 40)),
                (),
                words("No approval was withdrawn or rejected in this release."),
                words("Rejections and withdrawals"),
                "small",
            ),
        ),
    )


def _order() -> Section:
    happenings = [
        Happening(START + timedelta(days=day, minutes=17 * place), (place + day) % 6, (day, place) == (5, 2))
        for day, many in ((0, 5), (1, 3), (2, 9), (5, 6), (8, 4), (9, 2))
        for place in range(many)
    ]
    happenings += [Happening(START + timedelta(days=2, minutes=200 + place), 2) for place in range(14)]
    steps = (
        Step(
            words("Prompt"),
            (
                line(Strong(words("804")), " Marta Żeleńska: ", "Make the netting window configurable"),
                line(Quiet(words("2026-11-02 08:15"))),
            ),
        ),
        Step(words("Diff"), (line(Strong(words("806")), " 4 files, 88 lines"), line(Code(words("77c1e9b"))))),
        Step(words("Test"), (line(Strong(words("809")), " 94 of 96 passed, third attempt 96 of 96"),), mark=Mark.FAIL),
        Step(words("Approval"), (line(Strong(words("815")), " Haruka Sató 佐藤 遥 approved revision 2"),)),
    )
    return Section(
        "s4",
        "4",
        words("Order of events"),
        words("In what order did it happen?"),
        line("Eleven days from the first prompt to production."),
        (
            Timeline(
                words("Events of the release."),
                tuple(map(words, ("Prompt", "Diff", "Test", "Approval", "Merge", "Deploy"))),
                tuple(happenings),
                words("Nothing happened in this period."),
            ),
            Trail(
                words("Change 7  Netting window"),
                line("Risk high · author Marta Żeleńska · merged 2026-11-09 21:52"),
                (_status(Mark.FAIL), _status(Mark.EXCEPTED)),
                steps,
            ),
            Trail(words("Change 8  " + "Supercalifragilistic" * 6), line("Risk low"), (_status(Mark.PASS),), steps[:2]),
            Shares(
                words("Lines from an assistant, share of lines added"),
                (
                    Share(words("Change 3"), 31, words("31 % of 210")),
                    Share(words("Change 7"), 88, words("88 % of 96")),
                    Share(words("Change 9"), 0, words("none of 12")),
                    Share(words("Change 11"), None, words("Cannot tell: undeclared")),
                ),
                words("No change declares an assistant."),
            ),
        ),
    )


def _register(registered: int) -> Section:
    rows = tuple(
        Row(
            (
                line(str(800 + place)),
                line(minute(START + timedelta(hours=5 * place))),
                line(("Prompt", "Diff", "Test", "Approval")[place % 4]),
                line(NAMES[place % len(NAMES)]),
                line(f"Change {place % 9 + 3}"),
                line(("Ask for a configurable window", "4 files changed", SCRIPT, PATH, BIDI)[place % 5]),
                line(Fingerprint(digits("sha256:" + f"{place * 7919 % 65536:04x}" * 16))),
            ),
            hit=place == 12,
        )
        for place in range(registered)
    )
    return Section(
        "s5",
        "5",
        words("Change register"),
        words("Is every change of the release here?"),
        line(share(registered, registered), " entries are printed; each is attached in full."),
        (
            Table(
                _columns(
                    ("Entry", 7),
                    ("Time, UTC", 15),
                    ("Kind", 10),
                    ("By", 19),
                    ("Change", 10),
                    ("Summary", 25),
                    ("Envelope", 14),
                ),
                rows,
                words("The release contains no change."),
                None,
                "dense",
            ),
        ),
    )


def _hostile() -> Section:
    blocks: list[Block] = [
        Paragraph(line("What comes from a repository is printed as it is, with what could mislead made visible.")),
        Table(
            _columns(("Case", 22), ("As printed", 78)),
            tuple(
                Row((line(name), (*line(capture(value, limit=300, whole="in the attached bundle")),)))
                for name, value in (
                    ("Reversed text", BIDI),
                    ("Combining marks", BOMB),
                    ("Markup", SCRIPT),
                    ("Hidden characters", HIDDEN),
                    ("Long word", LONG),
                    ("Long path", PATH),
                    ("Emoji", "🚀 ship it ✨ 👍"),
                    ("Line break", "first\nsecond"),
                )
            ),
            words("None."),
        ),
        Heading(words("Names in other scripts")),
        Facts(_rows(*((name, line(Strong(words(name)), " ", name)) for name in NAMES))),
        Quote(
            capture(
                "Please make the window configurable.\n\n  - keep the default\n  - " + LONG,
                lines=12,
                limit=600,
                whole="content 3 of entry 804",
            ),
            line("Prompt of entry 804, by Marta Żeleńska"),
        ),
        Bullets((line("An item with ", Code(words(PATH))), line("A second item"))),
    ]
    return Section(
        "s6",
        "6",
        words("Captured text"),
        words("What if a title tries to deceive?"),
        line("It is shown, not obeyed."),
        tuple(blocks),
    )


def _verify() -> Section:
    return Section(
        "s7",
        "7",
        words("How to verify"),
        words("How do I check this without trusting you?"),
        line("Save the attached bundle and run the attached program; it needs no network."),
        (
            Steps(
                (
                    line("Get the line ", Code(words("ledger.pub")), " from somewhere else than this pack."),
                    line("Take the attachments out and run the verifier."),
                    line("Compare the root it prints with the cover."),
                )
            ),
            Listing(
                capture(
                    f"$ pdfdetach -saveall -o records evidence-pack.pdf\n$ cd records\n"
                    f"$ python3 verify.py bundle.zip ledger.pub\n"
                    f"records intact: 41 entries, root\n{ROOT}",
                    lines=20,
                ),
                words("Commands and what they print"),
            ),
            Table(
                _columns(("Name", 14), ("Content", 20), ("Bytes", 8), ("SHA-256", 58)),
                (
                    Row(
                        (
                            line("bundle.zip"),
                            line("Entries, proofs, contents"),
                            line("48,212"),
                            line(Fingerprint(digits(ROOT), full=True)),
                        )
                    ),
                ),
                words("Nothing is attached."),
                words("Files inside this PDF"),
                "small",
            ),
            Heading(words("Notes of the assessor")),
            Notes((words("Section"), words("Note"), words("Initials and date"))),
        ),
    )
