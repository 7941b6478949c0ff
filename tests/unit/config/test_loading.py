"""Loading a configuration.

* every mistake at once, each with its file, its line and a hint;
* unknown keys anywhere, in our sections and in a provider's;
* what comes from the environment is never shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from drift_audit.config.load import expired_rules, load_config
from drift_audit.config.settings import Config, RenderMode
from drift_audit.errors import ConfigError, ConfigProblem, PluginError
from drift_audit.model.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAccount:
    name: str
    token: str = ""

    def __post_init__(self) -> None:
        if self.token and not self.token.startswith("acme-"):
            raise ValueError(f"token {self.token!r} does not begin with acme-")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeSettings:
    accounts: tuple[AcmeAccount, ...] = ()
    page_size: int = 100
    extra: Mapping[str, AcmeAccount] = field(default_factory=dict)


PROVIDERS: Mapping[str, type[Any]] = {"acme": AcmeSettings}

MINIMAL = """\
management_clusters:
  - name: prod
    context: prod-admin
"""


class Folder:
    """A folder with a configuration in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "drift-audit.yaml"

    def load(self, text: str | bytes, environ: Mapping[str, str] | None = None) -> Config:
        self.file.write_bytes(dedent(text).encode() if isinstance(text, str) else text)
        return load_config(
            self.file, environ=environ or {}, provider_settings=PROVIDERS, report_formats=("console", "json")
        )

    def problems(self, text: str | bytes, environ: Mapping[str, str] | None = None) -> tuple[ConfigProblem, ...]:
        with pytest.raises(ConfigError) as caught:
            self.load(text, environ)
        return caught.value.problems

    def told(self, text: str | bytes, environ: Mapping[str, str] | None = None) -> list[tuple[int, str, str]]:
        return [(problem.line, problem.message, problem.hint) for problem in self.problems(text, environ)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_minimal_file_gives_defaults_for_all_else(folder: Folder) -> None:
    config = folder.load(MINIMAL)

    assert config.management_clusters[0].name == "prod"
    assert config.management_clusters[0].page_size == 500
    assert config.fail_on is Severity.LOW
    assert config.digest == hashlib.sha256(MINIMAL.encode()).hexdigest()


def test_every_section_arrives_typed(folder: Folder) -> None:
    config = folder.load("""\
        management_clusters:
          - name: prod
            in_cluster: yes
            namespaces: [a, b]
            git:
              - {name: fleet, url: 'git@example.com:fleet.git', render: kustomize, applier: flux/Apply}
        managers:
          - {match: 'deploy-.*', manager_class: script, label: our robot}
        thresholds: {transition_minutes: "45"}
        suppressions:
          - name: known
            owner: team
            reason: because
            expires: 2027-01-31
            match: {cluster: 'x/y'}
        outputs: [{format: json, path: out.json}]
        clouds:
          acme: {accounts: [{name: one}]}
        fail_on: high
        """)

    assert config.management_clusters[0].in_cluster is True
    assert config.management_clusters[0].git[0].render is RenderMode.KUSTOMIZE
    assert config.thresholds.transition_minutes == 45
    assert config.suppressions[0].expires == date(2027, 1, 31)
    assert config.clouds["acme"] == AcmeSettings(accounts=(AcmeAccount(name="one"),))
    assert config.fail_on is Severity.HIGH


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    told = folder.told("""\
        management_clusters:
          - name: prod
            contxt: prod-admin
            page_size: many
            git:
              - name: fleet
                url: https://robot:hunter2@example.com/fleet.git
        suppressions:
          - name: all
            owner: team
            reason: ''
            match: {path: '*'}
        outputs:
          - format: jsn
        fail_on: hgh
        clouds:
          acme:
            acounts: []
          azure: {}
        thresholds:
          transition_minutes: -1
        """)

    assert told == [
        (3, "unknown key 'management_clusters[0].contxt'", "did you mean 'context'?"),
        (4, "'management_clusters[0].page_size' must be a whole number", ""),
        (
            7,
            "the URL of Git source 'fleet' holds credentials",
            "remove them, and let git's credential helper, GIT_ASKPASS or an SSH key supply them",
        ),
        (9, "'suppressions[0]' lacks the key 'expires'", ""),
        (11, "suppression rule 'all' has an empty 'reason'", "say why it is accepted"),
        (
            12,
            "suppression rule 'all' matches every finding",
            "give at least one pattern that does not match everything, such as 'cluster' or 'path'",
        ),
        (14, "no report format is called 'jsn'", "did you mean 'json'?"),
        (15, "'fail_on' must be one of 'info', 'low', 'medium', 'high' or 'critical'", "did you mean 'high'?"),
        (18, "unknown key 'clouds.acme.acounts'", "did you mean 'accounts'?"),
        (
            19,
            "no provider is called 'azure'",
            "installed: acme; a further one comes with its extra: pip install 'drift-audit[NAME]'",
        ),
        (21, "'thresholds.transition_minutes' must be at least 0", ""),
    ]


def test_a_problem_reads_as_file_line_message_and_hint(folder: Folder) -> None:
    problem = folder.problems(MINIMAL + "fail_onn: low\n")[0]

    assert str(problem) == f"{folder.file}:4: unknown key 'fail_onn' (did you mean 'fail_on'?)"


def test_an_unknown_key_is_found_deep_inside_a_providers_section(folder: Folder) -> None:
    told = folder.told(MINIMAL + "clouds:\n  acme:\n    extra:\n      one:\n        name: x\n        tokn: y\n")

    assert told == [(9, "unknown key 'clouds.acme.extra.one.tokn'", "did you mean 'token'?")]


@pytest.mark.parametrize("line", ["digest: abc", "dependency_places: [a]"])
def test_what_is_worked_out_of_the_file_is_no_key_of_it(folder: Folder, line: str) -> None:
    key = line.partition(":")[0]

    assert [message for _, message, _ in folder.told(f"{MINIMAL}{line}\n")] == [f"unknown key {key!r}"]


def test_each_dependency_is_known_with_the_line_of_its_kind(folder: Folder) -> None:
    one = "  - name: {}\n    group: example.com\n    kind: Rack\n    ready: status.ok\n"

    config = folder.load(MINIMAL + "dependencies:\n" + one.format("first") + one.format("second"))

    before = MINIMAL.count("\n") + 1
    assert config.dependency_places == tuple(f"drift-audit.yaml:{before + line}" for line in (3, 7))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "is empty"),
        ("# nothing but a comment\n", 0, "is empty"),
        ("- a\n- b\n", 1, "the file must hold keys and values"),
        (MINIMAL + "---\nfail_on: low\n", 5, "a second YAML document"),
    ],
)
def test_a_file_of_the_wrong_shape_is_one_clear_mistake(folder: Folder, text: str, line: int, message: str) -> None:
    assert [(problem.line, problem.message) for problem in folder.problems(text)] == [(line, message)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"fail_on: low\nfail_on: high\n", 2),
        (b"a: 1\nb: [1, 2\nc: 3\n", 3),
        (b"fail_on: low\nname: \xff\xfe\n", 2),
        (b"a: " + b"[" * 200_000, 1),
    ],
    ids=["duplicate key", "unclosed list", "not UTF-8", "too deep"],
)
def test_broken_yaml_is_a_mistake_with_its_line(folder: Folder, text: bytes, line: int) -> None:
    assert [problem.line for problem in folder.problems(text)] == [line]


