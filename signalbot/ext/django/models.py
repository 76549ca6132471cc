"""What the admin lists, as models without tables: they carry names and permissions only."""

from __future__ import annotations

from django.db import models


class DeadLetter(models.Model):
    """A message that was given up."""

    class Meta:
        managed = False
        default_permissions = ("view", "delete")
        permissions = (("replay_deadletter", "Can replay dead letters"),)


class Conversation(models.Model):
    """A handler that waits for somebody's answer."""

    class Meta:
        managed = False
        default_permissions = ("view",)


class Job(models.Model):
    """A function that runs by the clock."""

    class Meta:
        managed = False
        default_permissions = ("view",)


class Status(models.Model):
    """The process that receives."""

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name_plural = "status"
