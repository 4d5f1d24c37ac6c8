"""Membership scores of texts, and the guard that says when they mean nothing."""
