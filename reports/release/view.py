"""The frozen view of a release that every section reads: its changes with their verdicts, in the order of print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from ledger.rules.assess import change_subject, release_subject
from ledger.rules.shape import ChangeCase
from ledger.rules.verdict import Outcome
from ledger.rules.wording import with_names
from reports.parts import Mark, Paragraph, line, words
from reports.release.said import TITLE, named, short_principal, subject_of
from reports.say import ENGLISH, say, say_count
from reports.text import capture
from reports.wording import share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.digests import Digest
    from ledger.dossier.facts import ChangeFacts, ReleaseDossier
    from ledger.records import Record
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment, Verdict
    from ledger.verify.findings import Verification
    from reports.parts import Block
    from reports.text import Text

MARKS: Final = {
    Outcome.FAIL: Mark.FAIL,
    Outcome.NOT_EVALUABLE: Mark.CANNOT_TELL,
    Outcome.PASS: Mark.PASS,
    Outcome.NOT_APPLICABLE: Mark.NOT_APPLICABLE,
}
"""Marks of outcomes, gravest first."""

MOST_CHANGES: Final = 50
"""Changes printed in full, the gravest: about a page each, so that a pack of any release has about as many pages."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class PackSettings:
    """What whoever asks for a pack decides; part of the pack's id."""

    generated_at: datetime
    """When the pack is made."""
    zone: tzinfo = UTC
    """The reader's time zone; all times are printed in UTC, the zone is stated once."""
    zone_name: str = "UTC"
    """Its name, as printed."""
    organisation: str = ""
    """Whose release it is; empty: not stated."""
    prepared_from: str = ""
    """Which server or file the bundle came from, in words."""
    prepared_by: str = ""
    """Who asked for the pack, in words; empty: not stated."""
    classification: str = ""
    """How it may be passed on, such as "Confidential"; empty: not stated."""
    notice_tag: str = ""
    """Two words at the foot of every page, such as "Sample data"; empty: the pack's own notice."""
    notice: str = ""
    """A sentence on the cover that explains the tag."""
    most_changes: int = MOST_CHANGES
    """Changes printed in full; the others are counted, and are in the attached bundle."""
    prompt_characters: int = 600
    """Characters printed of each prompt."""
    language: str = ENGLISH
    """What the pack's own words are written in (BCP 47): one of `reports.say.languages`."""
    sealed_by: Digest | None = None
    """Id of the certificate with which the PDF will be sealed; None: it will not be."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The bundle that a pack carries, and what identifies both."""

    pack_id: Digest
    """Digest over bundle, anchor, time and settings (docs/packs.md)."""
    name: str
    """File name of the bundle."""
    digest: Digest
    """SHA-256 of its bytes."""
    size_bytes: int
    anchor_line: str
    """``ledger.pub``, without its newline."""
    as_of: str
    """Ledger time of the assessment."""
    sealed_by: Digest | None = None
    """Id of the certificate with which the PDF will be sealed; None: it will not be."""

    @property
    def number(self) -> str:
        """The pack's number on every page: the beginning of its id."""
        return f"EP-{self.pack_id[7:27]}"


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change of the release in print."""

    facts: ChangeFacts
    number: int
    """Its place in order of landing, from 1: names its anchors."""
    label: Text
    """``Change 7``, with the project where the release has several."""
    title: Text
    """Subject of its first commit, or why there is none."""
    verdicts: tuple[Verdict, ...]

    def of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """Its verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    def in_family(self, *families: str) -> Outcome | None:
        """The gravest outcome of its rules of these families; None if no such rule is on."""
        found = {verdict.outcome for verdict in self.verdicts if verdict.rule.partition("-")[0] in families}
        return next((outcome for outcome in MARKS if outcome in found), None)

    def anchor(self, section: str) -> str:
        """The anchor of the change in a section named by one letter."""
        return f"{section}{self.number}"


