"""The log: streams, entries, Merkle nodes and the head, with the guards that make them append-only.

The guards are depth, not the guarantee: whoever has the file, or is superuser, can remove them. Signatures, the
separate checkpoint store and receipts held elsewhere find that out. They stop every slip of our own and every
ordinary client, ``INSERT OR REPLACE`` among them: SQLite deletes the old row without firing a delete trigger unless
``recursive_triggers`` is on, so the insert guards refuse whatever would replace.
"""

from __future__ import annotations

from alembic import op

from ledger.store.dialect import run

revision = "0001"
down_revision = None

_TABLES = (
    """
CREATE TABLE stream (
    number <integer> NOT NULL,
    name TEXT NOT NULL,
    -- entries name their stream by a small number: 36 characters in every entry and index would cost a tenth of it
    CONSTRAINT stream_pk PRIMARY KEY (number),
    -- one number a stream, or a stream could have two entries 0
    CONSTRAINT stream_name_once UNIQUE (name),
    -- format 5.1: the ledger's own or a project id
    CONSTRAINT stream_name_shape CHECK (name = 'ledger' OR (length(name) = 36 AND substr(name, 1, 4) = 'prj_'))
) <table>
""",
    """
CREATE TABLE entry (
    idx <integer> NOT NULL,
    leaf_digest <data> NOT NULL,
    previous <data> NOT NULL,
    stream <integer> NOT NULL,
    stream_index <integer> NOT NULL,
    stream_previous <data> NOT NULL,
    roster_count <integer> NOT NULL,
    kind TEXT NOT NULL,
    key_id <data> NOT NULL,
    about TEXT NOT NULL,
    envelope_digest <data> NOT NULL,
    received_at <integer> NOT NULL,
    event_id <data> NOT NULL,
    payload <data> NOT NULL,
    signature <data> NOT NULL,
    -- the position in the log; that it has no gaps is the guard's to see
    CONSTRAINT entry_pk PRIMARY KEY (idx),
    CONSTRAINT entry_idx_from_zero CHECK (idx >= 0),
    -- format 5.1: stream indexes are unique within their stream
    CONSTRAINT entry_stream_index_once UNIQUE (stream, stream_index),
    CONSTRAINT entry_stream_index_from_zero CHECK (stream_index >= 0 AND stream_index <= idx),
    -- a retry is found by its event id, whoever took the first delivery
    CONSTRAINT entry_event_id_once UNIQUE (event_id),
    -- references between events are envelope digests: each names one entry
    CONSTRAINT entry_envelope_once UNIQUE (envelope_digest),
    CONSTRAINT entry_stream_known FOREIGN KEY (stream) REFERENCES stream (number),
    -- the ledger's own entries before this one: at least genesis, never more than all
    CONSTRAINT entry_roster_count CHECK (roster_count >= 0 AND roster_count <= idx AND (idx = 0 OR roster_count > 0)),
    -- fixed sizes: digests of 32, signatures of 64, UUIDs of 16 bytes
    CONSTRAINT entry_sizes CHECK (
        <length>(leaf_digest) = 32 AND <length>(previous) = 32 AND <length>(stream_previous) = 32
        AND <length>(key_id) = 32 AND <length>(envelope_digest) = 32
        AND <length>(event_id) = 16 AND <length>(signature) = 64
    ),
    -- format 3: an envelope of at most 65,536 bytes holds a payload of at most 49,152
    CONSTRAINT entry_payload_size CHECK (<length>(payload) <= 49152),
    -- milliseconds since 1970, before the year 10000
    CONSTRAINT entry_received_at_range CHECK (received_at >= 0 AND received_at < 253402300800000)
) <table>
""",
    """
CREATE TABLE node (
    number <integer> NOT NULL,
    digest <data> NOT NULL,
    -- inner nodes of complete subtrees, numbered in the order in which leaves complete them (ledger.store.nodes):
    -- the table only ever grows at its end, and a proof re-hashes no leaf
    CONSTRAINT node_pk PRIMARY KEY (number),
    CONSTRAINT node_number_from_zero CHECK (number >= 0),
    CONSTRAINT node_size CHECK (<length>(digest) = 32)
) <table>
""",
    """
CREATE TABLE head (
    id <integer> NOT NULL,
    ledger <data> NOT NULL,
    size <integer> NOT NULL,
    root <data> NOT NULL,
    last_leaf <data> NOT NULL,
    last_received_at <integer> NOT NULL,
    roster_count <integer> NOT NULL,
    checkpoint_store <data> NOT NULL,
    CONSTRAINT head_pk PRIMARY KEY (id),
    -- one head: the row is the lock
    CONSTRAINT head_only_one CHECK (id = 1),
    CONSTRAINT head_counts CHECK (size >= 1 AND roster_count >= 1 AND roster_count <= size),
    CONSTRAINT head_sizes CHECK (
        <length>(ledger) = 32 AND <length>(root) = 32 AND <length>(last_leaf) = 32 AND <length>(checkpoint_store) = 16
    )
) <table>
""",
)

