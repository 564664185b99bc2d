"""`evidence policy`, as a compliance officer works with it: read, adapt, compare, try, and only then set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from tests.cli.shop import clone, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in which one change was recorded and approved."""
    root = tmp_path_factory.mktemp("shop")
    with open_shop(root) as found:
        repo = clone(root / "repo")
        repo.branch("feature")
        repo.commit({b"a.txt": b"2\n"}, "Feature")
        ci = within(found.ci, repo)
        ci.ok("record", "diff", "--base", "main", "--change", "7", "--ai", "none", "--by", "Ivy Author")
        ci.ok("record", "test", report(root), "--suite", "unit", "--change", "7")
        within(found.ray, repo).ok("approve", "7", "--yes")
        yield found


def test_a_ready_policy_reads_as_sentences(shop: Shop) -> None:
    """Every rule that is on stands with its statement; what is off is listed."""
    said = shop.ray.ok("policy", "show", "pci").out
    assert "Somebody approved the release who neither wrote nor reviewed what is in it." in " ".join(said.split())
    assert "A gate stays shut while a rule fails and while one cannot be told" in said
    words = shop.ray.ok("policy", "show", "startup", "--json").document["in_words"]
    assert "SOD-13" in words["off"]


def test_a_written_out_preset_is_the_preset(shop: Shop) -> None:
    """`show --yaml` writes a file that `check` reads, and that differs from the ready policy in nothing."""
    file = shop.ray.folder / "mine.yaml"
    file.write_text(shop.ray.ok("policy", "show", "--yaml", "regulated").out)
    assert "regulated: " in shop.ray.ok("policy", "check", str(file)).out
    assert shop.ray.ok("policy", "diff", "regulated", str(file), "--json").document["differences"] == []


def test_differences_are_told_in_words(shop: Shop) -> None:
    """What a stricter policy asks for beyond the one in force is told rule by rule, and the exit status says so."""
    said = shop.ray.evidence("policy", "diff", "in-force", "regulated", "--json")
    assert said.status == exitcodes.NEGATIVE
    found = {(item["rule"], item["what"]): item for item in said.document["differences"]}
    assert found["APP-08", "rule"]["before"] == "Off."
    assert "does not count" in found[None, "forge_attested"]["after"]


def test_a_policy_is_tried_on_what_was_recorded(shop: Shop, tmp_path: Path) -> None:
    """A rule with another parameter turns its verdicts, both sentences are shown, and nothing is set."""
    size = shop.ray.ok("status", "--json").document["size"]
    file = tmp_path / "two.yaml"
    text = shop.ray.ok("policy", "show", "--yaml", "startup").out
    file.write_text(text.replace("approvals: { default: 1, high: 2 }", "approvals: { default: 2 }"))
    for more in (("7", "--project", "shop"), ()):
        said = shop.ray.ok("policy", "try", str(file), *more, "--json").document
        if more:
            turned = {item["rule"]: item for item in said["turned"]}
            assert turned["SOD-01"]["direction"] == "stricter"
            assert turned["SOD-01"]["before"]["shuts"] is False
            assert "two were required" in turned["SOD-01"]["after"]["sentence"]
            assert turned["SOD-01"]["after"]["shuts"] is True
    assert shop.ray.ok("policy", "try", "startup", "7", "--project", "shop", "--json").document["turned"] == []
    assert shop.ray.ok("status", "--json").document["size"] == size


