"""How people and machines misspell a firm's name, by a seeded model in which the right one is known."""

from __future__ import annotations

from random import Random

_NEAR = {
    "q": "wa", "w": "qe", "e": "wr", "r": "et", "t": "rz", "z": "tu", "u": "zi", "i": "uo", "o": "ip", "p": "o",
    "a": "sq", "s": "ad", "d": "sf", "f": "dg", "g": "fh", "h": "gj", "j": "hk", "k": "jl", "l": "k", "y": "xu",
    "x": "yc", "c": "xv", "v": "cb", "b": "vn", "n": "bm", "m": "n",
}  # fmt: skip
_READ_AS = {"o": "0", "l": "1", "i": "l", "e": "c", "s": "5", "b": "h", "m": "rn", "n": "ri", "u": "v", "g": "q"}
_SHORT = {
    "international": "Intl", "technologies": "Tech", "technology": "Tech", "solutions": "Sol.", "services": "Svcs",
    "management": "Mgmt", "manufacturing": "Mfg", "engineering": "Eng.", "construction": "Constr.",
    "industries": "Ind.", "systems": "Sys", "group": "Grp", "holding": "Hldg", "consulting": "Cons.",
    "transport": "Transp.", "maschinenbau": "Maschb.", "elektrotechnik": "E-Technik",
    "immobilien": "Immob.", "products": "Prod.",
}  # fmt: skip
TYPOS = ("swap", "drop", "double", "replace", "ocr")
_TYPO_WEIGHTS = (20, 25, 15, 25, 15)


def misspell(name: str, *, forms: int, random: Random) -> str:
    """`name`, whose last `forms` words are its legal form, as somebody wrote it.

    One typo (60 %), two (30 %) or three (10 %), each in a random place. Besides: the legal form left out (40 %), long
    common words abbreviated (15 %), two words exchanged (10 %).
    """
    words = name.split()
    body, form = words[: len(words) - forms], words[len(words) - forms :]
    if random.random() < 0.15:
        body = [_SHORT.get(word.lower(), word) for word in body]
    if len(body) > 1 and random.random() < 0.10:
        at = random.randrange(len(body) - 1)
        body[at], body[at + 1] = body[at + 1], body[at]
    for _ in range(random.choices((1, 2, 3), (60, 30, 10))[0]):
        long_ones = [i for i, word in enumerate(body) if len(word) > 2]
        if long_ones:
            # The longer a word, the more often it is the one with the typo.
            i = random.choices(long_ones, [len(body[i]) for i in long_ones])[0]
            body[i] = _typo(body[i], random)
    return " ".join(body if random.random() < 0.4 else body + form)


def _typo(word: str, random: Random) -> str:
    kind = random.choices(TYPOS, _TYPO_WEIGHTS)[0]
    at = random.randrange(len(word))
    letter = word[at].lower()
    if kind == "swap":
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "ocr" and letter in _READ_AS:
        return word[:at] + _READ_AS[letter] + word[at + 1 :]
    return word[:at] + random.choice(_NEAR.get(letter, "e")) + word[at + 1 :]
