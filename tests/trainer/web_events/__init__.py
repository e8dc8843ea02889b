"""Tests of the trainer's web events."""
