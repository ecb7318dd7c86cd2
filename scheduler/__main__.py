"""The process knarr-scheduler."""

from argparse import Namespace
from pathlib import Path

from knarr.client.flags import add_client_flags, add_leader_flags, client_of, leading
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.health import Health, serve_health
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, add_log_flags
from scheduler.config import SchedulerSettings, read_settings
from scheduler.scheduler import run_scheduler

NAME = "knarr-scheduler"


def flags() -> Flags:
    """All flags of knarr-scheduler."""
    found = Flags(NAME, "Gives each pod a node.")
    found.flag("config", default="", help="file with a KubeSchedulerConfiguration")
    add_client_flags(found)
    add_leader_flags(found, lease="kube-scheduler")
    found.flag("bind-address", default="127.0.0.1", help="address of /healthz and /metrics")
    found.flag("secure-port", default=10259, help="port of /healthz and /metrics, 0 for any")
    add_log_flags(found)
    return found


async def serve(found: Namespace) -> None:
    """Schedule until cancelled."""
    clock = SystemClock()
    settings = read_settings(Path(found.config)) if found.config else SchedulerSettings()
    async with (
        serve_health(Health(), found.bind_address, found.secure_port),
        client_of(found, program="kube-scheduler") as client,
        leading(found, client, clock),
    ):
        await run_scheduler(client, clock, seeded(), settings)


def main() -> None:
    """Run knarr-scheduler."""
    found = flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon(NAME, serve(found))


if __name__ == "__main__":
    main()
