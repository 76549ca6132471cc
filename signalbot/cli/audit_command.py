"""``signalbot audit-api``."""

from __future__ import annotations

import sys

import click


@click.command("audit-api")
@click.argument("spec")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def audit_api(spec: str, as_json: bool) -> None:
    """Compare the client with the server's API.

    SPEC is an OpenAPI file, its URL, or the URL of a running server. Exit code 1 if there is a
    gap, 2 if there is nothing to compare.
    """
    from signalbot.cli.audit_api import audit_api as audit

    sys.exit(audit(spec, as_json, sys.stdout, sys.stderr))
