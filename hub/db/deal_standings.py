"""How partners stand: membership, contract, authorisations, certificates and what they have open, in one question."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from hub.db.arrays import Texts, Uuids
from hub.db.living import ALIVE, TODAY
from hub.db.questions import Question, rows_as_json


class Right(Struct, frozen=True):
    """What was said of a partner's right to a product line, and whether it holds today; no countries: everywhere."""

    product_line: str
    countries: tuple[str, ...]
    holds: bool


class StandingRow(Struct, frozen=True):
    """A partner as stored. `tier` is that of its membership, else its own; `contract_until` None: it has no end.

    `certified`: codes of lines, None while the hub knows no award at all. `rights`: None where nothing was said.
    """

    id: UUID
    name: str
    status: str
    program: str | None
    tier: str | None
    contract_signed: bool
    contract_until: date | None
    sanctioned: bool
    open_registrations: int
    certified: list[str] | None
    rights: list[Right] | None


_STANDINGS = f"""
select k.id, coalesce(o.legal_name, '') as name, coalesce(p.status, 'unknown') as status, m.program,
    coalesce(m.tier, p.tier) as tier,
    c.partner is not null or p.contract_end is not null as contract_signed,
    case when c.partner is not null then c.until else p.contract_end end as contract_until,
    coalesce(o.compliance_hold, false) as sanctioned,
    (
        select count(*) from deal_registration d where d.partner = k.id and d.review_status = any(%(statuses)s)
            and d.id <> all(%(but)s) and {ALIVE.format("d")}
    ) as open_registrations,
    case when exists (select from certification_award) then array(
        select distinct l.code from certification_award a join certification t on t.id = a.certification
            join product_line l on l.id = t.product_line
        where a.partner = k.id and a.granted_on <= %(today)s
            and (a.expires_on is null or a.expires_on >= %(today)s)
            and (a.revoked_on is null or a.revoked_on > %(today)s) and {ALIVE.format("a")}
        order by 1
    ) end as certified,
    (
        select json_agg(json_build_object(
            'product_line', l.code, 'countries', coalesce(t.countries, '{{}}'),
            'holds', a.status is not distinct from 'granted' and {TODAY.format("a")}
        ) order by a.id)
        from partner_authorization a join product_line l on l.id = a.product_line
            left join territory t on t.id = a.territory
        where a.partner = k.id and {ALIVE.format("a")}
    ) as rights
from unnest(%(partners)s::uuid[]) as k(id)
    left join (organization o join partner p on p.id = o.id) on o.id = k.id
    left join lateral (
        select g.code as program, t.code as tier from program_membership m
            join program g on g.id = m.program left join program_tier t on t.id = m.tier
        where m.partner = k.id and {TODAY.format("m")} order by t.rank desc nulls last limit 1
    ) m on true
    left join lateral (
        select c.partner, case when not bool_or(c.ends_on is null) then max(c.ends_on) end as until from contract c
        where c.partner = k.id and c.status = 'signed' and {ALIVE.format("c")} group by c.partner
    ) c on true
"""


_decoder = msgspec.json.Decoder(list[StandingRow])


def standings(
    partners: Collection[UUID], *, today: date, statuses: Collection[str], but: Collection[UUID]
) -> Question[dict[UUID, StandingRow]]:
    """Of every one of the partners. What is open are registrations in one of the statuses, some (`but`) left out."""
    given = {"partners": Uuids(partners), "today": today, "statuses": Texts(statuses), "but": Uuids(but)}
    return Question(rows_as_json(_STANDINGS), given, _by_partner)


def _by_partner(text: str) -> dict[UUID, StandingRow]:
    return {row.id: row for row in _decoder.decode(text)}