_SQLITE_GUARDS = (
    """
CREATE TRIGGER entry_append BEFORE INSERT ON entry BEGIN
    -- no gap and, for INSERT OR REPLACE, nothing already there
    SELECT RAISE(ABORT, 'entry: not the next index')
        WHERE NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry);
    -- format 5.1: the chain links, and received_at never falls
    SELECT RAISE(ABORT, 'entry: does not follow the last entry')
        WHERE NEW.idx > 0 AND NOT EXISTS (
            SELECT 1 FROM entry
            WHERE idx = NEW.idx - 1 AND leaf_digest = NEW.previous AND received_at <= NEW.received_at
        );
    -- REPLACE through another unique column would delete the row it meets
    SELECT RAISE(ABORT, 'entry: would replace an entry')
        WHERE EXISTS (SELECT 1 FROM entry WHERE event_id = NEW.event_id)
        OR EXISTS (SELECT 1 FROM entry WHERE envelope_digest = NEW.envelope_digest)
        OR EXISTS (SELECT 1 FROM entry WHERE stream = NEW.stream AND stream_index = NEW.stream_index);
END
""",
    """
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN
    -- records are the truth
    SELECT RAISE(ABORT, 'entry: append-only');
END
""",
    """
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN
    -- records are the truth
    SELECT RAISE(ABORT, 'entry: append-only');
END
""",
    """
CREATE TRIGGER node_append BEFORE INSERT ON node BEGIN
    -- no gap and nothing replaced
    SELECT RAISE(ABORT, 'node: not the next number')
        WHERE NEW.number IS NOT (SELECT coalesce(max(number) + 1, 0) FROM node);
END
""",
    """
CREATE TRIGGER node_no_update BEFORE UPDATE ON node BEGIN
    -- a complete subtree never changes
    SELECT RAISE(ABORT, 'node: append-only');
END
""",
    """
CREATE TRIGGER node_no_delete BEFORE DELETE ON node BEGIN
    -- a complete subtree never changes
    SELECT RAISE(ABORT, 'node: append-only');
END
""",
    """
CREATE TRIGGER stream_append BEFORE INSERT ON stream BEGIN
    -- numbered without gaps; nothing replaced
    SELECT RAISE(ABORT, 'stream: not the next number')
        WHERE NEW.number IS NOT (SELECT coalesce(max(number) + 1, 0) FROM stream)
        OR EXISTS (SELECT 1 FROM stream WHERE name = NEW.name);
END
""",
    """
CREATE TRIGGER stream_no_update BEFORE UPDATE ON stream BEGIN
    -- its name is in the leaves
    SELECT RAISE(ABORT, 'stream: append-only');
END
""",
    """
CREATE TRIGGER stream_no_delete BEFORE DELETE ON stream BEGIN
    -- its name is in the leaves
    SELECT RAISE(ABORT, 'stream: append-only');
END
""",
    """
CREATE TRIGGER head_insert BEFORE INSERT ON head BEGIN
    -- founded once; REPLACE would bring another ledger id
    SELECT RAISE(ABORT, 'head: founded once') WHERE EXISTS (SELECT 1 FROM head);
END
""",
    """
CREATE TRIGGER head_advance BEFORE UPDATE ON head BEGIN
    -- it moves forward with the entries; only a new epoch binds another checkpoint store
    SELECT RAISE(ABORT, 'head: does not advance')
        WHERE NEW.id IS NOT OLD.id OR NEW.ledger IS NOT OLD.ledger OR NEW.size <= OLD.size
        OR NEW.roster_count < OLD.roster_count
        OR NOT EXISTS (
            SELECT 1 FROM entry
            WHERE idx = NEW.size - 1 AND leaf_digest = NEW.last_leaf AND received_at = NEW.last_received_at
        )
        OR EXISTS (SELECT 1 FROM entry WHERE idx >= NEW.size);
END
""",
    """
CREATE TRIGGER head_no_delete BEFORE DELETE ON head BEGIN
    -- a ledger without a head would look empty
    SELECT RAISE(ABORT, 'head: cannot be deleted');
END
""",
)

