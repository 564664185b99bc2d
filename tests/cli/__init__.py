"""Tests of the command ``evidence``."""
