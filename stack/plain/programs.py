"""The plain processes: a command and an environment each, as docker-compose.yml has them."""

import os
from collections.abc import Sequence

from service.slots import CANDIDATE, SLOTS, STABLE, detector_of
from stack.environments import lacks_alibi
from stack.paths import Paths
from stack.plain.addresses import Addresses, local_replicas
from stack.plain.model_servers import model_package, model_servers
from stack.plain.mongodb import mongodb
from stack.plain.packages import find_program
from stack.plain.profiles import optional_programs
from stack.plain.program import Program
from stack.plain.training import trained_models
from stack.settings import StackSettings


def programs(settings: StackSettings, addresses: Addresses, paths: Paths) -> list[Program]:
    """Return every program, in the order in which they start."""
    return [
        mongodb(
            paths,
            settings.bind_address,
            settings.mongodb_port,
            database=paths.data / "mongodb.db",
            pid=paths.run / "mongodb.pid",
            log=paths.logs / "mongodb.log",
        ),
        *model_servers(settings, paths),
        *optional_programs(settings, paths),
        _detector(STABLE, settings.drift_detector_port, settings, paths),
        _detector(CANDIDATE, settings.drift_detector_new_port, settings, paths),
        _nginx_config(paths),
        _nginx_log_exporter(addresses, paths),
        _nginx(paths),
        _nginx_watcher(paths),
        _nginx_exporter(addresses),
        _node_exporter(addresses),
        _release(settings, addresses, paths),
        _alertmanager(settings, paths),
        _prometheus(settings, paths),
        _dashboards(settings, paths),
    ]


def mongodb_uri(settings: StackSettings) -> str:
    """Return the local database's address; a MONGODB_URI of .env is Compose's."""
    return f"mongodb://{settings.reach}:{settings.mongodb_port}/drift_detection"


def _detector(slot: str, port: int, settings: StackSettings, paths: Paths) -> Program:
    name = detector_of(slot)
    environment = {
        "SLOT": slot,
        "HOST": settings.bind_address,
        "PORT": str(port),
        "MODEL_PACKAGE": str(model_package(slot, settings, paths)),
        "ARTIFACTS": str(paths.project / name / "artifacts"),
        "DETECTOR_CONFIG": str(paths.project / name / "detector.toml"),
    }
    if lacks_alibi(paths):
        environment["DETECTOR"] = "mmd"
    command = (str(paths.python("drift_detector_server")), "-m", "drift_detector_server")
    return Program(name, command, environment)


def _nginx_config(paths: Paths) -> Program:
    return Program("nginx_config", (str(paths.python("stack")), "-m", "stack.plain.nginx_config"))


def _nginx(paths: Paths) -> Program:
    folder = paths.run / "nginx"
    command = (_system("nginx"), "-c", str(folder / "nginx.conf"))
    # A little more than worker_shutdown_timeout, for requests under way; without any it ends at once.
    return Program("nginx", command, folder=folder, stop_signal="QUIT", stop_seconds=100)


def _nginx_watcher(paths: Paths) -> Program:
    environment = {
        "NGINX_SPLIT": str(paths.project / "nginx" / "default.conf"),
        "NGINX_FOLDER": str(paths.project / "proxy"),
        "NGINX_PID": str(paths.temporary / "nginx.pid"),
        "NGINX_TEST_LOG": str(paths.nginx_test_log),
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin",
    }
    watcher = paths.project / "proxy" / "reload_watcher.sh"
    return Program("nginx_watcher", ("sh", str(watcher), str(paths.run / "nginx")), environment)


def _nginx_exporter(addresses: Addresses) -> Program:
    status = f"http://{addresses.nginx_listeners[8081]}/stub_status"
    (listen,) = addresses.scraped["nginx_exporter"]
    return Program(
        "nginx_exporter",
        (
            _system("prometheus-nginx-exporter"),
            f"--nginx.scrape-uri={status}",
            f"--web.listen-address={listen}",
        ),
    )


def _nginx_log_exporter(addresses: Addresses, paths: Paths) -> Program:
    (served,) = addresses.scraped["nginx_log_exporter"]
    command = (str(paths.python("stack")), "-m", "proxy.exporter", served, served)  # the log comes by UDP
    return Program("nginx_log_exporter", command)


def _node_exporter(addresses: Addresses) -> Program:
    (listen,) = addresses.scraped["node_exporter"]
    return Program("node_exporter", (_system("prometheus-node-exporter"), f"--web.listen-address={listen}"))


