"""All tables of the hub: the record tables derive from the record definitions, the sync tables stand here."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, INTERVAL, JSON, JSONB, TIMESTAMP, UUID
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import UserDefinedType

from hub.db.record_tables import record_tables

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Xid8(UserDefinedType[str]):
    """A full transaction id: orders the change log by commit visibility."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


# So that reading a schema back (migration checks) knows the type.
PGDialect.ischema_names["xid8"] = Xid8


def _gin(name: str, column: sa.Column[list[str]]) -> sa.Index:
    """Found by while new ones come in: a list of pending ones would be read through by every search."""
    return sa.Index(name, column, postgresql_using="gin", postgresql_with={"fastupdate": "off"})


def _at(name: str, *, default: bool = False, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        TIMESTAMP(timezone=True),
        nullable=nullable and not default,
        server_default=sa.text("now()") if default else None,
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _connection_id(*, nullable: bool = False) -> sa.Column[int]:
    # No foreign key: the hot tables are written by the thousand, and a connection is never deleted, only retired.
    return sa.Column("connection_id", sa.Integer, nullable=nullable)


records = record_tables(metadata)
# Sole rights are few among many rights, and are asked for with every registration.
_rights = records["partner_authorization"]
sa.Index("ix_partner_authorization_exclusive", _rights.c.product_line, postgresql_where=_rights.c.exclusive)

connection = sa.Table(
    "connection",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False, server_default="active"),
    sa.Column("state_reason", sa.Text),
    sa.Column("settings", BYTEA, nullable=False),
    sa.Column("token", BYTEA),
    sa.Column("options", JSONB, nullable=False, server_default="{}"),
    # Its objects that bring direct sales and their accounts into the hub; unknown before it was opened once.
    sa.Column("sales_objects", ARRAY(sa.Text)),
    # Nobody talks to the remote before this moment; `down_since` says since when it has not answered.
    sa.Column("rest_until", TIMESTAMP(timezone=True)),
    sa.Column("rest_reason", sa.Text),
    sa.Column("down_since", TIMESTAMP(timezone=True)),
    # How often in a row its account did not answer, and until when somebody probes it (hub/db/circuits.py).
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("probe_until", TIMESTAMP(timezone=True)),
    # When its first plan was applied; before that nothing is read into the hub and nothing written there.
    _at("begun_at", nullable=True),
    _at("created_at", default=True),
    _at("updated_at", default=True),
    sa.CheckConstraint("state in ('active', 'paused', 'retired')", name="state"),
)

link = sa.Table(
    "link",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="live"),
    sa.Column("shadow", JSONB, nullable=False),
    sa.Column("seen_hash", BYTEA),
    sa.Column("remote_version", sa.Text),
    # The moment (database clock) as of which the shadow is known to be true; older reads must not overwrite it.
    _at("as_of"),
    # Remote ids this record refers to that are not linked yet.
    sa.Column("waits_for", ARRAY(sa.Text)),
    sa.Column("redirect_to", sa.Text),
    # The object of `redirect_to`, where that is another one: a conversion.
    sa.Column("redirect_object", sa.Text),
    # In which run it was made.
    sa.Column("run_id", sa.BigInteger),
    sa.PrimaryKeyConstraint("connection_id", "object", "remote_id"),
    # parted: an undo took the two apart; it counts as new again when the remote record changes.
    sa.CheckConstraint("state in ('live', 'deleted', 'redirected', 'parted')", name="state"),
)
sa.Index(
    "uq_link_live_record",
    link.c.record_id,
    link.c.connection_id,
    link.c.object,
    unique=True,
    postgresql_where=link.c.state == "live",
)
# Few links are not live; asking for those of a record must not read the whole table.
sa.Index("ix_link_departed", link.c.record_id, postgresql_where=link.c.state != "live")
sa.Index("ix_link_waits_for", link.c.connection_id, postgresql_where=link.c.waits_for.isnot(None))

