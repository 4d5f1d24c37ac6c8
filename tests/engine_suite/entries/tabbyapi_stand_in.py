"""A stand-in with the replies of tabbyAPI, which knows no seeds and wants a key."""

from engine_suite.stand_in import stand_in

ENTRY = stand_in("tabbyapi", keyed=True, draws=False)
