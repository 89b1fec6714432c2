"""Packs: records for one panel, given to the people its meeting names, for a time."""
