"""Documents with one value replaced by another, for readers that must raise nothing but FormatError."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_ANYTHING = st.one_of(
    *(st.none(), st.booleans(), st.integers(-2, 2**53), st.text(max_size=5), st.just([]), st.just({}), st.just([{}]))
)


@st.composite
def damaged(draw: st.DrawFn, *documents: object) -> Any:  # noqa: ANN401  # a test sends it to its reader
    """One of the documents with any one of its values, at any depth, replaced."""
    copy = json.loads(json.dumps(draw(st.sampled_from(documents))))
    spots = []
    waiting = [copy]
    while waiting:
        inside = waiting.pop()
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        spots += [(inside, key) for key in keys]
        waiting += [inside[key] for key in keys if isinstance(inside[key], dict | list)]
    inside, key = draw(st.sampled_from(spots))
    inside[key] = draw(_ANYTHING)
    return copy
