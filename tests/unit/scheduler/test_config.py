"""The configuration file: what it changes, and what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from knarr.daemon.settings import SettingsError
from scheduler.config import read_settings, settings_of
from scheduler.profile import Profile


def weights(profile: Profile) -> dict[str, int]:
    return {plugin.name: weight for plugin, weight in profile.scores}


def one(**profile: Any) -> Profile:
    return settings_of({"profiles": [profile]}).profiles[0]


def test_an_empty_file_is_kubernetes_default() -> None:
    settings = settings_of({})
    (profile,) = settings.profiles
    assert (profile.name, settings.backoff_min_s, settings.backoff_max_s) == (
        "default-scheduler",
        1.0,
        10.0,
    )
    assert weights(profile) == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "NodeResourcesFit": 1,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
    }


def test_weights_and_plugins_change() -> None:
    score = {
        "disabled": [{"name": "PodTopologySpread"}],
        "enabled": [{"name": "NodeAffinity", "weight": 5}],
    }
    profile = one(schedulerName="mine", plugins={"score": score})
    assert weights(profile)["NodeAffinity"] == 5
    assert "PodTopologySpread" not in weights(profile)
    assert any(each.name == "PodTopologySpread" for each in profile.filters)


def test_a_plugin_can_be_switched_off_altogether() -> None:
    off = {"disabled": [{"name": "InterPodAffinity"}, {"name": "DefaultPreemption"}]}
    profile = one(plugins={"multiPoint": off})
    assert not any(each.name == "InterPodAffinity" for each in profile.filters)
    assert not profile.preempts


def test_all_but_one_score_can_be_switched_off() -> None:
    score = {"disabled": [{"name": "*"}], "enabled": [{"name": "ImageLocality", "weight": 2}]}
    assert weights(one(plugins={"score": score})) == {"ImageLocality": 2}


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        pytest.param({"kind": "Pod"}, "wanted KubeSchedulerConfiguration", id="another kind"),
        pytest.param({"profile": []}, "unknown field `profile`", id="misspelt"),
        pytest.param({"profiles": [{}, {}]}, "different schedulerNames", id="one name twice"),
        pytest.param({"extenders": [{}]}, "extenders are not supported", id="extenders"),
        pytest.param(
            {"profiles": [{"plugins": {"filter": {"enabled": [{"name": "Nonsense"}]}}}]},
            'there is no plugin "Nonsense"',
            id="unknown plugin",
        ),
        pytest.param(
            {
                "profiles": [
                    {"plugins": {"score": {"enabled": [{"name": "NodeAffinity", "weight": 101}]}}}
                ]
            },
            "weight of plugin NodeAffinity",
            id="too heavy",
        ),
        pytest.param(
            {
                "profiles": [
                    {
                        "pluginConfig": [
                            {
                                "name": "NodeResourcesFit",
                                "args": {"scoringStrategy": {"type": "Worst"}},
                            }
                        ]
                    }
                ]
            },
            'there is no scoring strategy "Worst"',
            id="unknown strategy",
        ),
    ],
)
def test_what_is_wrong_is_one_line(plain: Any, told: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(str(plain))
    with pytest.raises(SettingsError, match="--config") as failure:
        read_settings(path)
    assert told in str(failure.value)
    assert "\n" not in str(failure.value)


def test_an_absent_file_is_one_line() -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_settings(Path("/nowhere/config.yaml"))
