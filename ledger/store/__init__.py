"""The database and nothing else: entries, contents, checkpoints, projections."""

from ledger.receipt import Receipt
from ledger.store.checkpoints import StoredCheckpoint
from ledger.store.contents import StoredContent
from ledger.store.database import migrate
from ledger.store.entries import Page, Query
from ledger.store.faults import Fault
from ledger.store.founding import Founded, create
from ledger.store.issuing import CheckpointSigner
from ledger.store.recovery import begin_epoch
from ledger.store.rows import Entry
from ledger.store.selection import Cut
from ledger.store.store import Store

__all__ = [
    "CheckpointSigner",
    "Cut",
    "Entry",
    "Fault",
    "Founded",
    "Page",
    "Query",
    "Receipt",
    "Store",
    "StoredCheckpoint",
    "StoredContent",
    "begin_epoch",
    "create",
    "migrate",
]
