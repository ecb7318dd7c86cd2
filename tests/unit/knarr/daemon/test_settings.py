"""Flags, the environment, and errors of one line."""

import pytest

from knarr.daemon.settings import Flags


def flags() -> Flags:
    made = Flags("knarr-test", "For the test.")
    made.flag("bind-address", default="127.0.0.1")
    made.flag("leader-elect", default=True)
    made.flag("secure-port", default=6443)
    made.flag("node-monitor-period", default=5.0)
    made.flag("servers", default=())
    return made


@pytest.mark.parametrize(
    ("arguments", "environment", "name", "value"),
    [
        pytest.param([], {}, "secure_port", 6443, id="the default"),
        pytest.param(["--secure-port=7"], {}, "secure_port", 7, id="a number"),
        pytest.param(["--leader-elect=false"], {}, "leader_elect", False, id="a truth"),
        pytest.param(["--leader-elect"], {}, "leader_elect", True, id="a truth by its name"),
        pytest.param(
            ["--node-monitor-period", "1m30s"], {}, "node_monitor_period", 90.0, id="time"
        ),
        pytest.param(["--servers=a:1,b:2"], {}, "servers", ("a:1", "b:2"), id="a list"),
        pytest.param([], {"KNARR_SECURE_PORT": "8"}, "secure_port", 8, id="the environment"),
        pytest.param(
            ["--secure-port=7"],
            {"KNARR_SECURE_PORT": "8"},
            "secure_port",
            7,
            id="the command line wins",
        ),
    ],
)
def test_reads(arguments: list[str], environment: dict[str, str], name: str, value: object) -> None:
    assert getattr(flags().read(arguments, environment), name) == value


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        pytest.param(
            ["--node-monitor-period=soon"],
            {},
            "knarr-test: argument --node-monitor-period: "
            "'soon' is not a duration such as 30s or 1h5m",
            id="no duration",
        ),
        pytest.param(
            ["--colour"], {}, "knarr-test: unrecognized arguments: --colour", id="no such flag"
        ),
        pytest.param(
            [],
            {"KNARR_LEADER_ELECT": "maybe"},
            "knarr-test: KNARR_LEADER_ELECT: 'maybe' is neither true nor false",
            id="a wrong variable",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(
    arguments: list[str], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        flags().read(arguments, environment)
    assert str(caught.value) == message
