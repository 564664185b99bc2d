"""The pack of a bundle: verified, assessed, printed, with the bundle inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import Encodable, encode
from ledger.digests import Digest, digest_bytes
from ledger.dossier.build import build_release
from ledger.entry import ledger_time
from ledger.errors import NotFoundError
from ledger.rules.assess import assess_release
from ledger.rules.policy import policy_in_force
from ledger.verify.run import verify_bundle
from reports.html import render_html
from reports.pdf import Attachment, PangoMissingError, Property
from reports.release.document import refused_document, release_document
from reports.release.view import Carried, bundle_name
from reports.render import DEFAULT_LIMITS, render_pdf
from reports.say import say, speaking

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier
    from ledger.rules.verdict import Assessment
    from ledger.verify.findings import Verification
    from reports.parts import Document
    from reports.release.view import PackSettings
    from reports.render import Limits

TEMPLATE: Final = 1
"""Version of the pack's own layout and wording; part of its id."""
UNREADABLE: Final = "unreadable.evidence.zip"
"""Name of a bundle from which no release can be read."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in its forms, with what it rests on."""

    html: str
    pdf: bytes | None
    pdf_missing_reason: str | None
    """Why there is no PDF: what to install. None where there is one."""
    bundle: bytes
    """As given; the same bytes are inside the PDF."""
    bundle_name: str
    pack_id: Digest
    assessment: Assessment | None
    """None: no release could be read from the bundle."""
    verification: Verification


def make_pack(
    bundle: bytes, anchor_line: str, *, as_of: str, settings: PackSettings, limits: Limits = DEFAULT_LIMITS
) -> Pack:
    """The pack of the release that ``bundle`` is about.

    The bundle is verified here as an auditor would verify it, and the pack is printed from the records that held; if a
    check fails the first page says so. ``as_of`` is a ledger time, never before the last entry's.

    Raises:
        NotFoundError: ``no-release-subject`` (the bundle is about a period), ``no-policy``, ``unknown-language``.
        ConflictError: ``as-of-too-early``.
        FormatError: ``as_of`` is no ledger time, or the policy in force is not one that this version reads.
        RenderError: the pages cannot be printed.
    """
    ledger_time(as_of, "as_of")
    verification = verify_bundle(bundle, anchor_line)
    if verification.index is not None and verification.index.subject.release is None:
        raise NotFoundError("no-release-subject", "the bundle is about a period, not about a release")
    dossier = _dossier(verification)
    name = UNREADABLE if dossier is None else bundle_name(dossier.release.product, dossier.release.version)
    pack_id = identify(bundle, anchor_line, as_of, settings)
    carried = Carried(pack_id, name, digest_bytes(bundle), len(bundle), anchor_line.strip(), as_of)
    assessment: Assessment | None = None
    document: Document
    with speaking(settings.language):
        if dossier is None:
            document = refused_document(
                verification, settings=settings, carried=carried, subject=say("Unreadable bundle")
            )
        else:
            project = dossier.record.event.context.project or dossier.sources[0].source.project
            policy = policy_in_force(dossier.records, project)
            assessment = assess_release(dossier, policy, as_of)
            document = release_document(
                dossier, (assessment,), verification, policy=policy, settings=settings, carried=carried
            )
        html = render_html(document)
        pdf, missing = _print(html, document, bundle, verification, settings, carried, limits)
    return Pack(html, pdf, missing, bundle, name, pack_id, assessment, verification)


def identify(bundle: bytes, anchor_line: str, as_of: str, settings: PackSettings) -> Digest:
    """The pack id: the same for the same bundle, anchor, time and settings."""
    # pack id = sha256("evidence-ledger/pack/v1" || 0x00 || canonical JSON of what follows), docs/packs.md
    said: Encodable = {
        "anchor": anchor_line.strip(),
        "as_of": as_of,
        "bundle": digest_bytes(bundle),
        "settings": {
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
        },
        "template": TEMPLATE,
    }
    return digest_bytes(b"evidence-ledger/pack/v1\x00" + encode(said))


def _dossier(verification: Verification) -> ReleaseDossier | None:
    """The release, read from the records that held; None if they do not show it."""
    if verification.records is None or verification.index is None or verification.index.subject.release is None:
        return None
    try:
        return build_release(verification.records, verification.index.subject.release)
    except NotFoundError:
        return None


def _print(
    html: str,
    document: Document,
    bundle: bytes,
    verification: Verification,
    settings: PackSettings,
    carried: Carried,
    limits: Limits,
) -> tuple[bytes | None, str | None]:
    root = verification.checkpoint_root
    try:
        pdf = render_pdf(
            html,
            identifier=bytes.fromhex(carried.pack_id[7:39]),
            created=settings.generated_at,
            title=f"{document.kind.plain}: {document.subject.plain}",
            language=document.language,
            attachments=(
                Attachment(
                    carried.name,
                    bundle,
                    "application/zip",
                    say("The records this pack is printed from; they verify on their own"),
                    settings.generated_at,
                    "Source",
                ),
            ),
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
