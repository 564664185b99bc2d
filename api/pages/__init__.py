"""Pages for people: read-only, without scripts, printed from the views and templates of packs."""
