"""Profiles: how the account shows itself to others."""

from __future__ import annotations

import base64

from signalbot.errors import NotFound
from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.contacts import ContactsApi
from signalbot.infrastructure.api_clients.images import ImageSource, image_text
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.calls import Family


class ProfilesApi(Area):
    """The account's own profile.

    ```python
    client.profiles.update("Pizza Bot", about="Ask me for a menu", avatar="pizza.png")
    client.profiles.update("Pasta Bot")  # the avatar stays
    ```
    """

    UPDATE = Operation(
        "PUT",
        "/v1/profiles/{number}",
        Family.GROUPS,
        body=(required("name"), Param("base64_avatar"), Param("about")),
    )

    def __init__(self, caller: Caller, contacts: ContactsApi) -> None:
        super().__init__(caller)
        self._contacts = contacts

    def update(
        self,
        name: str,
        *,
        about: str | None = None,
        avatar: ImageSource | None = None,
        remove_avatar: bool = False,
    ) -> None:
        """Change the profile; what is not given stays as it is.

        The server deletes the avatar of a profile that is updated without one. So unless a new
        one is given, the present one is fetched first and sent again.

        Args:
            name: the profile's name, which the server always wants.
            about: "" clears it.
            avatar: bytes, or the path of an image.
            remove_avatar: delete the avatar.

        Raises:
            ApiError: if the present avatar could not be fetched; the profile is unchanged then.
        """
        if avatar is not None and remove_avatar:
            raise ValueError("give either avatar= or remove_avatar=True")
        if not name:
            raise ValueError("a profile needs a name")
        picture = image_text(avatar) if avatar is not None else None
        if picture is None and not remove_avatar:
            picture = self._present_avatar()
        fields = present({"base64_avatar": picture, "about": about})
        self._do(self.UPDATE, body={"name": name, **fields}, timeout=self._caller.send_timeout)

    def _present_avatar(self) -> str | None:
        own = self._caller.account
        try:
            return base64.b64encode(self._contacts.avatar(own)).decode("ascii") or None
        except NotFound as absent:
            if "page not found" in absent.detail:
                raise self._unsure(
                    "the server cannot say what it is (older than 0.95?)"
                ) from absent
        if self._has_avatar(own):
            raise self._unsure("the server has not downloaded it")
        return None

    def _has_avatar(self, own: str) -> bool:
        """ "No avatar" may also mean "not here", which the own contact entry tells apart."""
        try:
            return self._contacts.get(own, all_recipients=True).profile.has_avatar
        except NotFound:
            return False

    def _unsure(self, why: str) -> NotFound:
        return NotFound(
            f"updating the profile would delete the present avatar: {why}; give avatar= with a "
            "picture, or remove_avatar=True",
            status=404,
            method=self.UPDATE.method,
            path_template=self.UPDATE.path,
            account=self._caller.account,
        )
