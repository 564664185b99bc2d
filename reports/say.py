"""Every word of a pack that is ours, in the reader's language: one catalogue, one file a language (GNU gettext).

`say` marks a sentence and translates it; `script/catalogue` collects what is marked into ``reports/locale/pack.pot``. A
sentence is whole, with ``{name}`` where a value goes: languages order words differently, and pieces cannot be ordered.
What others wrote (names, titles, prompts, the sentences of verdicts) is never translated. A constant is evaluated
before the language is known, so its words are marked with `to_say` and said where they are printed. Sentences with
marked-up parts: `reports.parts.say_line`.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from gettext import NullTranslations

    from babel.messages.catalog import Catalog

ENGLISH: Final = "en"
"""The language that the sentences in the code are written in; it needs no file."""

_SPOKEN: ContextVar[NullTranslations | None] = ContextVar("spoken", default=None)


def say(message: str, /, **values: object) -> str:
    """``message`` in the language spoken, with ``{name}`` replaced by ``values``; in English if it is not there."""
    told = template(message)
    return told.format(**values) if values else told


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """``one`` or ``many`` by ``count``, which is ``{count}`` in both, with a comma between thousands."""
    return template_for(one, many, count).format(count=f"{count:,}", **values)


def to_say(message: str, /) -> str:
    """``message`` as it is: marked for the catalogue here, said by ``say`` once the language is known."""
    return message


def template(message: str) -> str:
    """``message`` in the language spoken, its fields still open."""
    spoken = _SPOKEN.get()
    if spoken is None:
        return message
    found = spoken.gettext(message)
    # What is counted elsewhere has only forms in the catalogue, which older versions of Python do not look among.
    return spoken.ngettext(message, message, 1) if found == message else found


def template_for(one: str, many: str, count: int) -> str:
    """The form of ``one`` and ``many`` that goes with ``count`` in the language spoken, its fields still open."""
    spoken = _SPOKEN.get()
    return (one if count == 1 else many) if spoken is None else spoken.ngettext(one, many, count)


@contextmanager
def speaking(language: str, *, po: bytes | None = None) -> Iterator[None]:
    """Within it, `say` answers in ``language`` (BCP 47), from the catalogue shipped, or from ``po`` if it is given.

    Raises:
        NotFoundError: ``unknown-language``: no catalogue of that name is shipped.
        FormatError: ``bad-catalogue``: it cannot be read, or a translation has other fields than its sentence.
    """
    spoken = read_catalogue(po, language) if po is not None else None if language == ENGLISH else _shipped(language)
    token = _SPOKEN.set(spoken)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def languages() -> tuple[str, ...]:
    """The languages that packs can be made in: English, then those with a catalogue, sorted."""
    found = files("reports").joinpath("locale")
    names = sorted(item.name.removesuffix(".po") for item in found.iterdir() if item.name.endswith(".po"))
    return (ENGLISH, *names)


def read_catalogue(po: bytes, language: str) -> NullTranslations:
    """The translations of a ``.po`` file; what it lacks, or marks as fuzzy, is said in English.

    Raises:
        FormatError: ``bad-catalogue``: no such file, or a translation with other fields than its sentence, which would
            end the making of a pack halfway.
    """
    # Costs a tenth of a second, which only packs in other languages should pay.
    from babel.core import UnknownLocaleError  # noqa: PLC0415
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415

    compiled = BytesIO()
    try:
        catalogue = read_po(BytesIO(po), locale=language.replace("-", "_"), abort_invalid=True)
        _check_fields(catalogue)
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return GNUTranslations(compiled)
    except (PoFileError, UnknownLocaleError, ValueError, LookupError) as error:
        raise _bad("the catalogue cannot be read", language) from error


@cache
def _shipped(language: str) -> NullTranslations:
    if language not in languages():
        raise NotFoundError(
            "unknown-language",
            "packs are not made in this language",
            details={"known": ", ".join(languages())},
            remedy="Name one of these, or add reports/locale/LANGUAGE.po.",
        )
    return read_catalogue(files("reports").joinpath("locale", f"{language}.po").read_bytes(), language)


def _check_fields(catalogue: Catalog) -> None:
    """Refuses a translation whose fields are not its sentence's; a form of a plural may leave ``{count}`` out."""
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        wanted = frozenset().union(*(_fields(form) for form in forms))
        for said in (message.string,) if isinstance(message.string, str) else message.string or ():
            found = _fields(said)
            if said and found != wanted and not (len(forms) > 1 and found == wanted - {"count"}):
                place = f"line {message.lineno}"
                raise _bad("a translation has other fields than its sentence", str(catalogue.locale), place)


def _fields(message: str) -> frozenset[str]:
    """The names in braces, with whatever stands beside the name: ``{count:d}`` is no field of ours."""
    try:
        parts = tuple(Formatter().parse(message))
    except ValueError:
        return frozenset({"unreadable"})
    return frozenset(
        f"{name}{'!' if conversion else ''}{':' if form else ''}"
        for _, name, form, conversion in parts
        if name is not None
    )


def _bad(message: str, language: str, where: str = "") -> FormatError:
    return FormatError("bad-catalogue", message, where=where, details={"language": language})
