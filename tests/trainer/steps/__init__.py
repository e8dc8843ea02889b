"""Tests of trainer.steps."""
