"""The benchmark first checks that pods can be measured at all: a refusal is not a fast measurement."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.containers import Unavailable
from benchmarks.pairs import Ratio
from benchmarks.pods import no_op_pod
from tests.kubernetes_api.cluster import Cluster

from .steps import stand_in

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
FORBIDDEN = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": hostPath'


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with stand_in(tmp_path / "cluster", monkeypatch) as made:
        monkeypatch.setattr("benchmarks.pods.compare", lambda *_: "measured")
        yield made


def measured(tmp_path: Path) -> Ratio:
    (tmp_path / "bench").mkdir()
    return no_op_pod(tmp_path / "bench")


def test_pods_that_run_are_measured_after_the_first(tmp_path: Path, cluster: Cluster) -> None:
    assert measured(tmp_path) == "measured"
    assert len(cluster.names) == 1
    assert cluster.living() == []


@pytest.mark.parametrize(("status", "message"), [(404, 'namespaces "nightshift" not found'), (403, FORBIDDEN)])
def test_a_cluster_that_takes_no_pod_is_left_out(tmp_path: Path, cluster: Cluster, status: int, message: str) -> None:
    cluster.fail("create", "pods", status, message)
    with pytest.raises(Unavailable, match=rf"takes no pod of nightshift-trainer:test: .*{message}"):
        measured(tmp_path)
    assert cluster.names == []


def test_an_image_that_is_not_on_the_node_is_left_out(tmp_path: Path, cluster: Cluster) -> None:
    cluster.node.trouble.waiting = ("ErrImageNeverPull", "image is not present with pull policy of Never")
    with pytest.raises(Unavailable, match=r"first pod of nightshift-trainer:test does not run: .*ErrImageNeverPull"):
        measured(tmp_path)


def test_another_refusal_than_the_expected_one_is_left_out(tmp_path: Path, cluster: Cluster) -> None:
    cluster.node.trouble.start_error = "no such file"
    with pytest.raises(
        Unavailable, match=r"expected settings: s3_threads, got: preprocess: the container could not run"
    ):
        measured(tmp_path)


def test_no_cluster_at_all_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(Unavailable, match="no Kubernetes cluster is configured"):
        measured(tmp_path)
