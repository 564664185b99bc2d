"""Control statements: verified facts in, verdicts with their reasons out."""
