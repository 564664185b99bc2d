"""That the server printed a pack, as an event of the ledger, signed where its settings name a key for that."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import LedgerError
from ledger.keyfile import read_key_file
from ledger.keys import key_id
from ledger.packevent import Made, MadeFile, pack_body, seal_pack_event, subjects_of
from ledger.roster.authority import signer_at
from ledger.rules.ofbundle import dossier_of

if TYPE_CHECKING:
    from ledger.settings import LedgerSettings
    from ledger.store import Store
    from reports.packs import Pack


LOG: Final = logging.getLogger("evidence_ledger.api")


def tell_of(store: Store, settings: LedgerSettings, made: Pack) -> tuple[int, ...]:
    """The entries that tell of a pack that was printed here, one for each project that it is of.

    None of them where the settings name no key, or nothing was read. What is refused in some of the projects is
    logged, and recorded in the others.

    Raises:
        NotFoundError: ``no-key-file``. AuthorityError: ``key-file-open``, ``key-unknown``, ``kind-not-allowed``.
        FormatError: ``bad-key``. UnavailableError: the store takes nothing.
    """
    found = made.verification
    if settings.pack_key is None or found.index is None or found.records is None or not made.assessments:
        return ()
    key = read_key_file(Path(settings.pack_key))
    roster = store.roster
    signer = signer_at(roster, key_id(key.public), store.size())
    subjects = subjects_of(dossier_of(found.index, found.records))
    # Only the PDF is handed out here: of the other forms nobody has a copy that could be looked up.
    files = [MadeFile(item.name, item.media_type, item.data) for item in made.files if item.form == "pdf"]
    told = Made(made.pack_id, made.assessments[0].as_of, found.records.position, made.sealed_by)
    body = pack_body(files, made.bundle, subjects[0], told)
    ledger = found.records.ledger
    parcels = [seal_pack_event(ledger, body, of, signer.principal, key) for of in subjects]
    answers = store.append_many([parcel.envelope.data for parcel in parcels])
    refused = [answer for answer in answers if isinstance(answer, LedgerError)]
    if len(refused) == len(answers):
        raise refused[0]
    if refused:
        LOG.warning("a pack is not recorded in %d of its %d projects: %s", len(refused), len(answers), refused[0].slug)
    return tuple(answer.leaf.index for answer in answers if not isinstance(answer, LedgerError))
