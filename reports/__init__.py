"""Evidence packs: frozen views in, HTML and PDF out; fetches nothing."""
