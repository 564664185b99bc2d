"""Ready policies, written for people in YAML and kept beside that as the canonical JSON that ledgers hold."""