def _release(settings: StackSettings, addresses: Addresses, paths: Paths) -> Program:
    (served,) = addresses.scraped["release"]
    host, _, port = served.rpartition(":")
    default = f"http://{settings.reach}:{settings.grafana_port}"
    reloading = {
        slot: ",".join(one.internal_address for one in local_replicas(settings) if one.slot == slot)
        for slot in SLOTS
    }
    environment = {
        "HOST": host,
        "PORT": port,
        "DASHBOARDS_URL": settings.variables.get("DASHBOARDS_URL", default),
        "PROMETHEUS_URL": f"http://{settings.reach}:{settings.prometheus_port}",
        "NGINX_URL": f"http://{addresses.nginx_listeners[8081]}",
        "NGINX_LOG_EXPORTER_URL": f"http://{addresses.scraped['nginx_log_exporter'][0]}",
        "SPLIT_FILE": str(paths.project / "nginx" / "default.conf"),
        "STABLE_PACKAGE": str(model_package(STABLE, settings, paths)),
        "CANDIDATE_PACKAGE": str(model_package(CANDIDATE, settings, paths)),
        "MODELS": str(trained_models(paths)),
        "STABLE_REPLICAS": reloading[STABLE],
        "CANDIDATE_REPLICAS": reloading[CANDIDATE],
    }
    if plans := settings.variables.get("RELEASE_PLANS"):
        environment["PLAN_FILE"] = str(paths.project / plans / "plan.toml")
    return Program("release", (str(paths.python("release")), "-m", "release", "serve"), environment)


def release_command(words: Sequence[str], addresses: Addresses, paths: Paths) -> Program:
    """Return one of the commands that ask the release program; it finds the token as that does."""
    (served,) = addresses.scraped["release"]
    command = (str(paths.python("release")), "-m", "release", *words)
    return Program("release", command, {"RELEASE_URL": f"http://{served}"})


def _alertmanager(settings: StackSettings, paths: Paths) -> Program:
    command = (
        _system("prometheus-alertmanager"),
        f"--config.file={paths.run / 'alertmanager.yml'}",
        f"--storage.path={paths.data / 'alertmanager'}",
        f"--web.listen-address={settings.bind_address}:{settings.alertmanager_port}",
        "--cluster.listen-address=",  # it has no peers
    )
    return Program("alertmanager", command)


def _prometheus(settings: StackSettings, paths: Paths) -> Program:
    retention = settings.variables
    command = (
        _system("prometheus"),
        f"--config.file={paths.run / 'prometheus.yml'}",
        f"--storage.tsdb.path={paths.data / 'prometheus'}",
        f"--storage.tsdb.retention.time={retention.get('PROMETHEUS_RETENTION_TIME', '15d')}",
        f"--storage.tsdb.retention.size={retention.get('PROMETHEUS_RETENTION_SIZE', '1GB')}",
        f"--web.listen-address={settings.bind_address}:{settings.prometheus_port}",
    )
    return Program("prometheus", command)


def _dashboards(settings: StackSettings, paths: Paths) -> Program:
    if grafana := find_grafana():
        return _grafana(grafana, settings, paths)
    environment = {
        "HOST": settings.bind_address,
        "PORT": str(settings.grafana_port),
        "PROMETHEUS_URL": f"http://{settings.reach}:{settings.prometheus_port}",
        "DASHBOARDS": str(paths.project / "grafana" / "dashboards"),
    }
    return Program("dashboards", (str(paths.python("stack")), "-m", "grafana.viewer"), environment)


def find_grafana() -> tuple[str, ...] | None:
    """Return the command that starts an installed Grafana, if there is one."""
    if server := find_program("grafana-server"):
        return (server,)
    return (program, "server") if (program := find_program("grafana")) else None


def _grafana(command: tuple[str, ...], settings: StackSettings, paths: Paths) -> Program:
    variables = settings.variables
    environment = {
        "GF_SERVER_HTTP_ADDR": settings.bind_address,
        "GF_SERVER_HTTP_PORT": str(settings.grafana_port),
        "GF_PATHS_DATA": str(paths.data / "grafana"),
        "GF_PATHS_LOGS": str(paths.data / "grafana" / "log"),
        "GF_PATHS_PROVISIONING": str(paths.run / "grafana"),
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(
            paths.project / "grafana" / "dashboards" / "model-monitoring.json"
        ),
        "GF_SECURITY_ADMIN_USER": variables.get("GRAFANA_ADMIN_USER", "admin"),
        "GF_SECURITY_ADMIN_PASSWORD": variables.get("GRAFANA_ADMIN_PASSWORD", "admin"),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    }
    home = os.environ.get("GRAFANA_HOME", "/usr/share/grafana")
    return Program("dashboards", (*command, f"--homepath={home}"), environment)


def _system(name: str) -> str:
    return find_program(name) or name
