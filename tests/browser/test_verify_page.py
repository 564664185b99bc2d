"""``verify.html``, the third reader, in a real Chromium: it judges as ``evidence verify`` and ``verify.py`` do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.standalone import published_digests, published_verifier
from ledger.verify.run import verify_bundle
from reports.packfiles import verifier_page
from tests.browser.verifying import PAGE, Answer, ask, found_by_script, open_page
from tests.stories import small_release
from tests.test_standalone import standalone
from tests.test_two_readers import Chaos, Twister
from tests.unjudged import ANCHORS, BLANKS, FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.world import World

VECTORS = Path(__file__).parent.parent / "vectors"
FOLDERS = sorted(path for path in (VECTORS / "bundles").iterdir())
AXE = Path(__file__).parent / "axe.min.js"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """The page, once for all; at the end it has logged nothing."""
    opened = open_page(chromium)
    yield opened
    assert opened.said == []  # type: ignore[attr-defined]
    opened.close()


@pytest.fixture(scope="module")
def release() -> tuple[bytes, str]:
    """A sound bundle, and its anchor."""
    world, record = small_release()
    return world.bundle(record), world.anchor


# Agreement


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_three_readers_judge_the_frozen_bundles_alike(page: Page, folder: Path) -> None:
    """The same verdict, the same checks at the same places as verify.py, the same checks as `evidence verify`."""
    bundle, anchor = (folder / "bundle.zip").read_bytes(), (folder / "ledger.pub").read_text()
    answer, ours = ask(page, "bundle.zip", bundle, anchor), verify_bundle(bundle, anchor)
    assert answer.found == found_by_script(bundle, anchor)
    assert {check for check, _ in answer.found} == {finding.check for finding in ours.failures}
    assert answer.records == ("good" if ours.intact else "bad")
    assert (answer.records == "good") == json.loads((folder / "expected.json").read_text())["intact"]
    assert answer.pages == "none"


@pytest.mark.parametrize("number", range(3))
def test_the_page_judges_every_act_alike(page: Page, number: int) -> None:
    """Acts at random, each admitted by a server that admits everything: the same checks fail at the same entries."""
    agree(page, Chaos(100 + number).tell(40))


@pytest.mark.parametrize("number", range(3))
def test_the_page_judges_every_payload_alike(page: Page, number: int) -> None:
    """Twisted events: the same checks fail at the same entries."""
    found = agree(page, Twister(100 + number).take(100))
    assert {"V10", "V13", "V14"} <= {check for check, _ in found}


def agree(page: Page, world: World) -> frozenset[tuple[str, str]]:
    """What the page finds in a world's bundle: what verify.py does."""
    bundle = world.bundle()
    answer = ask(page, "bundle.zip", bundle, world.anchor)
    assert answer.found == found_by_script(bundle, world.anchor)
    return answer.found