# Links that ended: how the hub knows, and what follows for its record after the grace.
departure = sa.Table(
    "departure",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("into_object", sa.Text),
    sa.Column("into_id", sa.Text),
    # The delete policy that follows, and the version of the hub's record when the link ended.
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    # What a deactivation replaced: put back when the remote record comes back.
    sa.Column("replaced", JSONB),
    _at("remote_at", nullable=True),
    _at("due_at", nullable=True),
    _at("settled_at", nullable=True),
    sa.Column("run_id", sa.BigInteger),
    _at("at", default=True),
    sa.CheckConstraint("kind in ('deleted', 'purged', 'merged', 'converted')", name="kind"),
    sa.CheckConstraint("source in ('tombstone', 'webhook', 'probe', 'scan', 'hub')", name="source"),
    sa.CheckConstraint("policy in ('mirror', 'deactivate', 'unlink', 'ask')", name="policy"),
    sa.CheckConstraint("state in ('waiting', 'done', 'cancelled')", name="state"),
)
sa.Index("ix_departure_link", departure.c.connection_id, departure.c.object, departure.c.remote_id)
sa.Index(
    "ix_departure_due",
    departure.c.connection_id,
    departure.c.due_at,
    postgresql_where=departure.c.state == "waiting",
)

change = sa.Table(
    "change",
    metadata,
    sa.Column("xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("op", sa.Text, nullable=False),
    sa.Column("old", JSONB),
    sa.Column("new", JSONB),
    sa.Column("rules", JSONB),
    sa.Column("origin", sa.Integer),
    sa.Column("remote_id", sa.Text),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("actor", sa.Text),
    _at("at", default=True),
    sa.PrimaryKeyConstraint("xid", "id"),
)
sa.Index("ix_change_record", change.c.record_id, change.c.id)
# For what changed since a day: it costs a load nothing, and reads only what was written since.
sa.Index("ix_change_at", change.c.at, postgresql_using="brin")
# For what one run did, which lies close together.
sa.Index("ix_change_run", change.c.run_id, postgresql_using="brin")

cursor = sa.Table(
    "cursor",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger),
    _at("updated_at", default=True),
    sa.PrimaryKeyConstraint("connection_id", "object", "direction"),
)

# Full reads that tell which records are gone: the last one begun and the last one completed.
scan = sa.Table(
    "scan",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    _at("begun_at"),
    _at("completed_at", nullable=True),
    sa.PrimaryKeyConstraint("connection_id", "object"),
)

# What the scan under way has seen.
sighting = sa.Table(
    "sighting",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
)
sa.Index("ix_sighting_remote", sighting.c.connection_id, sighting.c.object, sighting.c.remote_id)

run = sa.Table(
    "run",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="running"),
    sa.Column("counts", JSONB, nullable=False, server_default="{}"),
    sa.Column("error", sa.Text),
    _at("started_at", default=True),
    _at("finished_at", nullable=True),
)
sa.Index("ix_run_connection", run.c.connection_id, run.c.id)
# Each conflict check asks how fresh every connection is.
sa.Index(
    "ix_run_read",
    run.c.connection_id,
    run.c.finished_at,
    postgresql_where=sa.and_(run.c.state == "done", run.c.kind == "pull"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False, server_default="1"),
    _at("until"),
)

# What a system said of an object's fields when it was last asked, and the mapping it was held against.
schema_snapshot = sa.Table(
    "schema_snapshot",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("described", JSONB),
    sa.Column("mapping_digest", sa.Text),
    _at("asked_at"),
    _at("seen_at", nullable=True),
    sa.PrimaryKeyConstraint("connection_id", "object"),
)

# Where a system's fields do not fit the mapping any more; settled by itself when they fit again.
drift = sa.Table(
    "drift",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("remote", sa.Text, nullable=False),
    sa.Column("stops", sa.Text, nullable=False),
    sa.Column("words", ARRAY(sa.Text), nullable=False),
    sa.Column("longest", sa.Integer),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("edit", sa.Text),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    _at("found_at", default=True),
    _at("settled_at", nullable=True),
    sa.CheckConstraint("stops in ('both', 'push', 'create', 'nothing')", name="stops"),
    sa.CheckConstraint("state in ('open', 'settled')", name="state"),
)
sa.Index(
    "uq_drift_open",
    drift.c.connection_id,
    drift.c.object,
    drift.c.kind,
    drift.c.field,
    drift.c.remote,
    unique=True,
    postgresql_where=drift.c.state == "open",
)

