"""The two versions of an autoscaler say the same."""

from apiserver.strategies.autoscaling.conversion import METRICS, to_v1, to_v2
from knarr.api import codec
from knarr.api.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscaler

PLAIN = {
    "metadata": {"name": "x", "annotations": {"mine": "stays"}},
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 50},
                },
            },
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "packets"},
                    "target": {"type": "AverageValue", "averageValue": "1k"},
                },
            },
        ],
        "behavior": {
            "scaleDown": {"policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]}
        },
    },
}


def test_the_old_form_carries_what_it_has_no_field_for() -> None:
    old = to_v1(codec.from_plain(HorizontalPodAutoscaler, PLAIN))
    assert old.spec.target_cpu_utilization_percentage == 50
    assert old.metadata.annotations[METRICS] == (
        '[{"type":"Pods","pods":{"metricName":"packets","targetAverageValue":"1k"}}]'
    )


def test_there_and_back_nothing_is_lost() -> None:
    autoscaler = codec.from_plain(HorizontalPodAutoscaler, PLAIN)
    assert to_v2(to_v1(autoscaler)) == autoscaler
