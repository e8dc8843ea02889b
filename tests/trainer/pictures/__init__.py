"""Tests of the trainer's pictures."""
