"""Secrets in captured text, masked before anything of it is written, signed or sent.

A small curated list of forms that are secrets wherever they stand. It finds what it knows and nothing else: a password
in a sentence stays. Entropy is not looked at, since it flags ordinary code and trains people to ignore it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final

MASK: Final = "[REDACTED:{kind}]"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without the secrets that were found in it."""

    text: str
    counts: tuple[tuple[str, int], ...]
    """Kind and how many of it were masked, ascending by kind."""

    @property
    def total(self) -> int:
        """How many secrets were masked."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True)
class SecretForm:
    """How one sort of secret looks."""

    kind: str
    """What stands in the mask."""
    hints: tuple[str, ...]
    """Texts in lower case of which one stands in every such secret; without them nothing is compiled."""
    pattern: str
    """What is masked: the group ``secret`` if the expression has one, else all of it."""


def _provider(kind: str, hint: str, pattern: str) -> SecretForm:
    return SecretForm(kind, (hint.lower(),), rf"(?<![A-Za-z0-9_-])(?:{pattern})")


_ASSIGNED: Final = (
    r"(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|(?:access|api|auth|bot|refresh|secret|session)[_-]?token"
    r"|client[_-]?secret|private[_-]?key|encryption[_-]?key)"
)

FORMS: Final = (
    SecretForm(
        "private-key",
        ("private key",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)",
    ),
    _provider("evidence-ledger-key", "evidence-ledger-private-key-", r"evidence-ledger-private-key-[\w:+/=-]{20,}"),
    _provider("age-key", "age-secret-key-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    SecretForm(
        "aws-key",
        ("akia", "asia", "abia", "acca"),
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?![A-Za-z0-9])",
    ),
    SecretForm(
        "github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{30,255}"
    ),
    _provider("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    SecretForm(
        "gitlab-token",
        ("glpat-", "glptt-", "gldt-", "glrt-", "glft-", "glsoat-", "glcbt-", "glagent-", "glimt-", "gloas-"),
        r"(?<![A-Za-z0-9])gl(?:pat|ptt|dt|rt|ft|soat|cbt|agent|imt|oas)-[0-9A-Za-z_.-]{20,}",
    ),
    SecretForm("slack-token", ("xox", "xapp-"), r"(?<![A-Za-z0-9])(?:xox[abceoprs]-|xapp-\d-)[0-9A-Za-z-]{10,}"),
    SecretForm(
        "slack-webhook", ("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{20,}"
    ),
    _provider("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    _provider("openrouter-key", "sk-or-", r"sk-or-[A-Za-z0-9_-]{20,}"),
    _provider("openai-key", "sk-", r"sk-(?:proj-|svcacct-|admin-|None-)?(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{32,}"),
    _provider("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _provider("xai-key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
    _provider("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    _provider("hugging-face-token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _provider("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37,}"),
    _provider("google-key", "aiza", r"AIza[0-9A-Za-z_-]{35}"),
    _provider("google-token", "ya29.", r"ya29\.[0-9A-Za-z_-]{20,}"),
    _provider("google-secret", "gocspx-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    SecretForm("stripe-key", ("_live_", "_test_"), r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    _provider("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _provider("sendgrid-key", "sg.", r"SG\.[\w-]{20,24}\.[\w-]{39,50}"),
    _provider("twilio-key", "sk", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    _provider("mailgun-key", "key-", r"key-[0-9a-f]{32}(?![0-9a-f])"),
    _provider("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _provider("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_-]{50,}"),
    _provider("rubygems-key", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    _provider("docker-token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    SecretForm("digitalocean-token", ("_v1_",), r"(?<![A-Za-z0-9])do[oprt]_v1_[0-9a-f]{64}"),
    _provider("databricks-token", "dapi", r"dapi[0-9a-f]{32}(?![0-9a-f])"),
    SecretForm("vault-token", ("hvs.", "hvb.", "hvr."), r"(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    _provider("atlassian-token", "atatt3", r"ATATT3[A-Za-z0-9_=-]{50,}"),
    SecretForm("shopify-token", ("shp",), r"(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    SecretForm("grafana-token", ("glsa_", "glc_"), r"(?<![A-Za-z0-9])(?:glsa|glc)_[A-Za-z0-9_=+/]{30,}"),
    _provider("linear-key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    _provider("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{40,}"),
    _provider("figma-token", "figd_", r"figd_[A-Za-z0-9_-]{36,}"),
    _provider("supabase-token", "sbp_", r"sbp_[0-9a-f]{40}"),
    _provider("doppler-token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}"),
    SecretForm("telegram-token", (":aa",), r"(?<![0-9])[0-9]{8,10}:AA[\w-]{33}(?![\w-])"),
    SecretForm(
        "azure-key",
        ("accountkey=", "sharedaccesskey="),
        r"(?i)(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})",
    ),
    SecretForm(
        "json-web-token", ("eyj",), r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    ),
    SecretForm(
        "connection-password",
        ("://",),
        r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/@\"'<>]{0,128}:(?P<secret>[^\s@/\"'<>$\[{][^\s@/\"'<>]{0,255})@",
    ),
    SecretForm(
        "authorization",
        ("authorization", "bearer "),
        r"(?i)(?:authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token)\s+)?|\bbearer\s+)(?P<secret>[A-Za-z0-9._~+/=-]{16,})",
    ),
    SecretForm(
        "password",
        ("passw", "passphrase", "pwd", "secret", "key", "token"),
        rf"(?i)(?<![A-Za-z0-9]){_ASSIGNED}[\"']?\s*(?:=|:|=>|:=)\s*"
        r"(?P<secret>\"[^\"\s$<{\[][^\"\n]{2,255}\"|'[^'\s$<{\[][^'\n]{2,255}'|`[^`\s$<{\[][^`\n]{2,255}`"
        r"|(?=[^\s\"'`,;()\[\]]{0,255}[0-9!#%&*+?@^~-])[^\s\"'`$<{\[(,;][^\s\"'`,;()\[\]]{5,255}+(?![\[(]))",
    ),
)
"""Every form that is masked, the most specific first."""


def mask_secrets(text: str) -> Masked:
    """``text`` with every secret of a known form replaced by ``[REDACTED:<kind>]``."""
    found: Counter[str] = Counter()
    for form in FORMS:
        lowered = text.lower()
        if any(hint in lowered for hint in form.hints):
            text, count = _masked(form, text)
            if count:
                found[form.kind] += count
    return Masked(text, tuple(sorted(found.items())))


def _masked(form: SecretForm, text: str) -> tuple[str, int]:
    mask = MASK.format(kind=form.kind)

    def replace(match: re.Match[str]) -> str:
        if "secret" not in match.re.groupindex:
            return mask
        whole, start = match.group(), match.start()
        return whole[: match.start("secret") - start] + mask + whole[match.end("secret") - start :]

    return _compiled(form.pattern).subn(replace, text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.DOTALL)
