"""Finding groups, and those who are in them, by the ids that requests use."""

from __future__ import annotations

from .addressing import addressee
from .identifiers import internal_id, is_phone, is_uuid
from .replies import Refused
from .state import Account, GroupState
from .world import World


def groups_of(world: World, account: Account) -> list[GroupState]:
    """The groups that an account is in, is invited to, or has left."""
    return [group for group in world.state.groups.values() if group.concerns(account.uuid)]


def by_whole_id(world: World, account: Account, rest_id: str) -> GroupState | None:
    """For handlers that compare ids as they are, and so take none without ``group.``."""
    return next((group for group in groups_of(world, account) if group.id == rest_id), None)


def by_whole_id_or_404(world: World, account: Account, rest_id: str) -> GroupState:
    """Like :func:`by_whole_id`, for handlers that need the group.

    Raises:
        Refused: 404, if there is none.
    """
    group = by_whole_id(world, account, rest_id)
    if group is None:
        raise Refused(f"No group with that group id ({rest_id}) found", 404)
    return group


def by_decoded_id(world: World, account: Account, rest_id: str) -> GroupState:
    """For handlers that decode the id, with or without its ``group.``.

    Raises:
        Refused: if it is no id, or the account knows no such group.
    """
    internal = internal_id(rest_id)
    group = world.state.groups.get(internal)
    if group is None or not group.concerns(account.uuid):
        raise Refused(f"Group not found: {internal}")
    return group


def member_id(world: World, account: Account, member: str, *, prefixed: bool) -> str:
    """Whom a member of a request means; ``prefixed`` endpoints want usernames with ``u:``.

    Raises:
        Refused: if a username has a prefix where the server puts one in front itself.
    """
    if not prefixed and not (is_phone(member) or is_uuid(member)):
        if member.startswith("u:"):
            raise Refused(f"Invalid username: u:{member}")
        member = f"u:{member}"
    party = addressee(world.state, account, member)
    return party.uuid or party.number or member


def remove(group: GroupState, who: str) -> None:
    """Take somebody out of a group; accounts remember the groups that they left."""
    for people in (group.members, group.admins, group.pending_invites, group.pending_requests):
        if who in people:
            people.remove(who)
    if who not in group.left:
        group.left.append(who)
