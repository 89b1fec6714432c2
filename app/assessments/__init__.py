"""Location and neighbourhood assessment, the panel of signs, weighting, drawings of children."""
