"""Tests of dossiers, rules and policies."""
