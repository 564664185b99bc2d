"""The filter for captured text: whatever comes in, what is printed hides nothing and ends."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from reports.coverage import covered
from reports.text import LIMIT, MARKS, Run, breakable, capture
from tests.reports.measure_coverage import FONTS, table
from tests.reports.sample import BIDI, BOMB, HIDDEN, HOSTILE, LONG, NAMES

ANY = st.text(st.characters(), max_size=400) | st.sampled_from(HOSTILE)


def _shown(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@given(ANY)
def test_nothing_invisible_unassigned_or_uncovered_is_printed(value: str) -> None:
    """Every printed character is a visible one with a glyph, or a space."""
    for character in capture(value, lines=3).plain:
        assert covered(character)
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY)
def test_html_holds_only_our_own_elements(value: str) -> None:
    """Whatever the text, its HTML has no element or attribute but the filter's."""
    for tag in re.findall(r"<[^>]*>", capture(value, lines=5).__html__()):
        assert tag in {"<wbr>", "</span>", '<span class="code">', '<span class="cut">', "<bdi>", "</bdi>"}


@given(ANY)
def test_copied_text_is_the_printed_text(value: str) -> None:
    """Break marks add no character: the HTML's text equals the text."""
    text = capture(value, lines=3)
    assert _shown(text.__html__()).replace("\n", " ") == text.plain


@given(ANY)
def test_length_and_marks_are_bounded(value: str) -> None:
    """At most the limit of captured characters is kept, and no letter carries more than four marks."""
    plain = capture(value, limit=100).plain
    assert len(plain) <= 100 * len("\\u{10FFFF}") + 200
    run = 0
    for character in plain:
        run = run + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        assert run <= MARKS


def test_ascii_is_printed_as_it_is_beside_anything() -> None:
    """Each printable character of ASCII prints as itself, whether or not something else stands in the same text."""
    for character in map(chr, range(0x20, 0x7F)):
        assert capture(character).runs == (Run("plain", character),)
        assert capture(f"{character}é").runs == (Run("plain", f"{character}é"),)
        assert capture(f"{character}\u200b").runs[0] == Run("plain", character)
    assert capture("\x7f").runs == (Run("code", "\\u{7F}"),)
    assert capture("").runs == ()


def test_bidirectional_overrides_are_shown() -> None:
    """An approval that reads backwards is printed in its true order with the override visible."""
    assert capture(BIDI).plain == "Approve \\u{202E}tnemyap eht\\u{202C} now"


def test_hidden_characters_are_shown() -> None:
    """Zero width, soft hyphen, private, tag, control, filler and variation characters are printed as code points."""
    shown = capture(HIDDEN).plain
    for point in ("200B", "AD", "E000", "E0041", "7", "3164", "FE0F"):
        assert f"\\u{{{point}}}" in shown


def test_combining_bomb_is_counted() -> None:
    """Fifty thousand marks on one letter become four and a count, and the cut is announced."""
    assert capture("e" + "\u0301" * 50).plain == "e" + "\u0301" * 4 + "[46 more combining marks]"
    assert f"[cut after 2,000 of {len(BOMB):,} characters]" in capture(BOMB).plain


def test_cut_says_where_the_whole_is() -> None:
    """Nothing is cut without saying so, with both lengths and the place of the whole."""
    assert capture(LONG, whole="in content 3").plain.endswith(
        " [cut after 2,000 of 5,000 characters; the whole text is in content 3]"
    )
    assert capture("x" * LIMIT).plain == "x" * LIMIT


def test_lines_are_kept_only_where_asked_and_counted() -> None:
    """One-line text shows a line break; text of lines keeps them up to the limit and then says it was cut."""
    assert capture("a\nb").plain == "a\\u{A}b"
    assert [run.text for run in capture("a\r\nb\n", lines=2).runs] == ["a\nb"]
    assert capture("1\n2\n3", lines=2).plain == "1 2 [cut after 3 of 5 characters]"


def test_names_in_living_scripts_are_printed_whole() -> None:
    """No name of the sample is changed."""
    for name in NAMES:
        assert capture(name).plain == name


def test_long_words_break_within_reach() -> None:
    """In a word without seams a break is offered at least every twenty characters."""
    assert max(map(len, breakable("x" * 500).split("<wbr>"))) <= 20


def test_coverage_table_is_what_the_fonts_hold() -> None:
    """The stored table equals a new measurement of the bundled fonts."""
    assert (FONTS / "coverage.txt").read_text("ascii") == table()


def test_every_font_folder_file_is_named_in_its_readme() -> None:
    """Each font and licence has a line in the folder's README."""
    readme = (FONTS / "README.md").read_text("utf-8")
    for path in FONTS.iterdir():
        assert path.name == "README.md" or path.name in readme, path.name
