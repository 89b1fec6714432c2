"""What geo refuses, in words a person can act on."""


class GeoInputError(ValueError):
    """Input that would give a wrong answer: degrees for metres, missing coordinates."""
