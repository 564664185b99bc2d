"""Who may do what at a position: the pure function from ledger-stream events (format §6 and §7)."""
