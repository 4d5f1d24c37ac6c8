"""Verbs by the construction they take, with the principal parts that the grammar inflects.

Each line of a table is ``infinitive present preterite participle``, the middle two in the third
person singular. None has a separable prefix. `inflection` derives the plural: the present plural
is the infinitive, the preterite plural adds n after e and en elsewhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """A verb's principal parts and the auxiliary of its perfect, ``haben`` or ``sein``."""

    infinitive: str
    present: str
    preterite: str
    participle: str
    auxiliary: str


def _table(text: str, auxiliary: str = "haben") -> tuple[Verb, ...]:
    rows = (line.split() for line in text.split(";") if line.strip())
    return tuple(Verb(inf, now, then, done, auxiliary) for inf, now, then, done in rows)


WITH_THING = _table(
    """
    kaufen kauft kaufte gekauft; verkaufen verkauft verkaufte verkauft;
    tragen trägt trug getragen; nehmen nimmt nahm genommen; holen holt holte geholt;
    suchen sucht suchte gesucht; finden findet fand gefunden; sehen sieht sah gesehen;
    verlieren verliert verlor verloren; stehlen stiehlt stahl gestohlen;
    behalten behält behielt behalten; verbergen verbirgt verbarg verborgen;
    brauchen braucht brauchte gebraucht; bezahlen bezahlt bezahlte bezahlt;
    malen malt malte gemalt; zerbrechen zerbricht zerbrach zerbrochen;
    begehren begehrt begehrte begehrt; betrachten betrachtet betrachtete betrachtet;
    vergessen vergisst vergaß vergessen; teilen teilt teilte geteilt;
    verwahren verwahrt verwahrte verwahrt; schätzen schätzt schätzte geschätzt;
    empfangen empfängt empfing empfangen; besitzen besitzt besaß besessen;
    halten hält hielt gehalten; verschenken verschenkt verschenkte verschenkt
    """
)

WITH_PERSON = _table(
    """
    rufen ruft rief gerufen; lieben liebt liebte geliebt; fürchten fürchtet fürchtete gefürchtet;
    loben lobt lobte gelobt; fragen fragt fragte gefragt; grüßen grüßt grüßte gegrüßt;
    schlagen schlägt schlug geschlagen; strafen straft strafte gestraft;
    lehren lehrt lehrte gelehrt; hören hört hörte gehört; ehren ehrt ehrte geehrt;
    kennen kennt kannte gekannt; führen führt führte geführt; trösten tröstet tröstete getröstet;
    pflegen pflegt pflegte gepflegt; verraten verrät verriet verraten;
    verfolgen verfolgt verfolgte verfolgt; erkennen erkennt erkannte erkannt;
    warnen warnt warnte gewarnt; bitten bittet bat gebeten; hassen hasst hasste gehasst;
    schützen schützt schützte geschützt; retten rettet rettete gerettet;
    töten tötet tötete getötet; küssen küsst küsste geküsst; verlassen verlässt verließ verlassen
    """
)

WITH_IDEA = _table(
    """
    suchen sucht suchte gesucht; lieben liebt liebte geliebt; predigen predigt predigte gepredigt;
    fürchten fürchtet fürchtete gefürchtet; verstehen versteht verstand verstanden;
    kennen kennt kannte gekannt; loben lobt lobte gelobt; bekennen bekennt bekannte bekannt;
    bedenken bedenkt bedachte bedacht; erfahren erfährt erfuhr erfahren;
    verkünden verkündet verkündete verkündet; beklagen beklagt beklagte beklagt;
    erdulden erduldet erduldete erduldet; finden findet fand gefunden
    """
)

GIVING = _table(
    """
    geben gibt gab gegeben; schenken schenkt schenkte geschenkt; bringen bringt brachte gebracht;
    zeigen zeigt zeigte gezeigt; senden sendet sandte gesandt; leihen leiht lieh geliehen;
    versprechen verspricht versprach versprochen; rauben raubt raubte geraubt;
    reichen reicht reichte gereicht; bieten bietet bot geboten
    """
)

WITH_DATIVE = _table(
    """
    helfen hilft half geholfen; danken dankt dankte gedankt; dienen dient diente gedient;
    gehorchen gehorcht gehorchte gehorcht; trauen traut traute getraut;
    antworten antwortet antwortete geantwortet; glauben glaubt glaubte geglaubt;
    vergeben vergibt vergab vergeben; schaden schadet schadete geschadet;
    drohen droht drohte gedroht; schreiben schreibt schrieb geschrieben
    """
)

ALONE = _table(
    """
    schlafen schläft schlief geschlafen; weinen weint weinte geweint; lachen lacht lachte gelacht;
    singen singt sang gesungen; beten betet betete gebetet;
    arbeiten arbeitet arbeitete gearbeitet; schweigen schweigt schwieg geschwiegen;
    leben lebt lebte gelebt; wachen wacht wachte gewacht; warten wartet wartete gewartet;
    ruhen ruht ruhte geruht; klagen klagt klagte geklagt; trinken trinkt trank getrunken;
    tanzen tanzt tanzte getanzt; spielen spielt spielte gespielt;
    zittern zittert zitterte gezittert; kämpfen kämpft kämpfte gekämpft; wohnen wohnt wohnte gewohnt
    """
) + _table("sterben stirbt starb gestorben; bleiben bleibt blieb geblieben", "sein")

MOTION = _table(
    """
    gehen geht ging gegangen; kommen kommt kam gekommen; laufen läuft lief gelaufen;
    reiten reitet ritt geritten; fahren fährt fuhr gefahren; ziehen zieht zog gezogen;
    fliehen flieht floh geflohen; eilen eilt eilte geeilt; wandern wandert wanderte gewandert;
    reisen reist reiste gereist; steigen steigt stieg gestiegen
    """,
    "sein",
)

SAYING = _table(
    """
    sagen sagt sagte gesagt; glauben glaubt glaubte geglaubt; hören hört hörte gehört;
    wissen weiß wusste gewusst; schreiben schreibt schrieb geschrieben;
    meinen meint meinte gemeint; klagen klagt klagte geklagt; erzählen erzählt erzählte erzählt
    """
)

MODALS = _table(
    """
    wollen will wollte gewollt; können kann konnte gekonnt; müssen muss musste gemusst;
    sollen soll sollte gesollt; dürfen darf durfte gedurft
    """
)

ALL = WITH_THING + WITH_PERSON + WITH_IDEA + GIVING + WITH_DATIVE + ALONE + MOTION + SAYING + MODALS
