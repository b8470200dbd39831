"""What a change of the remote fields means for a mapping, and the edit that is proposed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.mapping.drift import Finding, Key, find_drift
from hub.mapping.fitting import Fitted
from hub.mapping.load import load_mapping
from hub.mapping.model import Mapping
from hub.mapping.proposals import propose
from hub.record import RECORD_TYPES
from hub.sdk.capabilities import RemoteField, RemoteObject

TEXT = """version: 1
object: Account
record: partner
key: {field: Hub_Id__c}
constants: {Type: Partner}
fields:
  legal_name:      {remote: Name, required: true}  # the name on the contract
  website_domain:  {remote: Website, lens: url_domain}
  tier:
    remote: Partner_Tier__c
    lens:
      values: {registered: Registered, silver: Silver, gold: Gold, platinum: Platinum}
  annual_revenue:  {remote: AnnualRevenue, lens: {money: CurrencyIsoCode}}
  city:            {remote: BillingCity}
  description:     {remote: Description, direction: push}
"""

TIERS = ("Registered", "Silver", "Gold", "Platinum")
BEFORE = RemoteObject(
    "Account",
    "Account",
    {
        f.name: f
        for f in (
            RemoteField("Name", "text", nullable=False, max_length=255),
            RemoteField("Website", "text", max_length=255),
            RemoteField("Partner_Tier__c", "picklist", label="Partner tier", values=TIERS),
            RemoteField("AnnualRevenue", "money"),
            RemoteField("CurrencyIsoCode", "picklist", values=("EUR", "USD")),
            RemoteField("BillingCity", "text", max_length=120),
            RemoteField("Description", "text", max_length=32_000),
            RemoteField("Type", "picklist", values=("Partner", "Customer")),
            RemoteField("Hub_Id__c", "text", unique=True),
            RemoteField("Fax", "text"),
        )
    },
)


@pytest.fixture
def mapping() -> Mapping:
    return load_mapping(TEXT, record_types=RECORD_TYPES, system="salesforce")


def after(*, without: str = "", **changed: RemoteField) -> RemoteObject:
    fields = {name: f for name, f in BEFORE.fields.items() if name != without}
    return replace(BEFORE, fields={**fields, **{f.name: f for f in changed.values()}})


def drift(
    mapping: Mapping,
    now: RemoteObject,
    *,
    before: RemoteObject | None = BEFORE,
    known: dict[Key, Finding] | None = None,
) -> list[Finding]:
    return list(find_drift(mapping, now=now, before=before, known=known or {}))


def edit(mapping: Mapping, now: RemoteObject, *, before: RemoteObject | None = BEFORE) -> list[str]:
    """The changed lines of the one proposal."""
    [finding] = [f for f in drift(mapping, now, before=before) if f.kind != "added"]
    proposed = propose(finding, mapping, now=now, before=before)
    return [line for line in (proposed or "").split("\n")[2:] if not line.startswith("@@")]


def test_what_has_not_changed_is_no_drift(mapping: Mapping) -> None:
    assert drift(mapping, BEFORE) == []
    assert drift(mapping, BEFORE, before=None) == []


def test_a_finding_names_the_line_that_speaks_of_the_field(mapping: Mapping) -> None:
    [finding] = drift(mapping, after(without="BillingCity"))
    assert (finding.kind, finding.field, finding.stops) == ("removed", "city", "both")
    assert TEXT.split("\n")[finding.line - 1].strip().startswith("city:")


def test_a_field_with_a_second_remote_one_stops_when_either_is_gone(mapping: Mapping) -> None:
    [finding] = drift(mapping, after(without="CurrencyIsoCode"))
    assert (finding.field, finding.remote, finding.stops) == ("annual_revenue", "CurrencyIsoCode", "both")


def test_without_key_or_constants_nothing_is_created(mapping: Mapping) -> None:
    for gone in ("Hub_Id__c", "Type"):
        [finding] = drift(mapping, after(without=gone))
        assert finding.stops == "create"
        assert Fitted(mapping, (finding,)).no_creating == finding.message
    other = after(Type=RemoteField("Type", "picklist", values=("Customer",)))
    assert [f.stops for f in drift(mapping, other)] == ["create"]


def test_matters_of_degree_are_found_when_they_come_up_and_stay_while_they_are_so(mapping: Mapping) -> None:
    shorter = after(BillingCity=RemoteField("BillingCity", "text", max_length=40))
    assert drift(mapping, shorter, before=None) == [], "it was always like this, as far as is known"
    found = drift(mapping, shorter)
    assert [(f.kind, f.longest) for f in found] == [("shorter", 40)]
    assert drift(mapping, shorter, before=shorter, known={f.key: f for f in found}) == found
    assert drift(mapping, BEFORE, before=shorter, known={f.key: f for f in found}) == []


def test_a_new_word_stops_nothing_and_a_lost_one_only_itself(mapping: Mapping) -> None:
    now = after(tier=RemoteField("Partner_Tier__c", "picklist", values=("Registered", "Silver", "Gold", "Diamond")))
    lost, new = sorted(drift(mapping, now), key=lambda f: f.kind, reverse=True)
    assert (lost.kind, lost.words, lost.stops) == ("values_removed", ("Platinum",), "push")
    assert (new.kind, new.words, new.stops) == ("values_added", ("Diamond",), "nothing")
    fitted = Fitted(mapping, (lost, new))
    assert fitted.mapping is mapping
    assert list(fitted.held_back({"tier": "platinum"}, {})) == ["tier"]
    assert fitted.held_back({"tier": "gold"}, {}) == {}
    assert fitted.held_back({"tier": "platinum"}, {"tier": "platinum"}) == {}, "there is nothing to be written"


def test_a_fitted_mapping_lacks_only_the_closed_ways(mapping: Mapping) -> None:
    now = after(without="Website", city=RemoteField("BillingCity", "text", writable=False, max_length=120))
    fitted = Fitted(mapping, tuple(drift(mapping, now))).mapping
    assert set(mapping.inbound) - set(fitted.inbound) == {"website_domain"}
    assert set(mapping.outbound) - set(fitted.outbound) == {"website_domain", "city"}
    assert "Website" not in fitted.read_fields
    assert fitted.get({"Name": "Acme", "BillingCity": "Ulm"}).values == {"legal_name": "Acme", "city": "Ulm"}
    assert mapping.get({"Website": "acme.com"}).values == {"website_domain": "acme.com"}, "the mapping stays as it is"


def test_a_new_field_that_is_called_like_one_of_ours_is_proposed(mapping: Mapping) -> None:
    now = after(new=RemoteField("Vat_Number__c", "text"), other=RemoteField("Shoe_Size__c", "number"))
    [finding] = drift(mapping, now)
    assert (finding.kind, finding.words, finding.stops) == ("added", ("vat_number",), "nothing")
    proposed = propose(finding, mapping, now=now, before=BEFORE)
    assert proposed is not None
    assert proposed.split("\n")[-1] == "+  vat_number: {remote: Vat_Number__c}"


def test_the_edit_for_a_renamed_field_names_the_new_one(mapping: Mapping) -> None:
    now = after(without="Partner_Tier__c", new=RemoteField("Program_Tier__c", "picklist", values=TIERS))
    assert edit(mapping, now) == ["-    remote: Partner_Tier__c", "+    remote: Program_Tier__c"]


def test_the_edit_for_a_field_that_is_gone_drops_its_lines(mapping: Mapping) -> None:
    assert edit(mapping, after(without="BillingCity")) == ["-  city:            {remote: BillingCity}"]


def test_no_edit_is_proposed_that_would_not_load(mapping: Mapping) -> None:
    assert edit(mapping, after(without="Name")) == [], "a partner without a name cannot be"


def test_the_edit_for_a_read_only_field_gives_it_a_direction(mapping: Mapping) -> None:
    city = after(city=RemoteField("BillingCity", "text", writable=False, max_length=120))
    assert edit(mapping, city)[-1] == "+  city:            {remote: BillingCity, direction: pull}"
    tier = after(tier=RemoteField("Partner_Tier__c", "picklist", writable=False, values=TIERS))
    assert edit(mapping, tier) == ["+    direction: pull"]
    name = after(name=RemoteField("Name", "text", writable=False, max_length=255))
    assert edit(mapping, name)[-1].endswith(
        "{remote: Name, required: true, direction: pull}  # the name on the contract"
    )


def test_the_edit_for_a_shorter_field_tells_the_lens(mapping: Mapping) -> None:
    now = after(city=RemoteField("BillingCity", "text", max_length=40))
    assert edit(mapping, now)[-1] == "+  city:            {remote: BillingCity, lens: {text: {max_length: 40}}}"


def test_the_edit_for_a_renamed_word_renames_it_in_the_table(mapping: Mapping) -> None:
    words = ("Registered", "Silver", "Gold", "Platinum Plus")
    now = after(tier=RemoteField("Partner_Tier__c", "picklist", values=words))
    for finding in drift(mapping, now):
        proposed = propose(finding, mapping, now=now, before=BEFORE)
        assert proposed is not None
        assert proposed.split("\n")[-1].strip("+ ") == (
            "values: {registered: Registered, silver: Silver, gold: Gold, platinum: Platinum Plus}"
        )


def test_the_edit_for_a_new_word_adds_it_to_the_table() -> None:
    text = TEXT.replace(", platinum: Platinum}", "}").replace("    lens:", "    direction: pull\n    lens:")
    mapping = load_mapping(text, record_types=RECORD_TYPES, system="salesforce")
    was = after(tier=RemoteField("Partner_Tier__c", "picklist", values=TIERS[:3]))
    now = after(tier=RemoteField("Partner_Tier__c", "picklist", values=(*TIERS[:3], "PLATINUM")))
    assert edit(mapping, now, before=was)[-1].endswith("gold: Gold, platinum: PLATINUM}")


def test_the_edit_for_a_required_field_gives_a_default_or_a_constant(mapping: Mapping) -> None:
    city = after(city=RemoteField("BillingCity", "text", nullable=False, max_length=120))
    assert edit(mapping, city)[-1] == "+  city:            {remote: BillingCity, default: Unknown}"
    fax = after(fax=RemoteField("Fax", "text", nullable=False))
    assert edit(mapping, fax)[-1] == "+constants: {Type: Partner, Fax: Unknown}"


def test_the_edit_for_another_type_names_the_lens_for_it() -> None:
    text = TEXT.replace("  city:            {remote: BillingCity}", "  roles:           {remote: Roles__c, lens: list}")
    mapping = load_mapping(text, record_types=RECORD_TYPES, system="salesforce")
    was = after(roles=RemoteField("Roles__c", "multipicklist"))
    now = after(roles=RemoteField("Roles__c", "text"))
    assert edit(mapping, now, before=was)[-1] == '+  roles:           {remote: Roles__c, lens: {split: ";"}}'