def test_a_trial_says_first_how_much_would_be_blocked(shop: Shop) -> None:
    """The first line counts changes, not verdicts; a summary is short; a project that is none is refused."""
    said = shop.ray.ok("policy", "try", "regulated", "7", "--project", "shop")
    assert said.out.startswith("1 of 1 change would be blocked; 0 are now (1 more, 0 fewer)\n")
    assert "change prj_" not in said.out
    short = shop.ray.ok("policy", "try", "regulated", "7", "--project", "shop", "--summary").out
    assert said.out.startswith(short.rstrip("\n"))
    assert len(short.splitlines()) < 12
    period = shop.ray.ok("policy", "try", "regulated", "--project", "shop").out
    assert period.startswith("the period's check passes now and fails then\n")
    assert "(fails the period's check)" in period
    assert "shuts the gate" not in period
    counts = shop.ray.ok("policy", "try", "regulated", "7", "--project", "shop", "--json").document["blocked"]
    assert counts[0] == {
        "kind": "change",
        "count": 1,
        "blocked_before": 0,
        "blocked_after": 1,
        "newly": 1,
        "no_longer": 0,
    }
    assert shop.ray.evidence("policy", "try", "regulated", "--project", "nosuch").status != 0


def test_a_check_takes_times_as_people_write_them(shop: Shop) -> None:
    """A time with an offset and without milliseconds will do for --as-of; what only advises is marked so."""
    for text in ("2099-01-01T00:00:00Z", "2099-01-01T02:00:00+02:00"):
        said = shop.ray.evidence("check", "7", "--project", "shop", "--as-of", text, "--json")
        assert said.document["as_of"] == "2099-01-01T00:00:00.000Z"
    assert "no time such as" in shop.ray.evidence("check", "7", "--project", "shop", "--as-of", "yesterday").err
    lines = shop.ray.evidence("check", "7", "--project", "shop").out.splitlines()
    assert any("cannot tell" in line and line.endswith("; advises only") for line in lines)


def test_what_a_policy_may_not_mean_is_told(shop: Shop, tmp_path: Path) -> None:
    """A misspelt risk class is told by check and by show, and the file is valid all the same."""
    file = tmp_path / "mine.yaml"
    text = shop.ray.ok("policy", "show", "--yaml", "sox").out
    file.write_text(text.replace("runbook: [high]", "runbook: [hihg]"))
    for verb in ("check", "show"):
        words = " ".join(shop.ray.ok("policy", verb, str(file)).out.split())
        assert "`runbook` names the risk class “hihg”" in words
        assert "Did you mean “high”?" in words
    assert "Look at this again" not in shop.ray.ok("policy", "show", "sox").out


def test_a_policy_tells_what_it_takes_and_what_no_policy_turns_on(shop: Shop) -> None:
    """What has to be there is listed; a rule that is none of this version is not called off."""
    words = " ".join(shop.ray.ok("policy", "show", "sox").out.split())
    assert "Scans (TST-07): of every change, whichever." in words
    assert "No rule of this version, so no policy turns it on (docs/rules.md says what looks at it): POP-02" in words
    assert "fails a period's check when it fails or cannot be told; shuts no gate" in words


def test_what_is_no_policy_is_refused_before_anything_is_signed(shop: Shop, tmp_path: Path) -> None:
    """A fault in a file is told with its line; a name that is nothing is told as such."""
    file = tmp_path / "bad.yaml"
    file.write_text("v: 1\nname: bad\nstrict: maybe\nrules: {}\n")
    problem = shop.house.ada.evidence("policy", "set", str(file), "--json").problem
    assert problem["details"]["line"] == 3
    assert shop.ray.evidence("policy", "show", "nothing.yaml", "--json").problem["slug"] == "no-such-policy"
    assert shop.ray.evidence("policy", "show", "sha256:" + "0" * 64, "--json").problem["slug"] == "no-such-policy"


def test_a_preset_is_set_and_named_by_its_digest_later(shop: Shop) -> None:
    """After another policy was set, the one before is found by its digest."""
    before = shop.ray.ok("policy", "show", "--json").document["policy_digest"]
    shop.house.ada.ok("policy", "set", "--preset", "sox")
    shown = shop.ray.ok("policy", "show", "--json").document
    assert shown["policy"]["name"] == "sox"
    assert shop.ray.ok("policy", "show", before, "--json").document["policy"]["name"] == "startup"
