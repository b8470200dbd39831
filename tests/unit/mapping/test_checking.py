"""Mappings whose round trip would lose data are refused, with a counter-example."""

import pytest

from hub.mapping.describe import check_mapping
from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.load import load_mapping
from hub.sdk.capabilities import RemoteField, RemoteObject
from tests.unit.mapping.examples import TYPES, mapping_of, yaml_of

TIERS = "registered: R, silver: S, gold: G, platinum: P"


def refusal_of(fields: str, *, head: str = "create: false") -> MappingIssue:
    with pytest.raises(MappingError) as caught:
        load_mapping(yaml_of(fields, head=head), record_types=TYPES)
    (issue,) = caught.value.issues
    return issue


@pytest.mark.parametrize(
    ("line", "message", "example"),
    [
        (
            "tier: {remote: T, lens: {values: {registered: R, silver: S, gold: S, platinum: P}}}",
            "The round trip changes the value",
            '"gold" → "S" → "silver"',
        ),
        (
            "tier: {remote: T, lens: {values: {registered: R, silver: S, gold: G}}}",
            "cannot be written; complete the lens",
            '"platinum" → nothing, because the value has no remote value',
        ),
        (
            f"tier: {{remote: T, lens: {{values: {{{TIERS}, bronze: B}}}}}}",
            'reads "bronze", which is not a choice',
            None,
        ),
        (
            f"tier: {{remote: T, lens: {{values: {{map: {{{TIERS}}}, default: silver}}}}}}",
            "which it was is lost",
            "any unknown value → silver",
        ),
        ("city: {remote: C, lens: {case: {record: lower}}}", "changes the value", '"Acme" → "Acme" → "acme"'),
        ("city: {remote: C, lens: {constant: {value: Gent}}}", "changes the value", '"Acme" → "Gent" → "Gent"'),
        ("city: {remote: C, lens: {values: {a: b}}}", "cannot be written", '"Acme" → nothing'),
        ("city: {remote: C, policy: latest_wins}", "latest_wins needs the remote field that tells when", None),
        ("city: {remote: C, policy: {latest_wins: C}}", "latest_wins goes by C, which the hub writes itself", None),
        ("city: {remote: C, direction: push, policy: {latest_wins: D}}", "direction: push is never read", None),
        (
            "city: {remote: C, lens: {values: {map: {Acme: Bcme}, unknown: keep}}}",
            "changes the value",
            '"Bcme" → "Bcme" → "Acme"',
        ),
        ("custom.score: {remote: S, lens: {decimal: 2}}", "cannot be written", "0.0625 → nothing"),
        (
            "annual_revenue: {remote: R, lens: {money: {code: EUR, scale: 0}}}",
            "cannot be written",
            "1234.56 EUR → nothing, because the value has more than 0 digits",
        ),
        (
            'roles: {remote: R, lens: {split: {values: {reseller: "a;b", msp: c}}}}',
            "cannot be written",
            "which cannot stand in a text separated by ';'",
        ),
        (
            "roles: {remote: R, lens: {split: {values: {reseller: a}}}}",
            "cannot be written",
            "[\"distributor\"] → nothing, because the value holds 'distributor'",
        ),
    ],
)
def test_a_lossy_round_trip_is_refused_with_a_counter_example(line: str, message: str, example: str | None) -> None:
    issue = refusal_of(line)
    assert message in issue.message
    assert issue.line == 7
    assert issue.file == "mapping.yaml"
    assert issue.field == line.split(":")[0]
    assert example is None or example in (issue.counter_example or "")


@pytest.mark.parametrize(
    "line",
    [
        "tier: {remote: T, direction: pull, lens: {values: {silver: S, gold: G}}}",
        "tier: {remote: T, direction: push, lens: {values: {registered: R, silver: S, gold: S, platinum: P}}}",
        f"tier: {{remote: T, direction: pull, lens: {{values: {{map: {{{TIERS}}}, default: silver}}}}}}",
        "city: {remote: C, direction: pull, lens: {case: {record: lower}}}",
        "tier: {remote: T, lens: {case: {record: lower, remote: upper}}}",
        "custom.score: {remote: S, direction: pull, lens: {decimal: 2}}",
        "contract_end: {remote: E, lens: {date: {format: datetime, zone: Europe/Berlin}}}",
        "roles: {remote: R, lens: {split: ','}}",
    ],
)
def test_one_way_fields_and_faithful_lenses_pass(line: str) -> None:
    assert mapping_of(line).object == "Account"


