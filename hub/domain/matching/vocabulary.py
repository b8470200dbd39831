"""Word lists that normalisation needs and no kept library carries."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words so usual in names of organisations that sharing them says nothing.
COMMON_WORDS = _words("""
    the of and a an in at on for by to de la le les el los las del der die das und et y da do dos di
    company companies group holding holdings enterprise enterprises business services service solutions
    solution systems system technologies technology tech consulting consultants partners partner
    international global national usa america american europe european
    association assoc society foundation institute council center centre centers agency organization
    school schools academy college university public city county state community education learning
    child children childrens care day daycare development early head start program preschool
    nursery kindergarten house family site
    """)

# A number in a name written as a Roman numeral; the ambiguous I, V, X, C, D, M stay letters.
ROMAN_NUMERALS = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}

# Words that, like numerals, tell the branches of one organisation apart.
HARD_WORDS = _words("north south east west northeast northwest southeast southwest")

DIRECTIONS = {
    "n": "n", "north": "n", "s": "s", "south": "s", "e": "e", "east": "e", "w": "w", "west": "w",
    "ne": "ne", "northeast": "ne", "nw": "nw", "northwest": "nw",
    "se": "se", "southeast": "se", "sw": "sw", "southwest": "sw",
}  # fmt: skip

STREET_TYPES = _words("""
    street st str avenue ave av road rd boulevard blvd drive dr lane ln court ct place pl plaza plz square sq
    terrace ter parkway pkwy highway hwy circle cir way trail trl alley row close crescent
    rue via calle avenida rua straat laan strasse weg platz allee
    ul ulitsa ulica vulytsia prospekt prosp pereulok per bulvar leoforos odos cadde caddesi cad cd sokak sk
    """)

# Words that only say that a house number follows.
HOUSE_WORDS = _words("no nr num numero d dom bud ev h haus hausnummer")

# From the first of these on, an address names a part of a building.
UNIT_WORDS = _words("suite ste unit apt apartment floor fl room rm ground bldg building lower level")

# Hosts under which everybody may have a mailbox or a page: they identify nobody.
SHARED_HOSTS = _words("""
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com
    yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de icloud.com me.com mac.com aol.com proton.me protonmail.com
    gmx.com gmx.de gmx.net web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com inbox.ru
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it terra.com.br uol.com.br
    bol.com.br naver.com daum.net hanmail.net qq.com 163.com 126.com sina.com rediffmail.com zoho.com
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
    btinternet.com virginmedia.com sky.com bigpond.com telus.net shaw.ca rogers.com ziggo.nl
    facebook.com linkedin.com instagram.com twitter.com x.com youtube.com tiktok.com google.com goo.gl bit.ly
    linktr.ee wordpress.com blogspot.com wixsite.com weebly.com squarespace.com godaddysites.com github.io
    """)

# Mailboxes of an office, not of a person.
ROLE_MAILBOXES = _words("""
    info office contact contacts hello mail sales support admin administration billing accounting accounts
    marketing service help helpdesk team partner partners enquiries inquiries kontakt buchhaltung vertrieb
    noreply no-reply postmaster webmaster hr jobs reception
    """)
