"""The database and nothing else: entries, contents, checkpoints, projections."""
