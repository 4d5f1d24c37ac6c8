"""Pins model folders by the hash of their files, finds them again, and checks them before use."""

from reprollm.snapshot.check import check
from reprollm.snapshot.locate import Located, locate
from reprollm.snapshot.lock import Lock, load_lock
from reprollm.snapshot.pin import pin

__all__ = ["Located", "Lock", "check", "load_lock", "locate", "pin"]
