"""Attachments: the files that the server keeps from received messages."""

from __future__ import annotations

import re
from typing import IO

from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation
from signalbot.infrastructure.calls import Family
from signalbot.model.content import Attachment

_ID = re.compile(r"[A-Za-z0-9_.-]+")


class AttachmentsApi(Area):
    """Read and delete received files.

    ```python
    for attachment in message.attachments:
        data = client.attachments.get(attachment)
        client.attachments.delete(attachment)
    ```

    The server never deletes a file by itself, and keeps those of all its accounts in one place.
    """

    LIST = Operation("GET", "/v1/attachments", Family.ATTACHMENTS)
    GET = Operation("GET", "/v1/attachments/{attachment}", Family.ATTACHMENTS)
    DELETE = Operation("DELETE", "/v1/attachments/{attachment}", Family.ATTACHMENTS)

    def list(self) -> tuple[str, ...]:
        """The ids of all files on the server, whichever account received them."""
        found = self._ask(self.LIST) or []
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self._caller.unreadable(self.LIST, 200)
        return tuple(found)

    def get(self, attachment: Attachment | str) -> bytes:
        """The whole file.

        Raises:
            NotFound: if it was deleted, not downloaded, or the server ignores attachments.
        """
        answer = self._caller.exchange(
            self.GET,
            path={"attachment": _checked_id(attachment)},
            timeout=self._caller.send_timeout,
        )
        return answer.body

    def download(
        self, attachment: Attachment | str, file: IO[bytes], *, max_bytes: int | None = None
    ) -> int:
        """Write the whole file into another, piece by piece; returns its size.

        Args:
            file: opened for writing bytes, seekable; what it held before is lost.

        Raises:
            NotFound: if it was deleted, not downloaded, or the server ignores attachments.
            AnswerTooLarge: if it is larger than ``max_bytes``, or the client's own limit.
        """
        self._caller.exchange(
            self.GET,
            path={"attachment": _checked_id(attachment)},
            timeout=self._caller.send_timeout,
            sink=file,
            max_answer=max_bytes,
        )
        return file.tell()

    def delete(self, attachment: Attachment | str) -> None:
        """Delete the file from the server.

        Raises:
            NotFound: if there is none.
        """
        self._do(self.DELETE, path={"attachment": _checked_id(attachment)})


def _checked_id(attachment: Attachment | str) -> str:
    found = attachment if isinstance(attachment, str) else attachment.id
    if not found:
        raise ValueError("this attachment has no id: the server does not have the file")
    if not _ID.fullmatch(found):
        raise ValueError("an attachment's id consists of letters, digits, '_', '.' and '-'")
    return found
