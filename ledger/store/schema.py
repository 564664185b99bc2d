"""The tables as queries see them. How they are made, with every constraint and guard, stands in the migrations."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table

METADATA: Final = MetaData()

stream: Final = Table(
    "stream",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String),
)
"""Streams in the order of their first entry; number 0 is the ledger's own."""

entry: Final = Table(
    "entry",
    METADATA,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf_digest", LargeBinary),
    Column("previous", LargeBinary),
    Column("stream", BigInteger),
    Column("stream_index", BigInteger),
    Column("stream_previous", LargeBinary),
    Column("roster_count", BigInteger),
    Column("kind", String),
    Column("key_id", LargeBinary),
    Column("about", String),
    Column("envelope_digest", LargeBinary),
    Column("received_at", BigInteger),
    Column("event_id", LargeBinary),
    Column("payload", LargeBinary),
    Column("signature", LargeBinary),
)
"""One row an entry: the members of its leaf, and payload and signature, of which its envelope bytes consist."""

node: Final = Table(
    "node",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary),
)
"""Inner nodes of complete subtrees."""

head: Final = Table(
    "head",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("ledger", LargeBinary),
    Column("size", BigInteger),
    Column("root", LargeBinary),
    Column("last_leaf", LargeBinary),
    Column("last_received_at", BigInteger),
    Column("roster_count", BigInteger),
    Column("checkpoint_store", LargeBinary),
)
"""One row: the log's size and root, and which checkpoint store it belongs with. Its lock orders all writers."""

content: Final = Table(
    "content",
    METADATA,
    Column("commitment", LargeBinary, primary_key=True),
    Column("size_bytes", BigInteger),
    Column("chunk_count", BigInteger),
)

content_chunk: Final = Table(
    "content_chunk",
    METADATA,
    Column("commitment", LargeBinary, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary),
)

content_salt: Final = Table(
    "content_salt",
    METADATA,
    Column("commitment", LargeBinary, primary_key=True),
    Column("salt", LargeBinary),
)

erasure: Final = Table(
    "erasure",
    METADATA,
    Column("commitment", LargeBinary, primary_key=True),
    Column("erased_at", BigInteger),
)

trace: Final = Table(
    "trace",
    METADATA,
    Column("facet", BigInteger, primary_key=True, autoincrement=False),
    Column("value", LargeBinary, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
)
"""Projection: which entries concern what (``ledger.store.projection``)."""
