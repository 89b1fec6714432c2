"""Plans for a context: goals, measures of change, and actions with an owner."""
