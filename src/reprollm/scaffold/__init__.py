"""A new experiment's folder: everything that one needs, commented, to be changed."""