# Statement triggers see a whole COPY at once and fire even for statements that meet no row. The planner must look
# previous rows up by key: with statistics from an empty table it would scan.
_POSTGRESQL_GUARDS = (
    """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE FUNCTION ledger_append_entry() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    low BIGINT;
    high BIGINT;
    added BIGINT;
BEGIN
    SELECT min(idx), max(idx), count(*) INTO low, high, added FROM fresh;
    IF added = 0 THEN
        RETURN NULL;
    END IF;
    -- no gap: they are consecutive, follow what is there, and end it
    IF high - low + 1 <> added OR EXISTS (SELECT 1 FROM entry WHERE idx > high)
        OR (low > 0 AND NOT EXISTS (SELECT 1 FROM entry WHERE idx = low - 1)) THEN
        RAISE EXCEPTION 'entry: not the next index' USING ERRCODE = 'restrict_violation';
    END IF;
    -- format 5.1: the chain links, and received_at never falls
    IF EXISTS (
        SELECT 1 FROM fresh JOIN entry ON entry.idx = fresh.idx - 1
        WHERE entry.leaf_digest <> fresh.previous OR entry.received_at > fresh.received_at
    ) THEN
        RAISE EXCEPTION 'entry: does not follow the last entry' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION ledger_append_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    low BIGINT;
    high BIGINT;
    added BIGINT;
    last BIGINT;
    before BOOLEAN;
BEGIN
    SELECT min(number), max(number), count(*) INTO low, high, added FROM fresh;
    IF added = 0 THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT max(number) FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO last;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I WHERE number = $1)', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO before USING low - 1;
    -- no gap: they are consecutive, follow what is there, and end it
    IF high - low + 1 <> added OR last <> high OR (low > 0 AND NOT before) THEN
        RAISE EXCEPTION '%: not the next number', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION ledger_advance_head() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- it moves forward with the entries; only a new epoch binds another checkpoint store
    IF NEW.id <> OLD.id OR NEW.ledger <> OLD.ledger OR NEW.size <= OLD.size OR NEW.roster_count < OLD.roster_count
        OR NOT EXISTS (
            SELECT 1 FROM entry
            WHERE idx = NEW.size - 1 AND leaf_digest = NEW.last_leaf AND received_at = NEW.last_received_at
        )
        OR EXISTS (SELECT 1 FROM entry WHERE idx >= NEW.size) THEN
        RAISE EXCEPTION 'head: does not advance' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE TRIGGER entry_append AFTER INSERT ON entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_entry()
""",
    """
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER node_append AFTER INSERT ON node REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_number()
""",
    """
CREATE TRIGGER node_no_update BEFORE UPDATE ON node FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER node_no_delete BEFORE DELETE ON node FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER node_no_truncate BEFORE TRUNCATE ON node FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER stream_append AFTER INSERT ON stream REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_number()
""",
    """
CREATE TRIGGER stream_no_update BEFORE UPDATE ON stream FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER stream_no_delete BEFORE DELETE ON stream FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER stream_no_truncate BEFORE TRUNCATE ON stream FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER head_advance BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION ledger_advance_head()
""",
    """
CREATE TRIGGER head_no_delete BEFORE DELETE ON head FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
    """
CREATE TRIGGER head_no_truncate BEFORE TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
""",
)

# session_replication_role = replica skips ordinary triggers, not these.
_ALWAYS = tuple(
    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}"
    for table, names in {
        "entry": ("append", "no_update", "no_delete", "no_truncate"),
        "node": ("append", "no_update", "no_delete", "no_truncate"),
        "stream": ("append", "no_update", "no_delete", "no_truncate"),
        "head": ("advance", "no_delete", "no_truncate"),
    }.items()
    for name in names
)


def upgrade() -> None:
    """Makes the four tables and their guards."""
    connection = op.get_bind()
    guards = _SQLITE_GUARDS if connection.dialect.name == "sqlite" else (*_POSTGRESQL_GUARDS, *_ALWAYS)
    for statement in (*_TABLES, *guards):
        run(connection, statement)
