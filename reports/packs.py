"""The pack of a bundle: verified, assessed, printed, with the bundle inside, and sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ledger.canonical import Encodable, encode
from ledger.digests import Digest, digest_bytes
from ledger.dossier.facts import PeriodDossier, ReleaseDossier
from ledger.entry import ledger_time
from ledger.errors import FormatError, NotFoundError
from ledger.rules.ofbundle import Judged, dossier_of, judge
from ledger.verify.run import verify_bundle
from reports.html import render_html
from reports.notices import LAYOUT
from reports.packfiles import FORMS, Carrying, PackFile, attachments, files_beside
from reports.pdf import PangoMissingError, Property
from reports.period.document import period_document
from reports.period.span import period_name
from reports.period.view import look_at
from reports.release.document import refused_document, release_document
from reports.release.view import Carried, bundle_name
from reports.render import DEFAULT_LIMITS, render_pdf
from reports.say import say, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from ledger.rules.verdict import Assessment
    from ledger.sampling import Sampling
    from ledger.verify.findings import Verification
    from reports.parts import Document
    from reports.release.view import PackSettings
    from reports.render import Limits
    from reports.sealing import SealKey

UNREADABLE: Final = "unreadable.evidence.zip"
"""Name of a bundle from which neither release nor period can be read."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """With what a pack is sealed."""

    key: SealKey
    signed_at: datetime
    """When, as the sealer's clock has it."""
    stamp: Callable[[bytes], bytes] | None = None
    """Sends a time-stamp request (RFC 3161, DER) to an authority and answers its response; None: no time stamp."""


@dataclass(frozen=True, slots=True)
class PeriodWish:
    """What belongs to packs of periods alone; part of the pack's id."""

    asked: str = ""
    """First and last day of the period as it was asked for (`reports.period.span.Days.asked`); empty: by positions."""
    baseline: bytes | None = None
    """The bundle of an earlier period, which measures are set beside."""
    sampling: Sampling | None = None
    """What an auditor asks of a sample; None: only the plan is printed."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in its forms, with what it rests on."""

    html: str
    pdf: bytes | None
    """Sealed, where a seal was given."""
    pdf_missing_reason: str | None
    """Why there is no PDF: what to install. None where there is one, or none was asked for."""
    bundle: bytes
    """As given; the same bytes are inside the PDF."""
    bundle_name: str
    pack_id: Digest
    assessments: tuple[Assessment, ...]
    """One for each policy that judges; none: nothing to assess could be read from the bundle."""
    verification: Verification
    files: tuple[PackFile, ...] = field(repr=False)
    """Everything of the pack as files, the PDF first."""
    sealed_by: Digest | None
    """Certificate id; None: not sealed."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A pack before it is printed."""

    document: Document
    judged: Judged | None


def make_pack(
    bundle: bytes,
    anchor_line: str,
    *,
    as_of: str,
    settings: PackSettings,
    wish: PeriodWish | None = None,
    seal: Sealing | None = None,
    limits: Limits = DEFAULT_LIMITS,
    forms: Collection[str] = FORMS,
    tell: Callable[[str], None] = lambda _: None,
) -> Pack:
    """The pack of the release or period that ``bundle`` is about.

    The bundle is verified here as an auditor would verify it, and the pack is printed from the records that held; if a
    check fails the first page says so. ``as_of`` is a ledger time, never before the last entry's. ``forms`` are the
    files that are made; without ``pdf`` nothing is printed. ``tell`` is called with a few words as each part begins.
    With ``seal``, ``settings.sealed_by`` names its certificate.

    Raises:
        NotFoundError: ``no-policy``; ``unknown-language``.
        ConflictError: ``as-of-too-early``.
        FormatError: ``as_of`` is no ledger time, the policy in force is not one that this version reads, or
            ``bad-baseline``: the baseline's bundle does not verify or is about no period.
        RenderError: the pages cannot be printed.
        FormatError: ``bad-seal-key``, ``cannot-seal``. UnavailableError: ``bad-time-stamp``, ``stamp-refused``.
    """
    ledger_time(as_of, "as_of")
    wished = wish or PeriodWish()
    tell("verifying the records")
    verification = verify_bundle(bundle, anchor_line)
    dossier = _dossier(verification)
    name = _name(dossier, wished.asked, settings)
    pack_id = identify(bundle, anchor_line, as_of, settings, wished)
    carried = Carried(pack_id, name, digest_bytes(bundle), len(bundle), anchor_line.strip(), as_of, settings.sealed_by)
    tell("judging every rule")
    baseline = None if wished.baseline is None else _baseline(wished.baseline, anchor_line, dossier)
    with speaking(settings.language):
        made = _made(dossier, verification, settings, carried, wished, baseline)
        html = render_html(made.document)
        carrying = Carrying(
            bundle=bundle,
            baseline=wished.baseline,
            carried=carried,
            judged=made.judged,
            settings=said_settings(settings, wished),
            generated_at=settings.generated_at,
            title=f"{made.document.kind.plain}: {made.document.subject.plain}",
        )
        pdf, missing = None, None
        if "pdf" in forms:
            tell("printing")
            pdf, missing = _print(html, made.document, carrying, verification, settings, limits)
    if pdf is not None and seal is not None:
        # Costs half a second to load, which only what is sealed should pay.
        from reports.sealing import seal_pdf  # noqa: PLC0415

        tell("sealing")
        pdf = seal_pdf(pdf, seal.key, signed_at=seal.signed_at, stamp=seal.stamp)
    return Pack(
        html=html,
        pdf=pdf,
        pdf_missing_reason=missing,
        bundle=bundle,
        bundle_name=name,
        pack_id=pack_id,
        assessments=() if made.judged is None else made.judged.assessments,
        verification=verification,
        files=files_beside(carrying, html, pdf, forms),
        sealed_by=settings.sealed_by if pdf is not None and seal is not None else None,
    )


