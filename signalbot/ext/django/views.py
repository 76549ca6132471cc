"""The webhook and the probes as views."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from signalbot.ext import probes
from signalbot.ext.django.project_bot import DjangoBot
from signalbot.ext.mounting import Answer, post_to_webhook

if TYPE_CHECKING:
    View = Callable[..., HttpResponse]


@csrf_exempt
def webhook(request: HttpRequest, in_path: str = "") -> HttpResponse:
    """Store what the server posts; its secret is the rest of the path, or in the header."""
    meta = request.META
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "CONTENT_LENGTH": meta.get("CONTENT_LENGTH", ""),
        "HTTP_X_SIGNALBOT_SECRET": meta.get("HTTP_X_SIGNALBOT_SECRET", ""),
        # Under ASGI the body is complete before the view runs.
        "wsgi.input_terminated": meta.get("wsgi.input_terminated", "wsgi.input" not in meta),
        "wsgi.input": request,
    }
    return _response(post_to_webhook(_bot().webhook_app, environ, in_path))


def _probe(answer: Callable[[Any], Answer]) -> View:
    def view(request: HttpRequest) -> HttpResponse:
        return _response(answer(_bot()))

    return require_safe(view)


healthz = _probe(probes.healthz)
readyz = _probe(probes.readyz)
metrics = _probe(probes.metrics)


def _bot() -> DjangoBot:
    from signalbot.ext.django import get_bot

    return get_bot()


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        response[name] = value
    return response
