"""That the server printed a pack, as an event of the ledger, signed where its settings name a key for that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.keyfile import read_key_file
from ledger.keys import key_id
from ledger.packevent import Made, MadeFile, pack_body, seal_pack_event, subject_of
from ledger.roster.authority import signer_at
from ledger.rules.ofbundle import dossier_of

if TYPE_CHECKING:
    from ledger.settings import LedgerSettings
    from ledger.store import Store
    from reports.packs import Pack


def tell_of(store: Store, settings: LedgerSettings, made: Pack) -> int | None:
    """The entry that tells of a pack that was printed here; None where the settings name no key, or nothing was read.

    Raises:
        NotFoundError: ``no-key-file``. AuthorityError: ``key-file-open``, ``key-unknown``, ``kind-not-allowed``.
        FormatError: ``bad-key``. UnavailableError: the store takes nothing.
    """
    found, assessment = made.verification, made.assessment
    if settings.pack_key is None or found.index is None or found.records is None or assessment is None:
        return None
    key = read_key_file(Path(settings.pack_key))
    roster = store.roster
    signer = signer_at(roster, key_id(key.public), store.size())
    of = subject_of(dossier_of(found.index, found.records))
    # Only the PDF is handed out here: of the other forms nobody has a copy that could be looked up.
    files = [MadeFile(item.name, item.media_type, item.data) for item in made.files if item.form == "pdf"]
    body = pack_body(
        files, made.bundle, of, Made(made.pack_id, assessment.as_of, found.records.position, made.sealed_by)
    )
    parcel = seal_pack_event(found.records.ledger, body, of, signer.principal, key)
    return store.append(parcel.envelope.data).leaf.index
