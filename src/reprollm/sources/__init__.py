"""Fetches model folders from the Hugging Face hub or ModelScope at a full commit, and pins them.

The only part of the package that talks to a network of its own accord, and only in the command that
asks for it. What arrives is checked against the hub's own digests; everything after works offline.
"""
