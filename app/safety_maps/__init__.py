"""Where young people feel safe: drawn on a phone or on paper, shown from ten drawings on."""
