"""How secrets are recognised: by the keys that they stand under, and by what texts and commands look like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from drift_audit.model.values import JsonObject

_SECRET_KEY = re.compile(
    r"(password|passwd|passphrase|token|credentials?|userdata|kubeconfig|clientsecret"
    r"|(private|api|secret|secretaccess|encryption|signing|certificate)key|accesskeysecret|dockercfg|dockerconfigjson)\Z"
)
"""Ends of key names, letters only. `httpTokens` and `passwordRef` end otherwise and stay visible."""

_SECRET_TEXT = re.compile(
    r"\b[a-z0-9]{6}\.(?=[a-z]{0,15}\d)[a-z0-9]{16}\b"  # bootstrap token of kubeadm
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"  # JSON web token
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[\w-]{10,}"
    r"|://[^\s/:@]+:[^\s/@]+@"  # password inside a URL
    r"|(?i:\bauthorization['\"]?\s*:\s*\w+\s+\S)|(?i:\bbearer\s+[\w.+/=-]{20,})"
    r"|['\"]auths['\"]\s*:|['\"]auth['\"]\s*:\s*['\"][\w+/=-]{8,}"  # credentials of container registries
    r"|(?m:^\s*kind:\s*['\"]?Secret\b)"  # a whole Secret inside a ConfigMap
    r"|--(?i:[\w-]*(?:password|passwd|passphrase|token|secret|api-key|private-key))[= ]\s*['\"]?[^\s'\"$<-]"
    r"|(?i:(?:password|passwd|passphrase|token|secret|(?:api|access|private|secret)[_-]?key)['\"]?"
    r"\s*[=:]\s*['\"]?[^\s'\"$<>{\[][^\s'\"]{3,})"
)
"""Free text (commands, scripts, configuration files) that carries a secret; it is masked as a whole."""

_KMS_KEY = re.compile(
    r"alias/[\w/-]+|arn:[\w-]+:kms:[\w-]+:\d{12}:(?:key|alias)/[\w/-]+|mrk-[0-9a-f]{32}"
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
"""What names a key of AWS KMS (KMS API reference, KeyId): the key itself never leaves KMS."""

_PLAIN = re.compile(r"[a-z0-9/\0-]*")
"""Names and ids: of the secret texts above, only the tokens of two services are spelled with no other characters."""
_TOKENS_IN_PLAIN = ("glpat-", "xox")

_MARK = re.compile(r"<masked: \d+ bytes, [0-9a-f]{6}>|user-data:[a-z0-9-]+:\d+")
"""What already stands in place of a secret: our own mask, or a provider's mark for user data."""

COMMANDS, ARGUMENTS = "commands", "arguments"
_KEYS_OF_COMMANDS = re.compile(r"[cC]ommands\Z|\A(?:runcmd|bootcmd)\Z")
"""`preKubeadmCommands`, `bootCommands`, `postBootstrapCommands` and their like: lists of shell commands."""
_KEYS_OF_ARGUMENTS = re.compile(r"[eE]xtraArgs\Z")

_CREDENTIAL_IN_COMMAND = re.compile(
    r"(?i:pass|pwd|secret|token|credential|bearer|authoriz(?!ed_keys)|\bauth\b|auth[_-]?key|login|netrc|cookie|kinit)"
    r"|(?i:key['\"]?\s*[=:]|--?[\w-]*key\b|(?:api|access|private|secret|account)[_-]?key|PRIVATE KEY|\bsig(?:nature)?=)"
    r"|(?i:--user\b|--username\b|\bconfig(?:ure|-set)?\s+set\b|://[^\s/@]*@|\b(?:ua|pro)\s+attach\b|\bSUSEConnect\b)"
    r"|(?<![\w-])-[a-zA-Z]{0,6}[uUpP](?![a-zA-Z])|(?<![\w-])-[uUpP]\S|(?<![\w-])-[a-zA-Z]{0,6}[uU][^\s:]*:\S"
    r"|\b(?:redis-cli|ldap\w+)\b.*\s-[aw]"
)
"""Signs that a shell command may be given a credential. Too many lines rather than too few."""

