"""The catalogue: it holds every sentence of ours, and no translation can break a pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import FormatError, NotFoundError
from reports.html import stylesheet
from reports.parts import Mark, Quiet, line, say_count_line, say_line, words
from reports.say import languages, say, say_count, speaking
from reports.wording import duration
from tests.reports import pseudo
from tests.reports.plain import said

ROOT = Path(__file__).parents[2]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
RULE = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
THREE = HEADER + f'"Plural-Forms: nplurals=3; plural=({RULE});\\n"\n'


def po(*entries: tuple[str, str], header: str = HEADER) -> bytes:
    """A catalogue of these sentences."""
    return (header + "".join(f'\nmsgid "{one}"\nmsgstr "{other}"\n' for one, other in entries)).encode()


def test_the_catalogue_is_what_the_sources_say() -> None:
    """Extracting again gives the shipped catalogue, byte for byte; `script/catalogue` writes it anew."""
    assert pseudo.collected() == pseudo.POT.read_bytes()


def test_every_shipped_language_can_be_spoken() -> None:
    """Each language that is offered has a catalogue whose every translation has its sentence's fields."""
    assert languages()[0] == "en"
    for language in languages():
        with speaking(language):
            assert say("Pass")


def test_an_unknown_language_is_refused() -> None:
    """A language without a catalogue is an error that names the known ones, whatever path it spells."""
    for language in ("xx", "../pack", "", "EN"):
        with pytest.raises(NotFoundError) as caught, speaking(language):
            pass
        assert (caught.value.slug, caught.value.details["known"]) == ("unknown-language", ", ".join(languages()))


@pytest.mark.parametrize(
    "translation", ["{zahl}", "none", "{count} {count} {more}", "{count!r}", "{count:d}", "{count.real}", "{", "{}"]
)
def test_a_translation_with_other_fields_is_refused(translation: str) -> None:
    """A field that is missing, invented or adorned is found when the catalogue is read, not halfway through a pack."""
    with pytest.raises(FormatError) as caught, speaking("de", po=po(("All {count} of them", translation))):
        pass
    assert caught.value.slug == "bad-catalogue"


@pytest.mark.parametrize("data", [b"\xff\xfe", b'msgid "a', THREE.replace(RULE, "n/").encode()])
def test_a_catalogue_that_cannot_be_read_is_refused(data: bytes) -> None:
    """What is no catalogue is a FormatError, as for every parser."""
    with pytest.raises(FormatError) as caught, speaking("de", po=data):
        pass
    assert caught.value.slug == "bad-catalogue"


def test_what_is_not_translated_is_said_in_english() -> None:
    """A sentence that the catalogue lacks, leaves empty or marks as fuzzy prints in English."""
    data = po(("Fail", ""), ("Pass", "Gehalten")) + b'\n#, fuzzy\nmsgid "Excepted"\nmsgstr "Wohl {nicht}"\n'
    with speaking("de", po=data):
        assert [mark.word for mark in (Mark.PASS, Mark.FAIL, Mark.EXCEPTED)] == ["Gehalten", "Fail", "Excepted"]
        assert say_count("{count} entry", "{count} entries", 1) == "1 entry"
        assert say_count("{count} entry", "{count} entries", 1200) == "1,200 entries"
    assert Mark.PASS.word == "Pass"


def test_a_language_has_its_own_plurals() -> None:
    """The form is chosen by the catalogue's own rule; said alone, a counted sentence has the form for one."""
    entry = '\nmsgid "{count} entry"\nmsgid_plural "{count} entries"\n'
    forms = ("{count} запись", "{count} записи", "{count} записей")
    data = THREE + entry + "".join(f'msgstr[{place}] "{form}"\n' for place, form in enumerate(forms))
    with speaking("ru", po=data.encode()):
        told = [say_count("{count} entry", "{count} entries", many) for many in (1, 2, 5, 21, 1002)]
        assert say("{count} entry", count=1) == "1 запись"
    assert told == ["1 запись", "2 записи", "5 записей", "21 запись", "1,002 записи"]
    with speaking("ru", po=data.replace("{count} запись", "одна запись").encode()):
        assert say_count("{count} entry", "{count} entries", 1) == "одна запись"


def test_marked_up_parts_stand_where_the_language_has_them() -> None:
    """A line keeps the parts of its sentence, in the order of the translation."""
    values = {"who": Quiet(words("Ann")), "what": line("a", "b")}
    assert said(say_line("{who} approved {what}.", **values)) == "Ann approved ab."
    assert say_line("{who} approved {what}.", **values)[0] == values["who"]
    with speaking("de", po=po(("{who} approved {what}.", "Was {what} angeht: {who} hat zugestimmt."))):
        assert said(say_line("{who} approved {what}.", **values)) == "Was ab angeht: Ann hat zugestimmt."
    assert said(say_count_line("{count} of {who}", "{count} of {who}", 2000, who="them")) == "2,000 of them"


def test_page_numbers_are_said_in_the_language() -> None:
    """The words around page numbers are translated, and nothing in them can leave their string."""
    with speaking("de", po=po(("Page {page} of {pages}", 'Seite {page}\\"}}</style>{pages}'))):
        css = stylesheet()
    assert r'content: "Seite " counter(page) "\22 \7d " "\3c \2f style\3e " counter(pages);' in css
    assert 'content: "Page " counter(page) " of " counter(pages);' in stylesheet()


def test_units_are_said_in_the_language() -> None:
    """Durations use the language's own units."""
    from datetime import timedelta

    with speaking("nb", po=po(("h", "t"), ("d", "døgn"))):
        assert duration(timedelta(days=1, hours=2)) == "1\N{NO-BREAK SPACE}døgn\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}t"
