"""Connecting a system at the command line."""

import json
from pathlib import Path

import pytest

import connectors
from hub.services import connection_care
from hub.services.connection_care import list_systems
from hub.services.connections import Workshop
from tests.integration.cli.conftest import Command, Remote


def test_good_settings_from_a_file_make_a_connection_that_check_confirms(partnerhub: Command, sf: Remote) -> None:
    checked = partnerhub("check", "sf", "--json")
    assert checked.code == 0
    assert checked.data["ok"]
    assert checked.data["account"]["name"] == "Sandbox Org"


def test_settings_may_come_from_options_and_a_json_file(
    partnerhub: Command, salesforce: Remote, tmp_path: Path
) -> None:
    given = salesforce.settings
    secret = tmp_path / "secret.txt"
    secret.write_text(given.pop("client_secret") + "\n")
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**given, "client_id": "is overruled by the option"}))
    options = ["--set", f"client_id={given['client_id']}", "--set", f"client_secret=@{secret}"]
    said = partnerhub("connect", "salesforce", "sf", "--settings", str(file), *options, "--allow-private", "--json")
    assert said.code == 0, said.err
    assert said.data["connection"] == "sf"


def test_missing_settings_are_asked_for_and_secrets_are_not_echoed(partnerhub: Command, salesforce: Remote) -> None:
    given = salesforce.settings
    lines = [given["instance"], given["client_id"], "", given["client_secret"], *[""] * 8]
    said = partnerhub("connect", "salesforce", "sf", "--ask", "--allow-private", typed="\n".join(lines) + "\n")
    assert said.code == 0, said.err
    assert "Consumer key of the connected app" in said.err
    assert given["client_secret"] not in said.out + said.err


def test_without_a_terminal_missing_settings_are_listed_with_their_meaning(partnerhub: Command) -> None:
    said = partnerhub("connect", "salesforce", "sf")
    assert said.code == 2
    assert "instance: My Domain URL of the org" in said.error
    assert "--settings FILE" in said.error


def test_wrong_credentials_are_one_sentence_and_nothing_is_stored(partnerhub: Command, salesforce: Remote) -> None:
    said = partnerhub(
        "connect", "salesforce", "sf", "--settings", str(salesforce.file), "--set", "client_secret=not-the-secret",
        "--allow-private",
    )  # fmt: skip
    assert said.code == 1
    assert "Salesforce refused to sign in" in said.error
    assert "Nothing was stored" in said.error
    assert "not-the-secret" not in said.out + said.err
    assert partnerhub("connections", "--json").data == []


def test_an_error_with_json_is_json_too(partnerhub: Command, salesforce: Remote) -> None:
    said = partnerhub("connect", "salesforce", "sf", "--settings", str(salesforce.file), "--json")
    assert said.code == 1
    assert said.data["error"]["code"] == "AuthFailed"
    assert "not a public address" in said.data["error"]["message"]


def test_a_setting_that_does_not_exist_is_named_with_those_that_do(partnerhub: Command) -> None:
    said = partnerhub("connect", "hubspot", "hs", "--set", "acces_token=x")
    assert said.code == 2
    assert "no setting acces_token" in said.error
    assert "access_token" in said.error


def test_an_unknown_system_is_answered_with_those_there_are(partnerhub: Command) -> None:
    said = partnerhub("connect", "salesfarce", "sf")
    assert said.code == 2
    assert "hubspot, salesforce" in said.error


def test_a_name_is_taken_only_once(partnerhub: Command, sf: Remote) -> None:
    said = partnerhub("connect", "salesforce", "sf", "--settings", str(sf.file), "--allow-private")
    assert said.code == 2
    assert "There is a connection called 'sf' already" in said.error


