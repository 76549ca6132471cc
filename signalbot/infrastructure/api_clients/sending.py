"""Sending: one message to several portions of recipients, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from signalbot.errors import ApiError, PartialSendError, RateLimited, RequestFailed
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.operation import Operation
from signalbot.infrastructure.api_clients.references import Target, timestamp_of
from signalbot.infrastructure.api_clients.wire import text_to_json
from signalbot.infrastructure.calls import Answer
from signalbot.infrastructure.outgoing_attachments import with_attachments
from signalbot.infrastructure.outgoing_edits import EditChain, EditChains
from signalbot.infrastructure.outgoing_message import Draft
from signalbot.infrastructure.outgoing_recipients import Portion
from signalbot.infrastructure.outgoing_sent import (
    NOT_TRIED,
    FailedRecipient,
    MessageActions,
    SentMessage,
    SentPart,
    read_answer,
    reason_for,
)
from signalbot.model.quick import quickly
from signalbot.observability.logging import get_logger

log = get_logger("signalbot.send")


class Sending:
    """One ``send``, from its drafts to its result."""

    def __init__(
        self,
        caller: Caller,
        operation: Operation,
        api: MessageActions,
        *,
        chains: EditChains,
        edit: SentMessage | Target | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._caller = caller
        self._operation = operation
        self._api = api
        self._chains = chains
        self._edit = edit
        self._on_progress = None if on_progress is None else _unfailing(on_progress)
        self._parts: list[SentPart] = []
        self._failed: list[FailedRecipient] = []

    def run(
        self, targets: Sequence[Portion], drafts: Sequence[Draft], *, raise_on_partial: bool
    ) -> SentMessage:
        """Send all drafts to all portions.

        Raises:
            ApiError: if no call succeeded.
            PartialSendError: if some recipients were not reached, and that is to be raised.
        """
        if len(targets) == 1 and len(drafts) == 1 and self._edit is None:
            self._send_one(targets[0], drafts[0], None)  # nearly always; its error is the send's
        else:
            self._send_all(targets, drafts)
        sent = self._result(targets, drafts)
        if sent.failed and raise_on_partial:
            raise self._partial(sent)
        return sent

    def _send_all(self, targets: Sequence[Portion], drafts: Sequence[Draft]) -> None:
        """Send to one portion after the other, and note those that fail."""
        edited = [self._chain_of(portion) for portion in targets]
        errors: list[ApiError] = []
        for portion, chain in zip(targets, edited, strict=True):
            if errors and isinstance(errors[-1], (RequestFailed, RateLimited)):
                # The next call would only make it worse.
                self._failed.extend(FailedRecipient(named, NOT_TRIED) for named in portion)
                continue
            try:
                for draft in drafts:
                    self._send_one(portion, draft, chain)
            except ApiError as error:
                errors.append(error)
                reason = reason_for(error)
                self._failed.extend(FailedRecipient(named, reason, error) for named in portion)
        if not self._parts:
            raise _worst(errors)

    def run_one(self, portion: Portion, body: dict[str, Any], text: str) -> SentMessage:
        """Send a body that is complete."""
        self._record(portion, self._caller.exchange(self._operation, body=body), None)
        return self._result([portion], [Draft({}, text=text)])

    def _chain_of(self, portion: Portion) -> EditChain | None:
        """The versions of the message to edit; looked up first, so that nothing is half done."""
        if self._edit is None:
            return None
        if isinstance(self._edit, SentMessage):
            return self._chains.of(self._edit.chain_for(portion))
        return self._chains.of(timestamp_of(self._edit))

    def _send_one(self, portion: Portion, draft: Draft, edited: EditChain | None) -> None:
        body: dict[str, Any] = {
            "number": self._caller.account,
            "recipients": [named.recipient for named in portion],
            **draft.fields,
        }
        if edited is not None:
            body["edit_timestamp"] = edited.latest
        encoded = text_to_json(body)
        if draft.files:
            encoded = with_attachments(encoded, draft.files)
            body["base64_attachments"] = draft.files
        answer = self._caller.exchange(
            self._operation, body=body, encoded=encoded, on_progress=self._on_progress
        )
        self._record(portion, answer, edited)

    def _record(self, portion: Portion, answer: Answer, edited: EditChain | None) -> None:
        try:
            timestamp, failed = read_answer(answer.json())
        except (ValueError, TypeError, RequestFailed):
            raise self._caller.unreadable(self._operation, answer.status) from None
        chain = EditChain(timestamp) if edited is None else edited
        if edited is not None:
            self._chains.extend(edited, timestamp)
        self._parts.append(
            quickly(SentPart, {"recipients": portion, "timestamp": timestamp, "chain": chain})
        )
        self._failed.extend(failed)

    def _result(self, targets: Sequence[Portion], drafts: Sequence[Draft]) -> SentMessage:
        is_simple = len(targets) == len(drafts) == 1  # nearly always
        recipients = targets[0] if is_simple else tuple(to for each in targets for to in each)
        return quickly(
            SentMessage,
            {
                "timestamp": self._parts[0].timestamp,
                "sender": self._caller.own_user,
                "recipients": recipients,
                "failed": tuple(self._failed),
                "parts": tuple(self._parts),
                "text": drafts[0].text if is_simple else "\n".join(d.text for d in drafts),
                "mentions": drafts[0].mentions if len(drafts) == 1 else (),
                "_api": self._api,
            },
        )

    def _partial(self, sent: SentMessage) -> PartialSendError:
        return PartialSendError(
            f"{len(sent.failed)} recipients were not reached "
            f"({', '.join(sorted({entry.reason for entry in sent.failed}))})",
            result=sent,
            method=self._operation.method,
            path_template=self._operation.path,
            account=self._caller.account,
        )


def _unfailing(on_progress: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Whoever only watches must not break off an upload that may have arrived already."""
    if not callable(on_progress):
        raise TypeError(
            f"on_progress= takes a function of (bytes sent, bytes in all), "
            f"not a {type(on_progress).__name__}"
        )

    def tell(sent: int, total: int) -> None:
        try:
            on_progress(sent, total)
        except Exception:  # the user's own code; KeyboardInterrupt still ends the upload
            log.exception("send.progress_failed")

    return tell


def _worst(errors: Sequence[ApiError]) -> ApiError:
    """The error after which something may have been sent all the same, else the first."""
    return next((e for e in errors if getattr(e, "may_have_been_sent", False)), errors[0])
