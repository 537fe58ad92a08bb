"""The words of quantities in four languages: units, fractions, counts, and the words that tell them apart."""

from dataclasses import dataclass
from fractions import Fraction

from codeword.codebook.units import UNITS, Unit, rate

UnitTable = dict[tuple[str, ...], Unit]

STEPS = Unit("steps", "count")
"""A plain count that is said with a word of its own: steps, paces."""


def _table(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _unit_table(spelled: dict[str, str], steps: str) -> UnitTable:
    """Units by their spellings, each a tuple of words; `spelled` maps a unit's name to them, with | between."""
    named = {**UNITS, "steps": STEPS}
    spelled = {**spelled, "steps": steps}
    return {tuple(text.split()): named[name] for name, texts in spelled.items() for text in texts.split("|")}


def _fractions(**words: str) -> dict[str, Fraction]:
    names = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
    return {word: Fraction(1, names[name]) for name, text in words.items() for word in text.split()}


@dataclass(frozen=True)
class LanguageWords:
    """What one language says around numbers. All words are in lower case.

    `adverbs` are said alone (twice); `groups` count like a dozen; `halves` are ended numbers (zweieinhalb); `of_unit`
    maps whole words to an amount of a unit (Viertelstunde). `told_apart` are words before a bare half that make it a
    part of a thing; `function_words` follow a pronoun, never a count. `guess` are words that tell the language.
    """

    units: UnitTable
    articles: frozenset[str]
    ands: frozenset[str]
    ofs: frozenset[str]
    pers: frozenset[str]
    times: frozenset[str]
    minus: frozenset[str]
    points: frozenset[str]
    connectors: frozenset[str]
    fillers: frozenset[str]
    whole: frozenset[str]
    adverbs: dict[str, int]
    groups: dict[str, int]
    fractions: dict[str, Fraction]
    labels: frozenset[str]
    clock: frozenset[str]
    clock_before: frozenset[str]
    definite: frozenset[str]
    told_apart: frozenset[str]
    function_words: frozenset[str]
    turning: frozenset[str]
    directions: frozenset[str]
    guess: frozenset[str]
    of_unit: dict[str, tuple[Fraction, Unit]]
    times_suffix: str = ""
    half_suffix: str = ""
    thousands: str = ","
    below_zero: tuple[tuple[str, ...], ...] = ()
    """What makes a temperature of a number before it, and a negative one."""
    bare_article: frozenset[str] = frozenset()
    """Units that an article alone does not count (a turn, a foot)."""


SYMBOLS: UnitTable = {
    tuple(text.split()): UNITS[name]
    for name, texts in {
        "m": "m", "cm": "cm|CM", "mm": "mm|MM", "km": "km|KM", "um": "um|µm|μm", "ft": "ft|′", "yd": "yd", "mile": "mi",
        "inch": "″", "deg": "deg|°|º", "rad": "rad", "s": "s|sec|secs", "ms": "ms", "us": "µs|μs",
        "min": "min|mins|Min", "h": "h|hr|hrs", "l": "l|L", "dl": "dl|dL", "cl": "cl|cL", "ml": "ml|mL|ML|cm ³",
        "ul": "ul|uL|µl|µL|μl|μL", "g": "g", "kg": "kg|KG|Kg", "mg": "mg", "lb": "lb|lbs", "oz": "oz",
        "C": "C|° C|° c|º C|℃", "F": "F|° F|° f|º F|℉", "percent": "%", "rpm": "rpm|RPM", "Hz": "Hz|hz",
        "kHz": "kHz|khz", "N": "N", "kN": "kN", "V": "V", "mV": "mV", "mA": "mA", "W": "W", "kW": "kW", "Pa": "Pa",
        "kPa": "kPa", "km/h": "kph|kmh",
    }.items()
    for text in texts.split("|")
}  # fmt: skip
"""Spelled in every language so; small and capital letters differ."""
_MPH = rate(UNITS["mile"], UNITS["h"])
assert _MPH is not None
SYMBOLS[("mph",)] = _MPH

_ENGLISH = LanguageWords(
    units=_unit_table(
        {
            "m": "metre|metres|meter|meters", "cm": "centimetre|centimetres|centimeter|centimeters",
            "mm": "millimetre|millimetres|millimeter|millimeters", "km": "kilometre|kilometres|kilometer|kilometers",
            "um": "micrometre|micrometres|micrometer|micrometers|micron|microns", "inch": "inch|inches",
            "ft": "foot|feet", "yd": "yard|yards", "mile": "mile|miles", "deg": "degree|degrees",
            "rad": "radian|radians", "turn": "turn|turns|rotation|rotations|revolution|revolutions|circle",
            "s": "second|seconds", "ms": "millisecond|milliseconds", "us": "microsecond|microseconds",
            "min": "minute|minutes", "h": "hour|hours", "l": "litre|litres|liter|liters",
            "dl": "decilitre|decilitres|deciliter|deciliters", "cl": "centilitre|centilitres|centiliter|centiliters",
            "ml": "millilitre|millilitres|milliliter|milliliters|cc",
            "ul": "microlitre|microlitres|microliter|microliters", "g": "gram|grams|gramme|grammes",
            "kg": "kilogram|kilograms|kilo|kilos", "mg": "milligram|milligrams", "lb": "pound|pounds",
            "oz": "ounce|ounces", "percent": "percent|per cent", "N": "newton|newtons", "Hz": "hertz",
            "kHz": "kilohertz", "V": "volt|volts", "W": "watt|watts", "K": "kelvin|kelvins",
            "C": "celsius|degree celsius|degrees celsius|degrees centigrade|degrees c|° celsius",
            "F": "fahrenheit|degree fahrenheit|degrees fahrenheit|degrees f|° fahrenheit",
        },
        "step|steps|pace|paces",
    ),
    articles=_table("a an"),
    ands=_table("and"),
    ofs=_table("of"),
    pers=_table("per a an each every"),
    times=_table("times time x ×"),
    minus=_table("minus negative"),
    points=_table("point"),
    connectors=_table("and or to by x × - – —"),
    fillers=_table("more whole full additional extra further entire complete"),
    whole=_table("full whole complete entire"),
    adverbs={"once": 1, "twice": 2, "thrice": 3},
    groups={"dozen": 12, "dozens": 12, "couple": 2, "pair": 2},
    fractions=_fractions(
        half="half halves halfway", third="third thirds", quarter="quarter quarters", fifth="fifth fifths",
        sixth="sixth sixths", eighth="eighth eighths", tenth="tenth tenths",
    ),
    labels=_table(
        "number no nr id slot room bay station position place shelf lane channel row column line floor button door "
        "gate table box bin block cube bowl cup zone area item object robot tray rack cell plate tube vial bottle "
        "program mode stage tool joint motor port pin point mark"
    ),
    clock=_table("o'clock oclock am pm a.m p.m o' past"),
    clock_before=frozenset(),
    definite=_table("the this that these those which each every no any another other some next last"),
    told_apart=_table("the left right other first second upper lower top bottom front back rear each this that which"),
    function_words=_table(
        "of by at after another in on to that which who is are was and then or near with from into onto for as before "
        "behind under over next when while if it you so but until where here there has goes"
    ),
    turning=_table("turn rotate spin pivot swivel twist turning rotating spinning"),
    directions=_table("left right around round about clockwise counterclockwise anticlockwise by"),
    guess=_table(
        "the a an and then to of in on by it for with at from turn go move put take drive forward back half quarter "
        "times once twice dozen"
    ),
    of_unit={},
    below_zero=(("below", "zero"), ("under", "zero"), ("below", "freezing")),
    bare_article=_table("turn foot degree percent time circle rotation revolution second"),
)  # fmt: skip

_GERMAN = LanguageWords(
    units=_unit_table(
        {
            "m": "meter|metern|meters", "cm": "zentimeter|zentimetern|centimeter", "mm": "millimeter|millimetern",
            "km": "kilometer|kilometern", "um": "mikrometer", "inch": "zoll", "ft": "fuß", "mile": "meile|meilen",
            "deg": "grad", "rad": "radiant", "turn": "drehung|drehungen|umdrehung|umdrehungen", "s": "sekunde|sekunden",
            "ms": "millisekunde|millisekunden", "min": "minute|minuten", "h": "stunde|stunden|std", "l": "liter|litern",
            "dl": "deziliter", "cl": "zentiliter", "ml": "milliliter|millilitern", "ul": "mikroliter", "g": "gramm",
            "kg": "kilogramm|kilo|kilos", "mg": "milligramm", "lb": "pfund", "percent": "prozent", "N": "newton",
            "Hz": "hertz", "kHz": "kilohertz", "V": "volt", "W": "watt", "K": "kelvin",
            "C": "grad celsius|celsius|° celsius", "F": "grad fahrenheit|fahrenheit|° fahrenheit",
        },
        "schritt|schritte|schritten",
    ),
    articles=_table("ein eine einen einem einer eines"),
    ands=_table("und"),
    ofs=frozenset(),
    pers=_table("pro je"),
    times=_table("mal x ×"),
    minus=_table("minus"),
    points=_table("komma"),
    connectors=_table("und oder bis x × - – —"),
    fillers=_table("weitere weiteren ganze ganzen volle vollen mehr"),
    whole=_table("ganze ganzen volle vollen"),
    adverbs={"einmal": 1, "zweimal": 2, "dreimal": 3},
    groups={"dutzend": 12},
    fractions=_fractions(
        half="halb halbe halben halber halbes halbem hälfte", third="drittel dritteln",
        quarter="viertel vierteln", fifth="fünftel", sixth="sechstel", eighth="achtel", tenth="zehntel",
    ),
    labels=_table(
        "nummer nr platz raum zimmer station position regal spur kanal reihe spalte zeile stock etage knopf taste tür "
        "tor tisch kiste box block würfel schüssel becher zone bereich objekt roboter tablett zelle teller röhrchen "
        "flasche programm modus stufe"
    ),
    clock=_table("uhr"),
    clock_before=frozenset(),
    definite=_table(
        "der die das den dem des dieser diese dieses diesen jeder jede jedes kein keine keinen am im zum zur"
    ),
    told_apart=_table("der die das den dem linke linken rechte rechten andere anderen erste zweite obere untere"),
    function_words=_table("von der die das den dem und dann oder in auf zu nach mit aus vor hinter für ist"),
    turning=_table("drehe dreh drehen rotiere rotieren wende wenden"),
    directions=_table("links rechts um herum"),
    guess=_table(
        "der die das den dem ein eine einen einem und dann nach im in auf um zu zum zur mit von bis fahre gehe drehe "
        "lege nimm warte dich ist mal auf halb halbe halben halber"
    ),
    of_unit={
        "viertelstunde": (Fraction(1, 4), UNITS["h"]), "dreiviertelstunde": (Fraction(3, 4), UNITS["h"]),
        "vierteldrehung": (Fraction(1, 4), UNITS["turn"]), "viertelumdrehung": (Fraction(1, 4), UNITS["turn"]),
        "viertelliter": (Fraction(1, 4), UNITS["l"]),
    },
    times_suffix="mal",
    half_suffix="einhalb",
    thousands=".",
    below_zero=(("unter", "null"),),
    bare_article=_table("grad fuß prozent zoll"),
)  # fmt: skip

_FRENCH = LanguageWords(
    units=_unit_table(
        {
            "m": "mètre|mètres|metre|metres", "cm": "centimètre|centimètres", "mm": "millimètre|millimètres",
            "km": "kilomètre|kilomètres", "um": "micromètre|micromètres", "inch": "pouce|pouces", "deg": "degré|degrés",
            "rad": "radian|radians", "turn": "tour|tours|rotation|rotations", "s": "seconde|secondes",
            "ms": "milliseconde|millisecondes", "min": "minute|minutes", "h": "heure|heures", "l": "litre|litres",
            "dl": "décilitre|décilitres", "cl": "centilitre|centilitres", "ml": "millilitre|millilitres",
            "ul": "microlitre|microlitres", "g": "gramme|grammes", "kg": "kilogramme|kilogrammes|kilo|kilos",
            "mg": "milligramme|milligrammes", "lb": "livre|livres", "percent": "pour cent|pourcent",
            "N": "newton|newtons",
            "Hz": "hertz", "kHz": "kilohertz", "V": "volt|volts", "W": "watt|watts", "K": "kelvin|kelvins",
            "C": "celsius|degré celsius|degrés celsius|° celsius", "F": "degrés fahrenheit|fahrenheit",
        },
        "pas",
    ),
    articles=_table("un une"),
    ands=_table("et"),
    ofs=_table("de d'"),
    pers=_table("par"),
    times=_table("fois x ×"),
    minus=_table("moins"),
    points=_table("virgule"),
    connectors=_table("et ou à x × - – —"),
    fillers=_table("autres entiers entières complets complètes"),
    whole=frozenset(),
    adverbs={},
    groups={"douzaine": 12, "douzaines": 12, "paire": 2, "couple": 2},
    fractions=_fractions(
        half="demi demie demis moitié", third="tiers", quarter="quart quarts", tenth="dixième dixièmes"
    ),
    labels=_table(
        "numéro no nº place salle chambre station position étagère voie canal rangée colonne ligne étage bouton porte "
        "table boîte bac bloc cube bol tasse zone objet robot plateau cellule assiette tube bouteille programme mode"
    ),
    clock=frozenset(),
    clock_before=_table("à vers"),
    definite=_table("le la les l' ce cette ces chaque aucun aucune"),
    told_apart=_table("le l' gauche droite autre première deuxième"),
    function_words=_table("de du des à et puis ou dans sur avec vers pour est qui"),
    turning=_table("tourne tourner tournez pivote pivoter"),
    directions=_table("gauche droite de d'"),
    guess=_table(
        "le la les de du des et à au aux un une en sur dans pour avec puis vers l' d' avance tourne prends mets "
        "attends va fois demi demie"
    ),
    of_unit={},
    thousands="",
    below_zero=(("sous", "zéro"),),
)  # fmt: skip

_SPANISH = LanguageWords(
    units=_unit_table(
        {
            "m": "metro|metros", "cm": "centímetro|centímetros|centimetro|centimetros", "mm": "milímetro|milímetros",
            "km": "kilómetro|kilómetros", "um": "micrómetro|micrómetros", "inch": "pulgada|pulgadas",
            "deg": "grado|grados", "rad": "radián|radianes", "turn": "vuelta|vueltas|giro|giros|rotación|rotaciones",
            "s": "segundo|segundos", "ms": "milisegundo|milisegundos", "min": "minuto|minutos", "h": "hora|horas",
            "l": "litro|litros", "dl": "decilitro|decilitros", "cl": "centilitro|centilitros",
            "ml": "mililitro|mililitros", "ul": "microlitro|microlitros", "g": "gramo|gramos",
            "kg": "kilogramo|kilogramos|kilo|kilos", "mg": "miligramo|miligramos", "lb": "libra|libras",
            "percent": "por ciento|por cien", "N": "newton|newtons", "Hz": "hertz|hercios", "V": "voltio|voltios",
            "W": "vatio|vatios", "K": "kelvin",
            "C": "celsius|grado celsius|grados celsius|grados centígrados|° celsius",
            "F": "grados fahrenheit|fahrenheit",
        },
        "paso|pasos",
    ),
    articles=_table("un una uno"),
    ands=_table("y"),
    ofs=_table("de"),
    pers=_table("por"),
    times=_table("veces vez x ×"),
    minus=_table("menos"),
    points=_table("coma punto"),
    connectors=_table("y o a x × - – —"),
    fillers=_table("más enteros enteras completos completas"),
    whole=frozenset(),
    adverbs={},
    groups={"docena": 12, "docenas": 12, "par": 2},
    fractions=_fractions(
        half="medio media medios mitad", third="tercio tercios", quarter="cuarto cuartos",
        fifth="quinto quintos", eighth="octavo octavos", tenth="décimo décimos",
    ),
    labels=_table(
        "número no nº puesto sala habitación estación posición estante carril canal fila columna línea piso botón "
        "puerta mesa caja bloque cubo tazón taza zona objeto robot bandeja celda plato tubo botella programa modo"
    ),
    clock=frozenset(),
    clock_before=_table("las"),
    definite=_table("el la los las este esta ese esa cada ningún ninguna"),
    told_apart=_table("el la izquierda derecha otra otro primera segunda"),
    function_words=_table("de del a al y luego o en sobre con por para es que"),
    turning=_table("gira girar gire rota rotar"),
    directions=_table("izquierda derecha"),
    guess=_table(
        "el la los las de del y a al un una en sobre con por para hacia luego avanza gira coge pon espera ve veces "
        "medio media"
    ),
    of_unit={},
    thousands=".",
    below_zero=(("bajo", "cero"),),
)  # fmt: skip

LANGUAGES = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
"""The languages that are read, the likeliest first."""
