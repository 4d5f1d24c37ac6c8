"""Which items were sent where, published when, and what that allows to conclude."""
