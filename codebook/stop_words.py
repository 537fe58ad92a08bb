"""Words that stop a robot when somebody says them and nothing else, and how sayings are compared.

They are matched before any model or planner: a reflex, not a decision. A codebook adds words of its own by its key
`stop_words`; those here cannot be taken away.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache

STOP_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "stop", "stop it", "stop that", "stop this", "stop moving", "stop right there", "stop the robot", "full stop",
        "emergency stop", "halt", "freeze", "wait", "wait a moment", "wait a minute", "wait a second", "wait a sec",
        "wait there", "wait here", "hold", "hold it", "hold on", "hold still", "hold your position", "stand still",
        "stay", "stay still", "stay there", "stay put", "keep still", "do not move", "don't move", "never move",
        "not a move", "no", "abort", "cancel", "enough", "that is enough", "that's enough", "quit", "whoa",
    ),
    "de": (
        "stopp", "stoppen", "stoppe", "halt an", "anhalten", "warte", "warten", "moment", "einen moment", "nein",
        "nicht bewegen", "beweg dich nicht", "bewege dich nicht", "keine bewegung", "stehen bleiben", "stehenbleiben",
        "bleib stehen", "stillhalten", "aufhören", "hör auf", "abbrechen", "abbruch", "notaus", "not aus", "genug",
    ),
    "fr": (
        "arrête", "arrêtez", "arrêter", "arrête toi", "arrête-toi", "arrêtez-vous", "arrêt", "arrêt d'urgence", "halte",
        "attends", "attendez", "ne bouge pas", "ne bougez pas", "ne bouge plus", "ne bougez plus", "non", "assez",
    ),
    "es": (
        "para", "pare", "parar", "párate", "alto", "detente", "deténgase", "espera", "espere", "no te muevas",
        "no se mueva", "quieto", "basta", "parada de emergencia",
    ),
    "it": (
        "fermo", "ferma", "fermati", "si fermi", "aspetta", "aspetti", "alt", "non muoverti", "non ti muovere",
        "non si muova", "basta così",
    ),
    "pt": ("pára", "pare já", "não se mexa", "não te mexas", "parado", "quieto já", "chega", "não"),
    "nl": ("wacht", "wacht even", "niet bewegen", "beweeg niet", "sta stil", "stilstaan", "ophouden", "nee"),
    "sv": ("stanna", "vänta", "rör dig inte", "sluta", "nej"),
    "da": ("stands", "vent", "rør dig ikke"),
    "pl": ("stój", "czekaj", "nie ruszaj się", "zatrzymaj się", "nie"),
    "cs": ("stůj", "zastav", "počkej", "nehýbej se"),
    "ru": ("стоп", "стой", "стойте", "подожди", "подождите", "не двигайся", "не двигайтесь", "остановись", "нет"),
    "tr": ("dur", "bekle", "kımıldama", "hareket etme", "hayır"),
    "ar": ("قف", "توقف", "انتظر", "لا تتحرك"),
    "hi": ("रुको", "रुकिए", "ठहरो", "हिलो मत"),
    "zh": ("停", "停止", "停下", "停下来", "别动", "不要动", "等等", "等一下", "住手"),
    "ja": ("止まれ", "止まって", "とまれ", "ストップ", "停止", "待て", "待って", "動くな"),
    "ko": ("멈춰", "멈춰요", "정지", "그만", "기다려", "움직이지 마"),
}  # fmt: skip
"""By language; a word that several have in common stands once."""

_BESIDE = ("please", "now", "right now", "immediately", "at once", "robot", "ok", "okay", "hey", "bitte", "sofort")
"""What may be said beside a stop word."""

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2018\u2019\u02bc`](?=\w)")


def plain_words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents, apostrophes and punctuation.

    >>> plain_words("  DON'T move! ")
    ('dont', 'move')
    """
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if unicodedata.category(letter) != "Mn")
    return tuple(_WORD.findall(_APOSTROPHE.sub("", bare.casefold().replace("\u0131", "i"))))


def is_stop(task: str, more: Collection[str] = ()) -> bool:
    """Whether a whole task says nothing but to stop, once or several times; `more` are a codebook's own stop words.

    >>> is_stop("Stop! STOP!"), is_stop("Please don't move."), is_stop("Stop at the door.")
    (True, True, False)
    """
    stops, beside = _phrases(tuple(more)), _phrases_of(_BESIDE)
    said = plain_words(task)
    longest = max(map(len, stops | beside))
    # Of each beginning of what is said: whether it is made of such phrases, and whether one of them stops.
    made: list[bool | None] = [False]
    for end in range(1, len(said) + 1):
        found: bool | None = None
        for begin in range(max(0, end - longest), end):
            before, phrase = made[begin], said[begin:end]
            if before is not None and (phrase in stops or phrase in beside):
                found = bool(found) or before or phrase in stops
        made.append(found)
    return bool(made[-1])


@lru_cache(maxsize=32)
def _phrases(more: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return _phrases_of(tuple(phrase for phrases in STOP_WORDS.values() for phrase in phrases)) | _phrases_of(more)


@lru_cache(maxsize=32)
def _phrases_of(texts: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words for text in texts if (words := plain_words(text)))
