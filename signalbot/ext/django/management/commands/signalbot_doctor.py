"""``manage.py signalbot_doctor``: look for what is wrong with the set-up."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from signalbot.errors import SettingsError
from signalbot.ext.django.project_bot import configured
from signalbot.settings import load_settings


class Command(BaseCommand):
    """The checks of ``signalbot doctor``, with the settings of the project."""

    help = "Asks the server, opens the websocket, looks at the state directory; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--running", action="store_true", help="Expect a running bot.")
        parser.add_argument("--timeout", type=float, default=5.0)

    def handle(self, *args: Any, **options: Any) -> None:
        from signalbot.cli.checks import Check, run_steps
        from signalbot.cli.doctor import show, steps_for
        from signalbot.cli.options import client_of

        timeout = options["timeout"]
        try:
            settings = load_settings(**configured())
            with client_of(settings, request_timeout=timeout, send_timeout=timeout) as client:
                made, left_out = run_steps(
                    steps_for(
                        settings,
                        client,
                        expects_bot=options["running"],
                        webhook_url=None,
                        sends=False,
                        timeout=timeout,
                    )
                )
        except SettingsError as error:
            made, left_out = (
                [Check("settings", False, str(error), "Correct settings.SIGNALBOT.")],
                {},
            )
        is_well = all(check.ok for check in made)
        if options["as_json"]:
            result = {"ok": is_well, "checks": [dataclasses.asdict(check) for check in made]}
            self.stdout.write(json.dumps(result, indent=2))
        else:
            show(made, left_out)
        if not is_well:
            sys.exit(1)
