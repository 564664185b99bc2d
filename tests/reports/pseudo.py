"""A language that nobody speaks: every letter of every sentence carries a mark, so that what was not said is seen."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
POT = ROOT / "reports" / "locale" / "pack.pot"
"""The catalogue as it is shipped."""
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MARKED = "ǟḃċḋẽḟǧḣĩǰǩḻṁṅȯṗɋṙṡṫũṽẇẋẏżǞḂĊḊẼḞǦḢĨĴǨḺṀṄȮṖꝖṘṠṪŨṼẆẊẎŻ"
"""The same letters, each with a mark that no name in the stories carries."""
_TABLE = str.maketrans(PLAIN, MARKED)


def marked(message: str) -> str:
    """``message`` with marked letters; its fields are left alone."""
    return "".join(
        literal.translate(_TABLE) + ("" if name is None else f"{{{name}}}")
        for literal, name, _, _ in Formatter().parse(message)
    )


@cache
def collected() -> bytes:
    """The catalogue as the sources have it now."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "pack.pot")
        subprocess.run((ROOT / "script" / "catalogue", made), check=True, capture_output=True)
        return made.read_bytes()


@cache
def catalogue() -> bytes:
    """The catalogue of that language: every sentence that the sources mark, as a ``.po`` file."""
    template = read_po(BytesIO(collected()))
    made = Catalog(locale="nl", fuzzy=False)
    for message in template:
        if message.id:
            said = marked(message.id) if isinstance(message.id, str) else tuple(marked(form) for form in message.id)
            made.add(message.id, said)
    written = BytesIO()
    write_po(written, made)
    return written.getvalue()
