"""Files put into a PDF (ISO 32000-2, 7.11.4), by the library that writes its objects."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any, Literal

Relationship = Literal["Source", "Data", "Alternative", "Supplement"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF."""

    name: str
    """File name, without folders."""
    content: bytes | Path
    """Its bytes, or the file that holds them, read only when they are written; they come out unchanged."""
    media_type: str
    """Such as ``application/zip``."""
    description: str
    """What a reader shows beside the name."""
    modified: datetime
    """Both dates of the file in the PDF."""
    relationship: Relationship = "Source"
    """ISO 32000-2, 7.11.3: what the file is to the pages."""

    def read(self) -> bytes:
        """Its bytes."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


def embed(pdf: Any, attachments: tuple[Attachment, ...]) -> None:  # noqa: ANN401 - the library has no types
    """Adds the files to ``pdf``, a `pydyf.PDF`, in its name tree and as files of the whole document.

    Each is packed as it is read, so that of all of them only the packed bytes lie in memory at once. The printer's own
    way keeps the bytes as they are, packs them twice, and finds media type and relationship by name and content.
    """
    import pydyf  # noqa: PLC0415 - comes with the printer, which few commands need

    names, listed = pydyf.Array(), pydyf.Array()
    # A name tree is sorted (ISO 32000-2, 7.9.6).
    for one in sorted(attachments, key=lambda one: one.name.encode()):
        content = one.read()
        at = pydyf.String(one.modified.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ"))
        file = pydyf.Stream(
            [zlib.compress(content, 9)],
            {
                "Type": "/EmbeddedFile",
                "Subtype": f"/{one.media_type.replace('/', '#2f')}",
                "Params": pydyf.Dictionary(
                    {
                        # ISO 32000-2, table 45, asks for MD5; what proves the file is in the file itself.
                        "CheckSum": f"<{md5(content, usedforsecurity=False).hexdigest()}>",
                        "Size": len(content),
                        "CreationDate": at,
                        "ModDate": at,
                    }
                ),
                # Last, and the length after it: readers without a PDF library take it so (docs/packs.md, S10).
                "Filter": "/FlateDecode",
            },
        )
        pdf.add_object(file)
        described = pydyf.Dictionary(
            {
                "Type": "/Filespec",
                "F": pydyf.String(one.name),
                "UF": pydyf.String(one.name),
                "EF": pydyf.Dictionary({"F": file.reference}),
                "Desc": pydyf.String(one.description),
                "AFRelationship": f"/{one.relationship}",
            }
        )
        pdf.add_object(described)
        names += [pydyf.String(one.name), described.reference]
        listed.append(described.reference)
    if attachments:
        tree = pydyf.Dictionary({"Names": names})
        pdf.add_object(tree)
        pdf.catalog.setdefault("Names", pydyf.Dictionary())["EmbeddedFiles"] = tree.reference
        pdf.catalog["AF"] = listed
