"""Admin pages: dead letters to look at, replay and purge; conversations, jobs, status."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from signalbot.errors import SignalBotError
from signalbot.ext.django import get_bot, overview
from signalbot.ext.django.models import Conversation, DeadLetter, Job, Status

_PER_PAGE = 100
_PURGES = ("purge", "purge-for-good")  # the question, and its answer


class Page(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in its stubs only
    """A page of the admin that reads from the bot instead of from a table."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {}
        try:
            context = self.contents(request)
        except SignalBotError as error:
            # The page says what is wrong instead of failing: that is when it is looked at.
            self.message_user(request, str(error), messages.ERROR)
        return self.render(request, "list", {**context, **(extra_context or {})})

    def contents(self, request: HttpRequest) -> dict[str, Any]:
        """What the page's template shows."""
        raise NotImplementedError

    def render(self, request: HttpRequest, page: str, context: dict[str, Any]) -> TemplateResponse:
        options = self.opts
        return TemplateResponse(
            request,
            f"admin/signalbot/{options.model_name}_{page}.html",
            {
                **self.admin_site.each_context(request),
                "opts": options,
                "title": str(options.verbose_name_plural).capitalize(),
                **context,
            },
        )


@admin.register(Conversation)
class ConversationPage(Page):
    """Who is being asked something, by the chat's hash."""

    def contents(self, request: HttpRequest) -> dict[str, Any]:
        return {"conversations": overview.status(get_bot()).get("parked", [])}


@admin.register(Job)
class JobPage(Page):
    """Every job with its last run, and the next one."""

    def contents(self, request: HttpRequest) -> dict[str, Any]:
        return {"jobs": overview.jobs(get_bot())}


@admin.register(Status)
class StatusPage(Page):
    """What the process that receives says about itself."""

    def contents(self, request: HttpRequest) -> dict[str, Any]:
        bot = get_bot()
        return {"account": bot.account, "rows": overview.status_rows(overview.status(bot))}


@admin.register(DeadLetter)
class DeadLetterPage(Page):
    """Lists them, shows one, replays and purges the marked ones."""

    def has_replay_permission(self, request: HttpRequest) -> bool:
        allowed: bool = request.user.has_perm("signalbot.replay_deadletter")  # type: ignore[union-attr]
        return allowed

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name="signalbot_deadletter_changelist"),
            path("<path:object_id>/", view(self.show_view), name="signalbot_deadletter_change"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            return self._act(request, _numbers(request.POST.getlist("id")))
        return super().changelist_view(request, extra_context)

    def contents(self, request: HttpRequest) -> dict[str, Any]:
        letters = get_bot().dead_letters.list(limit=None)
        page = Paginator(letters, _PER_PAGE).get_page(request.GET.get("p"))
        return {
            "page": page,
            "letters": [overview.row(each) for each in page],
            **self._may(request),
        }

    def show_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One dead letter, with its traceback and its frame."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = unquote(object_id)
        if not number.isdecimal():
            raise Http404
        if request.method == "POST":
            return self._act(request, [int(number)])
        letter = get_bot().dead_letters.get(int(number))
        if letter is None:
            raise Http404(f"There is no dead letter {number}.")
        context = {"letter": overview.row(letter), "title": f"Dead letter {number}"}
        return self.render(request, "show", {**context, **self._may(request)})

    def _may(self, request: HttpRequest) -> dict[str, bool]:
        return {
            "may_replay": self.has_replay_permission(request),
            "may_purge": self.has_delete_permission(request),
        }

    def _act(self, request: HttpRequest, ids: list[int]) -> HttpResponse:
        """Replay, or purge when asked twice; then back to the list, which says what happened."""
        action = request.POST.get("action", "")
        allowed = {
            "replay": self.has_replay_permission,
            **dict.fromkeys(_PURGES, self.has_delete_permission),
        }
        if action not in allowed or not allowed[action](request):
            raise PermissionDenied
        if action == "purge" and ids:
            return self.render(request, "purge", {"ids": ids, "title": "Purge dead letters"})
        letters = get_bot().dead_letters
        try:
            if not ids:
                self.message_user(request, "No dead letter was marked.", messages.WARNING)
            elif action == "replay":
                count = letters.replay(ids)
                self.message_user(request, f"{count} will be handled again.", messages.SUCCESS)
            else:
                self.message_user(request, f"{letters.purge(ids)} purged.", messages.SUCCESS)
        except SignalBotError as error:
            self.message_user(request, str(error), messages.ERROR)
        name = f"{self.admin_site.name}:signalbot_deadletter_changelist"
        return HttpResponseRedirect(reverse(name))


def _numbers(words: list[str]) -> list[int]:
    return [int(word) for word in words if word.isdecimal()]