def identify(
    bundle: bytes, anchor_line: str, as_of: str, settings: PackSettings, wish: PeriodWish | None = None
) -> Digest:
    """The pack id: the same for the same bundle, anchor, time and settings."""
    # pack id = sha256("evidence-ledger/pack/v1" || 0x00 || canonical JSON of what follows), docs/packs.md
    said: Encodable = {
        "anchor": anchor_line.strip(),
        "as_of": as_of,
        "bundle": digest_bytes(bundle),
        "settings": said_settings(settings, wish or PeriodWish()),
        "template": LAYOUT,
    }
    return digest_bytes(b"evidence-ledger/pack/v1\x00" + encode(said))


def said_settings(settings: PackSettings, wish: PeriodWish) -> dict[str, Encodable]:
    """Every setting as the pack id and the file ``pack.json`` hold it; what is not given is absent."""
    said: dict[str, Encodable] = {
        "generated_at": settings.generated_at.isoformat(),
        "language": settings.language,
        "most_changes": settings.most_changes,
        "notice": settings.notice,
        "notice_tag": settings.notice_tag,
        "organisation": settings.organisation,
        "prepared_by": settings.prepared_by,
        "prepared_from": settings.prepared_from,
        "prompt_characters": settings.prompt_characters,
        "zone": settings.zone_name,
    }
    if settings.classification:
        said["classification"] = settings.classification
    if settings.sealed_by is not None:
        said["sealed_by"] = settings.sealed_by
    if wish.asked:
        said["period"] = wish.asked
    if wish.baseline is not None:
        said["baseline"] = digest_bytes(wish.baseline)
    if wish.sampling is not None:
        said["sampling"] = {
            "number": "" if wish.sampling.number is None else wish.sampling.number,
            "size": 0 if wish.sampling.size is None else wish.sampling.size,
        }
    return said


def _dossier(verification: Verification) -> ReleaseDossier | PeriodDossier | None:
    """What the bundle is about, read from the records that held; None if they do not show it."""
    if verification.records is None or verification.index is None:
        return None
    try:
        return dossier_of(verification.index, verification.records)
    except NotFoundError:
        return None


def _name(dossier: ReleaseDossier | PeriodDossier | None, asked: str, settings: PackSettings) -> str:
    """The file name of the bundle inside the pack."""
    if dossier is None:
        return UNREADABLE
    if isinstance(dossier, ReleaseDossier):
        return bundle_name(dossier.release.product, dossier.release.version)
    return period_name(dossier, asked, settings.zone)


def _baseline(bundle: bytes, anchor_line: str, dossier: ReleaseDossier | PeriodDossier | None) -> PeriodDossier:
    """The earlier period, if its bundle verifies: a measure beside numbers that nobody can check says nothing."""
    verification = verify_bundle(bundle, anchor_line)
    index, records = verification.index, verification.records
    if not verification.intact or index is None or records is None or index.subject.period is None:
        raise FormatError(
            "bad-baseline",
            "the bundle of the baseline does not verify, or it is about no period",
            remedy="Check it: evidence verify FILE --anchor ledger.pub",
        )
    baseline = dossier_of(index, records)
    if (
        not isinstance(dossier, PeriodDossier)
        or not isinstance(baseline, PeriodDossier)
        or baseline.end > dossier.first
    ):
        raise FormatError(
            "bad-baseline",
            "a baseline is an earlier period than that of the pack, which begins where it ends or later",
            details={"baseline_ends": index.subject.period.to},
            remedy="Name an earlier one: --baseline-from and --baseline-to.",
        )
    return baseline


def _made(
    dossier: ReleaseDossier | PeriodDossier | None,
    verification: Verification,
    settings: PackSettings,
    carried: Carried,
    wish: PeriodWish,
    baseline: PeriodDossier | None,
) -> _Made:
    if dossier is None:
        refused = refused_document(verification, settings=settings, carried=carried, subject=say("Unreadable bundle"))
        return _Made(refused, None)
    judged = judge(dossier, carried.as_of)
    if isinstance(dossier, ReleaseDossier):
        policy = judged.parts[0].policy
        document = release_document(
            dossier, judged.assessments, verification, policy=policy, settings=settings, carried=carried
        )
        return _Made(document, judged)
    view = look_at(
        dossier,
        judged.parts,
        verification,
        settings=settings,
        carried=carried,
        baseline=baseline,
        sampling=wish.sampling,
        asked=wish.asked,
    )
    return _Made(period_document(view), judged)


def _print(
    html: str,
    document: Document,
    carrying: Carrying,
    verification: Verification,
    settings: PackSettings,
    limits: Limits,
) -> tuple[bytes | None, str | None]:
    root, carried = verification.checkpoint_root, carrying.carried
    try:
        pdf = render_pdf(
            html,
            identifier=bytes.fromhex(carried.pack_id[7:39]),
            created=settings.generated_at,
            title=f"{document.kind.plain}: {document.subject.plain}",
            language=document.language,
            attachments=attachments(carrying),
            properties=(
                Property("packId", carried.pack_id, "Identifier of the pack"),
                Property("bundleDigest", carried.digest, "SHA-256 of the attached bundle"),
                Property("ledgerRoot", "none" if root is None else root.hex(), "Root of the checkpoint of the records"),
                Property(
                    "recordsVerified", "yes" if verification.intact else "no", "Whether all checks held when printed"
                ),
            ),
            limits=limits,
        )
    except PangoMissingError as error:
        return None, f"{error.message}. {error.remedy}"
    return pdf, None
