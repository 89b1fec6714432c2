"""The audit viewer. It stands above accounts, which audit itself, being below, cannot know."""
