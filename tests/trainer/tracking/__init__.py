"""Tests of trainer.tracking."""
