"""Sentences of the summary."""

from __future__ import annotations

WORDS = (
    ("summary.asked", "What was asked", "Was gefragt wurde"),
    ("summary.model", "Of which model", "Welches Modell"),
    ("summary.result", "What came out", "Was herauskam"),
    ("summary.sure", "How sure one can be", "Wie sicher das ist"),
    ("summary.again", "Whether it was reproduced", "Ob es reproduziert wurde"),
    ("summary.seen", "Whether the model knew the texts", "Ob das Modell die Texte kannte"),
    ("asked",
     "{requests} requests about {items} items. All of them were fixed in the log before the "
     "first answer.",
     "{requests} Anfragen zu {items} Einzelfällen. Alle standen fest im Log, bevor die erste "
     "Antwort kam."),
    ("answered.all", "Every request was answered.", "Jede Anfrage wurde beantwortet."),
    ("answered.some", "{missing} of them have no answer; they are listed below and not left out.",
     "{missing} davon haben keine Antwort; sie stehen unten und sind nicht weggelassen."),
    ("reused", "{n} answers were taken over from earlier attempts.",
     "{n} Antworten wurden aus früheren Anläufen übernommen."),
    ("reused.one", "One answer was taken over from an earlier attempt.",
     "Eine Antwort wurde aus einem früheren Anlauf übernommen."),
    ("model", "{name}: licence {licence} ({kind}); {quantization}; snapshot {id}.",
     "{name}: Lizenz {licence} ({kind}); {quantization}; Snapshot {id}."),
    ("model.sized",
     "{name}: {parameters} parameters; licence {licence} ({kind}); {quantization}; snapshot {id}.",
     "{name}: {parameters} Parameter; Lizenz {licence} ({kind}); {quantization}; Snapshot {id}."),
    ("licence.permissive", "permissive", "freizügig"),
    ("licence.community", "a community licence with conditions",
     "eine Community-Lizenz mit Bedingungen"),
    ("licence.research-only", "for research only", "nur für Forschung"),
    ("licence.unknown", "class unknown", "Klasse unbekannt"),
    ("not.quantized", "not quantized", "nicht quantisiert"),
    ("result.none", "Nothing was scored.", "Nichts wurde bewertet."),
    ("result",
     "{arm}: {score} {value}, with {percent} % confidence between {low} and {high}, from {n} "
     "answers; {better}.",
     "{arm}: {score} {value}, mit {percent} % Vertrauen zwischen {low} und {high}, aus {n} "
     "Antworten; {better}."),
    ("result.alone", "{arm}: {score} {value}, from {n} answers; {better}.",
     "{arm}: {score} {value}, aus {n} Antworten; {better}."),
    ("result.undefined", "{arm}: {score} is undefined for these {n} answers.",
     "{arm}: {score} ist für diese {n} Antworten nicht definiert."),
    ("result.of", "{score}, {better}:", "{score}, {better}:"),
    ("result.arm",
     "{arm}: {value}, with {percent} % confidence between {low} and {high}; {n} answers.",
     "{arm}: {value}, mit {percent} % Vertrauen zwischen {low} und {high}; {n} Antworten."),
    ("result.arm.alone", "{arm}: {value}; {n} answers.", "{arm}: {value}; {n} Antworten."),
    ("result.more", "{n} more scores stand under Results.",
     "{n} weitere Werte stehen unter Ergebnisse."),
    ("result.more.one", "One more score stands under Results.",
     "Ein weiterer Wert steht unter Ergebnisse."),
    ("result.compared", "The comparisons that the experiment declared:",
     "Die Vergleiche, die das Experiment festgelegt hat:"),
    ("result.pair",
     "{of} against {against}: {score} differs by {difference} ({low} to {high}); {verdict} "
     "(corrected p {p}, {items} items).",
     "{of} gegen {against}: {score} unterscheidet sich um {difference} ({low} bis {high}); "
     "{verdict} (korrigiertes p {p}, {items} Fälle)."),
    ("result.pair.alone",
     "{of} against {against}: {score} differs by {difference}; {verdict} (corrected p {p}, {items} "
     "items).",
     "{of} gegen {against}: {score} unterscheidet sich um {difference}; {verdict} (korrigiertes p "
     "{p}, {items} Fälle)."),
    ("result.pairs.more", "{n} more stand under Results.", "{n} weitere stehen unter Ergebnisse."),
    ("result.pairs.more.one", "One more stands under Results.",
     "Ein weiterer steht unter Ergebnisse."),
    ("result.claims", "Of {claims} claims that the experiment states, {holding} hold.",
     "Von {claims} Behauptungen des Experiments treffen {holding} zu."),
    ("better.lower", "lower is better", "niedriger ist besser"),
    ("better.higher", "higher is better", "höher ist besser"),
    ("sure.nothing", "There is no score to be sure of.",
     "Es gibt keinen Wert, dessen man sicher sein könnte."),
    ("sure.items",
     "The intervals say how far a value would move with other items of the same kind. They say "
     "nothing about other models or other data.",
     "Die Intervalle sagen, wie weit ein Wert bei anderen Einzelfällen derselben Art schwanken "
     "würde. Über andere Modelle oder andere Daten sagen sie nichts."),
    ("sure.documents",
     "The intervals say how far a value would move with other documents of the same kind: "
     "{items} items come from {clusters} documents, and items of one document are no independent "
     "evidence. They say nothing about other models or other data.",
     "Die Intervalle sagen, wie weit ein Wert bei anderen Dokumenten derselben Art schwanken "
     "würde: {items} Einzelfälle stammen aus {clusters} Dokumenten, und Fälle eines Dokuments "
     "sind keine unabhängigen Belege. Über andere Modelle oder Daten sagen sie nichts."),
    ("sure.no.interval", "No interval is on record: how sure the values are was not computed.",
     "Kein Intervall ist verzeichnet: Wie sicher die Werte sind, wurde nicht berechnet."),
    ("sure.planned",
     "What would be asked and how it would be scored was fixed before; nothing could be left out "
     "afterwards without leaving a trace.",
     "Was gefragt und wie bewertet wird, stand vorher fest; nichts konnte danach spurlos "
     "weggelassen werden."),
    ("trust.owned", "The weights that answered were loaded from files that the run had hashed.",
     "Die antwortenden Gewichte wurden aus Dateien geladen, deren Hash der Lauf gebildet hatte."),
    ("trust.attested",
     "A server answered that said which files it had loaded; these were hashed, its word that it "
     "used them was taken.",
     "Es antwortete ein Server, der sagte, welche Dateien er geladen hat; deren Hash wurde "
     "gebildet, dass er sie benutzt hat, wurde ihm geglaubt."),
    ("trust.claimed", "A server answered under a name; which weights it used nobody checked.",
     "Es antwortete ein Server unter einem Namen; welche Gewichte er benutzte, hat niemand "
     "geprüft."),
    ("again.never",
     "This ledger holds each request answered once. Whether it comes out again is shown by a "
     "rerun: see the commands under Check it.",
     "In diesem Ledger ist jede Anfrage einmal beantwortet. Ob es wieder so herauskommt, zeigt "
     "ein neuer Lauf: siehe die Befehle unter Nachprüfen."),
    ("again.rerun", "Compared with a rerun, the log {origin} of {records} records:",
     "Verglichen mit einem neuen Lauf, dem Log {origin} mit {records} Einträgen:"),
    ("again.same",
     "{asked} of {requests} requests were asked again, and each gave the same answer, token by "
     "token.",
     "{asked} von {requests} Anfragen wurden noch einmal gestellt, und jede ergab dieselbe "
     "Antwort, Token für Token."),
    ("again.differs",
     "{asked} of {requests} requests were asked again; {differ} of these gave another answer.",
     "{asked} von {requests} Anfragen wurden noch einmal gestellt; {differ} davon ergaben eine "
     "andere Antwort."),
    ("seen.unknown",
     "No check is on record: nothing is known about whether the model saw these items in "
     "training.",
     "Keine Prüfung ist verzeichnet: Ob das Modell diese Fälle im Training sah, ist nicht "
     "bekannt."),
    ("seen.undecided",
     "Checks were made; none of them was declared the primary test, so there is no decision. See "
     "Contamination below.",
     "Es wurde geprüft; keine der Prüfungen war als Haupttest festgelegt, daher gibt es keine "
     "Entscheidung. Siehe unten, Kontamination."),
    ("of.model", "{name}:", "{name}:"),
    ("decision.evidence for",
     "The declared test found evidence that the model was trained on these items: its scores may "
     "be higher than on texts it never saw.",
     "Der festgelegte Test fand Belege, dass das Modell mit diesen Fällen trainiert wurde: Seine "
     "Werte können höher sein als bei Texten, die es nie sah."),
    ("decision.no evidence found",
     "The declared test found no evidence that the model was trained on these items; that is no "
     "proof that it was not.",
     "Der festgelegte Test fand keinen Beleg, dass das Modell mit diesen Fällen trainiert wurde; "
     "ein Beweis des Gegenteils ist das nicht."),
    ("decision.not testable", "Whether the model was trained on these items could not be tested.",
     "Ob das Modell mit diesen Fällen trainiert wurde, ließ sich nicht prüfen."),
)  # fmt: skip
