"""Importers: one module for each form in which data lie, behind one small protocol.

An importer turns a file or a folder into rows of named cells. Every cell is text as it stands in
the source: nothing is stripped, normalised or guessed to be a number. What a form holds as a list
(the tokens of a sentence, their labels) becomes a JSON array in one cell.
"""

from reprollm.experiment.importers.imported import Imported as Imported
from reprollm.experiment.importers.imported import Importer as Importer
