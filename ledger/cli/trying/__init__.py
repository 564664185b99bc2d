"""What ``evidence try`` is made of: a range of history, what it shows, a throw-away ledger, and what is told."""
