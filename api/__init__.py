"""The ledger over HTTP: recording, asking, proofs."""
