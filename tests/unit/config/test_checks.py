"""What is refused beyond types. Each row is one mistake, and the lines beside it are fine."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from drift_audit.config.load import load_config
from drift_audit.config.settings import Config
from drift_audit.errors import ConfigError


def load(folder: Path, text: str) -> Config:
    file = folder / "drift-audit.yaml"
    file.write_text(dedent(text))
    return load_config(file, environ={}, provider_settings={})


def told(folder: Path, text: str) -> list[str]:
    try:
        load(folder, text)
    except ConfigError as error:
        return [f"{problem.line}: {problem.message}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("reach", "message"),
    [
        ("{name: a}", ""),
        ("{name: a, context: x}", ""),
        ("{name: a, kubeconfig: k}", ""),
        ("{name: a, kubeconfig: k, context: x}", ""),
        ("{name: a, in_cluster: true}", ""),
        ("{name: a, in_cluster: false, context: x}", ""),
        ("{name: a, in_cluster: true, context: x}", "1: 'a' has 'in_cluster' together with 'context'"),
        ("{name: a, recording: fleet.dar, in_cluster: true}", "1: 'a' has 'recording' together with 'in_cluster'"),
        (
            "{name: a, recording: fleet.dar, kubeconfig: k, context: x}",
            "1: 'a' has 'recording' together with 'context' and 'kubeconfig'",
        ),
        ("{name: a, recording: fleet.dar, namespaces: [b]}", "1: 'a' has 'recording' together with 'namespaces'"),
        ("{name: a, recording: fleet.dar, git: [{name: g, url: u}]}", "1: 'a' has 'recording' together with 'git'"),
    ],
)
def test_a_management_cluster_is_reached_in_one_way(tmp_path: Path, reach: str, message: str) -> None:
    (tmp_path / "fleet.dar").touch()

    assert told(tmp_path, f"management_clusters: [{reach}]\n") == ([message] if message else [])


def test_names_are_unique_where_they_identify_something(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters:
          - name: a
            git:
              - {name: fleet, url: x}
              - {name: fleet, url: z}
          - name: b
            git: [{name: fleet, url: x}]
          - name: a
          - name: " "
        suppressions:
          - {name: s, owner: o, reason: r, expires: "2027-01-01", match: {kind: A}}
          - {name: s, owner: o, reason: r, expires: "2027-01-01", match: {kind: B}}
        """,
    )

    assert problems == [
        "5: a second Git source of 'a' is called 'fleet'",
        "8: a second management cluster is called 'a'",
        "9: 'management_clusters[3].name' is empty",
        "12: a second suppression rule is called 's'",
    ]


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://example.com/a.git", ""),
        ("git@example.com:a/b.git", ""),
        ("ssh://git@example.com/a.git", ""),
        ("../local", ""),
        ("/srv/git/a", ""),
        ("file:///srv/git/a", ""),
        ("https://user:pw@example.com/a.git", "holds credentials"),
        ("https://token@example.com/a.git", "holds credentials"),
        ("https://example.com/a.git?access_token=s3cret", "has a query"),
        ("https://example.com/a.git?private_token=s3cret", "has a query"),
        ("HTTPS://example.com/a.git?x", "has a query"),
        ("https://example.com/a.git#s3cret", "has a query"),
        ("ssh://git:pw@example.com/a.git", "holds credentials"),
        ("ext::sh -c id", "that is refused"),
        ("--upload-pack=x", "that is refused"),
        ("ftp://example.com/a", "has an unknown scheme"),
        ("https://[::1/a", "is not a URL"),
        ("", "is empty"),
    ],
)
def test_a_git_url_holds_no_credentials_and_runs_nothing(tmp_path: Path, url: str, refused: str) -> None:
    problems = told(tmp_path, f"management_clusters: [{{name: a, git: [{{name: g, url: '{url}'}}]}}]\n")

    assert len(problems) == bool(refused)
    assert all(refused in problem and (not url or url not in problem) for problem in problems)


