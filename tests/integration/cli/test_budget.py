"""What an account's limits stand at, and what the calls were for."""

import time

import redis

from tests.integration.cli.conftest import Command, Remote, account


def test_the_cost_of_each_mapping_is_told_by_what_the_calls_were_for(
    partnerhub: Command, sf: Remote, hs: Remote
) -> None:
    sf.sandbox.human_create("Account", account("Acme GmbH", Website="https://acme.example"))
    for name in ("hs", "sf"):
        assert partnerhub("sync", name).code == 0

    shown = partnerhub("budget", "sf", "--json").data
    calls = {(c["object"], c["purpose"]): c["calls"] for c in shown["calls"]}
    assert calls["Account", "describe"] >= 1, "a token call may come before it"
    assert calls["Account", "read"] >= 1
    assert sum(calls.values()) >= sum(
        n for call, n in sf.sandbox.calls.items() if "/query" in call or "/sobjects" in call
    )
    written = {(c["object"], c["purpose"]): c["calls"] for c in partnerhub("budget", "hs", "--json").data["calls"]}
    assert written["companies", "write"] == 1
    assert "describe" in partnerhub("budget", "sf").out


def test_a_quota_that_ends_before_it_is_counted_anew_is_told_by_budget_and_status(
    partnerhub: Command, sf: Remote, redis_url: str
) -> None:
    assert partnerhub("sync", "sf").code == 0
    assert partnerhub("status", "--json").data[0]["quota"] == []
    with redis.Redis.from_url(redis_url) as client:
        [noted] = client.keys("partnerhub:budget:salesforce:*:daily:*:noted")
        key = noted.removesuffix(b":noted")
        amount = int(client.get(key + b":amount") or 100_000)
        client.set(key, amount // 2)
        client.delete(noted)
        client.lpush(noted, f"{int((time.time() - 3600) * 1000)}:{amount // 4}")

    shown = partnerhub("budget", "sf", "--json").data
    [daily] = [limit for limit in shown["limits"] if limit["kind"] == "daily"]
    assert daily["used"] == amount // 2
    assert daily["forecast"]["ends_at"] is not None
    [warning] = partnerhub("status", "--json").data[0]["quota"]
    assert warning.startswith("The day's quota ends at")
    assert "The day's quota ends at" in partnerhub("status").out
    assert "The day's quota ends at" in partnerhub("budget").out


def test_a_reserve_is_an_option_of_the_connection(partnerhub: Command, sf: Remote) -> None:
    said = partnerhub("change", "sf", "--reserve-percent", "20")
    assert said.code == 0, said.err
    assert partnerhub("budget", "sf", "--json").data["reserve_percent"] == 20
    assert "20 % are left to people" in partnerhub("budget", "sf").out
