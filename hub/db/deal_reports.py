"""Figures of registrations that were submitted in a time, of all and by group, each in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from hub.db.arrays import Texts
from hub.db.session import Tx

By = Literal["partner", "reason", "program", "region"]
_GROUPS: dict[By | None, str] = {
    None: "null::text",
    "partner": "coalesce(o.legal_name, c.partner::text)",
    "reason": "case when x.kind = 'reject' then x.reason_code end",
    "program": "coalesce(f.facts -> 'standing' ->> 'program', 'none')",
    "region": "coalesce(g.region, 'elsewhere')",
}
# The first screening tells what was found when it came; the last decision what became of it.
_TOLD = """
    with cohort as materialized (
        select d.id, d.partner, d.customer_country, d.review_status, r.spent, r.allowed
        from deal_registration d join deal_review r on r.registration_id = d.id
        where d.submitted_at >= %(since)s and d.submitted_at < %(until)s
            and d.deleted_at is null and d.merged_into is null
    ), decided as (
        select distinct on (e.deal) e.deal, e.kind, e.actor, e.reason_code
        from deal_event e join cohort c on c.id = e.deal
        where e.kind in ('approve', 'approve_teaming', 'reject') order by e.deal, e.happened_at desc, e.id desc
    ), untouched as (
        select c.id from cohort c where c.review_status = 'expired'
            and not exists (select from deal_event e where e.deal = c.id and e.kind in ('extend', 'amend'))
    ), told as (
        select c.*, x.kind, x.actor, x.reason_code, f.decision, u.id is not null as untouched, {group} as grp
        from cohort c
            cross join lateral (
                select k.facts, k.decision from deal_decision k where k.registration_id = c.id order by k.id limit 1
            ) f
            left join decided x on x.deal = c.id
            left join untouched u on u.id = c.id
            left join organization o on o.id = c.partner
            left join unnest(%(countries)s::text[], %(regions)s::text[]) as g(country, region)
                on g.country = c.customer_country
    )
"""
_FIGURES = """
    select grp, grouping(grp) = 1 as total, count(*) as submitted, count(kind) as decided,
        count(*) filter (where kind in ('approve', 'approve_teaming')) as approved,
        count(*) filter (where kind = 'approve_teaming') as teaming,
        count(*) filter (where kind is not null and actor = 'hub') as by_rules,
        extract(epoch from percentile_cont(0.5) within group (order by spent) filter (where actor <> 'hub')) as median,
        extract(epoch from percentile_cont(0.9) within group (order by spent) filter (where actor <> 'hub')) as p90,
        avg((spent <= allowed)::int) filter (where actor <> 'hub') as in_time,
        count(*) filter (where review_status = 'expired') as expired,
        count(*) filter (where untouched) as untouched
    from told group by grouping sets ((grp), ()) order by total desc, submitted desc, grp
"""
_COUNTS = """
    , counted as (
        select grp, 'status' as what, review_status as name, id from told
        union all select grp, 'rejection', reason_code, id from told where kind = 'reject'
        union all select distinct grp, 'conflict', o ->> 'rule', id
            from told cross join lateral jsonb_array_elements(decision -> 'outcomes') as o
            where o ->> 'group' = 'conflict' and o ->> 'outcome' in ('block', 'review', 'teaming', 'split')
    )
    select grp, grouping(grp) = 1 as total, what, name, count(*) as n
    from counted group by grouping sets ((grp, what, name), (what, name)) order by n desc, name
"""


async def figures(
    tx: Tx, *, since: datetime, until: datetime, by: By | None, regions: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One row for all (`total`) and one a group; and (group, what, name, n) for statuses, rejections, conflicts.

    `regions`: the region of each country. Times are in seconds of business time.
    """
    told = _TOLD.replace("{group}", _GROUPS[by])
    given = {
        "since": since,
        "until": until,
        "countries": Texts(regions),
        "regions": Texts(regions.values()),
    }
    main = await tx.all(told + _FIGURES, **given)
    counts = await tx.all(told + _COUNTS, **given)
    return [dict(row) for row in main], [dict(row) for row in counts]
