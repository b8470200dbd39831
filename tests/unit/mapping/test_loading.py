"""Mapping files that cannot be used: every fault at once, with file, line and field."""

from pathlib import Path

import pytest

from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.load import load_mapping, load_system
from hub.mapping.model import FieldPolicy, MatchRule
from tests.unit.mapping.examples import TYPES, mapping_of, yaml_of


def issues_of(text: str | Path) -> tuple[MappingIssue, ...]:
    with pytest.raises(MappingError) as caught:
        load_mapping(text, record_types=TYPES)
    return caught.value.issues


def test_all_faults_of_a_file_are_told_at_once_with_their_lines() -> None:
    issues = issues_of(
        yaml_of("""
            legal_name: {remote: Name}
            nickname: {remote: Nick}
            city: {remote: City, lens: shout}
            country: {lens: country_code}
            employees: {remote: Staff, lens: url_domain}
            parent: {remote: ParentId}
            tier: {remote: Tier, policy: {locked_when: "status =="}}
            phone: {remote: Phone, compute: "value"}
            custom.score: {remote: Score, lens: {decimal: {scale: -1}}}
            segment: {remote: Segment}
        """)
    )
    assert [(issue.line, issue.field) for issue in issues] == [
        (8, "nickname"), (9, "city"), (10, "country"), (11, "employees"), (12, "parent"), (13, "tier"),
        (14, "phone"), (15, "custom.score"), (16, "segment"),
    ]  # fmt: skip
    text = "\n".join(map(str, issues))
    assert "mapping.yaml:8 nickname: The record type partner has no field 'nickname'." in text
    assert "there is no lens 'shout'; there are text, trim" in text.replace("There", "there")
    assert "Add remote:" in text
    assert "This lens fills fields of the kind longtext, text; employees is of the kind int." in text
    assert "A field of the kind link needs a lens." in text
    assert "The expression is not valid CEL" in text
    assert "A computed field goes one way" in text
    assert "Lens decimal: scale" in text
    assert "Write it as custom.segment." in text


def test_what_could_never_be_written_or_come_in_is_told() -> None:
    issues = issues_of(yaml_of("city: {remote: City, direction: pull, once: true}", head="create: false\nadmit: false"))
    assert "once says when the field is written" in str(issues)
    assert "Only records with the hub's key come in, and there is none" in str(issues)
    text = yaml_of("legal_name: {remote: Name}", head="create: false\nscope: {remote: \"remote.Type == 'X'\"}")
    assert "write remote: and the remote fields it uses" in str(issues_of(text))


def test_the_shape_of_the_file_is_held_to_the_language() -> None:
    issues = issues_of("""
version: 2
object: Account
record: partner
colour: blue
match: [{on: [vat_number], scored: true}]
fields:
  legal_name: {remote: Name, direktion: both, on_null: maybe}
  Bad-Name: {remote: X}
  city: {remote: "City; import os"}
  region: {remote: State, required: 1}
""")
    assert [(issue.line, issue.field) for issue in issues] == [
        (2, "version"), (5, "colour"), (6, "match"), (8, "legal_name"), (8, "legal_name"), (9, "Bad-Name"),
        (10, "city"), (11, "region"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "The mapping is empty"),
        ("- a\n- b", 1, "A mapping begins with keys"),
        ("version: 1\nfields: {a: [}", 2, "not valid YAML"),
        ("a: &x 1\nb: *x", 2, "aliases"),
        ("version: 1\nversion: 1\n", 2, "twice"),
        ("a: " + "[" * 40 + "]" * 40, 1, "nested too deeply"),
        ("a: !!python/object/apply:os.system [echo]", 1, "python/object/apply:os.system is not allowed"),
        ("a: !!timestamp nonsense", 1, "timestamp is not allowed"),
        ("a: !!int nonsense", 1, "cannot be read"),
        ("? [a, b]\n: 1", 1, "must be a word"),
        ("# " + "x" * 300_000, 1, "larger than 256 KiB"),
        ("a: \x01", 1, "not valid YAML"),
    ],
)
def test_what_is_not_sound_yaml_is_one_clear_sentence(text: str, line: int, part: str) -> None:
    issue, *_ = issues_of(text)
    assert part in issue.message
    assert issue.line == line


