"""Pages of a server as frozen views: printed by templates, from the same parts and filters as packs."""
