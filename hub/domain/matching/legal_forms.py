"""Legal forms of names in many languages, as the classes of company that they may mean."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from cleanco.termdata import terms_by_type

from hub.domain.matching.words import words_of

LIMITED, STOCK, PARTNERSHIP, OTHER = "limited", "stock", "partnership", "other"
"""Private company with limited liability; company with shares; partnership; sole trader, association, fund."""

_ANY_COMPANY = frozenset({LIMITED, STOCK})
_Words = tuple[str, ...]

_CLASS_OF_KIND = {
    "Corporation": STOCK, "Joint Stock / Unlimited": STOCK,
    "Limited": LIMITED, "Limited Liability Company": LIMITED, "No Liability": LIMITED, "Private Company": LIMITED,
    "Professional Limited Liability Company": LIMITED, "Professional Corporation": STOCK,
    "General Partnership": PARTNERSHIP, "Limited Partnership": PARTNERSHIP, "Joint Venture": PARTNERSHIP,
    "Limited Liability Partnership": PARTNERSHIP, "Limited Liability Limited Partnership": PARTNERSHIP,
    "Mutual Fund": OTHER, "Non-Profit": OTHER, "Sole Proprietorship": OTHER,
}  # fmt: skip

# What cleanco does not know or files too coarsely. A form that means one thing here and another there is in two rows.
_TERMS = {
    LIMITED: """
        ltd, limited, llc, gmbh, ggmbh, ug, ug haftungsbeschrankt, gesellschaft mit beschrankter haftung, sarl,
        sas, sasu, eurl, societe a responsabilite limitee, societe par actions simplifiee, srl, srls, sl,
        sociedad limitada, sociedad de responsabilidad limitada, s de rl, s de rl de cv, ltda, lda, bv, besloten
        vennootschap, sprl, bvba, aps, anpartsselskab, as, aksjeselskap, ab, aktiebolag, oy, osakeyhtio, ou,
        osauhing, sia, uab, sp z oo, spolka z ograniczona odpowiedzialnoscia, sro, spol s ro, kft, doo, ood,
        eood, tov, ooo, ооо, общество с ограниченной ответственностью, тов, товариство з обмеженою
        відповідальністю, оод, еоод, епе, επε, εταιρεια περιορισμενης ευθυνης, ике, ικε, ltd sti, limited
        sirketi, بعم, בעמ, pt, pte ltd, sdn bhd, pvt ltd, private limited, co ltd, company limited, 有限会社, 合同会社,
        有限公司, 有限责任公司, 有限責任公司, 유한회사, จำกัด, लिमिटेड, प्राइवेट लिमिटेड, ذ.م.م, ذات مسؤولية محدودة
    """,
    STOCK: """
        inc, incorporated, corp, corporation, plc, ag, aktiengesellschaft, se, societas europaea, sa, societe
        anonyme, sociedad anonima, sociedad anonima de capital variable, sa de cv, sab de cv, sociedade anonima,
        spa, societa per azioni, nv, naamloze vennootschap, as, a/s, aksjeselskab, aktieselskab, asa, ab,
        aktiebolag, oyj, abp, spolka akcyjna, zrt, nyrt, akciova spolecnost, dd, ad, joint stock company, jsc,
        pjsc, ojsc, cjsc, oao, zao, pao, оао, зао, пао, ао, нао, акционерное общество, публичное акционерное
        общество, прат, пат, ат, акціонерне товариство, αε, ανωνυμη εταιρεια, ae, anonim sirketi, co ltd,
        company limited, tbk, kk, kabushiki kaisha, 株式会社, 股份有限公司, 주식회사, مساهمة, ش.م.م, ש.מ
    """,
    PARTNERSHIP: """
        kg, ohg, gbr, gmbh and co kg, gmbh and co ohg, ag and co kg, kgaa, partg, partg mbb, llp, lp, snc, scs,
        sca, cv, vof, kommanditgesellschaft, spj, sp k, ks, k/s, i/s, p/s, hb, kb, ky, ay, οε, εε
    """,
    OTHER: """
        ev, eingetragener verein, eg, ek, gemeinnutzige stiftung, asbl, vzw, ngo, association loi 1901, onlus,
        ип, фоп, чп, αμκε
    """,
}  # fmt: skip
# Forms that are written before the name.
_LEADING = """
    ооо, зао, оао, пао, ао, нао, ип, тов, прат, пат, фоп, чп, ooo, oao, zao, pao, tov, pt, cv, uab, sia, sarl,
    sas, eurl, общество с ограниченной ответственностью, акционерное общество, публичное акционерное общество,
    شركة, مؤسسة, 株式会社, 有限会社, 合同会社, 주식회사, 유한회사, บริษัท
"""
# Forms that are written together with the name, and what stands for them in brackets.
_GLUED = (
    "株式会社",
    "有限会社",
    "合同会社",
    "股份有限公司",
    "有限责任公司",
    "有限責任公司",
    "有限公司",
    "주식회사",
    "유한회사",
)
_BRACKETED = {"(株)": "株式会社", "(有)": "有限会社", "(同)": "合同会社", "(주)": "주식회사", "(유)": "유한회사"}
_GLUED_FORM = re.compile("|".join(map(re.escape, (*_BRACKETED, *_GLUED))))


def part_glued_forms(text: str) -> str:
    """Blanks around a form that is written together with the name, as in Japanese, Chinese and Korean."""
    unified = unicodedata.normalize("NFKC", text)
    return _GLUED_FORM.sub(lambda found: f" {_BRACKETED.get(found.group(), found.group())} ", unified)


def split_legal_form(words: _Words) -> tuple[_Words, frozenset[str]]:
    """`words` (folded) without the legal form at their end or beginning, and the classes that it may mean."""
    forms, leading = _forms(), _leading_forms()
    most = len(words) - 1
    for length in range(min(5, most), 0, -1):
        if classes := forms.get(words[-length:]):
            return _without_leading(words[:-length]), classes
    for length in range(min(4, most), 0, -1):
        if words[:length] in leading:
            return words[length:], forms.get(words[:length], _ANY_COMPANY)
    return words, frozenset()


def _without_leading(words: _Words) -> _Words:
    """Some languages put the word for company first and its kind last; Latin words there are part of the name."""
    named = len(words) > 1 and not words[0].isascii() and words[:1] in _leading_forms()
    return words[1:] if named else words


@cache
def _forms() -> dict[_Words, frozenset[str]]:
    own: dict[_Words, frozenset[str]] = {}
    for kind, terms in _TERMS.items():
        for words in _listed(terms):
            own[words] = own.get(words, frozenset()) | {kind}
    theirs: dict[_Words, frozenset[str]] = {}
    for kind, listed in terms_by_type.items():
        for words in filter(None, map(words_of, listed)):
            theirs[words] = theirs.get(words, frozenset()) | {_CLASS_OF_KIND[kind]}
    return theirs | dict.fromkeys([("co",), ("company",), ("and", "co")], _ANY_COMPANY) | own


@cache
def _leading_forms() -> frozenset[_Words]:
    return frozenset(_listed(_LEADING))


def _listed(terms: str) -> list[_Words]:
    return [words_of(term) for term in terms.split(",")]
