"""A stand-in with the replies of TGI."""

from engine_suite.stand_in import stand_in

ENTRY = stand_in("tgi")