def test_more_words_can_be_read_than_are_written() -> None:
    words = f"{{map: {{{TIERS}}}, also: {{Bronze: registered}}}}"
    mapping = mapping_of(f"tier: {{remote: T, lens: {{values: {words}}}}}")
    assert mapping.get({"T": "Bronze"}).values["tier"] == "registered"
    assert mapping.put({"tier": "registered"}) == {"T": "R"}


@pytest.mark.parametrize(("also", "fault"), [("{S: gold}", "S, which the map reads"), ("{X: tin}", "leads to tin")])
def test_more_words_that_say_two_things_or_nothing_are_refused(also: str, fault: str) -> None:
    issue = refusal_of(f"tier: {{remote: T, lens: {{values: {{map: {{{TIERS}}}, also: {also}}}}}}}")
    assert fault in issue.message


def test_a_push_that_cannot_carry_a_choice_is_refused() -> None:
    issue = refusal_of("tier: {remote: T, direction: push, lens: {values: {silver: S}}}")
    assert '"registered" → nothing' in (issue.counter_example or "")


@pytest.mark.parametrize(
    ("fields", "head", "part", "line"),
    [
        ("city: {remote: X}\nregion: {remote: X}", "create: false", "X is written by city already", 8),
        ("city: {remote: X}", "create: false\nconstants: {X: 1}", "X is written by constants already", 8),
        (
            "annual_revenue: {remote: R, lens: {money: C}}\ncustom.budget: {remote: B, lens: {money: C}}",
            "create: false",
            "C is written by annual_revenue already",
            8,
        ),
        ("vat_number: {remote: V}", "create: false\nmatch: [{on: [vat_number, duns]}]", "duns, which this mapping", 5),
        ("city: {remote: C}", "create: false\nmatch:\n  - on: [city]", "city is not an indexed key of partner", 6),
        ("city: {remote: C}", "create: true", "leaves no key", 1),
        (
            "city: {remote: X, direction: push}\nregion: {remote: X, direction: push, once: true}",
            "create: false",
            "X is written by city already",
            8,
        ),
        ("custom.seen_at: {remote: D, lens: {datetime: day}}", "create: false", "The round trip changes the value", 7),
        ("city: {remote: C, direction: push, required: true}", "create: false", "is never read", 7),
        ("city: {remote: C, direction: pull, default: x}", "create: false", "is never written", 7),
    ],
)
def test_fields_that_cross_or_never_meet_are_refused(fields: str, head: str, part: str, line: int) -> None:
    issue = refusal_of(fields, head=head)
    assert part in issue.message
    assert issue.line == line


def test_a_required_field_of_the_record_must_be_mapped() -> None:
    text = "version: 1\nobject: A\nrecord: partner\ncreate: false\nfields:\n  city: {remote: C}\n"
    with pytest.raises(MappingError, match="partner requires legal_name; map it"):
        load_mapping(text, record_types=TYPES)


def described(*fields: RemoteField) -> RemoteObject:
    return RemoteObject("Account", "Account", {field.name: field for field in fields})


NAME = RemoteField("Name", "text", max_length=255)
KEY = RemoteField("Hub_Id__c", "text", unique=True, max_length=36)


def test_a_mapping_that_fits_the_described_object_has_no_issues() -> None:
    mapping = mapping_of("legal_name: {remote: Name}", head="key: {field: Hub_Id__c}")
    assert check_mapping(mapping, describe=described(NAME, KEY)) == ()
    assert check_mapping(mapping) == ()


