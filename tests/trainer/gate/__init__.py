"""Tests of trainer.gate."""
