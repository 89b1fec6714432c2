"""Releases: the banded tables of a period, checked against attack and signed by two people."""
