"""Administration: accounts, what each role may do, grants. No case content."""
