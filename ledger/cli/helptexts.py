"""Texts of ``evidence help`` that belong to no single command."""

from __future__ import annotations

from typing import Final

from ledger import exitcodes

_EXIT_CODES: Final = f"""\
Exit codes of every command:

  {exitcodes.DONE:>3}  Done: the evidence was accepted, or is safely in the outbox and no server was required.
  {exitcodes.ERROR:>3}  An error: nothing was recorded, or the question could not be answered.
  {exitcodes.USAGE:>3}  Wrong usage of the command itself; verify: nothing was judged.
  {exitcodes.NEGATIVE:>3}  Checked, and the answer is no: tampered, a failed rule, a signature that does not hold.
  {exitcodes.NOT_ALLOWED:>3}  Not authenticated, or not allowed: a token or key that may not do this.
  {exitcodes.UNREACHABLE:>3}  The server cannot be reached, and the outbox is off or cannot be written.
  {exitcodes.INTERRUPTED:>3}  Interrupted from the keyboard.

A pipeline can thus tell "bad" (3) from "broken" (1, 4, 5)."""

_ENVIRONMENT: Final = """\
Settings come from flags, then the environment, then .evidence-ledger.toml in the working folder or above it, then
the user's file ~/.config/evidence-ledger/config.toml, then defaults.

  EVIDENCE_LEDGER_SERVER    address of the server (default http://127.0.0.1:8410)      --server
  EVIDENCE_LEDGER_ANCHOR    path of ledger.pub, or its line                            --anchor
  EVIDENCE_LEDGER_PROJECT   project id or name                                         --project
  EVIDENCE_LEDGER_KEY       path or name of a private key; in pipelines its text       --key
  EVIDENCE_LEDGER_TOKEN     token for the server                                       --token-file
  EVIDENCE_LEDGER_OUTBOX    folder of what waits for the server                        --outbox
  EVIDENCE_LEDGER_PRINCIPAL principal id of the key, so that a new machine can sign while the server is away
  NO_COLOR                  no colours

A project's file may hold server, anchor and project (strings) and is meant to be committed. The user's file may hold
server, anchor, project, key, outbox, and a table [tokens] of server addresses and tokens."""


def text(topic: str) -> str:
    """The help text on ``exit-codes`` or ``environment``."""
    return {"exit-codes": _EXIT_CODES, "environment": _ENVIRONMENT}[topic]
