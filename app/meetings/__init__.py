"""Panels and context conferences: who is named, agenda, minutes."""