def test_a_missing_file_and_a_directory_are_mistakes(folder: Folder) -> None:
    for path, message in ((folder.path / "none.yaml", "there is no such file"), (folder.path, "is a directory")):
        with pytest.raises(ConfigError, match=message):
            load_config(path, environ={}, provider_settings={})


def test_a_value_of_the_wrong_type_says_what_is_expected(folder: Folder) -> None:
    told = folder.told("""\
        management_clusters:
          - name: 123
            namespaces: prod
            in_cluster: maybe
            git:
        thresholds: []
        suppressions: {}
        clouds: []
        """)

    assert told == [
        (2, "'management_clusters[0].name' must be text", "put it in quotes"),
        (3, "'management_clusters[0].namespaces' must be a list", ""),
        (4, "'management_clusters[0].in_cluster' must be true or false", ""),
        (5, "'management_clusters[0].git' has no value", "write one, or remove the key"),
        (6, "'thresholds' must hold keys and values", ""),
        (7, "'suppressions' must be a list", ""),
        (
            8,
            "'clouds' must hold keys and values",
            "installed: acme; a further one comes with its extra: pip install 'drift-audit[NAME]'",
        ),
    ]


def test_a_missing_key_is_told_where_its_parent_stands(folder: Folder) -> None:
    told = folder.told("""\
        fail_on: low
        management_clusters:
          - name: prod
            git:
              - name: fleet
                ref: main
        """)

    assert told == [(5, "'management_clusters[0].git[0]' lacks the key 'url'", "")]


