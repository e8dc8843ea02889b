"""Tests of ``pipelines/notify``."""
