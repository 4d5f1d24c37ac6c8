"""Words of the section on contamination."""

from __future__ import annotations

WORDS = (
    ("contamination.none",
     "No check is on record. That no check was made says nothing about what the model has seen.",
     "Keine Prüfung ist verzeichnet. Dass nicht geprüft wurde, sagt nichts darüber, was das "
     "Modell gesehen hat."),
    ("contamination.fact", "Facts about texts", "Tatsachen über Texte"),
    ("contamination.fact.means",
     "What stands where, and what was sent where; nothing about what a model learnt.",
     "Was wo steht und was wohin geschickt wurde; nichts darüber, was ein Modell gelernt hat."),
    ("contamination.test", "Tests by designed randomness", "Tests durch geplanten Zufall"),
    ("contamination.test.means",
     "Their p-values hold by the lots that were drawn when the data set was made, whatever the "
     "model is.",
     "Ihre p-Werte gelten durch die Lose, die gezogen wurden, als der Datensatz entstand, wie "
     "immer das Modell ist."),
    ("contamination.screening", "Screening", "Screening"),
    ("contamination.screening.means",
     "Scores that hint, and prove nothing: no one can know how they come out for a model that "
     "has not seen the texts. They are void where the guard can tell both sets apart unseen.",
     "Werte, die andeuten und nichts beweisen: Niemand weiß, wie sie bei einem Modell ausfallen, "
     "das die Texte nicht kennt. Sie sind hinfällig, wo der Wächter beide Mengen ungesehen "
     "unterscheiden kann."),
    ("contamination.decision", "Decision", "Entscheidung"),
    ("contamination.decision.means",
     "What follows from the declared primary test, corrected for its family, and what it could "
     "have found.",
     "Was aus dem festgelegten Haupttest folgt, korrigiert für seine Familie, und was er hätte "
     "finden können."),
    ("contamination.items", "Of {n} items a check says something; filter the items by it.",
     "Zu {n} Fällen sagt eine Prüfung etwas; danach lassen sich die Einzelfälle filtern."),
    ("contamination.items.one", "Of one item a check says something.",
     "Zu einem Fall sagt eine Prüfung etwas."),
    ("contamination.unchecked", "{name}: no check is on record.",
     "{name}: Keine Prüfung ist verzeichnet."),
    ("contamination.effect",
     "Effect: the mean score of all items less that of the half that looks least familiar to the "
     "model. It is no evidence: a model foresees easy items better, whether it knew them or not.",
     "Effect: der mittlere Wert aller Fälle weniger den der Hälfte, die dem Modell am wenigsten "
     "vertraut scheint. Ein Beleg ist das nicht: Leichte Fälle sagt ein Modell besser voraus, ob "
     "es sie kannte oder nicht."),
    ("every.model", "each", "jedes"),
    ("verdicts.plot", "Contamination against score: {score} by what {check} says of the items",
     "Kontamination gegen Wert: {score} nach dem, was {check} über die Fälle sagt"),
    ("pvalues", "{check}: p-values of the items.", "{check}: p-Werte der Fälle."),
    ("pvalues.about",
     "If the model had seen none of the items, the bars would be about as high as the dashed "
     "line.",
     "Hätte das Modell keinen der Fälle gesehen, wären die Balken etwa so hoch wie die "
     "gestrichelte Linie."),
    ("pvalues.label",
     "Histogram of {n} p-values: {first} below 0.05, where {expected} would be expected if the "
     "model had seen none.",
     "Histogramm von {n} p-Werten: {first} unter 0,05, wo {expected} zu erwarten wären, hätte "
     "das Modell keinen gesehen."),
    ("exposed", "{n} requests left the machine, to {address} ({server}).",
     "{n} Anfragen verließen die Maschine, an {address} ({server})."),
    ("exposed.one", "One request left the machine, to {address} ({server}).",
     "Eine Anfrage verließ die Maschine, an {address} ({server})."),
    ("exposed.none", "No request of this run left the machine.",
     "Keine Anfrage dieses Laufs verließ die Maschine."),
)  # fmt: skip
