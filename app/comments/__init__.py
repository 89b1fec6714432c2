"""Dated words beside an assessment, a plan or a review, of people who may not change it."""
