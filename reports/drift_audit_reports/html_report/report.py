"""`-o html`: one file that a manager opens from an e-mail and an engineer works with."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult, Run
from drift_audit_reports.escaping import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "drift_audit_reports.html_report"
_CSS_PLAIN = re.compile(r"[^A-Za-z0-9 .:_-]")
_SHOWN_DIGEST = 16


class HtmlReport:
    """Width, colour and verbosity change nothing: the page holds everything and adapts where it is read."""

    name = "html"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        from markupsafe import Markup

        from drift_audit_reports.html_report.page import page_of

        style, script, print_header = _text("page.css"), _text("page.js"), _print_header(result.run)
        policy = "; ".join(
            [
                "default-src 'none'",
                f"style-src {_hashed(style)} {_hashed(print_header)}",
                f"script-src {_hashed(script)}",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        )
        template = _environment().get_template("page.html.j2")
        return template.render(
            page=page_of(result),
            run=result.run,
            policy=Markup(policy),
            style=Markup(style),
            print_header=Markup(print_header),
            script=Markup(script),
        )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _printed(value: Any) -> Any:
    """Whatever a template prints: what a reader cannot see is spelled out. Escaping for HTML comes after this."""
    if type(value) is str:
        return visible(value)
    return value


@cache
def _text(name: str) -> str:
    return files(_PACKAGE).joinpath("templates", name).read_text(encoding="utf-8")


def _print_header(run: Run) -> str:
    """The margins of printed pages: which run, of which configuration, and the page number."""
    left = f"drift-audit run {run.id}, {run.started_at}"
    right = f"config {run.config_digest[:_SHOWN_DIGEST]}" if run.config_digest else ""
    return (
        "@page{"
        f"@top-left{{content:{_css_string(left)}}}"
        f"@top-right{{content:{_css_string(right)}}}"
        '@bottom-right{content:"page " counter(page) " of " counter(pages)}'
        "}"
    )


def _css_string(text: str) -> str:
    """A CSS string; everything but letters, digits and plain punctuation as a numbered escape."""
    return '"' + _CSS_PLAIN.sub(lambda found: f"\\{ord(found[0]):x} ", visible(text)) + '"'


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