def test_a_file_that_is_missing_binary_or_huge_is_one_clear_sentence(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * 300_000)
    assert "cannot be read" in issues_of(tmp_path / "none.yaml")[0].message
    assert "not UTF-8" in issues_of(binary)[0].message
    assert "larger than" in issues_of(huge)[0].message


def test_words_that_old_yaml_takes_for_truth_values_stay_words() -> None:
    mapping = mapping_of("custom.rating: {remote: R, direction: pull, lens: {values: {yes: on, no: off}}}")
    assert mapping.get({"R": "off"}).values["custom.rating"] == "no"


def test_a_number_where_a_word_belongs_says_to_quote_it() -> None:
    issue, *_ = issues_of(yaml_of("tier: {remote: T, direction: pull, lens: {values: {silver: 2}}}"))
    assert "in quotes" in issue.message


def test_policies_match_rules_and_null_rules_are_read() -> None:
    mapping = mapping_of(
        """
        legal_name: {remote: Name, policy: prefer_hub, on_null: clear}
        vat_number: {remote: Vat, policy: {system_of_record: netsuite}}
        duns: {remote: Duns, policy: fill_only}
        city: {remote: City}
        """,
        head="create: false\nmatch: [{on: [vat_number]}, {scored: true}]",
    )
    assert mapping.rules["legal_name"].policy == FieldPolicy("prefer_hub")
    assert mapping.rules["legal_name"].on_null == "clear"
    assert mapping.rules["vat_number"].policy == FieldPolicy("system_of_record", system="netsuite")
    assert mapping.rules["duns"].policy == FieldPolicy("fill_only")
    assert mapping.rules["city"].policy == FieldPolicy("review")
    assert mapping.rules["city"].on_null == "keep"
    assert mapping.match == (MatchRule(("vat_number",)), MatchRule(scored=True))


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("remote.A + ", "not valid CEL"),
        ("secrets.A", "uses secrets"),
        ("remote.A.map(a, remote.A.map(b, remote.A.map(c, a)))", "walks lists more than"),
        ("'" + "x" * 1001 + "'", "longer than 1000"),
    ],
)
def test_an_expression_that_is_wrong_or_too_costly_is_refused_at_its_line(expression: str, part: str) -> None:
    issue, *_ = issues_of(yaml_of(f'city: {{reads: [A], direction: pull, compute: "{expression}"}}'))
    assert part in issue.message
    assert (issue.line, issue.field) == (7, "city")


def test_a_computed_value_without_a_result_is_a_problem_of_its_field() -> None:
    mapping = mapping_of('city: {reads: [A], direction: pull, compute: "remote.A + 1"}')
    (problem,) = mapping.get({"A": "x", "Name": "Acme"}).problems
    assert problem.field == "city"
    assert "no result" in problem.message


def test_a_folder_of_mappings_is_loaded_by_object_and_all_its_faults_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "one.yaml").write_text(yaml_of("city: {remote: City}"))
    assert load_system(tmp_path, "acme", TYPES)["Account"].system == "acme"
    (folder / "two.yaml").write_text(yaml_of("town: {remote: City}"))
    (folder / "three.yaml").write_text(yaml_of("city: {remote: City}"))
    with pytest.raises(MappingError) as caught:
        load_system(tmp_path, "acme", TYPES)
    assert [issue.file for issue in caught.value.issues] == ["acme/three.yaml", "acme/two.yaml"]
    assert "mapped by acme/one.yaml already" in caught.value.issues[0].message
    with pytest.raises(MappingError, match="no mapping in this folder"):
        load_system(tmp_path, "nobody", TYPES)
