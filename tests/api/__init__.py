"""A real server on a loopback port, and everything that is said to it."""
