"""The files of a Django project with one app, ``shop``, whose handlers use the ORM."""

from __future__ import annotations

SETTINGS = """
    import os
    from pathlib import Path
    BASE_DIR = Path(__file__).resolve().parent.parent
    SECRET_KEY = "for tests"
    DEBUG = os.environ.get("DEBUG", "1") == "1"
    ALLOWED_HOSTS = ["*"]
    USE_TZ = True
    ROOT_URLCONF = "site1.urls"
    WSGI_APPLICATION = "site1.wsgi.application"
    STATIC_URL = "static/"
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    INSTALLED_APPS = [
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
        "signalbot.ext.django", "shop",
    ]
    MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    TEMPLATES = [{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }]
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
        "OPTIONS": {"timeout": 30},
    }}
    if "POSTGRES" in os.environ:
        DATABASES["default"] = {
            "ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres",
            "HOST": os.environ["POSTGRES"], "CONN_MAX_AGE": int(os.environ.get("MAX_AGE", "0")),
        }
    SIGNALBOT = {"GRACE": 3.0, "ON_CONFLICT": os.environ.get("ON_CONFLICT", "error"),
                 "WEBHOOK_SECRET": "sesame", "RETRY": None}
"""
URLS = """
    import os
    from django.contrib import admin
    from django.http import HttpResponse
    from django.urls import include, path
    from django.db import transaction
    from signalbot.ext.django import bot
    from shop.models import Note

    def pid(request):
        return HttpResponse(str(os.getpid()))

    def order(request):
        bot.send("+4915199999999", "an order")
        return HttpResponse(str(bot.state))

    def commit(request):
        try:
            with transaction.atomic():
                Note.objects.create(text="kept?")
                assert bot.send("+4915199999999", request.GET["text"], on_commit=True) is None
                if "fail" in request.GET:
                    raise KeyError
        except KeyError:
            pass
        return HttpResponse("done")

    urlpatterns = [
        path("admin/", admin.site.urls), path("pid", pid), path("order", order),
        path("commit", commit), path("signal/", include("signalbot.ext.django.urls")),
    ]
"""
WSGI = """
    import os
    from django.core.wsgi import get_wsgi_application
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
    application = get_wsgi_application()
"""
MODELS = """
    from django.db import models

    class Note(models.Model):
        text = models.CharField(max_length=200)
"""
BOT = """
    import os
    from django.db import connection, connections, transaction
    from signalbot.ext.django import bot
    from shop.models import Note

    broken = os.path.join(os.path.dirname(__file__), "broken")

    @bot.command("ping")
    def ping(ctx):
        return f"pong {os.getpid()}"

    @bot.command("note")
    def note(ctx, *words: str):
        Note.objects.create(text=" ".join(words))
        return f"{Note.objects.count()} notes"

    @bot.command("pair")
    def pair(ctx):
        Note.objects.create(text="first")
        what = ctx.ask("And?")
        assert connection.connection is None, "it was closed while nobody needed it"
        Note.objects.create(text=what)
        return f"{Note.objects.count()} notes"

    @bot.command("locked")
    def locked(ctx):
        with transaction.atomic():
            Note.objects.create(text="locked")
            ctx.ask("Shall I hold the lock?")

    @bot.command("commit")
    def commit(ctx):
        with transaction.atomic():
            ctx.send(f"{Note.objects.count()} notes", on_commit=True)
            Note.objects.create(text="committed")

    @bot.command("fail")
    def fail(ctx):
        if os.path.exists(broken):
            raise ValueError("broken for now")
        return "mended"

    @bot.every("1h")
    def hourly(bot):
        Note.objects.count()
"""
GUNICORN = """
    def post_worker_init(worker):
        from signalbot.ext.django import bot
        bot.start(timeout=None)

    def worker_exit(server, worker):
        from signalbot.ext.django import bot
        bot.stop()
"""
MANAGE = """
    import os, sys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
FILES = {
    "site1____init__": "",
    "site1__settings": SETTINGS,
    "site1__urls": URLS,
    "site1__wsgi": WSGI,
    "shop____init__": "",
    "shop__models": MODELS,
    "shop__bot": BOT,
    "manage": MANAGE,
    "gunicorn.conf": GUNICORN,
}
