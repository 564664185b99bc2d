"""Every word of a pack that is ours, in the reader's language: one catalogue, one file a language (GNU gettext).

`say` marks a sentence and translates it; `script/catalogue` collects what is marked into ``reports/locale/pack.pot``. A
sentence is whole, with ``{name}`` where a value goes: languages order words differently, and pieces cannot be ordered.
What others wrote (names, titles, prompts, the sentences of verdicts) is never translated.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog

ENGLISH: Final = "en"
"""The language that the sentences in the code are written in; it needs no file."""

_SPOKEN: ContextVar[NullTranslations | None] = ContextVar("spoken", default=None)


class _Spoken(NullTranslations):
    """A catalogue as gettext asks it; what it lacks is said in English."""

    def __init__(self, catalogue: Catalog) -> None:
        super().__init__()
        self._catalogue = catalogue

    def gettext(self, message: str) -> str:
        found = self._catalogue.get(message)
        return str(found.string) if found is not None and found.string and not found.fuzzy else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self._catalogue.get(msgid1)
        forms = () if found is None or found.fuzzy or isinstance(found.string, str) else found.string
        place = int(self._catalogue.plural_func(n)) if hasattr(self._catalogue, "plural_func") else int(n != 1)
        if place < len(forms) and forms[place]:
            return str(forms[place])
        return msgid1 if n == 1 else msgid2


def say(message: str, /, **values: object) -> str:
    """``message`` in the language spoken, with ``{name}`` replaced by ``values``; English where nothing else is said."""
    spoken = _SPOKEN.get()
    told = message if spoken is None else spoken.gettext(message)
    return told.format(**values) if values else told


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """``one`` or ``many`` by ``count``, which is ``{count}`` in both, with a comma between thousands."""
    spoken = _SPOKEN.get()
    told = (one if count == 1 else many) if spoken is None else spoken.ngettext(one, many, count)
    return told.format(count=f"{count:,}", **values)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, `say` answers in ``language`` (BCP 47).

    Raises:
        NotFoundError: ``unknown-language``: no catalogue of that name is shipped.
    """
    token = _SPOKEN.set(None if language == ENGLISH else _Spoken(_catalogue(language)))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def languages() -> tuple[str, ...]:
    """The languages that packs can be made in: English, then those with a catalogue, sorted."""
    found = files("reports").joinpath("locale")
    names = sorted(item.name.removesuffix(".po") for item in found.iterdir() if item.name.endswith(".po"))
    return (ENGLISH, *names)


@cache
def _catalogue(language: str) -> Catalog:
    if language not in languages():
        raise NotFoundError(
            "unknown-language",
            "packs are not made in this language",
            details={"known": ", ".join(languages())},
            remedy="Name one of these, or add reports/locale/LANGUAGE.po.",
        )
    # Costs a tenth of a second, which only packs in other languages should pay.
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with files("reports").joinpath("locale", f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)
