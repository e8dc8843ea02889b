"""Tests of the trainer; modules with shared fixtures tell what differs in a failed assert, too."""

import pytest

pytest.register_assert_rewrite(
    "tests.trainer.command_outcomes",
    "tests.trainer.s3_store",
    "tests.trainer.trained_model",
    "tests.trainer.trained_runs",
)
