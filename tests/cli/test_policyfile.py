"""Policies in YAML: read as written, refused with the line where they could be read in two ways."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.policyfile import parse_yaml_policy, read_policy_file
from ledger.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

SMALL = "v: 1\nname: small\nstrict: true\nrules:\n  SOD-01:\n    on: true\n    severity: high\n"


def refused(text: str) -> FormatError:
    """The error of a text that is no policy."""
    with pytest.raises(FormatError) as caught:
        parse_yaml_policy(text, "p.yaml")
    return caught.value


def test_on_is_a_word() -> None:
    """`on` names a member, and quoted words stay texts, whatever readers of YAML 1.1 do."""
    read = parse_yaml_policy(SMALL.replace("on: true", '"on": true').replace("small", '"no"'))
    assert json.loads(read.data)["name"] == "no"
    assert [setting.rule.id for setting in read.rules.rules] == ["SOD-01"]


@pytest.mark.parametrize(
    ("text", "slug", "line"),
    [
        (SMALL + "name: again\n", "bad-yaml", 8),
        (SMALL + "owners: &a []\n", "bad-yaml", 8),
        (SMALL + "owners: *a\n", "bad-yaml", 8),
        (SMALL + "owners: !!python/object:x []\n", "bad-yaml", 8),
        (SMALL + "tip_counts: yes\n", "bad-yaml", 8),
        (SMALL + "tip_counts: True\n", "bad-yaml", 8),
        (SMALL + "approvals: {default: 1.5}\n", "bad-yaml", 8),
        (SMALL + "approvals: {default: 010}\n", "bad-yaml", 8),
        (SMALL + "approvals: {default: 0x1}\n", "bad-yaml", 8),
        (SMALL + "\towners: []\n", "bad-yaml", 8),
        (SMALL + "owners: [\n", "bad-yaml", 9),
        (SMALL + "approvals: {default: 0}\n", "bad-count", 8),
        (SMALL + "ownerz: []\n", "bad-policy", 8),
        (SMALL.replace("severity: high", "severity: fatal"), "bad-word", 7),
        (SMALL.replace("    severity: high\n", ""), "bad-word", 5),
        (SMALL.replace("SOD-01", "SOD-99"), "unknown-rule", 5),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, slug: str, line: int) -> None:
    """Whatever is wrong, the line to correct is in the details."""
    error = refused(text)
    assert (error.slug, error.details["line"]) == (slug, line)
    assert error.details["path"] == "p.yaml"


@pytest.mark.parametrize("text", ["", "---\n" + SMALL + "---\n" + SMALL, "[" * 40 + "]" * 40, "- a\n"])
def test_what_is_no_policy(text: str) -> None:
    """Nothing, two documents, endless nesting and a list are no policy."""
    assert refused(text).slug in {"bad-yaml", "bad-policy"}


def test_forms_agree(tmp_path: Path) -> None:
    """The same policy in YAML, JSON and TOML has one digest."""
    policy = json.loads(parse_yaml_policy(SMALL).data)
    (tmp_path / "p.yaml").write_text(SMALL)
    (tmp_path / "p.json").write_text(json.dumps(policy, indent=4))
    (tmp_path / "p.toml").write_text(
        'v = 1\nname = "small"\nstrict = true\n[rules.SOD-01]\non = true\nseverity = "high"\n'
    )
    assert len({read_policy_file(tmp_path / name).rules.digest for name in ("p.yaml", "p.json", "p.toml")}) == 1


def test_json_is_read_as_yaml_too() -> None:
    """What `policy show --yaml` writes for a policy without comments is read again as the same."""
    data = parse_yaml_policy(SMALL).data
    assert parse_yaml_policy(json.dumps(json.loads(data), indent=2)).data == data


@given(st.text(max_size=60) | st.lists(st.sampled_from(list("{}[]:-&*!'\"|> \n#a1")), max_size=40).map("".join))
def test_reading_raises_format_errors_only(text: str) -> None:
    """Whatever the text, a policy is read or refused."""
    with suppress(FormatError):
        parse_yaml_policy(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: ACME SOX\n", "small letters, digits"),
        ("rules:\n  EXC-04: { on: true, severity: low, limit_percent: 105 }\n", "a share from 0 to 100"),
    ],
)
def test_a_refusal_says_what_is_allowed(text: str, words: str) -> None:
    """Whoever writes a policy is told what would be taken, not which paragraph of the format was broken."""
    base = "v: 1\nstrict: false\n"
    base += "" if "name" in text else "name: mine\n"
    base += "" if "rules" in text else "rules:\n  SOD-01: { on: true, severity: high }\n"
    with pytest.raises(FormatError, match=words):
        parse_yaml_policy(base + text)


def test_a_file_of_another_name_says_how_it_was_read(tmp_path: Path) -> None:
    """YAML in a file whose name does not say so is refused with the names that would."""
    file = tmp_path / "policy.txt"
    file.write_text("v: 1\n")
    with pytest.raises(FormatError, match="read as JSON"):
        read_policy_file(file)
