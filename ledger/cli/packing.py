"""How ``evidence pack`` makes a pack: what is fetched, with what it is sealed, what is written, what is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.cli.options import settings
from ledger.cli.releases import (
    FetchedBundle,
    as_of_its_end,
    as_of_now,
    as_of_what_follows,
    bundle_in,
    days_asked,
    fetch_period,
    fetch_release,
    open_bundle,
)
from ledger.errors import FormatError, LedgerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from pathlib import Path

    import click

    from ledger.cli.output import Output
    from ledger.cli.session import Session
    from ledger.digests import Digest
    from ledger.events.evidence import Pack as PackBody
    from ledger.packevent import PackOf
    from ledger.parcel import Parcel
    from ledger.receipt import Receipt
    from ledger.roster.state import Roster
    from reports.packs import Pack, Sealing


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command was told about the pack itself."""

    subject: str | None
    """A release, or the path of a bundle or pack."""
    start: str | None
    end: str | None
    projects: tuple[str, ...]
    baseline_from: str | None
    baseline_to: str | None
    sample: int | None
    auditor_number: str | None
    zone: str
    language: str
    organisation: str
    classification: str
    prepared_by: str
    notice: str
    changes: int
    """Of a release, printed in full at most."""
    as_of: str | None
    seal_folder: Path | None
    asked: str = ""
    """First and last day of the period that a pack's PDF says it was asked for; empty: it says none."""
    baseline: bytes | None = field(default=None, repr=False)
    """The bundle of the earlier period that the PDF carries."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a pack is made from."""

    bundle: FetchedBundle
    as_of: str
    told_from: str
    """The server or the file, in words."""
    baseline: bytes | None
    asked: str
    """First and last day of the period that was asked for; empty: a release, or a period of positions."""


def open_wanted(ctx: click.Context, wanted: Wanted) -> Source:
    """The bundles of the pack, verified, after what was told of it was read.

    Raises:
        FormatError: ``bad-auditor-number``, ``unknown-zone``. NotFoundError: ``unknown-language``, ``no-such-file``.
        NotFoundError: ``no-such-release``, ``no-such-period``. ChainError: ``bundle-not-intact``.
        FormatError: ``bad-time``, ``bad-pack``.
    """
    from pathlib import Path

    from ledger.cli.session import open_session

    _check(wanted)
    zone = zone_of(wanted.zone)
    if wanted.subject is not None and Path(wanted.subject).is_file():
        bundle = open_bundle(bundle_in(Path(wanted.subject).read_bytes()), settings(ctx).anchor_line)
        as_of = wanted.as_of or as_of_its_end(bundle) or as_of_now(bundle.records)
        asked = _days_beside(wanted, bundle, zone)
        name = Path(wanted.subject).name
        return Source(bundle, as_of, name, baseline=wanted.baseline, asked=asked)
    server = settings(ctx).server.text
    with open_session(ctx) as session:
        if wanted.subject is not None:
            bundle = fetch_release(session, wanted.subject)
            as_of = wanted.as_of or as_of_now(bundle.records)
            return Source(bundle, as_of, server, baseline=None, asked="")
        known = session.directory()
        projects = [known.project(name).id for name in wanted.projects]
        bundle = fetch_period(session, wanted.start, wanted.end, projects, zone)
        followed = None if wanted.end is None else as_of_what_follows(session, bundle)
        baseline = None
        if wanted.baseline_from is not None:
            # Without an end of its own it ends where the period begins.
            until = wanted.baseline_to or (None if bundle.period is None else str(bundle.period[0]))
            try:
                named = ("--baseline-from", "--baseline-to")
                baseline = fetch_period(session, wanted.baseline_from, until, projects, zone, named).data
            except NotFoundError as error:
                if error.slug != "no-such-period":
                    raise
                raise NotFoundError(
                    "no-such-period",
                    f"the baseline, from {wanted.baseline_from} on: {error.message}",
                    details=dict(error.details),
                    remedy=error.remedy,
                ) from None
    asked = days_asked(wanted.start, wanted.end, zone, bundle)
    as_of = wanted.as_of or followed or as_of_now(bundle.records)
    return Source(bundle, as_of, server, baseline=baseline, asked=asked)


