"""``path("signal/", include("signalbot.ext.django.urls"))``: the webhook and the probes."""

from __future__ import annotations

from django.urls import path

from signalbot.ext.django import views

app_name = "signalbot"
urlpatterns = [
    path("webhook", views.webhook, name="webhook"),
    path("webhook/<path:in_path>", views.webhook),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
