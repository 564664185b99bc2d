"""Secrets in captured text: known forms are masked, ordinary text stays, and no text makes it fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.secrets import mask_secrets

# Put together here, so that nothing in this repository looks like a leaked secret.
ALNUM = "a1B2c3D4e5" * 30
HEX = "0123456789abcdef" * 6

SECRETS = {
    "private-key": "-----BEGIN OPENSSH PRIVATE " + "KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----",
    "evidence-ledger-key": "evidence-ledger-private-key-" + "v1:ed25519:" + ALNUM[:43] + "=",
    "age-key": "AGE-SECRET-" + "KEY-1" + "0A" * 29,
    "aws-key": "AKIA" + "A1B2C3D4E5F6G7H8",
    "github-token": "ghp_" + ALNUM[:36],
    "gitlab-token": "glpat-" + ALNUM[:20],
    "slack-token": "xoxb-" + "123456789012-" + ALNUM[:20],
    "slack-webhook": "hooks.slack.com/" + "services/T000/B000/" + ALNUM[:24],
    "anthropic-key": "sk-ant-" + "api03-" + ALNUM[:40],
    "openai-key": "sk-proj-" + ALNUM[:48],
    "google-key": "AIza" + ALNUM[:35],
    "stripe-key": "sk_live_" + ALNUM[:24],
    "npm-token": "npm_" + ALNUM[:36],
    "pypi-token": "pypi-" + ALNUM[:60],
    "hugging-face-token": "hf_" + ALNUM[:34],
    "digitalocean-token": "dop_v1_" + HEX[:64],
    "vault-token": "hvs." + ALNUM[:30],
    "sendgrid-key": "SG." + ALNUM[:22] + "." + ALNUM[:43],
    "twilio-key": "SK" + HEX[:32],
    "json-web-token": "eyJ" + ALNUM[:20] + ".eyJ" + ALNUM[:20] + "." + ALNUM[:20],
}

ORDINARY = (
    "please refactor the parser and the password handling: keep it",
    "password: str = field()",
    "token = get_token()",
    "API_KEY=$API_KEY",
    "secret: write tests first",
    "the commit 0123456789abcdef0123456789abcdef01234567",
    "a task-management-is-a-long-hyphenated-word",
    "https://example.com:8080/a@b",
    "git clone https://$USER:$TOKEN@example.com/x",
    "api_key = os.environ['API_KEY']",
    "passwords must have 12 characters",
)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_known_form_is_masked_wherever_it_stands(kind: str) -> None:
    """Alone, in a sentence, in quotes and at the end of a line; what is around it stays."""
    secret = SECRETS[kind]
    for head, tail in (("", ""), ("use ", " please"), ('"', '"'), ("a\n", "\nb")):
        masked = mask_secrets(head + secret + tail)
        assert secret not in masked.text
        assert masked.text == f"{head}[REDACTED:{kind}]{tail}"
        assert masked.counts == ((kind, 1),)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://app:s3cr3t@db/x", "postgres://app:[REDACTED:connection-password]@db/x"),
        ("password=hunter22", "password=[REDACTED:password]"),
        ("DB_PASSWORD: 'a b c d'", "DB_PASSWORD: [REDACTED:password]"),
        ('{"client_secret": "q1w2e3"}', '{"client_secret": [REDACTED:password]}'),
        ("Authorization: Bearer abcdef0123456789xyz", "Authorization: Bearer [REDACTED:authorization]"),
        ("AccountKey=" + "Ab1+" * 22 + "==;x", "AccountKey=[REDACTED:azure-key];x"),
    ],
)
def test_a_value_is_masked_and_its_name_kept(text: str, left: str) -> None:
    """Of an assignment, a header or an address only the secret itself goes."""
    assert mask_secrets(text).text == left


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    """Code and prose that speak of secrets hold none."""
    assert mask_secrets(text).text == text


@given(st.text(alphabet=st.sampled_from("ab1 =:/@\"'\n-_.[]password") | st.characters(), max_size=200))
def test_masking_again_changes_nothing(text: str) -> None:
    """Whatever the text: what was masked once has nothing left to mask."""
    once = mask_secrets(text)
    assert mask_secrets(once.text).text == once.text
    assert (once.total == 0) == (once.text == text)


def test_a_long_text_is_masked_in_reasonable_steps() -> None:
    """No form goes over a text again and again: a megabyte of near misses is no trap."""
    for piece in ("sk-", "a://b:", "password=", "eyJ", "-----BEGIN PRIVATE KEY"):
        assert mask_secrets(piece * 20_000).text