@dataclass(frozen=True, slots=True)
class View:
    """Everything a release pack is printed from."""

    dossier: ReleaseDossier
    verification: Verification
    policy: PolicyRules
    settings: PackSettings
    carried: Carried
    changes: tuple[ChangeView, ...]
    """In order of landing."""
    printed: tuple[ChangeView, ...]
    """Those printed in full, in order of landing."""
    verdicts: tuple[Verdict, ...]
    """All, rule by rule."""
    by_subject: Mapping[str, ChangeView]
    """Changes as verdicts name them."""
    numbers: frozenset[int]
    """Of the changes printed in full."""

    def by_outcome(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """All verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    def sentence(self, verdict: Verdict) -> Text:
        """A verdict's sentence with names instead of ids."""
        return capture(with_names(verdict.sentence, self.dossier.parties))

    def subject(self, verdict: Verdict) -> ChangeView | None:
        """The change that a verdict is about; None: the release."""
        return self.by_subject.get(verdict.subject)

    def shows(self, change: ChangeView) -> bool:
        """Whether the change is printed in full, so that its anchors exist."""
        return change.number in self.numbers

    def case(self, change: ChangeView) -> ChangeCase:
        """The change as rules read it, for sections that sort approvals as rules do."""
        return ChangeCase(self.dossier.records, change.facts, self.policy.shared, self.carried.as_of)

    def signer(self, record: Record) -> Text:
        """The name of whose key signed an entry, which need not be who acted."""
        party = self.dossier.parties.get(record.key.principal)
        return words(short_principal(record.key.principal)) if party is None else named(party)

    @property
    def first_release(self) -> bool:
        """Whether the release event declares that no release came before, in any of its sources."""
        return all(source.source.previous is None for source in self.dossier.sources)

    @property
    def changeless(self) -> bool:
        """Whether the release holds no recorded change, so that sections about changes have one sentence."""
        return not self.changes

    def left_out(self) -> tuple[Block, ...]:
        """The sentence that says what is not printed, if anything is."""
        if len(self.printed) == len(self.changes):
            return ()
        return (
            Paragraph(
                line(
                    say_count(
                        "Printed here: {share} changes, those with a failure first, then those of which something "
                        "cannot be told, then the earliest. All {count} change is in the attached registers, its "
                        "records in the attached bundle.",
                        "Printed here: {share} changes, those with a failure first, then those of which something "
                        "cannot be told, then the earliest. All {count} changes are in the attached registers, their "
                        "records in the attached bundle.",
                        len(self.changes),
                        share=share(len(self.printed), len(self.changes)),
                    )
                )
            ),
        )


def look(
    dossier: ReleaseDossier,
    assessments: Sequence[Assessment],
    verification: Verification,
    policy: PolicyRules,
    settings: PackSettings,
    carried: Carried,
) -> View:
    """The view of a release, with each verdict at its subject."""
    found = tuple({_key(verdict): verdict for one in assessments for verdict in one.verdicts}.values())
    of_subject: dict[str, list[Verdict]] = {}
    for verdict in found:
        of_subject.setdefault(verdict.subject, []).append(verdict)
    several = len({change.project for change in dossier.changes}) > 1
    projects = {source.source.project: source.project_name or source.source.project for source in dossier.sources}
    changes = tuple(
        ChangeView(
            change,
            number,
            capture(
                say(
                    "Change {change} ({project})",
                    change=change.id,
                    project=projects.get(change.project, change.project),
                )
                if several
                else say("Change {change}", change=change.id),
                limit=TITLE,
            ),
            title_of(change),
            tuple(of_subject.get(change_subject(change), ())),
        )
        for number, change in enumerate(dossier.changes, start=1)
    )
    printed = _printed(changes, settings)
    return View(
        dossier=dossier,
        verification=verification,
        policy=policy,
        settings=settings,
        carried=carried,
        changes=changes,
        printed=printed,
        verdicts=found,
        by_subject={change_subject(change.facts): change for change in changes},
        numbers=frozenset(change.number for change in printed),
    )


def title_of(change: ChangeFacts) -> Text:
    """Subject of the first commit of the change's latest revision, else of what landed, marked as such."""
    last = change.last_revision
    first = None if last is None else subject_of(last.commits)
    if first is not None:
        return first
    landed = next(filter(None, (subject_of(landing.commits) for landing in change.landings)), None)
    if landed is None:
        return words(say("no commit subject at hand"))
    return capture(say("{subject} (as it landed)", subject=landed.plain), limit=TITLE + 40)


def bundle_name(product: str, version: str) -> str:
    """The file name of the bundle of a release."""
    return f"{_UNSAFE.sub('-', product)[:60]}-{_UNSAFE.sub('-', version)[:60]}.evidence.zip"


def release_name(dossier: ReleaseDossier) -> Text:
    """``payments 4.2.0``, as the largest words of the cover."""
    return capture(f"{dossier.release.product} {dossier.release.version}", limit=120)


def about_release(verdict: Verdict, dossier: ReleaseDossier) -> bool:
    """Whether the verdict is of the release itself."""
    return verdict.subject == release_subject(dossier)


def _key(verdict: Verdict) -> tuple[str, str, str, str]:
    return verdict.rule, verdict.subject, verdict.outcome, verdict.sentence


def _printed(changes: tuple[ChangeView, ...], settings: PackSettings) -> tuple[ChangeView, ...]:
    gravity = [Outcome.FAIL, Outcome.NOT_EVALUABLE]

    def rank(change: ChangeView) -> tuple[int, int]:
        return next((place for place, outcome in enumerate(gravity) if change.of(outcome)), len(gravity)), change.number

    chosen = sorted(changes, key=rank)[: settings.most_changes]
    return tuple(sorted(chosen, key=lambda change: change.number))
