"""The demonstration: an invented company, its repository, its ledger, its faults, and how they are found."""
