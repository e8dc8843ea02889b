"""Tests of the trainer."""

import pytest

# A helper module's asserts show what differs, as those of a test do.
pytest.register_assert_rewrite("tests.trainer.command_outcomes")
