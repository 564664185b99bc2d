"""Signed evidence about software changes: events, the log they stand in, and its verification."""
