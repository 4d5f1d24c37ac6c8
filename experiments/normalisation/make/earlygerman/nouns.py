"""Nouns by meaning, with the principal parts that the grammar inflects.

Each line of a table is ``singular gender genitive plural``: gender m, f or n, genitive and
nominative plural as whole words, ``-`` where the grammar uses no plural. `inflection` derives the
other cases: dative and accusative singular equal the nominative, except that a weak masculine
(one whose genitive does not end in s) keeps its genitive; the dative plural adds n unless the
plural ends in n or s.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A noun's principal parts; `plural` is empty where the grammar uses none."""

    singular: str
    gender: str
    genitive: str
    plural: str


def _table(text: str) -> tuple[Noun, ...]:
    rows = (line.split() for line in text.split(";") if line.strip())
    return tuple(Noun(one, sex, gen, "" if many == "-" else many) for one, sex, gen, many in rows)


PERSONS = _table(
    """
    König m Königs Könige; Bauer m Bauern Bauern; Bote m Boten Boten; Bruder m Bruders Brüder;
    Vater m Vaters Väter; Sohn m Sohnes Söhne; Knecht m Knechtes Knechte; Ritter m Ritters Ritter;
    Fürst m Fürsten Fürsten; Graf m Grafen Grafen; Bischof m Bischofs Bischöfe;
    Kaiser m Kaisers Kaiser; Schreiber m Schreibers Schreiber; Müller m Müllers Müller;
    Schneider m Schneiders Schneider; Schmied m Schmieds Schmiede; Wirt m Wirtes Wirte;
    Kaufmann m Kaufmanns Kaufleute; Arzt m Arztes Ärzte; Priester m Priesters Priester;
    Mönch m Mönches Mönche; Richter m Richters Richter; Jäger m Jägers Jäger;
    Hirte m Hirten Hirten; Meister m Meisters Meister; Freund m Freundes Freunde;
    Nachbar m Nachbarn Nachbarn; Knabe m Knaben Knaben; Gast m Gastes Gäste; Dieb m Diebes Diebe;
    Feind m Feindes Feinde; Herzog m Herzogs Herzöge; Schüler m Schülers Schüler;
    Fischer m Fischers Fischer; Söldner m Söldners Söldner; Bürger m Bürgers Bürger;
    Lehrer m Lehrers Lehrer; Maler m Malers Maler; Drucker m Druckers Drucker;
    Pfarrer m Pfarrers Pfarrer; Abt m Abtes Äbte; Wächter m Wächters Wächter;
    Reiter m Reiters Reiter; Bettler m Bettlers Bettler; Pilger m Pilgers Pilger;
    Bäcker m Bäckers Bäcker; Hauptmann m Hauptmanns Hauptleute; Mann m Mannes Männer;
    Herr m Herrn Herren; Frau f Frau Frauen; Mutter f Mutter Mütter; Tochter f Tochter Töchter;
    Schwester f Schwester Schwestern; Magd f Magd Mägde; Königin f Königin Königinnen;
    Jungfrau f Jungfrau Jungfrauen; Witwe f Witwe Witwen; Nonne f Nonne Nonnen;
    Bäuerin f Bäuerin Bäuerinnen; Fürstin f Fürstin Fürstinnen; Gräfin f Gräfin Gräfinnen;
    Kind n Kindes Kinder; Weib n Weibes Weiber; Volk n Volkes Völker
    """
)

