"""Tests of the trainer's reports."""