@pytest.mark.parametrize("path", ["/etc", "../other", "a/../../b"])
def test_a_git_path_stays_inside_its_repository(tmp_path: Path, path: str) -> None:
    problems = told(tmp_path, f"management_clusters: [{{name: a, git: [{{name: g, url: x, path: {path}}}]}}]\n")

    assert problems == ["1: the path of Git source 'g' leaves the repository"]


@pytest.mark.parametrize(
    ("match", "accepted"),
    [
        ("{}", False),
        ("{kind: '*'}", False),
        ("{cluster: '*/*', name: '?*', path: ''}", False),
        ("{kind: '*', name: 'a*'}", True),
        ("{path: spec.replicas}", True),
    ],
)
def test_a_rule_that_would_hide_everything_is_refused(tmp_path: Path, match: str, accepted: bool) -> None:
    rule = f"{{name: s, owner: o, reason: r, expires: '2027-01-01', match: {match}}}"

    problems = told(tmp_path, f"management_clusters: [{{name: a}}]\nsuppressions: [{rule}]\n")

    assert problems == ([] if accepted else ["2: suppression rule 's' matches every finding"])


@pytest.mark.parametrize(
    ("expires", "accepted"),
    [
        ("2027-01-31", True),
        ("'2027-01-31'", True),
        ("2027-02-31", False),
        ("31.01.2027", False),
        ("86400", False),
        ("20270131", False),
        ("2027-01-31T10:00:00Z", False),
        ("soon", False),
    ],
)
def test_an_expiry_is_a_calendar_date(tmp_path: Path, expires: str, accepted: bool) -> None:
    rule = f"{{name: s, owner: o, reason: r, expires: {expires}, match: {{kind: A}}}}"

    problems = told(tmp_path, f"management_clusters: [{{name: a}}]\nsuppressions: [{rule}]\n")

    assert problems == ([] if accepted else ["2: 'suppressions[0].expires' must be a date written as YYYY-MM-DD"])


def test_a_misspelled_verdict_is_found_because_it_would_never_match(tmp_path: Path) -> None:
    rule = "{name: s, owner: o, reason: r, expires: 2027-01-01, match: {verdict: editd_in_cloud}}"

    with pytest.raises(ConfigError, match=r"did you mean 'edited_in_cloud'\?"):
        load(tmp_path, f"management_clusters: [{{name: a}}]\nsuppressions: [{rule}]\n")


def test_manager_rules_compile_and_name_a_known_class(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters: [{name: a}]
        managers:
          - {match: 'ok-.*', manager_class: human}
          - {match: 'open(', manager_class: human}
          - {match: x, manager_class: robot}
        """,
    )

    assert problems == [
        "4: 'managers[1].match' is no regular expression: missing ), unterminated subpattern",
        "5: 'managers[2].manager_class' must be one of human, script, gitops, controller, autoscaler",
    ]


def test_outputs_do_not_write_over_each_other(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters: [{name: a}]
        outputs:
          - {format: console}
          - {format: json, path: x}
          - {format: markdown}
          - {format: markdown, path: x}
        """,
    )

    assert problems == ["5: two outputs go to standard output", "6: two outputs go to the same file"]