def test_variables_are_filled_into_values(folder: Folder) -> None:
    config = folder.load(
        """\
        management_clusters:
          - name: ${STAGE}-${REGION:-eu}
            page_size: ${PAGE}
            context: $${literal}
        masking_key: ${KEY:-}
        """,
        {"STAGE": "prod", "PAGE": "50"},
    )

    assert config.management_clusters[0].name == "prod-eu"
    assert config.management_clusters[0].page_size == 50
    assert config.management_clusters[0].context == "${literal}"
    assert config.masking_key == ""


def test_an_unset_variable_is_one_mistake_and_not_also_what_follows_from_it(folder: Folder) -> None:
    told = folder.told(MINIMAL + "    page_size: ${PAGE}\nmasking_key: ${1x}\n")

    assert told == [
        (4, "the environment variable PAGE is not set", "set it, or give a default: ${PAGE:-...}"),
        (
            5,
            "'masking_key' holds a '${' that names no variable",
            "write ${NAME} or ${NAME:-default}; $${ stands for a literal ${",
        ),
    ]


def test_no_message_shows_what_came_from_the_environment(folder: Folder) -> None:
    secret = "s3cr3t-v4lue"
    told = folder.problems(
        """\
        management_clusters:
          - name: ${SECRET}
            page_size: ${SECRET}
            in_cluster: ${SECRET}
            git:
              - {name: '${SECRET}', url: 'https://x:${SECRET}@example.com/', path: '../${SECRET}'}
              - {name: '${SECRET}', url: '${SECRET}::x', render: '${SECRET}'}
          - name: ${SECRET}
        managers: [{match: '(${SECRET}', manager_class: '${SECRET}'}]
        suppressions:
          - {name: '${SECRET}', owner: x, reason: why, expires: '${SECRET}', match: {verdict: '${SECRET}'}}
        outputs: [{format: '${SECRET}'}]
        field_maps: ['${SECRET}']
        fail_on: ${SECRET}
        clouds: {acme: {accounts: [{name: x, token: '${SECRET}'}], page_size: '${SECRET}'}}
        """,
        {"SECRET": secret},
    )

    assert len(told) >= 15
    assert not [str(problem) for problem in told if secret in str(problem)]
    assert any("'clouds.acme.accounts[0]' is not valid" in problem.message for problem in told)


def test_a_mistake_that_a_provider_finds_has_its_line(folder: Folder) -> None:
    told = folder.told(MINIMAL + "clouds:\n  acme:\n    accounts:\n      - name: x\n        token: wrong\n")

    assert told == [(7, "'clouds.acme.accounts[0]' token 'wrong' does not begin with acme-", "")]


def test_relative_paths_begin_where_the_file_is(folder: Folder) -> None:
    (folder.path / "rows.yaml").touch()
    (folder.path / "old.dar").touch()

    config = folder.load("""\
        management_clusters:
          - {name: a, kubeconfig: kube/config, git: [{name: g, url: ../repo}]}
          - {name: b, recording: old.dar}
          - {name: c, kubeconfig: /etc/kubeconfig}
        field_maps: [rows.yaml]
        outputs: [{format: json, path: out/r.json}]
        cache_dir: cache
        """)

    assert config.management_clusters[0].kubeconfig == str(folder.path / "kube/config")
    assert config.management_clusters[0].git[0].url == "../repo"
    assert config.management_clusters[1].recording == str(folder.path / "old.dar")
    assert config.management_clusters[2].kubeconfig == "/etc/kubeconfig"
    assert config.field_maps == (str(folder.path / "rows.yaml"),)
    assert config.outputs[0].path == str(folder.path / "out/r.json")
    assert config.cache_dir == str(folder.path / "cache")


def test_an_expired_rule_is_named_and_is_no_mistake(folder: Folder) -> None:
    config = folder.load(
        MINIMAL
        + """\
suppressions:
  - {name: old, owner: x, reason: why, expires: 2026-01-31, match: {kind: Machine}}
  - {name: today, owner: x, reason: why, expires: 2026-02-01, match: {kind: Machine}}
"""
    )

    assert [rule.name for rule in expired_rules(config, date(2026, 2, 1))] == ["old"]


def test_a_provider_whose_settings_cannot_be_validated_is_the_plugins_fault(folder: Folder) -> None:
    class Odd:
        pass

    folder.file.write_text(MINIMAL + "clouds: {odd: {}}\n")

    with pytest.raises(PluginError, match=r"clouds\.odd"):
        load_config(folder.file, environ={}, provider_settings={"odd": Odd})
