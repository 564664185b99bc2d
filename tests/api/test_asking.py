"""What is typed into the search box is read for what it is, whatever it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.asking import (
    MOST_ASKED,
    MOST_LINES,
    Asked,
    Begun,
    Digested,
    FileLines,
    ModelName,
    Named,
    Nothing,
    PackNumber,
    Principal,
    ProjectChange,
    ServiceAt,
    Session,
    read_asked,
    same_file,
)

HEX = "0123456789abcdef" * 4
PROJECT = "prj_" + HEX[:32]
TRACES = {
    "python": (
        'Traceback (most recent call last):\n  File "/srv/app/shop/cart.py", line 42, in buy\n',
        "/srv/app/shop/cart.py",
        42,
    ),
    "node": ("TypeError: x\n    at buy (/srv/app/src/cart.js:10:15)\n", "/srv/app/src/cart.js", 10),
    "java": ("java.lang.Error\n\tat com.acme.Cart.buy(Cart.java:77)\n", "Cart.java", 77),
    "go": ("goroutine 1 [running]:\nmain.buy(...)\n\t/src/shop/cart.go:9 +0x1d\n", "/src/shop/cart.go", 9),
    "rust": ("thread 'main' panicked at src/main.rs:4:5:\nboom\n", "src/main.rs", 4),
    "windows": ("at Cart.Buy() in C:\\app\\Cart.cs:line 3\n  C:\\app\\Cart.cs:3\n", "C:/app/Cart.cs", 3),
    "grep": ("src/cart.py:12:def buy():", "src/cart.py", 12),
}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("sha256:" + HEX, Digested("sha256:" + HEX)),
        (f"  {HEX}\n", Digested("sha256:" + HEX)),
        (HEX[:40], Begun(HEX[:40])),
        ("3f0c9d1", Begun("3f0c9d1")),
        ("1234567", Begun("1234567")),
        ("203", Named("203")),
        ("#203", Named("203")),
        ("INC-12", Named("INC-12")),
        ("payments@4.2.0", Named("payments@4.2.0")),
        ("EP-" + HEX[:20], PackNumber(HEX[:20])),
        ("p_" + HEX[:32], Principal("p_" + HEX[:32])),
        (f"{PROJECT}/pull/7", ProjectChange(PROJECT, "pull/7")),
        ("session:s-1", Session("s-1")),
        ("model: m/1", ModelName("m/1")),
        ("web 2026-11-21T03:10Z", ServiceAt(("web",), datetime(2026, 11, 21, 3, 10, 59, 999999, UTC))),
        (
            "web in production at 2026-11-21T03:10:05+01:00",
            ServiceAt(("web", "production"), datetime(2026, 11, 21, 2, 10, 5, 999999, UTC)),
        ),
        ("2026-11-21 web", ServiceAt(("web",), datetime(2026, 11, 21, 23, 59, 59, 999999, UTC))),
        ("src/rates.py", FileLines((("src/rates.py", 0),))),
        ("src/rates.py:42", FileLines((("src/rates.py", 42),))),
        ("", Nothing()),
        ("<script>alert(1)</script>", Nothing()),
        ("two words", Nothing()),
        ("web 2026-02-31", Nothing()),
    ],
)
def test_each_form_is_read(text: str, asked: Asked) -> None:
    """Identifiers, places with times and files are told apart by their form alone."""
    assert read_asked(text) == asked


@pytest.mark.parametrize("language", TRACES)
def test_lines_are_found_in_stack_traces(language: str) -> None:
    """The file and line of a trace are found as its language writes them."""
    trace, path, number = TRACES[language]
    found = read_asked(trace)
    assert isinstance(found, FileLines)
    assert (path, number) in found.places


def test_a_long_trace_is_read_in_part() -> None:
    """A trace of a thousand frames gives the first dozen files, each once."""
    found = read_asked("\n".join(f"at f (src/file{number % 40}.py:{number % 40})" for number in range(1_000)))
    assert isinstance(found, FileLines)
    assert len(found.places) == len(set(found.places)) == MOST_LINES


@given(st.text(max_size=300))
def test_whatever_is_typed_has_an_answer(text: str) -> None:
    """No text is an error."""
    read_asked(text)


@pytest.mark.parametrize("piece", ["a", ".", "a.", "a.b:1", 'File "', "2026-11-21", ":", "\\", "(", "\u202e", "1"])
def test_repeated_pieces_are_read_all_the_same(piece: str) -> None:
    """What makes a pattern try again and again is read like anything else."""
    read_asked(piece * (MOST_ASKED // len(piece)))
    read_asked("\n" + piece * (MOST_ASKED // len(piece)) + "\n")


def test_a_path_fits_from_its_end() -> None:
    """A path of a manifest and one of a trace are one file if the shorter ends the longer, part by part."""
    assert same_file("/srv/app/src/cart.py", "src/cart.py")
    assert same_file("Cart.java", "src/main/Cart.java")
    assert not same_file("art.py", "src/cart.py")
    assert not same_file("other/cart.py", "src/cart.py")