def test_a_broken_settings_file_is_named_with_its_line(partnerhub: Command, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("instance: [unclosed\nclient_id: x\n")
    said = partnerhub("connect", "salesforce", "sf", "--settings", str(file))
    assert said.code == 2
    assert f"{file}:2: this is neither YAML nor JSON" in said.error


def test_stored_secrets_appear_in_no_listing(partnerhub: Command, sf: Remote) -> None:
    secret = sf.settings["client_secret"]
    for words in (["connections"], ["connections", "--json"], ["status", "--json"], ["check", "sf", "--json"]):
        assert secret not in partnerhub(*words).out


def test_a_paused_connection_is_not_synced_until_it_is_resumed(partnerhub: Command, sf: Remote) -> None:
    assert partnerhub("pause", "sf", "--reason", "Freeze.").code == 0
    said = partnerhub("sync", "sf")
    assert said.code == 1
    assert "sf is paused (Freeze.)" in said.error
    assert "partnerhub resume sf" in said.error
    assert partnerhub("resume", "sf").code == 0
    assert partnerhub("sync", "sf", "--object", "Account").code == 0


def test_credentials_that_stop_working_pause_the_connection_and_say_so(partnerhub: Command, sf: Remote) -> None:
    sf.sandbox.faults.arm("persistent_401", times=50)
    said = partnerhub("sync", "sf")
    assert said.code == 1
    assert "then resume it" in said.error
    [health] = partnerhub("status", "--json").data
    assert health["verdict"] == "paused"


def test_discover_lists_objects_and_describes_one(partnerhub: Command, sf: Remote) -> None:
    assert "Account" in partnerhub("discover", "sf", "--json").data["objects"]
    described = partnerhub("discover", "sf", "Account", "--json").data
    assert described["fields"]["Name"]["type"] == "text"


def test_an_error_nobody_thought_of_is_still_a_sentence(partnerhub: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: Workshop) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(connection_care, "list_connections", fail)
    said = partnerhub("connections", "--json")
    assert said.code == 1
    assert said.data["error"]["code"] == "unexpected"
    assert "Traceback" not in said.err


def test_changed_settings_are_tried_first_and_the_old_ones_stay_when_they_are_bad(
    partnerhub: Command, sf: Remote
) -> None:
    said = partnerhub("change", "sf", "--set", "client_secret=not-the-secret")
    assert said.code == 1
    assert "Nothing was stored" in said.error
    assert "not-the-secret" not in said.out + said.err
    assert partnerhub("check", "sf").code == 0


def test_a_secret_is_asked_for_unseen_and_appears_nowhere(partnerhub: Command, sf: Remote) -> None:
    secret = sf.settings["client_secret"]
    said = partnerhub("change", "sf", "--ask", "client_secret", typed=f"{secret}\n")
    assert said.code == 0, said.err
    assert "sf is changed and answers as Sandbox Org" in said.out
    assert secret not in said.out + said.err


def test_options_are_changed_and_taken_away(partnerhub: Command, sf: Remote, tmp_path: Path) -> None:
    changed = partnerhub("change", "sf", "--mappings", str(tmp_path), "--poll-seconds", "30", "--json")
    assert changed.data["connection"]["options"] == {
        "allow_private": True, "mappings": str(tmp_path), "poll_seconds": 30,
    }  # fmt: skip
    taken = partnerhub("change", "sf", "--unset", "mappings", "--unset", "poll_seconds", "--json")
    assert taken.data["connection"]["options"] == {"allow_private": True}


def test_a_change_of_nothing_or_of_an_unknown_setting_says_what_can_be_changed(partnerhub: Command, sf: Remote) -> None:
    assert "--set" in partnerhub("change", "sf").error
    for words in (["--set", "client_scret=x"], ["--unset", "client_scret"], ["--ask", "client_scret"]):
        said = partnerhub("change", "sf", *words)
        assert said.code == 2
        assert "no setting client_scret" in said.error


def test_a_connection_is_retired_only_when_that_is_meant_and_its_name_is_free_then(
    partnerhub: Command, sf: Remote
) -> None:
    asked = partnerhub("retire", "sf")
    assert (asked.code, "--yes" in asked.error) == (2, True)
    assert partnerhub("check", "sf").code == 0
    assert partnerhub("retire", "sf", "--yes").code == 0
    assert partnerhub("connections", "--json").data == []
    again = partnerhub("connect", "salesforce", "sf", "--settings", str(sf.file), "--allow-private")
    assert again.code == 0, again.err


def test_a_connection_that_does_not_exist_is_one_sentence(partnerhub: Command) -> None:
    for words in (
        ["check", "nobody"],
        ["sync", "nobody"],
        ["discover", "nobody"],
        ["pause", "nobody"],
        ["retire", "nobody"],
    ):
        said = partnerhub(*words)
        assert said.code == 2
        assert "There is no connection called 'nobody'" in said.error


def test_a_connector_that_cannot_be_loaded_is_told_by_status_and_check(
    partnerhub: Command, sf: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "folders" / "acme"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("import a_library_that_nobody_installed\n")
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(broken.parent)])
    for words in (["status", "--json"], ["check", "sf", "--json"]):
        said = partnerhub(*words)
        assert said.code == 0
        assert said.data
        assert "The connector acme cannot be loaded" in said.error
        assert "No module named 'a_library_that_nobody_installed'" in said.error
    assert not any(system.problem for system in list_systems()[:-1])
    assert "connectors/acme" in (list_systems()[-1].problem or "")
