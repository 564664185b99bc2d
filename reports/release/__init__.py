"""The release pack: a frozen view of one release, and one module for each of its sections."""
