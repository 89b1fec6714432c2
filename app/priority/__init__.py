"""Which place first: an aid for staff, worked out each night; a person decides."""
