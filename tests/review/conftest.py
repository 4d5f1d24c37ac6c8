"""The finished run and its bundle, as the tests of publishing make them."""

from publish.conftest import finished, finished_once, published_once, unpacked_once

__all__ = ["finished", "finished_once", "published_once", "unpacked_once"]
