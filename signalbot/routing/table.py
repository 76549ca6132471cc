"""Which handlers fit an event, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

from signalbot.model.people import Chat, User
from signalbot.routing.command_names import Call, CommandIndex
from signalbot.routing.event_kinds import ACCOUNT_KINDS, COMMAND_KINDS, QUIET_KINDS
from signalbot.routing.filter_parts import is_note_to_self, mentions_in
from signalbot.routing.handlers import Handler
from signalbot.routing.help import Help
from signalbot.routing.matches import (
    Arguments,
    FilterArguments,
    Match,
    PatternArguments,
    WordArguments,
)
from signalbot.routing.permissions import Access, AccessList, AccessRule
from signalbot.routing.places import Place
from signalbot.routing.precedence import in_order, shadowed
from signalbot.routing.registrar import Registrar
from signalbot.routing.registration import Role
from signalbot.routing.scope import ErrorHandler, Scope, closest
from signalbot.routing.usage import UsageError
from signalbot.routing.words import mention_spans

if TYPE_CHECKING:
    from signalbot.routing.explain import Explanation

SETTINGS = Place("settings", 0)
"""Where the bot's own lists were written."""

FIRST, LAST = -1, 1 << 62
"""Ranks before and after all handlers."""

Ranked: TypeAlias = "tuple[int, Handler]"


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """What the bot's settings say about routing; they surround all routers."""

    prefixes: tuple[str, ...] = ("/", "!")
    bare_in_direct: bool = True
    own_messages: bool = False
    admins: Access = ()
    allow: Access | None = None
    deny: Access | None = None
    deny_reply: str | None = None
    help_command: str | None = "help"

    @classmethod
    def of(cls, settings: Any) -> RoutingSettings:
        """The part of the bot's settings that is about routing."""
        return cls(
            prefixes=settings.command_prefixes,
            bare_in_direct=settings.bare_commands_in_direct_chats,
            own_messages=settings.own_messages,
            admins=settings.admins,
            allow=settings.allow,
            deny=settings.deny,
            deny_reply=settings.deny_reply,
        )


