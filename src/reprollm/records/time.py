"""Times as RFC 3339 writes them, in UTC with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Return the present time, for example `2026-01-31T09:46:00.123Z` (RFC 3339, section 5.6)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
