"""The sentences that the sources mark for the catalogue: the method by which `script/catalogue` has them collected.

Babel's own method for Python passes over a call inside another marked call, which lines with links are full of.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

SAYING: Final = frozenset({"say", "to_say", "say_line"})
"""Functions whose first argument is a sentence."""
COUNTING: Final = frozenset({"say_count", "say_count_line"})
"""Functions whose first two arguments are the forms of a sentence for one and for more."""


def extract_sentences(
    fileobj: IO[bytes], *_asked: object, **_options: object
) -> Iterator[tuple[int, str, str | tuple[str, ...], list[str]]]:
    """Line, function and sentence of every marked call, nested ones too, in the order of the source.

    What else Babel passes (keywords, comments, options) is fixed here. A variable was marked by `to_say` where it was
    written, and is passed over.

    Raises:
        ValueError: a sentence is put together in the call, so that no translation would ever be found.
    """
    found = [node for node in ast.walk(ast.parse(fileobj.read())) if isinstance(node, ast.Call)]
    for call in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in SAYING:
            sentence = _sentence(call.args[0])
            if sentence is not None:
                yield call.lineno, name, sentence, []
        elif name in COUNTING:
            forms = tuple(filter(None, map(_sentence, call.args[:2])))
            if len(forms) == 2:
                yield call.lineno, name, forms, []


def _sentence(node: ast.expr) -> str | None:
    """The sentence that is written there; None for a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        return None
    raise ValueError(f"line {node.lineno}: a sentence is written whole, with named fields: {ast.unparse(node)[:80]}")