class RoutingTable:
    """Answers for each event; it never changes, so every thread may use it.

    Attributes:
        handlers: all of them, in the order in which they are asked.
        help: what the commands are, for a sender in a chat.
    """

    def __init__(self, registrar: Registrar, settings: RoutingSettings) -> None:
        self.settings = settings
        self._admins = AccessList(settings.admins, "admins", SETTINGS)
        self._rule = AccessRule.of(settings.allow, settings.deny, settings.deny_reply, SETTINGS)
        scope = Scope(rules=() if self._rule is None else (self._rule,))
        walked = list(registrar.walk(scope))
        self.handlers = in_order(
            [Handler.of(registration, inner, self._admins) for registration, inner in walked]
        )
        rules = [self._rule, *(registration.rule for registration, _ in walked)]
        self._doubts = [
            *self._admins.doubts,
            *registrar.doubts(),
            *(doubt for rule in rules if rule is not None for doubt in rule.doubts),
        ]
        self._error_handlers = registrar.layer().error_handlers
        self._observers = [each for each in self.handlers if each.role is Role.OBSERVER]
        self.has_observers = bool(self._observers)
        self._unhandled = [each for each in self.handlers if each.role is Role.UNHANDLED]
        self.help = Help(
            [each for each in self.handlers if each.is_command],
            settings.prefixes,
            settings.help_command,
        )
        self._help_handler = self._built_in_help()
        ranked = list(enumerate(self.handlers))
        if self._help_handler is not None:
            ranked.append((FIRST, self._help_handler))
        self._index: CommandIndex[Ranked] = CommandIndex(
            [(name, each) for each in ranked for name in each[1].names], settings.prefixes
        )
        self._has_commands = bool(self._index)
        self._listed = self._by_kind()

    # -- asking ----------------------------------------------------------------------------

    def wanted(self, kind: str, is_own: bool = False) -> bool:
        """Whether any handler might run for such an event; if not, it need not be kept.

        Own events count like others, because they may be notes to self.
        """
        return (
            kind in self._listed
            or bool(self._observers)
            or (kind in COMMAND_KINDS and self._has_commands)
            or (bool(self._unhandled) and kind not in QUIET_KINDS)
        )

    def matches(self, ctx: Any) -> Iterator[Match]:
        """The handlers that fit, one after the other; ``ctx.skip()`` asks for the next.

        Before each, ``ctx.args`` and ``ctx.match`` are set.
        """
        event = ctx.event
        kind = event.kind
        listed = self._listed.get(kind, ())
        called = self._called(ctx, event) if kind in COMMAND_KINDS and self._has_commands else ()
        if not listed and not called:
            return
        only_own = event.is_own and self._is_to_others(ctx)
        for handler, arguments in self._candidates(ctx, listed, called):
            if only_own and not handler.own:
                continue
            match = fitting(handler, arguments, ctx)
            if match is not None:
                match.announce(ctx)
                yield match

    def observers(self, ctx: Any) -> list[Match]:
        """The ``on_event`` handlers that fit: they see everything, my own messages too."""
        return [
            match
            for handler in self._observers
            if (match := fitting(handler, None, ctx)) is not None
        ]

    def unhandled(self, ctx: Any) -> Iterator[Match]:
        """The ``on_unhandled`` handlers that fit, to ask when nothing matched."""
        if not self._unhandled or ctx.event.kind in QUIET_KINDS:
            return
        only_own = self._is_to_others(ctx)
        for handler in self._unhandled:
            if only_own and not handler.own:
                continue
            match = fitting(handler, None, ctx)
            if match is not None:
                match.announce(ctx)
                yield match

    def suggestion(self, ctx: Any) -> str | None:
        """A "did you mean" to answer an unknown command with, or None."""
        if ctx.event.kind not in COMMAND_KINDS or self._is_to_others(ctx):
            return None
        return self.help.suggestion(ctx, allow_bare=self.settings.bare_in_direct)

    def explain(self, ctx: Any) -> list[Explanation]:
        """For every handler, why it would run for this event or would not."""
        from signalbot.routing.explain import Explainer

        called = self._called(ctx, ctx.event) if ctx.event.kind in COMMAND_KINDS else []
        arguments: dict[Handler, Arguments] = {each[1]: WordArguments(each[2]) for each in called}
        for handler in self.handlers:
            by_pattern = self._by_pattern(handler, ctx) if handler.patterns else None
            if by_pattern is not None:
                arguments.setdefault(handler, by_pattern)
        explainer = Explainer(ctx, arguments, only_own=self._is_to_others(ctx), match_of=fitting)
        ranks = {handler: rank for rank, handler, _ in called}
        built_in = [] if self._help_handler is None else [self._help_handler]
        is_last = any(ranks.get(handler) == LAST for handler in built_in)
        return explainer.explain(
            [*self.handlers, *built_in] if is_last else [*built_in, *self.handlers]
        )

    def is_heard(self, sender: User | None, chat: Chat | None) -> bool:
        """Whether the bot's own allow and deny let somebody speak, where no handler asks."""
        if self._rule is None:
            return True
        return self._rule.objection(SimpleNamespace(sender=sender, chat=chat), self._admins) is None

    def is_command(self, text: str) -> bool:
        """Whether the text calls a command by prefix or literal name; bare words may be answers."""
        return any(call.has_prefix for call in self._index.calls(text))

    def error_handler(
        self, error: BaseException, handler: Handler | None = None
    ) -> ErrorHandler | None:
        """Who handles an error: of a handler, else of the bot itself."""
        if handler is not None:
            return handler.error_handler(error)
        return closest(self._error_handlers, error)

    @property
    def warnings(self) -> list[str]:
        """What is probably a mistake, each with its place."""
        return [*self._doubts, *shadowed(self.handlers, self.settings.prefixes)]

    # -- inside ----------------------------------------------------------------------------

    def _candidates(
        self,
        ctx: Any,
        listed: tuple[Ranked, ...],
        called: Sequence[tuple[int, Handler, Call[Ranked]]],
    ) -> Iterable[tuple[Handler, Arguments | None]]:
        """Called commands and listed handlers, in the order of their ranks."""
        if listed:
            return self._merged(ctx, listed, called)
        return [(each[1], WordArguments(each[2])) for each in called]

    def _merged(
        self,
        ctx: Any,
        listed: tuple[Ranked, ...],
        called: Sequence[tuple[int, Handler, Call[Ranked]]],
    ) -> Iterator[tuple[Handler, Arguments | None]]:
        calls = iter(called)
        call = next(calls, None)
        for rank, handler in listed:
            while call is not None and call[0] < rank:
                yield call[1], WordArguments(call[2])
                call = next(calls, None)
            if not handler.patterns:
                yield handler, None
            elif call is None or call[0] != rank:  # else its name has matched already
                arguments = self._by_pattern(handler, ctx)
                if arguments is not None:
                    yield handler, arguments
        while call is not None:
            yield call[1], WordArguments(call[2])
            call = next(calls, None)

    def _called(self, ctx: Any, event: Any) -> list[tuple[int, Handler, Call[Ranked]]]:
        """The commands that the text calls by name, each once, by rank."""
        text = ctx.text
        if not text:
            return []
        settings = self.settings
        calls = self._index.calls(
            text,
            allow_bare=settings.bare_in_direct and ctx.is_direct,
            mention_end=self._mention_end(ctx, text) if event.mentions else 0,
        )
        if not calls:
            return []
        if len(calls) > 1:
            # Of several names of one command the longest counts: the rest are its arguments.
            longest = {call.target[0]: call for call in sorted(calls, key=arguments_at)}
            calls = list(longest.values())
        found = [
            # A bare "help" is anybody's word, so all others come before it; "/help" is ours.
            (LAST if rank == FIRST and not call.has_prefix else rank, handler, call)
            for call in calls
            for rank, handler in (call.target,)
        ]
        if len(found) > 1:
            found.sort(key=itemgetter(0))
        return found

    def _mention_end(self, ctx: Any, text: str) -> int:
        """Where a mention of the bot at the start of the text ends, else 0."""
        span = mention_spans(text, mentions_in(ctx)).get(0)
        return span[0] if span is not None and ctx.is_me(span[1]) else 0

    def _by_pattern(self, handler: Handler, ctx: Any) -> Arguments | None:
        """The first pattern of a command that matches the text, also behind a mention of us."""
        text = ctx.text
        if not text:
            return None
        for index, (pattern, _) in enumerate(handler.patterns):
            found = pattern.match(text)
            if found is None and mentions_in(ctx) and (end := self._mention_end(ctx, text)):
                found = pattern.match(text[end:].lstrip(",: \t\n"))
            if found is not None:
                return PatternArguments(found, index)
        return None

    def _is_to_others(self, ctx: Any) -> bool:
        """Whether only handlers with ``own=True`` may see it: I wrote it, and not to myself."""
        event = ctx.event
        return (
            event.is_own
            and not self.settings.own_messages
            and event.kind not in ACCOUNT_KINDS
            and not is_note_to_self(ctx)
        )

    def _by_kind(self) -> dict[str, tuple[Ranked, ...]]:
        """Everything that is not found by a command's name, for each kind."""
        listed: dict[str, list[Ranked]] = {}
        for rank, handler in enumerate(self.handlers):
            if handler.role is Role.EVENT or handler.patterns:
                for kind in handler.kinds:
                    listed.setdefault(kind, []).append((rank, handler))
        return {kind: tuple(handlers) for kind, handlers in listed.items()}

    def _built_in_help(self) -> Handler | None:
        """The help command, unless the bot has one of its own."""
        registration = self.help.registration()
        if registration is None:
            return None
        taken = {name for handler in self.handlers for name in handler.names}
        if not taken.isdisjoint(registration.trigger.names):
            return None
        scope = Scope(rules=() if self._rule is None else (self._rule,))
        return Handler.of(registration, scope, self._admins)


def arguments_at(call: Call[Ranked]) -> int:
    return call.arguments_at


def fitting(handler: Handler, arguments: Arguments | None, ctx: Any) -> Match | None:
    """The match, if the handler's filters let the event through."""
    wanted = handler.filter
    if wanted is None:
        return Match(handler, arguments)
    if not wanted.test(ctx):
        return None
    if arguments is not None or not wanted.has_pattern:
        return Match(handler, arguments)
    values: dict[str, Any] = {}
    if handler.plan.grammar:
        try:
            values = handler.plan.grammar.fill(wanted.captures(ctx), ctx)
        except UsageError:
            return None  # a group that does not fit its type is a pattern that does not match
    return Match(handler, FilterArguments(wanted.find(ctx), values))
