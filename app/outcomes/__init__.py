"""What changed: observations of measures, reviews and their decisions."""
