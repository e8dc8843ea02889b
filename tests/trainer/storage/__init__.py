"""Tests of the trainer's storage."""
