"""Search of training corpora for the texts of test items."""
