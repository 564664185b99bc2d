"""Patterns over paths: what they match, what they refuse, and that no path takes them long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.globs import Selected, matches, parse_glob, select

MATCHES = [
    ("README.md", "README.md"),
    ("*.md", "README.md"),
    ("*", ".gitignore"),
    ("**", "a/b/c"),
    ("**", "a"),
    ("**/*.tf", "main.tf"),
    ("**/*.tf", "infra/live/main.tf"),
    ("docs/", "docs/a/b.md"),
    ("docs/**", "docs/a"),
    ("a/**/z", "a/z"),
    ("a/**/z", "a/b/c/z"),
    ("a/**/b/**/z", "a/b/b/x/y/z"),
    ("**/test/**", "x/test/y/z"),
    ("**/test/**", "test/y"),
    ("src/?.c", "src/é.c"),
    ("src/[a-c_].c", "src/_.c"),
    ("src/[!a-c].c", "src/d.c"),
    ("src/[\\]\\-\\\\].c", "src/].c"),
    ("src/[\\]\\-\\\\].c", "src/-.c"),
    ("\\!odd\\*\\[\\{name", "!odd*[{name"),
    ("*a*a*b", "aaab"),
    (".github/workflows/*.y*ml", ".github/workflows/ci.yaml"),
    ("\\*\\*x", "**x"),
    ("\\\\*x", "\\yx"),
    ("[**]", "*"),
    ("é/", "é/x"),
    ("a b/c", "a b/c"),
]

DIFFERS = [
    ("README.md", "docs/README.md"),
    ("README.md", "readme.md"),
    ("*.md", "docs/README.md"),
    ("docs/", "docs"),
    ("docs/**", "docs"),
    ("docs/", "docs2/x"),
    ("docs/", "a/docs/x"),
    ("a/**/z", "a/bz"),
    ("a/**/z", "az"),
    ("a/**/z", "xa/z"),
    ("**/a", "ba"),
    ("a/*", "a/b/c"),
    ("a?c", "a/c"),
    ("a[!b]c", "a/c"),
    ("a[.-0]c", "a/c"),
    ("src/[a-c].c", "src/d.c"),
    ("*a*a*b", "ab"),
    ("**/test/**", "test"),
    ("é", "e\u0301"),
]

REFUSED = [
    *("", "a" * 257, "/a", "!a", "a//b", "a/./b", "../a", "a**", "**a", "***", "a/**/**/b", "**/", "//", "/"),
    *("[", "[]", "[!]", "[^a]", "[a", "[a/b]", "[b-a]", "[a-", "[a-]", "[-a]", "[[a]]", "a]", "{a,b}", "a}", "a\\"),
    *("a\\/b", "\\\\**", "a\tb", "a\nb", "\x7f", "\ud800"),
]


@pytest.mark.parametrize(("pattern", "path"), MATCHES)
def test_matches(pattern: str, path: str) -> None:
    """Each pattern matches this path."""
    assert matches(parse_glob(pattern), path.encode())


@pytest.mark.parametrize(("pattern", "path"), DIFFERS)
def test_differs(pattern: str, path: str) -> None:
    """Each pattern does not match this path."""
    assert not matches(parse_glob(pattern), path.encode())


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    """What other dialects read otherwise, and what can match nothing, is refused at its place."""
    with pytest.raises(FormatError) as caught:
        parse_glob(text, "/risks/0")
    assert (caught.value.slug, caught.value.where) == ("bad-glob", "/risks/0")


def test_unreadable_paths_are_told() -> None:
    """A path that is not UTF-8 matches nothing, not even everything, and is named apart."""
    everything = parse_glob("**")
    assert not matches(everything, b"a/\xff")
    found = select((parse_glob("*.c"), parse_glob("lib/")), (b"a.c", b"b.h", b"\xff.c", b"lib/b.h"))
    assert found == Selected(matched=(b"a.c", b"lib/b.h"), unreadable=(b"\xff.c",))


def test_no_pattern_selects_nothing() -> None:
    """Without patterns no path is matched."""
    assert select((), (b"a",)) == Selected((), ())


_atoms = st.one_of(
    *(st.just(text) for text in ("*", "?", "[ab]", "[!a]", "[a-c]", "\\*")), st.sampled_from(["a", "b", ".", "é"])
)
_segment = st.lists(_atoms, min_size=1, max_size=5).map("".join).map(lambda text: re.sub(r"(?<!\\)\*{2,}", "*", text))
_globs = st.lists(st.one_of(st.just("**"), _segment), min_size=1, max_size=5).map("/".join)
_paths = st.lists(st.text("abc.é*", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


def as_expression(text: str) -> str:
    """A regular expression that says the same, in a slower way."""
    said = ""
    segments = text.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "**":
            said += ".+" if last else "(?:[^/]+/)*"
            continue
        for atom in re.findall(r"\\.|\[[^\]]*\]|.", segment):
            match atom:
                case "*":
                    said += "[^/]*"
                case "?":
                    said += "[^/]"
                case _ if atom[0] == "[":
                    said += "(?!/)" + atom.replace("[!", "[^")
                case _:
                    said += re.escape(atom[-1])
        said += "" if last else "/"
    return said


@given(_globs, _paths)
def test_agrees_with_regular_expressions(text: str, path: str) -> None:
    """Whatever the pattern, the automaton matches what the expression of the same meaning matches."""
    try:
        glob = parse_glob(text)
    except FormatError:
        return
    assert matches(glob, path.encode()) == (re.fullmatch(as_expression(text), path, re.DOTALL) is not None)


@given(st.text(max_size=30), st.binary(max_size=30))
def test_any_text_gives_a_pattern_or_a_format_error(text: str, path: bytes) -> None:
    """Parsing raises nothing but FormatError, and matching nothing at all."""
    try:
        glob = parse_glob(text)
    except FormatError:
        return
    assert glob.text == text
    matches(glob, path)


@pytest.mark.parametrize("text", ["*a" * 100 + "*b", "**/a/" * 40 + "b", "?*" * 100 + "[b]"])
def test_hostile_patterns_end(text: str) -> None:
    """Patterns at which backtracking would never end are matched in one pass over a path of 100,000 characters."""
    assert not matches(parse_glob(text), b"a/" * 1000 + b"a" * 100_000)