def _days_beside(wanted: Wanted, bundle: FetchedBundle, zone: tzinfo) -> str:
    """The days that a bundle file's period is said to be of, by the options or by the pack it came in; empty: none.

    They are believed as far as the records do not speak against them.

    Raises:
        FormatError: ``bad-time``. NotFoundError: ``no-such-period``: the records speak against them.
    """
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.ofbundle import dossier_of
    from reports.period.span import fits, read_days

    named = wanted.start is not None or wanted.end is not None
    asked = days_asked(wanted.start, wanted.end, zone, bundle) if named else wanted.asked
    if not asked and not named:
        return ""
    index, days = bundle.verification.index, read_days(asked)
    dossier = None if index is None else dossier_of(index, bundle.records)
    if days is None or not isinstance(dossier, PeriodDossier) or not fits(dossier, days, zone):
        raise NotFoundError(
            "no-such-period",
            "the bundle is not of the days that it is said to be of",
            details={"days": asked[:40]},
            remedy="Leave --from and --to out beside a bundle file, or name the days that it was made for.",
        )
    return days.asked


def _check(wanted: Wanted) -> None:
    """Nothing, if what was told can be used: whoever mistyped it should not wait for the records first."""
    from pathlib import Path

    from ledger.sampling import auditors_number
    from reports.say import languages

    zone_of(wanted.zone)
    if wanted.auditor_number is not None:
        auditors_number(wanted.auditor_number, "--auditor-number")
    if wanted.language not in languages():
        raise NotFoundError(
            "unknown-language",
            "packs are not made in this language",
            details={"known": ", ".join(languages())},
            remedy="Name one of these with --language.",
        )
    subject = wanted.subject
    if subject is not None and "@" not in subject and not subject.startswith("sha256:") and not Path(subject).is_file():
        raise NotFoundError(
            "no-such-file",
            "there is no such file, and a release is named PRODUCT@VERSION",
            details={"asked": subject[:200]},
            remedy="Check the path. Which releases there are: evidence log --kind release",
        )


def make(ctx: click.Context, wanted: Wanted, source: Source, forms: Sequence[str], say: Output) -> Pack:
    """The pack, sealed where a folder with the ledger's key was named.

    Raises:
        LedgerError: the bundle cannot be judged or printed, or the key that seals is not enrolled.
    """
    from ledger.sampling import Sampling
    from reports.packs import PeriodWish, make_pack
    from reports.release.view import PackSettings

    seal, certificate = None, None
    if wanted.seal_folder is not None:
        seal = sealing_of(wanted.seal_folder)
        certificate = _enrolled(seal, source.bundle.records.roster, source.bundle.records.position)
    asks = wanted.sample is not None or wanted.auditor_number is not None
    return make_pack(
        source.bundle.data,
        settings(ctx).anchor_line,
        as_of=source.as_of,
        settings=PackSettings(
            generated_at=datetime.now(UTC).replace(microsecond=0),
            zone=zone_of(wanted.zone),
            zone_name=wanted.zone,
            organisation=wanted.organisation,
            prepared_from=source.told_from,
            prepared_by=wanted.prepared_by,
            classification=wanted.classification,
            notice_tag=_tag(wanted.notice),
            notice=wanted.notice,
            most_changes=wanted.changes,
            language=wanted.language,
            sealed_by=certificate,
        ),
        wish=PeriodWish(
            asked=source.asked,
            baseline=source.baseline,
            sampling=Sampling(wanted.auditor_number, wanted.sample) if asks else None,
        ),
        seal=seal,
        forms=forms,
        tell=lambda words: say.note(f"{words} ..."),
    )


def sealing_of(folder: Path) -> Sealing:
    """With what the ledger in ``folder`` seals: its key, the time now, and its time-stamp authority if it names one.

    Raises:
        NotFoundError: ``no-ledger-here``, ``no-seal-key``. AuthorityError: ``key-file-open``.
        FormatError: ``bad-settings``.
    """
    from ledger.cli.ledgerfolder import folder_settings
    from ledger.sealfiles import read_seal_files
    from ledger.stamping import authority_of
    from reports.packs import Sealing
    from reports.sealing import SealKey

    found = folder_settings(folder)
    files = read_seal_files(found)
    return Sealing(SealKey(files.private_pem, files.certificates_pem), datetime.now(UTC), authority_of(found))