_HARMLESS_FLAGS = re.compile(
    r"(?:^|(?<=[;&|(\n]))\s*(?:sudo\s+)?"
    r"(?:(?:mkdir|cp|install|rmdir)(?:\s+-[a-oq-zA-Z]+(?:\s+\d+)?)*\s+-[a-zA-Z]?p|(?:date|sort|id)\s+-u)(?=\s|$)"
)
"""`mkdir -p` and its like, where -p and -u stand for something else."""

_SECRET_ARGUMENT = re.compile(r"(?i)pass|pwd|secret|token|credential|key|\bauth\Z")
_PATH = re.compile(r"/[\w.@/:,-]*")
_SETTING = re.compile(r"(?i)true|false|(?:\d{1,4}(?:ns|us|ms|s|m|h))+|\d{1,4}")
"""Values that switch something or limit it; no secret looks like that."""


@lru_cache(maxsize=4096)
def promises_secret(key: str) -> bool:
    return _SECRET_KEY.search("".join(filter(str.isalpha, key)).lower()) is not None


def is_mark(value: str) -> bool:
    return _MARK.fullmatch(value) is not None


def names_kms_key(key: str, value: str) -> bool:
    """Whether a field called `encryptionKey` says *which* key encrypts a volume, as CAPA's does."""
    return key == "encryptionKey" and _KMS_KEY.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def closer_look(key: str) -> str:
    """What lies below a key that needs a closer look; empty for all others."""
    if _KEYS_OF_COMMANDS.search(key):
        return COMMANDS
    return ARGUMENTS if _KEYS_OF_ARGUMENTS.search(key) else ""


def subject_of(value: JsonObject) -> str:
    """What a `value` beside it belongs to: a name, or the last field of a JSON pointer; empty when nothing says."""
    name, path = value.get("name", value.get("Key")), value.get("path")  # `Key` and `Value` make a tag of AWS
    if isinstance(name, str):
        return name
    if not (isinstance(path, str) and path.startswith("/") and ("value" in value or "valueFrom" in value)):
        return ""
    fields = (step for step in reversed(path.split("/")) if step != "-" and not step.isdigit())
    return next(fields, "")


@lru_cache(maxsize=4096)
def promises_nothing(key: str) -> bool:
    """Whether a text under the key is as good as its looks."""
    return not promises_secret(key) and not closer_look(key)


@lru_cache(maxsize=16_384)
def loud_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a mapping's keys under which more counts than looks."""
    return tuple(key for key in keys if key == "files" or not promises_nothing(key))


def gives_credentials(command: str) -> bool:
    return _CREDENTIAL_IN_COMMAND.search(_HARMLESS_FLAGS.sub(" ", command)) is not None or holds_secret(command)


def is_secret_argument(name: str, value: str) -> bool:
    """Whether an argument of a component is a secret. The path of one is none, nor is a switch or a duration."""
    if _PATH.fullmatch(value):
        return False
    if promises_secret(name):
        return True
    return _SECRET_ARGUMENT.search(name) is not None and _SETTING.fullmatch(value) is None


def hold_secrets(values: Iterable[str]) -> bool:
    """Whether any of the texts carries a secret; looked at together, for most are short or plain."""
    unknown = [value for value in values if value not in _harmless]
    if not unknown:
        return False
    together = "\0".join(unknown)
    if not (" " in together or "\n" in together or "@" in together or "=" in together):
        unknown = [value for value in unknown if len(value) >= _LONG]
        if not unknown:
            return False
        together = "\0".join(unknown)
    return not _is_plain(together) and any(map(holds_secret, unknown))


def holds_secret(value: str) -> bool:
    # Names, versions, sizes and ARNs have neither blanks nor `@` nor `=`: most strings end here.
    if " " not in value and "\n" not in value and "@" not in value and "=" not in value and len(value) < _LONG:
        return False
    if value in _harmless or _is_plain(value):
        return False
    if _SECRET_TEXT.search(value) is not None:
        return True
    if len(_harmless) < _MOST_HARMLESS:
        _harmless.add(value)
    return False


def _is_plain(text: str) -> bool:
    """Whether the search could not find anything; each resource of AWS has an id, and none is worth remembering."""
    return _PLAIN.fullmatch(text) is not None and not any(map(text.__contains__, _TOKENS_IN_PLAIN))


_LONG = 20
_MOST_HARMLESS = 50_000
_harmless: set[str] = set()
"""Texts that were looked at and hold no secret: those of a fleet repeat, and the search costs most of the masking."""
