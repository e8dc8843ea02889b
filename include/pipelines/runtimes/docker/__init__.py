"""Steps as containers of a Docker engine.

``runtime`` is found by ``runtime_of``; the stack for one machine reads the same ``settings``.
"""

__all__ = ["settings"]