def test_numbers_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters:
          - {name: a, page_size: 0, timeout_seconds: -3}
        thresholds:
          not_applied_after_minutes: 0
          transition_minutes: -1
        """,
    )

    assert problems == [
        "2: 'management_clusters[0].page_size' must be at least 1",
        "2: 'management_clusters[0].timeout_seconds' must be at least 1",
        "5: 'thresholds.transition_minutes' must be at least 0",
    ]


def test_what_would_match_nothing_is_refused(tmp_path: Path) -> None:
    """An applier that nobody is would make edits of everything that it applied."""
    sources = "[{name: x, url: ../x, applier: flux/aply}, {name: z, url: ../z, applier: flux/Apply}]"
    problems = told(
        tmp_path,
        f"""\
        management_clusters:
          - {{name: a, git: {sources}}}
        thresholds:
          stuck: {{scale: {{vm: 2, gpus: 3}}}}
        """,
    )

    assert problems == [
        "2: the applier of Git source 'x' ends in 'aply', no operation",
        "4: 'thresholds.stuck.scale.gpus' is no class of machines: it would stretch nothing",
    ]


def test_an_empty_fleet_is_a_mistake_and_not_in_sync(tmp_path: Path) -> None:
    assert told(tmp_path, "management_clusters: []\n") == [
        "1: 'management_clusters' is empty: there is nothing to audit"
    ]


def test_files_of_the_audit_must_exist(tmp_path: Path) -> None:
    problems = told(tmp_path, "field_maps: [rows.yaml]\nmanagement_clusters: [{name: a, recording: old.dar}]\n")

    assert problems == [
        "1: 'field_maps[0]' names a file that does not exist",
        "2: 'management_clusters[0].recording' names a file that does not exist",
    ]


def test_a_closer_look_has_limits_and_logs_are_files(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters:
          - {name: a, controller_logs: [logs/*.log, "*"]}
        workload: {read: sometimes, timeout_seconds: 0}
        """,
    )

    assert problems == [
        "2: 'a' has a pattern of controller logs that names no file",
        "3: 'workload.read' must be one of 'suspects', 'all' or 'none'",
        "3: 'workload.timeout_seconds' must be at least 1",
    ]


def test_patterns_of_logs_begin_where_the_file_is(tmp_path: Path) -> None:
    config = load(tmp_path, "management_clusters: [{name: a, controller_logs: [logs/*.log]}]\n")

    assert config.management_clusters[0].controller_logs == (f"{tmp_path}/logs/*.log",)


def test_owners_are_keys_and_names(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters: [{name: a}]
        owners:
          keys: [team, "my team", example.com/owner]
          namespaces:
            - {namespace: "", owner: x}
            - {namespace: a, owner: " "}
            - {namespace: a, owner: x, cluster: y}
        """,
    )

    assert problems == [
        "3: 'owners.keys[1]' is no key of a label, an annotation or a tag",
        "5: 'owners.namespaces[0].namespace' is empty",
        "6: 'owners.namespaces[1].owner' is empty",
        "7: unknown key 'owners.namespaces[2].cluster'",
    ]


def test_dependencies_are_told_with_all_their_mistakes_at_once(tmp_path: Path) -> None:
    problems = told(
        tmp_path,
        """\
        management_clusters: [{name: a}]
        dependencies:
          - {name: fine, kind: Lease, group: example.com, ready: "conditions.Bound.status == 'True'"}
          - {name: fine, kind: Lease, group: example.com, ready: "status.x"}
          - name: not fine
            kind: ""
            group: example.com
            ready: "conditions.Bound.status == "
            cause: "it is {status.} and {status.state}"
            since: "status["
            layer: machine_infra
            warn_minutes: 30
            critical_minutes: 10
            edges:
              - {path: "spec..ref"}
              - {path: ""}
              - {path: spec.ok, needs: true}
          - {name: short, kind: Lease, group: example.com}
        """,
    )

    said = [problem.partition(": ")[2] for problem in problems]
    assert [one for one in said if "JMESPath" in one] == [
        one for one in said if one.startswith("'dependencies[2].") and "is no JMESPath expression: " in one
    ]
    for part in (
        "a second dependency is called 'fine'",
        "'dependencies[2].name' must be letters, digits and '-'",
        "'dependencies[2].kind' is empty",
        "'dependencies[2].ready' is no JMESPath expression",
        "'dependencies[2].cause' is no JMESPath expression",
        "'dependencies[2].since' is no JMESPath expression",
        "'dependencies[2].layer' must be one of management, intent, identity",
        "'dependencies[2]' must have 0 < warn_minutes <= critical_minutes",
        "'dependencies[2].edges[0].path' is no JMESPath expression",
        "'dependencies[2].edges[1].path' is empty",
        "unknown key 'dependencies[2].edges[2].needs'",
        "'dependencies[3]' lacks the key 'ready'",
    ):
        assert [one for one in said if one.startswith(part)], part
    assert len(said) == 12