def write(made: Pack, out: Path) -> list[Path]:
    """Paths of the pack's files, after they were written."""
    out.mkdir(parents=True, exist_ok=True)
    for file in made.files:
        (out / file.name).write_bytes(file.data)
    return [out / file.name for file in made.files]


def record(ctx: click.Context, made: Pack, source: Source, out: Path, say: Output) -> tuple[list[Path], list[int]]:
    """The path of a recorded envelope beside the pack, and the entries; neither where nobody could sign or record it.

    A period is recorded in each of its projects. The first envelope that was recorded lies beside the pack: all of them
    sign the same digests. What could not be recorded is a note and no error: it is a pack all the same.
    """
    from ledger.cli.session import open_session
    from ledger.packevent import Made, MadeFile, pack_body

    subjects = _subjects(source)
    try:
        with open_session(ctx) as session:
            files = [MadeFile(file.name, file.media_type, file.data) for file in made.files if file.form != "bundle"]
            told = Made(made.pack_id, source.as_of, source.bundle.records.position, made.sealed_by)
            body = pack_body(files, made.bundle, subjects[0], told)
            answers = tell_pack(session, body, subjects)
    except LedgerError as error:
        say.note(f"That this pack was made is not recorded: {error.message} [{error.slug}]")
        return [], []
    kept: list[tuple[Parcel, int]] = []
    for subject, (parcel, answer) in zip(subjects, answers, strict=True):
        if isinstance(answer, LedgerError):
            where = f" in project {subject.project}" if len(subjects) > 1 else ""
            say.note(f"That this pack was made is not recorded{where}: {answer.message} [{answer.slug}]")
        else:
            kept.append((parcel, answer.leaf.index))
    if not kept:
        return [], []
    path = out / f"{made.bundle_name.removesuffix('.zip')}.dsse.json"
    path.write_bytes(kept[0][0].envelope.data)
    return [path], [index for _, index in kept]


def tell_pack(
    session: Session, body: PackBody, subjects: Sequence[PackOf]
) -> tuple[tuple[Parcel, Receipt | LedgerError], ...]:
    """The events of a pack, one for each of ``subjects``, signed with the key at hand, and what the server answered.

    Raises:
        AuthorityError: ``key-unknown`` and the like; nobody may sign with the key.
        UnavailableError: no server is there.
    """
    from ledger.packevent import seal_pack_event

    held = session.held_key()
    principal = session.signer(session.directory(), held).principal
    ledger = session.anchor.ledger
    parcels = [seal_pack_event(ledger, body, subject, principal, held.signing) for subject in subjects]
    return tuple(zip(parcels, session.deliver(parcels), strict=True))


def _subjects(source: Source) -> tuple[PackOf, ...]:
    from ledger.packevent import subjects_of
    from ledger.rules.ofbundle import dossier_of

    index = source.bundle.verification.index
    if index is None:
        raise ValueError("a bundle whose checks passed has its index")
    return subjects_of(dossier_of(index, source.bundle.records))


def _enrolled(seal: Sealing, roster: Roster, position: int) -> Digest:
    from ledger.sealfiles import enrolled_certificate
    from reports.sealing import spki_of

    return enrolled_certificate(roster, spki_of(seal.key), position).id


def _tag(notice: str) -> str:
    """The words before a colon, for the foot of every page: of "Sample data: ..." the first two."""
    words, colon, _ = notice.partition(":")
    return (words if colon and len(words) <= 24 else "Notice") if notice else ""


def zone_of(name: str) -> tzinfo:
    """The time zone of that name.

    Raises:
        FormatError: ``unknown-zone``.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise FormatError(
            "unknown-zone",
            "no such time zone is known on this machine",
            where="--zone",
            remedy="Name one such as Europe/Oslo; where none is known: sudo apt-get install -y tzdata",
        ) from None