# Calls to a connection's system by what they were for, a row a day.
usage = sa.Table(
    "usage",
    metadata,
    _connection_id(),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("connection_id", "day", "object", "purpose"),
)

OPEN_DELIVERY_STATES = ("pending", "sending", "unknown", "waiting", "dead")

# To which records runs did what unasked: guards add up those of the last hour.
passed = sa.Table(
    "passed",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("ids", ARRAY(sa.Text), nullable=False),
    sa.CheckConstraint("direction in ('in', 'out')", name="direction"),
    sa.CheckConstraint("effect in ('creates', 'changes', 'nulls', 'deletes')", name="effect"),
)
sa.Index("ix_passed_lately", passed.c.connection_id, passed.c.object, passed.c.direction, passed.c.at)

delivery = sa.Table(
    "delivery",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("op", sa.Text),
    sa.Column("state", sa.Text, nullable=False, server_default="pending"),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("payload", JSONB),
    # An operator's correction of the remote fields, sent instead of the mapped ones on replay.
    sa.Column("edited", JSONB),
    sa.Column("idempotency_key", UUID, nullable=False, server_default=sa.text("gen_random_uuid()")),
    # A change that arrived while an earlier state was on its way.
    sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _at("next_attempt_at", default=True),
    sa.Column("remote_id", sa.Text),
    sa.Column("error_class", sa.Text),
    sa.Column("error_code", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("hint", sa.Text),
    sa.Column("lease_owner", sa.Text),
    _at("lease_until", nullable=True),
    sa.Column("run_id", sa.BigInteger),
    # The plan that holds it back (waiting, error class Guard), or that allowed it.
    sa.Column("plan_id", sa.BigInteger),
    _at("created_at", default=True),
    _at("updated_at", default=True),
    sa.CheckConstraint(
        "state in ('pending', 'sending', 'unknown', 'waiting', 'dead', 'done', 'dropped')", name="state"
    ),
)
sa.Index("ix_delivery_plan", delivery.c.plan_id, postgresql_where=delivery.c.plan_id.is_not(None))
sa.Index(
    "uq_delivery_open",
    delivery.c.connection_id,
    delivery.c.object,
    delivery.c.record_id,
    unique=True,
    postgresql_where=delivery.c.state.in_(OPEN_DELIVERY_STATES),
)
sa.Index(
    "ix_delivery_due",
    delivery.c.connection_id,
    delivery.c.next_attempt_at,
    postgresql_where=delivery.c.state.in_(("pending", "unknown", "sending", "waiting")),
)
sa.Index("ix_delivery_record", delivery.c.record_id)

conflict = sa.Table(
    "conflict",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("base", JSONB),
    sa.Column("ours", JSONB),
    sa.Column("theirs", JSONB),
    sa.Column("rule", sa.Text),
    # Who changed it there and when, as far as the system says; `seen_at` is when the hub first saw the value.
    sa.Column("theirs_by", sa.Text),
    _at("theirs_at", nullable=True),
    _at("seen_at", default=True),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("resolution", sa.Text),
    sa.Column("resolved_by", sa.Text),
    _at("resolved_at", nullable=True),
    # What a person decided: the choice, the value it came to, and the version of the record that holds it.
    sa.Column("choice", sa.Text),
    sa.Column("decided", JSONB),
    sa.Column("decided_version", sa.Integer),
    # The value of a decision that was undone: while the system holds it, or `theirs`, the conflict stays open.
    sa.Column("undone", JSONB),
    # Two people must decide the same; `first_by` has decided for `first_decided`, and another one is waited for.
    sa.Column("needs_second", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("first_by", sa.Text),
    sa.Column("first_decided", JSONB),
    sa.Column("run_id", sa.BigInteger),
    _at("created_at", default=True),
    _at("updated_at", default=True),
    sa.CheckConstraint("state in ('open', 'resolved')", name="state"),
    sa.CheckConstraint("choice in ('ours', 'theirs', 'value')", name="choice"),
)
sa.Index(
    "uq_conflict_open",
    conflict.c.record_id,
    conflict.c.connection_id,
    conflict.c.object,
    conflict.c.field,
    unique=True,
    postgresql_where=conflict.c.state == "open",
)

# "Always so for this field": overrides the mapping's policy while nobody has revoked it.
field_policy = sa.Table(
    "field_policy",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    _at("decided_at", default=True),
    sa.Column("from_conflict", sa.BigInteger),
    sa.Column("revoked_by", sa.Text),
    _at("revoked_at", nullable=True),
    sa.CheckConstraint("policy in ('system_of_record', 'prefer_hub', 'prefer_remote')", name="policy"),
)
sa.Index(
    "uq_field_policy_in_force",
    field_policy.c.connection_id,
    field_policy.c.object,
    field_policy.c.field,
    unique=True,
    postgresql_where=field_policy.c.revoked_at.is_(None),
)

# A remote record that could not be taken over, as it came, with the problem of each field.
quarantine = sa.Table(
    "quarantine",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("problems", JSONB, nullable=False),
    sa.Column("fields", JSONB, nullable=False),
    # Whole record held back, or only the named fields.
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("run_id", sa.BigInteger),
    _at("at", default=True),
    sa.PrimaryKeyConstraint("connection_id", "object", "remote_id"),
)

# A remote record that may be one the hub already knows; a person decides.
match_review = sa.Table(
    "match_review",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("candidates", JSONB, nullable=False),
    # While it is open, the record is created nowhere else.
    sa.Column("holds", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("decided_by", sa.Text),
    sa.Column("run_id", sa.BigInteger),
    _at("created_at", default=True),
    sa.CheckConstraint("kind in ('ambiguous', 'duplicate')", name="kind"),
    sa.CheckConstraint("state in ('open', 'merged', 'apart')", name="state"),
)
sa.Index(
    "uq_match_review_open",
    match_review.c.record_id,
    match_review.c.connection_id,
    unique=True,
    postgresql_where=match_review.c.state == "open",
)

# What a merge made in the hub moved, so that it can be undone.
record_merge = sa.Table(
    "record_merge",
    metadata,
    _id(),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("loser", UUID, nullable=False),
    sa.Column("survivor", UUID, nullable=False),
    sa.Column("survivor_version", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger),
    sa.Column("moves", JSONB, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    _at("made_at", default=True),
    sa.Column("undone_by", sa.Text),
    _at("undone_at", nullable=True),
    sa.CheckConstraint("kind in ('merge', 'link')", name="kind"),
)
sa.Index("ix_record_merge_loser", record_merge.c.loser)
sa.Index("ix_record_merge_survivor", record_merge.c.survivor)

# What people decided about pairs of records: labels for matching, and pairs that are not asked about again.
match_decision = sa.Table(
    "match_decision",
    metadata,
    _id(),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("left_record", UUID, nullable=False),
    sa.Column("left_keys", ARRAY(sa.Text), nullable=False),
    sa.Column("left_features", JSONB, nullable=False),
    sa.Column("right_record", UUID, nullable=False),
    sa.Column("right_keys", ARRAY(sa.Text), nullable=False),
    sa.Column("right_features", JSONB, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    _at("decided_at", default=True),
    sa.Column("review_id", sa.BigInteger),
    sa.Column("merge_id", sa.BigInteger),
    _at("revoked_at", nullable=True),
    sa.CheckConstraint("decision in ('same', 'apart')", name="decision"),
)
sa.Index("ix_match_decision_left_keys", match_decision.c.left_keys, postgresql_using="gin")
sa.Index("ix_match_decision_right_keys", match_decision.c.right_keys, postgresql_using="gin")
sa.Index("ix_match_decision_merge", match_decision.c.merge_id)

# Blocking keys of organisations and people.
match_key = sa.Table(
    "match_key",
    metadata,
    sa.Column("record_id", UUID, primary_key=True),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("keys", ARRAY(sa.Text), nullable=False),
)
_gin("ix_match_key_keys", match_key.c["keys"])

# Names of organisations as of a version of the record, and the keys by which misspelt ones are found.
name_index = sa.Table(
    "name_index",
    metadata,
    sa.Column("record_id", UUID, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("names", ARRAY(sa.Text), nullable=False),
    sa.Column("keys", ARRAY(sa.Integer), nullable=False),
)
_gin("ix_name_index_keys", name_index.c["keys"])

# What a sync, an undo, a repair or a stopped run would do; a person decides.
plan = sa.Table(
    "plan",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="building"),
    # Over the items as they were proposed; applying begins only while it still fits.
    sa.Column("digest", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("options", JSONB, nullable=False, server_default="{}"),
    sa.Column("counts", JSONB, nullable=False, server_default="{}"),
    sa.Column("cost", JSONB, nullable=False, server_default="{}"),
    # {direction: {object: [where reading began, where the next begins when the plan has been applied]}}
    sa.Column("cursors", JSONB, nullable=False, server_default="{}"),
    sa.Column("needs_second", sa.Boolean, nullable=False, server_default=sa.false()),
    # The run that applies it; for an undo, `options` names the run that is undone.
    sa.Column("run_id", sa.BigInteger),
    sa.Column("created_by", sa.Text, nullable=False),
    _at("created_at", default=True),
    sa.Column("approved_by", sa.Text),
    _at("approved_at", nullable=True),
    sa.Column("decided_by", sa.Text),
    _at("decided_at", nullable=True),
    _at("applied_at", nullable=True),
    sa.CheckConstraint("kind in ('sync', 'guard', 'undo', 'repair')", name="kind"),
    sa.CheckConstraint(
        "state in ('building', 'proposed', 'approved', 'applying', 'applied', 'rejected', 'superseded', 'failed')",
        name="state",
    ),
)
sa.Index("ix_plan_connection", plan.c.connection_id, plan.c.id)
sa.Index("ix_plan_run", plan.c.run_id, postgresql_where=plan.c.run_id.isnot(None))

plan_item = sa.Table(
    "plan_item",
    metadata,
    sa.Column("plan_id", sa.BigInteger, nullable=False),
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text),
    sa.Column("record_id", UUID),
    sa.Column("fields", JSONB, nullable=False, server_default="{}"),
    # What it was worked out from: the fingerprint of the mapped remote values, the version of the hub's record.
    sa.Column("basis_remote", BYTEA),
    sa.Column("basis_version", sa.Integer),
    sa.Column("detail", JSONB, nullable=False, server_default="{}"),
    sa.Column("state", sa.Text, nullable=False, server_default="planned"),
    sa.Column("reason", sa.Text),
    sa.PrimaryKeyConstraint("plan_id", "id"),
    sa.CheckConstraint("direction in ('in', 'out')", name="direction"),
    sa.CheckConstraint("state in ('planned', 'applied', 'skipped')", name="state"),
)
sa.Index("ix_plan_item_record", plan_item.c.record_id)
sa.Index(
    "ix_plan_item_planned",
    plan_item.c.plan_id,
    plan_item.c.id,
    postgresql_where=plan_item.c.state == "planned",
)

# Raw webhook events, stored before they are answered.
inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("merged_into", sa.Text),
    _at("occurred_at", nullable=True),
    _at("received_at", default=True),
    sa.UniqueConstraint("connection_id", "event_id"),
)

# Remote records to be read again by id: what webhooks, stale reads and resolved references ask for.
reread = sa.Table(
    "reread",
    metadata,
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("request", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _at("next_attempt_at", default=True),
    sa.PrimaryKeyConstraint("connection_id", "object", "remote_id"),
)

# One comparison of both sides of an object; `fields` holds per field how many records differ.
reconciliation = sa.Table(
    "reconciliation",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False, server_default="0"),
    sa.Column("records", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("agreement", sa.Float, nullable=False, server_default="0"),
    sa.Column("unread_seconds", sa.Float),
    sa.Column("undelivered_seconds", sa.Float),
    sa.Column("fields", JSONB, nullable=False, server_default="{}"),
    sa.Column("causes", JSONB, nullable=False, server_default="{}"),
    _at("started_at", default=True),
    _at("finished_at", nullable=True),
    sa.CheckConstraint("method in ('stamps', 'scan')", name="method"),
)
sa.Index("ix_reconciliation_connection", reconciliation.c.connection_id, reconciliation.c.id)

# Where both sides differed when they were last compared.
disagreement = sa.Table(
    "disagreement",
    metadata,
    _id(),
    _connection_id(),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text),
    sa.Column("record_id", UUID),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("ours", JSONB),
    sa.Column("theirs", JSONB),
    sa.Column("detail", sa.Text),
    sa.Column("repair", sa.Text),
    sa.Column("reconciliation_id", sa.BigInteger, nullable=False),
    _at("first_seen_at", default=True),
    _at("last_seen_at", default=True),
    sa.CheckConstraint("kind in ('value', 'gone', 'unknown', 'unsent', 'deleted')", name="kind"),
    sa.CheckConstraint("repair in ('read', 'send')", name="repair"),
)
sa.Index(
    "uq_disagreement_place",
    disagreement.c.connection_id,
    disagreement.c.object,
    sa.func.coalesce(disagreement.c.remote_id, ""),
    sa.func.coalesce(sa.cast(disagreement.c.record_id, sa.Text), ""),
    disagreement.c.field,
    unique=True,
)

api_key = sa.Table(
    "api_key",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    _at("created_at", default=True),
    _at("revoked_at", nullable=True),
)

# When a system says that a value which came in from it was set: for the policy latest_wins, nothing else.
value_time = sa.Table(
    "value_time",
    metadata,
    sa.Column("record_id", UUID, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _at("at"),
    sa.PrimaryKeyConstraint("record_id", "field"),
)

custom_field = sa.Table(
    "custom_field",
    metadata,
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("definition", JSONB, nullable=False),
    _at("created_at", default=True),
    sa.PrimaryKeyConstraint("record_type", "name"),
)

audit = sa.Table(
    "audit",
    metadata,
    _id(),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", JSONB, nullable=False, server_default="{}"),
    _at("at", default=True),
)

# ---- Deal registrations: what the record itself does not hold.

# The order in which registrations became complete and eligible; taken under the locks of their scope.
deal_place = sa.Sequence("deal_place", metadata=metadata)

deal_review = sa.Table(
    "deal_review",
    metadata,
    sa.Column("registration_id", UUID, primary_key=True),
    # The place of the registration; without one it was never complete and eligible.
    sa.Column("place", sa.BigInteger),
    # The deadline: business time allowed and spent, and since when it runs.
    sa.Column("allowed", INTERVAL, nullable=False),
    sa.Column("spent", INTERVAL, nullable=False, server_default="0"),
    _at("running_since", nullable=True),
    sa.Column("stopped", sa.Boolean, nullable=False, server_default=sa.false()),
    _at("due_at", nullable=True),
    # Who approved so far, where several have to.
    sa.Column("approved_by", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("extensions", sa.Integer, nullable=False, server_default="0"),
    sa.Column("appeals", sa.Integer, nullable=False, server_default="0"),
    # The fields that the partner was asked for; only these can be edited until they are answered.
    sa.Column("asked", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("submitted_by", sa.Text, nullable=False),
    # The deadline for which those who decide were warned, and that for which it was handed on.
    _at("warned_for", nullable=True),
    _at("escalated_for", nullable=True),
)
sa.Index(
    "ix_seller_alert_unseen",
    records["seller_alert"].c.due_at,
    postgresql_where=(records["seller_alert"].c.status == "open") & records["seller_alert"].c.escalated_at.is_(None),
)
sa.Index("ix_deal_review_due", deal_review.c.due_at, postgresql_where=deal_review.c.due_at.isnot(None))

# What registrations claim: the keys of their customer and their product lines. Found by any shared key.
deal_claim = sa.Table(
    "deal_claim",
    metadata,
    sa.Column("registration_id", UUID, primary_key=True),
    sa.Column("keys", ARRAY(sa.Text), nullable=False),
    sa.Column("product_lines", ARRAY(sa.Text), nullable=False),
)
_gin("ix_deal_claim_keys", deal_claim.c["keys"])

# Every decision with all that it was made from, never changed.
deal_decision = sa.Table(
    "deal_decision",
    metadata,
    _id(),
    sa.Column("registration_id", UUID, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("facts", JSONB, nullable=False),
    sa.Column("decision", JSONB, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    _at("at"),
)
sa.Index("ix_deal_decision_registration", deal_decision.c.registration_id, deal_decision.c.id)

# Parties of a conflict review: while it lasts, none of them can extend, amend or win.
deal_freeze = sa.Table(
    "deal_freeze",
    metadata,
    sa.Column("registration_id", UUID, nullable=False),
    sa.Column("frozen_by", UUID, nullable=False),
    _at("since", default=True),
    sa.PrimaryKeyConstraint("registration_id", "frozen_by"),
)
sa.Index("ix_deal_freeze_by", deal_freeze.c.frozen_by)

# Registrations to be judged again: one that stood in their way was decided or ended.
deal_recheck = sa.Table(
    "deal_recheck",
    metadata,
    _id(),
    sa.Column("registration_id", UUID, nullable=False),
    sa.Column("because_of", UUID, nullable=False),
    _at("asked_at", default=True),
)

# Submissions by their callers' own keys: the same one again gets the same answer.
deal_submission = sa.Table(
    "deal_submission",
    metadata,
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    # The text that was sent; not jsonb, which would cost time and change it.
    sa.Column("answer", JSON, nullable=False),
    _at("at", default=True),
    sa.PrimaryKeyConstraint("actor", "key"),
)
sa.Index("ix_deal_submission_at", deal_submission.c.at)

# How far the change log was read by who is no connection. The types stand in the predicate as in `hub.db.log_readers`.
log_reader = sa.Table(
    "log_reader",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.Text, nullable=False),
    _at("updated_at", default=True),
)
sa.Index(
    "ix_change_noticed",
    change.c.xid,
    change.c.id,
    postgresql_where=change.c.record_type.in_(("opportunity", "deal_registration", "seller_alert")),
)

# Registrations that came in by a system or as plain records, until they are judged. Whoever writes a row holds the
# registration's. `problem`: why it could not be; it is tried again at `next_at`, or when it is edited.
deal_arrival = sa.Table(
    "deal_arrival",
    metadata,
    sa.Column("registration_id", UUID, primary_key=True),
    sa.Column("connection_id", sa.Integer),
    sa.Column("object", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    # The moment that orders them; what was decided elsewhere goes first.
    _at("since"),
    sa.Column("undecided", sa.Boolean, nullable=False),
    # Whether a decision that was made there is believed.
    sa.Column("takes_over", sa.Boolean, nullable=False),
    # A stage that somebody set there against the review.
    sa.Column("asked_stage", sa.Text),
    sa.Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("next_at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("problem", sa.Text),
)
sa.Index("ix_deal_arrival_order", deal_arrival.c.undecided, deal_arrival.c.since, deal_arrival.c.registration_id)

deal_reminder = sa.Table(
    "deal_reminder",
    metadata,
    sa.Column("registration_id", UUID, nullable=False),
    sa.Column("protection_ends", sa.Date, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    _at("at", default=True),
    sa.PrimaryKeyConstraint("registration_id", "protection_ends", "days"),
)
