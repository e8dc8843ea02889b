"""Tests of the trainer's chores."""