def test_the_page_refuses_flipped_bytes(page: Page, release: tuple[bytes, str]) -> None:
    """Bytes flipped here and there, and a file cut short or made longer, fail as in verify.py; none is intact."""
    bundle, anchor = release
    flipped = [bytearray(bundle) for _ in range(24)]
    for number, data in enumerate(flipped):
        data[number * len(bundle) // 24] ^= 0x01
    for changed in (*flipped, bundle[:-1], bundle[: len(bundle) // 2], bundle + b"\0"):
        answer = ask(page, "bundle.zip", bytes(changed), anchor)
        assert answer.records == "bad"
        assert answer.found == found_by_script(bytes(changed), anchor)


def test_another_anchor_is_another_ledger(page: Page, release: tuple[bytes, str]) -> None:
    """With another ledger's anchor the records are never intact."""
    anchor = release[1].split(" ")[0] + " sha256:" + "0" * 64
    answer = ask(page, "bundle.zip", release[0], anchor)
    assert answer.records == "bad"
    assert answer.found == found_by_script(release[0], anchor) == {("V02", "entry 0")}


@pytest.mark.parametrize("name", [name for name in ANCHORS if name not in {"nothing", "blanks"}])
def test_a_mistyped_anchor_is_no_word_about_the_file(page: Page, release: tuple[bytes, str], name: str) -> None:
    """The page says of the line what verify.py says, in a state of its own, and nothing about any records."""
    line = ANCHORS[name][0](release[1].strip()).strip(" \t\r\n")
    # A text field has one sort of line end.
    line = line.replace("\r\n", "\n")
    judged_not(ask(page, "bundle.zip", release[0], line), release[0], line)


@pytest.mark.parametrize("name", list(FILES))
def test_what_is_no_pack_is_not_called_altered(page: Page, release: tuple[bytes, str], name: str) -> None:
    """The page says of the file what verify.py says, in a state of its own, and nothing about any records."""
    data, line = FILES[name][0], release[1].strip()
    judged_not(ask(page, "given", data, line), data, line)


def judged_not(answer: Answer, data: bytes, line: str) -> None:
    """The page's answer is that of verify.py: nothing was judged."""
    reason, remedy = standalone().not_judged(data, line)
    assert (answer.records, answer.pages, answer.found) == ("open", "", frozenset())
    assert "? Not judged" in answer.text
    assert f"{reason[0].upper()}{reason[1:]}." in answer.text
    assert remedy in answer.text
    assert "intact" not in answer.text


@pytest.mark.parametrize("form", BLANKS)
def test_blanks_around_an_anchor_do_no_harm(page: Page, release: tuple[bytes, str], form: str) -> None:
    """A line end of another system, or a blank that came along, is no other anchor."""
    assert ask(page, "bundle.zip", release[0], form.format(release[1].strip())).records == "good"


def test_an_empty_anchor_file_is_told(page: Page) -> None:
    """Nobody is told that an anchor was taken from a file that has none."""
    page.set_input_files("#anchor-file", {"name": "ledger.pub", "mimeType": "", "buffer": b"\r\n"})
    page.wait_for_function("document.querySelector('[role=status]').textContent.startsWith('The file has no anchor')")


def test_nothing_is_counted_of_what_could_not_be_read(page: Page, release: tuple[bytes, str]) -> None:
    """Of an archive whose entries are gone the page does not say how many entries it has."""
    answer = ask(page, "bundle.zip", release[0][:200], release[1])
    assert answer.records == "bad"
    assert "0 entries" not in answer.text


def test_it_says_what_was_checked(page: Page, release: tuple[bytes, str]) -> None:
    """Whose records and about which release: a sound pack of something else is not taken for the one in hand."""
    bundle, anchor = release
    text = ask(page, "bundle.zip", bundle, anchor).text
    vkey, ledger = anchor.split()
    assert f"Of the ledger {vkey.split('+')[0]} ({ledger}) at position 18, about the release payments@" in text


# Vectors, asked of the functions in the page


def test_signatures_are_accepted_as_written(page: Page) -> None:
    """Every case of Ed25519 is decided by the browser and by the page's own calculation as docs/format.md §2.1 says."""
    cases = json.loads((VECTORS / "ed25519" / "cases.json").read_text())
    asked = """async (cases) => {
      const answers = [];
      await prepare();
      const own = hasEd25519;
      for (const way of [own, false]) for (const each of cases) {
        hasEd25519 = way;
        const [key, message, signature] = ["public", "message", "signature"].map((name) => unhex(each[name + "_hex"]));
        const admitted = key.length === 32 && mayBeEnrolled(key);
        answers.push([admitted, await ed25519Verify(key, message, signature)]);
      }
      hasEd25519 = own;
      return [own, answers];
    }"""
    own, answers = page.evaluate(asked, cases)
    assert own
    expected = [[each["key_admitted"], each["key_admitted"] and each["signature_holds"]] for each in cases]
    assert answers == expected * 2


def test_ssh_signatures_are_accepted_as_written(page: Page) -> None:
    """Every SSH key and signature is decided as docs/format.md §2.2 and §2.3 say."""
    cases = json.loads((VECTORS / "sshsig" / "cases.json").read_text())
    asked = """async ({keys, signatures}) => {
      const fails = async (work) => {
        try { await work(); } catch (error) { return told(error) !== ""; }
        return false;
      };
      const answers = [[], []];
      for (const each of keys) answers[0].push(!(await fails(() => sshKey(unhex(each.public_hex)))));
      for (const each of signatures) {
        const [message, signature] = [each.message_hex, each.signature_hex].map(unhex);
        answers[1].push(!(await fails(() => checkBlob(sshKey(unhex(each.public_hex)), message, signature))));
      }
      return answers;
    }"""
    keys, signatures = page.evaluate(asked, cases)
    assert keys == [each["key_admitted"] for each in cases["keys"]]
    assert signatures == [each["signature_holds"] for each in cases["signatures"]]


def test_json_is_read_as_written(page: Page) -> None:
    """Every case of strict and canonical JSON (§1.2)."""
    accepted, refused = (
        json.loads((VECTORS / "canonical" / f"{name}.json").read_text()) for name in ("accepted", "refused")
    )
    written = page.evaluate(
        "cases => cases.map((each) => hex(utf8(canonical(strictJson(unhex(each.input_hex))))))", accepted
    )
    assert written == [each["canonical_hex"] for each in accepted]
    taken = """cases => cases.filter((each) => {
      try { canonicalJson(unhex(each.input_hex)); return true; } catch (error) { return told(error) === ""; }
    })"""
    assert page.evaluate(taken, refused) == []


def test_shapes_refuse_by_a_fault_alone(page: Page) -> None:
    """Any shape, given any odd value, or an object with one in any member: it is taken or a Fault, and nothing else."""
    asked = """(odd) => {
      const values = strictJson(utf8(odd), { fractions: true }), other = [];
      const names = [...new Set([...SHAPES.keys()].flatMap((name) => name.split(".")))];
      for (const member of ["act", "_type", "path", "v", "__proto__", ...names]) {
        for (const value of values.slice(0, 12)) {
          const object = Object.create(null);
          object[member] = value;
          values.push(object);
        }
      }
      for (const [name, shape] of SHAPES) {
        for (const value of values) {
          try { shape(value); } catch (error) { if (!(error instanceof Fault)) other.push([name, String(error)]); }
        }
      }
      return [values.length, other];
    }"""
    odd = '{}, [], "", "enrol", 0, -1, 1.5, null, true, {"a": {}}, [[]], [{}], "\\u0000", {"__proto__": {}}'
    count, other = page.evaluate(asked, f"[{odd}]")
    assert count > 500
    assert other == []


# What a person meets


def test_the_page_is_as_published() -> None:
    """DIGESTS has the digests of both files; the page admits its own script and style, and nothing else."""
    digests = {"verify.html": verifier_page(), "verify.py": published_verifier()}
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in digests.items()]
    assert published_digests() == "".join(lines), "run script/digests"
    text = verifier_page().decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    parts = {}
    for element in ("script", "style"):
        (inner,) = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
        parts[element] = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{parts['script']}'; style-src 'sha256-{parts['style']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|fetch\(|https?://(?!in-toto)", text
    )


def test_it_works_by_keyboard_alone(chromium: Browser, release: tuple[bytes, str]) -> None:
    """Tab leads to file, anchor, its file and the button; Enter there checks; the answer takes the focus."""
    page = open_page(chromium)
    page.set_input_files("#file", {"name": "a.zip", "mimeType": "application/zip", "buffer": release[0]})
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        if reached[-1] == "anchor":
            page.keyboard.insert_text(release[1])
    assert reached == ["file", "anchor", "anchor-file", "start"]
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "result-title"
    status = page.inner_text("[role=status]")
    assert status == "Done. Records intact. Printed pages: no printed pages in this file. Rules not replayed here."
    page.close()


def test_it_asks_for_what_is_missing(chromium: Browser, release: tuple[bytes, str]) -> None:
    """Without a file, or without an anchor, nothing is said of any records."""
    page = open_page(chromium)
    page.click("#start")
    assert page.inner_text("[role=status]") == "Choose a file first."
    page.set_input_files("#file", {"name": "a.zip", "mimeType": "application/zip", "buffer": release[0]})
    page.click("#start")
    assert page.inner_text("[role=status]").startswith("No anchor, so nothing can be called intact.")
    assert page.is_hidden("#result")
    page.set_input_files("#anchor-file", {"name": "ledger.pub", "mimeType": "", "buffer": release[1].encode()})
    page.wait_for_function("document.getElementById('anchor').value !== ''")
    page.click("#start")
    page.wait_for_selector("#result:not([hidden])")
    assert page.get_attribute("#records", "data-state") == "good"
    page.close()


def test_a_file_may_be_dropped(chromium: Browser, release: tuple[bytes, str]) -> None:
    """Bundle and anchor, dropped together anywhere on the page."""
    page = open_page(chromium)
    dropped = """([bundle, anchor]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bundle)], "dropped.zip"));
      transfer.items.add(new File([anchor], "ledger.pub"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(dropped, [list(release[0]), release[1]])
    page.wait_for_function("document.getElementById('anchor').value !== ''")
    assert "dropped.zip" in page.inner_text("#chosen")
    page.click("#start")
    page.wait_for_selector("#result:not([hidden])")
    assert page.get_attribute("#records", "data-state") == "good"
    page.close()


def test_hostile_text_is_shown_as_text(page: Page, release: tuple[bytes, str]) -> None:
    """Names of files and of members that look like markup make no element and run nothing."""
    hostile = "<img src=x onerror=alert(1)>.zip"
    spoilt = bytearray(release[0].replace(b"checkpoint", b"<b>script>"))
    # The time in that member's local header: now the finding has the name.
    spoilt[spoilt.index(b"PK\x03\x04", 4) + 10] = 1
    answer = ask(page, hostile, bytes(spoilt), release[1])
    assert answer.records == "bad"
    assert hostile in answer.text
    assert "<b>script>" in answer.text
    assert page.evaluate("document.querySelectorAll('#result img, #result b, #chosen img').length") == 0


@pytest.mark.parametrize("missing", ["subtle", "SHA-256", "ECDSA"])
def test_a_browser_that_lacks_something_says_so(chromium: Browser, release: tuple[bytes, str], missing: str) -> None:
    """Without the cryptography that is needed nothing is called intact, nor anything else."""
    answer = in_a_lesser_browser(chromium, missing, release)
    assert answer.records == "open"
    assert "This browser cannot check" in answer.text
    assert "intact" not in answer.text.lower()


@pytest.mark.parametrize("missing", ["Ed25519", "false Ed25519"])
def test_without_ed25519_the_page_calculates_itself(
    chromium: Browser, release: tuple[bytes, str], missing: str
) -> None:
    """A browser without Ed25519, or whose own takes what §2.1 does not, comes to the same answers, and says so."""
    bundle, anchor = release
    answer = in_a_lesser_browser(chromium, missing, release)
    assert answer.records == "good"
    assert "This browser has no Ed25519 that may be used" in answer.text
    position = bundle.index(b'"sig":"') + 20
    spoilt = bundle[:position] + (b"A" if bundle[position] != ord("A") else b"B") + bundle[position + 1 :]
    answer = in_a_lesser_browser(chromium, missing, (spoilt, anchor))
    assert answer.found == found_by_script(spoilt, anchor)


LESSER = """(missing) => {
  const real = SubtleCrypto.prototype, named = (algorithm) => algorithm?.name ?? algorithm;
  const { importKey, digest, verify } = real;
  if (missing === "subtle") Object.defineProperty(Crypto.prototype, "subtle", { value: undefined });
  real.importKey = function (form, key, algorithm, ...rest) {
    if (named(algorithm) === missing) return Promise.reject(new DOMException("no", "NotSupportedError"));
    return importKey.call(this, form, key, algorithm, ...rest);
  };
  real.digest = function (algorithm, data) {
    return digest.call(this, missing === "SHA-256" && algorithm === missing ? "SHA-384" : algorithm, data);
  };
  real.verify = function (algorithm, ...rest) {
    const lies = missing === "false Ed25519" && algorithm === "Ed25519";
    return lies ? Promise.resolve(true) : verify.call(this, algorithm, ...rest);
  };
}"""


def in_a_lesser_browser(chromium: Browser, missing: str, asked: tuple[bytes, str]) -> Answer:
    """The answer of a browser that lacks something."""
    context = chromium.new_context()
    context.add_init_script(f"({LESSER})({json.dumps(missing)})")
    page = context.new_page()
    page.goto(PAGE.as_uri())
    answer = ask(page, "bundle.zip", *asked)
    context.close()
    return answer


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_000, 340])
def test_it_is_accessible(chromium: Browser, release: tuple[bytes, str], scheme: str, width: int) -> None:
    """axe-core finds nothing, before and after a check, in light, dark, wide and narrow; nothing runs out sideways."""
    page = open_page(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    spoilt = release[0].replace(b"checkpoint", b"chekcpoint")
    for data in (None, release[0], spoilt):
        if data is not None:
            ask(page, "a-name-that-is-" + "long-" * 30 + ".zip", data, release[1])
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()
