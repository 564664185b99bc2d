"""The closed union of event kinds: what can be stated, read from and written to payload bytes (format §4)."""
