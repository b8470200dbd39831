"""Made-up firms whose names collide as real ones do: family names, places, coined brands, and the same few trades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, product
from random import Random

from phonenumbers.geodata import data0
from phonenumbers.geodata import data1 as data_more


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FORMS = {
    "DE": ("GmbH", "GmbH", "GmbH", "AG", "GmbH & Co. KG", "KG", "e.K.", "UG"),
    "GB": ("Ltd", "Limited", "Ltd", "PLC", "LLP"),
    "US": ("Inc", "LLC", "Inc.", "Corp", "LLC", "Co."),
    "FR": ("SARL", "SA", "SAS", "SARL"),
    "NL": ("B.V.", "BV", "N.V.", "VOF"),
    "IT": ("S.r.l.", "SpA", "SRL", "S.p.A."),
}
_FIRST = _words("""
    Anna Peter Hans Maria John Paul Pierre Luca Marco Jan Karl Otto Emma James Robert Thomas Klaas Sophie Giovanni
    William Henry Louise Charles Martin Eva Stefan Andreas Julia Walter Franz
    """)
_STEMS = _words("""
    Ash Thorn Brad Hart Kings West Mill Wood Stan Hal Black White Rich Mor Pem Har Win Lang Chester Dun Stein Linden
    Rosen Gold Silber Eichen Birken Hof Berg Wald Schön Grün Alten Neu Ober Nieder Kirch Mühl Breit Hohen Bel Mont
    Beau Roc Dub Lam Mar Gir Ver Cas Fer Ric Mon Ros San Val Van der Vries Boer Dijk Haas Groen Kuip
    """)
_ENDS = _words("""
    ton ley field worth wood ford son ham well man burn mann meier berg feld hof bach thal stein hauer schmidt ard
    eau ier elli etti ini ano oni one ema stra sen huis ink
    """)
_MIDDLES = _words("""
    en er ing el is an ach und or ott ell ick al ar om ent in ist ald ern op ul
    """)
_COINED = _words("""
    Nova Digi Cyber Eco Omni Inno Opti Medi Agri Aero Bio Cali Data Delta Dyna Ener Exa Flexi Geo Giga Hydro Info
    Intelli Iso Lumi Magna Maxi Mega Metro Micro Multi Neo Nexa Opti Orbi Para Penta Petro Poly Prima Pro Quanta
    Rapi Sani Secu Sola Sono Syn Tecno Tele Terra Trans Tri Uni Vari Vega Veri Vita Xeno Zeno
    """)
_BRANDED = _words("""
    tech soft ware net lytics wave gen com tek cor dyne flow form fix lab line link log mark matic med mind nova
    pharm plan port rent san scan sol star sys therm tron val vent via vis works zen bridge cast core cube
    """)
_TRADES = {
    "DE": _words("""
        Logistik Maschinenbau Elektrotechnik Bau Software Consulting Immobilien Metallbau Spedition Medizintechnik
        Kunststofftechnik Gebäudereinigung Umwelttechnik Werkzeugbau Automobile Apotheke Druckerei Handel Anlagenbau
        Energietechnik Sanitär Holzbau Tiefbau Transporte Verpackungen Textil Hotel Bäckerei Versicherungen
        """),
    "GB": _words("""
        Logistics Engineering Consulting Construction Software Properties Plumbing Foods Motors Printing Catering
        Insurance Electrical Building Interiors Recruitment Transport Packaging Textiles Cleaning Security
        """),
    "US": _words("""
        Logistics Manufacturing Consulting Construction Software Realty Plumbing Foods Motors Healthcare Insurance
        Electric Trucking Landscaping Dental Roofing Energy Capital Analytics Pharmacy Staffing Aerospace
        """),
    "FR": _words("""
        Logistique Mécanique Conseil Construction Informatique Immobilier Plomberie Alimentation Automobiles
        Imprimerie Électricité Bâtiment Transports Emballages Textiles Nettoyage Sécurité Pharmacie
        """),
    "NL": _words("""
        Logistiek Techniek Advies Bouw Software Vastgoed Installatie Voeding Auto Drukkerij Elektro Transport
        Verpakkingen Schoonmaak Beveiliging Apotheek Tuinbouw
        """),
    "IT": _words("""
        Logistica Meccanica Consulenza Costruzioni Informatica Immobiliare Impianti Alimentari Auto Tipografia
        Elettrica Edilizia Trasporti Imballaggi Tessile Pulizie Sicurezza Farmacia
        """),
}
_SHARED = _words("""
    International Group Solutions Technologies Systems Services Holding Partners Industries Global Europe Digital
    Management Trading Network Innovations Products
    """)
_COUNTRIES = ("DE", "GB", "US", "FR", "NL", "IT")
_LETTERS = "ABCDEFGHIKLMNOPRSTVW"


class Firms:
    """An endless, repeatable stream of names with their countries; frequent words are frequent as in a language."""

    def __init__(self, *, seed: int) -> None:
        self._random = Random(seed)
        shuffle = Random(1).shuffle
        families = [a + b for a, b in product(_STEMS, _ENDS)]
        families += [a + b + c for a, b, c in product(_STEMS, _MIDDLES, _ENDS)]
        brands = [a + b for a, b in product(_COINED, _BRANDED)]
        brands += [a + b + c for a, b, c in product(_COINED[:40], _BRANDED[:20], _BRANDED[20:])]
        places = sorted(_places())
        for words in (families, brands, places):
            shuffle(words)
        self._families, self._brands, self._places = _Words(families), _Words(brands), _Words(places)
        self._trades = {country: _Words(words) for country, words in _TRADES.items()}
        self._shared = _Words(_SHARED)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        while True:
            country = self._random.choice(_COUNTRIES)
            yield f"{self._body(country)} {self._random.choice(_FORMS[country])}", country

    def place(self) -> str:
        return self._places.one(self._random)

    def _body(self, country: str) -> str:
        r = self._random
        family, brand, place = (words.one(r) for words in (self._families, self._brands, self._places))
        trade, shared = self._trades[country].one(r), self._shared.one(r)
        forms = (
            (20, f"{family} {trade}"),
            (12, f"{family} & {self._families.one(r)} {trade}"),
            (8, f"{r.choice(_FIRST)} {family} {trade}"),
            (12, f"{place} {trade}"),
            (16, f"{brand} {trade}"),
            (12, f"{brand} {shared}"),
            (6, f"{''.join(r.choices(_LETTERS, k=3))} {trade} {place}"),
            (6, f"{trade} {family} {place}"),
            (4, f"{family} {trade} {shared}"),
            (4, f"{brand} {trade} {shared}"),
        )
        return r.choices([text for _, text in forms], [weight for weight, _ in forms])[0]


class _Words:
    """Words of which the n-th is about n times rarer than the first (Zipf, a little flattened)."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._weights = list(accumulate((rank + 20) ** -0.8 for rank in range(len(words))))

    def one(self, random: Random) -> str:
        return random.choices(self._words, cum_weights=self._weights)[0]


def _places() -> set[str]:
    """Towns of several countries, as the numbering plans of the world name them."""
    found: set[str] = set()
    for data in (data0.data, data_more.data):
        for names in data.values():
            text = next(iter(names.values())).partition(",")[0].strip()
            if text.replace(" ", "").replace("-", "").isalpha() and len(text) > 3:
                found.add(text)
    return found
