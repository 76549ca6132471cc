"""The programs that are measured, each run by its path in an environment of its own.

All answer the same commands: ``/echo n``, ``/sleep n`` and ``/block n`` with the number, the last
two after 50 ms. Nothing here is imported by the runner.
"""
