"""Properties of the whole house, one line each."""
