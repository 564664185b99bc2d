"""What a period says about delivery, as numbers with their populations (docs/measures.md)."""
