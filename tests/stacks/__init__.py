"""Tests of ``include/stacks``."""