@pytest.mark.parametrize(
    ("line", "remote", "level", "message"),
    [
        ("city: {remote: Town}", RemoteField("Towns", "text"), "error", "has no field Town; did you mean Towns"),
        ("city: {remote: C}", RemoteField("C", "text", writable=False), "error", "C is read-only in Account"),
        ("employees: {remote: C}", RemoteField("C", "date"), "error", "C is of the type date; this lens is for number"),
        (
            "contract_end: {remote: C}",
            RemoteField("C", "datetime"),
            "error",
            "C is of the type datetime; this lens is for date",
        ),
        (
            f"tier: {{remote: C, lens: {{values: {{{TIERS}}}}}}}",
            RemoteField("C", "picklist", values=("R", "S", "G")),
            "error",
            "C does not allow P.",
        ),
        (
            f"tier: {{remote: C, lens: {{values: {{{TIERS}}}}}}}",
            RemoteField("C", "picklist", values=("R", "S", "G", "P", "Z")),
            "warning",
            "C may hold Z, which the lens cannot read.",
        ),
        ("city: {remote: C}", RemoteField("C", "text", max_length=40), "warning", "C holds 40 characters, city up to"),
    ],
)
def test_what_the_remote_says_otherwise_is_named(line: str, remote: RemoteField, level: str, message: str) -> None:
    mapping = mapping_of(line, head="key: {field: Hub_Id__c}")
    (issue,) = check_mapping(mapping, describe=described(NAME, KEY, remote))
    assert message in issue.message
    assert (issue.level, issue.line, issue.field) == (level, 7, line.split(":")[0])


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        (RemoteField("LastModifiedDate", "datetime"), "LastModifiedDate is a time of the whole record"),
        (RemoteField("City_Day__c", "date"), "City_Day__c is of the type date, not a moment"),
        (RemoteField("Elsewhere", "datetime"), "Account has no field"),
        (RemoteField("City_Changed__c", "datetime"), None),
    ],
)
def test_latest_wins_is_refused_where_the_system_keeps_no_time_of_the_field(
    remote: RemoteField, reason: str | None
) -> None:
    stamp = "Missing" if remote.name == "Elsewhere" else remote.name
    mapping = mapping_of(f"city: {{remote: C, policy: {{latest_wins: {stamp}}}}}", head="key: {field: Hub_Id__c}")
    found = check_mapping(
        mapping,
        describe=described(NAME, KEY, RemoteField("C", "text", max_length=255), remote),
        record_stamps={"LastModifiedDate"},
    )
    assert [(reason or "") in issue.message for issue in found] == ([True] if reason else [])
    assert stamp in mapping.read_fields


def test_the_key_constants_and_uncovered_fields_are_held_to_the_object() -> None:
    mapping = mapping_of("city: {remote: C}", head="key: {field: Hub_Id__c}\nconstants: {Type: Partner, Kind: x}")
    found = check_mapping(
        mapping,
        describe=described(
            NAME,
            RemoteField("C", "text"),
            RemoteField("Hub_Id__c", "text"),
            RemoteField("Type", "picklist", values=("Customer",)),
            RemoteField("Needed", "text", nullable=False),
        ),
    )
    assert [(issue.level, issue.field) for issue in found] == [
        ("error", "constants"), ("error", "constants"), ("warning", "key"), ("warning", "Needed"),
    ]  # fmt: skip


def test_a_readable_field_need_not_be_writable() -> None:
    mapping = mapping_of("city: {remote: C, direction: pull}")
    assert check_mapping(mapping, describe=described(NAME, RemoteField("C", "text", writable=False))) == ()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{deactivate: {nothing: 1}}", "The record type partner has no field 'nothing'."),
        ("{deactivate: {status: gone}}", "status cannot be 'gone': input should be"),
        ("{deactivate: {parent: x}}", "parent links to a record"),
        ("{deactivate: {legal_name: null}}", "legal_name is required"),
        ("{push: {deactivate: {status: terminated}}}", "status is not written there"),
        ("{push: ask}", "'ask' is not allowed here; allowed is 'mirror' or 'unlink'."),
        ("keep", "'keep' is not allowed here; allowed is 'mirror', 'unlink' or 'ask'."),
    ],
)
def test_a_delete_policy_that_cannot_be_carried_out_is_refused_with_its_line(policy: str, message: str) -> None:
    issue = refusal_of("status: {remote: S, direction: pull}", head=f"create: false\non_delete: {policy}")
    assert issue.message.startswith(message)
    assert (issue.line, issue.field) == (5, "on_delete")


def test_each_direction_has_its_own_delete_policy() -> None:
    rules = mapping_of(
        "status: {remote: S}", head="create: false\non_delete: {pull: {deactivate: {status: terminated}}, push: mirror}"
    ).on_delete
    assert (rules.pull.kind, rules.pull.values, rules.push.kind) == ("deactivate", {"status": "terminated"}, "mirror")
