"""Briefings: outgoing documents, made of released numbers and of work on places."""
