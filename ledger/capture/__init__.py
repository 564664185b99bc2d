"""What happened outside, as events: git, test reports, reviews, assistants."""
