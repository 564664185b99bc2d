"""Signers that are programs of their own: ssh-agent over its socket, and ``ssh-keygen``. They show no private key."""