THINGS = _table(
    """
    Buch n Buches Bücher; Brief m Briefes Briefe; Schwert n Schwertes Schwerter;
    Messer n Messers Messer; Mantel m Mantels Mäntel; Ring m Ringes Ringe; Kleid n Kleides Kleider;
    Hemd n Hemdes Hemden; Schlüssel m Schlüssels Schlüssel; Kreuz n Kreuzes Kreuze;
    Bild n Bildes Bilder; Wein m Weines -; Brot n Brotes Brote; Holz n Holzes Hölzer;
    Pferd n Pferdes Pferde; Hund m Hundes Hunde; Schiff n Schiffes Schiffe; Wagen m Wagens Wagen;
    Rad n Rades Räder; Stein m Steines Steine; Baum m Baumes Bäume; Apfel m Apfels Äpfel;
    Acker m Ackers Äcker; Krone f Krone Kronen; Kette f Kette Ketten; Glocke f Glocke Glocken;
    Fenster n Fensters Fenster; Tisch m Tisches Tische; Stuhl m Stuhles Stühle;
    Bett n Bettes Betten; Licht n Lichtes Lichter; Kerze f Kerze Kerzen;
    Spiegel m Spiegels Spiegel; Glas n Glases Gläser; Becher m Bechers Becher;
    Fass n Fasses Fässer; Sack m Sackes Säcke; Korb m Korbes Körbe; Beutel m Beutels Beutel;
    Truhe f Truhe Truhen; Kasten m Kastens Kästen; Karte f Karte Karten;
    Schrift f Schrift Schriften; Tafel f Tafel Tafeln; Feder f Feder Federn;
    Urkunde f Urkunde Urkunden; Siegel n Siegels Siegel; Fahne f Fahne Fahnen;
    Trommel f Trommel Trommeln; Pfeife f Pfeife Pfeifen; Harfe f Harfe Harfen;
    Schatz m Schatzes Schätze; Münze f Münze Münzen; Taler m Talers Taler;
    Pfennig m Pfennigs Pfennige; Helm m Helmes Helme; Schild m Schildes Schilde;
    Spieß m Spießes Spieße; Lanze f Lanze Lanzen; Bogen m Bogens Bögen; Pfeil m Pfeiles Pfeile;
    Axt f Axt Äxte; Hammer m Hammers Hämmer; Nagel m Nagels Nägel; Netz n Netzes Netze;
    Boot n Bootes Boote; Schaf n Schafes Schafe; Kuh f Kuh Kühe; Ochse m Ochsen Ochsen;
    Schwein n Schweines Schweine; Ziege f Ziege Ziegen; Esel m Esels Esel; Vogel m Vogels Vögel;
    Fisch m Fisches Fische; Wolf m Wolfes Wölfe; Hirsch m Hirsches Hirsche; Hase m Hasen Hasen;
    Tier n Tieres Tiere; Gans f Gans Gänse; Huhn n Huhnes Hühner; Geld n Geldes -;
    Pulver n Pulvers -; Salz n Salzes -; Korn n Kornes -; Fleisch n Fleisches -; Öl n Öls -
    """
)

IDEAS = _table(
    """
    Wahrheit f Wahrheit -; Gnade f Gnade -; Freiheit f Freiheit -; Recht n Rechtes Rechte;
    Not f Not Nöte; Rat m Rates -; Liebe f Liebe -; Hoffnung f Hoffnung -;
    Arbeit f Arbeit Arbeiten;
    Freude f Freude Freuden; Zorn m Zornes -; Schuld f Schuld -; Ehre f Ehre -;
    Kraft f Kraft Kräfte;
    Hilfe f Hilfe -; Kunst f Kunst Künste; Sünde f Sünde Sünden; Strafe f Strafe Strafen;
    Geduld f Geduld -; Wort n Wortes Worte; Frevel m Frevels Frevel; Tat f Tat Taten;
    Mut m Mutes -; Armut f Armut -; Lehre f Lehre Lehren; Krankheit f Krankheit Krankheiten;
    Schmerz m Schmerzes Schmerzen; Treue f Treue -; Tod m Todes -; Krieg m Krieges Kriege
    """
)

PLACES = {
    "in": _table(
        """
        Stadt f Stadt Städte; Dorf n Dorfes Dörfer; Wald m Waldes Wälder; Tal n Tales Täler;
        Burg f Burg Burgen; Kirche f Kirche Kirchen; Kloster n Klosters Klöster;
        Garten m Gartens Gärten; Haus n Hauses Häuser; Keller m Kellers Keller;
        Stall m Stalles Ställe; Schule f Schule Schulen; Herberge f Herberge Herbergen;
        Land n Landes Länder; Schloss n Schlosses Schlösser; Kammer f Kammer Kammern;
        Turm m Turmes Türme; Rathaus n Rathauses Rathäuser
        """
    ),
    "auf": _table(
        """
        Berg m Berges Berge; Markt m Marktes Märkte; Brücke f Brücke Brücken;
        Feld n Feldes Felder; Wiese f Wiese Wiesen; Straße f Straße Straßen;
        Hof m Hofes Höfe; Mauer f Mauer Mauern; Dach n Daches Dächer
        """
    ),
    "vor": _table(
        "Tor n Tores Tore; Tür f Tür Türen; Mühle f Mühle Mühlen; Altar m Altares Altäre"
    ),
    "hinter": _table("Hecke f Hecke Hecken; Zaun m Zaunes Zäune; Ofen m Ofens Öfen"),
}

NAMES = tuple(
    "Hans Peter Martin Jakob Konrad Ulrich Friedrich Wolfgang Sebastian Valentin Johannes Georg "
    "Anna Katharina Margareta Barbara Elisabeth Ursula Dorothea Agnes".split()
)

TOWNS = tuple(
    "Wittenberg Nürnberg Augsburg Straßburg Leipzig Erfurt Ulm Köln Mainz Worms Speyer Zürich "
    "Basel Frankfurt Regensburg Innsbruck Venedig Rom".split()
)
