"""The HTML report: one self-contained file about one ledger, for people who read, not run."""
