"""Whatever names a slot names the same two."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.directives import directives
from proxy.render import source_of
from proxy.split import parse
from service.settings import ServiceSettings, load_settings
from service.slots import CANDIDATE, PORT, SLOTS, STABLE, detector_of

PROJECT = Path(__file__).parents[3]
DETECTORS = [detector_of(slot) for slot in SLOTS]
NAMES_THE_CANDIDATE = re.compile(rf"\b({CANDIDATE}|{detector_of(CANDIDATE)})\b")


class ComposeLoader(yaml.SafeLoader):
    """Reads Compose's own tags, `!reset` and `!override`, as what stands behind them."""


ComposeLoader.add_multi_constructor("!", lambda loader, _, node: value_of(loader, node))


def value_of(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return None


def services() -> dict[str, Any]:
    """Return all services, those of the included files among them."""
    first = compose_file("docker-compose.yml")
    files = [first, *map(compose_file, first["include"])]
    return {name: service for file in files for name, service in file["services"].items()}


def compose_file(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((PROJECT / name).read_text("utf-8"), ComposeLoader)
    return found


def test_the_detectors_are_named_after_their_slots() -> None:
    """Each slot has one of its own."""
    assert DETECTORS == ["drift_detector_server", "drift_detector_server_new"]


def test_compose_has_a_service_for_each_slot_and_each_detector() -> None:
    """Their `SLOT` is the slot, and no other service has one."""
    told = {name: service.get("environment", {}).get("SLOT") for name, service in services().items()}
    expected = {name: slot for slot in SLOTS for name in (slot, detector_of(slot))}
    assert {name: slot for name, slot in told.items() if slot} == expected


def test_compose_mounts_each_slots_own_package() -> None:
    """The folder of a slot's model package has the slot's name."""
    for slot in SLOTS:
        (package,) = [one for one in services()[slot]["volumes"] if one.endswith("/model:ro")]
        assert package.startswith(f"${{{slot.upper()}_PACKAGE:-./{slot}/model}}:")


def test_compose_counts_each_slots_replicas_by_a_variable_of_its_name() -> None:
    """The plain stack reads the same variables."""
    for slot in SLOTS:
        assert services()[slot]["deploy"]["replicas"] == f"${{{slot.upper()}_REPLICAS:-1}}"


def test_the_gpu_file_is_for_both_slots() -> None:
    """Beside them it changes the image that they share."""
    text = (PROJECT / "docker-compose.gpu.yml").read_text("utf-8")
    assert set(yaml.safe_load(text)["services"]) == {"models", *SLOTS}


def test_nginx_splits_between_the_slots_and_names_which_is_which() -> None:
    """The split has both; the upstreams of ports 8000 and 8001 have one each."""
    upstreams: dict[str, list[str]] = {}
    for text in source_of(PROJECT).read().values():
        for one in directives(text):
            if one.words[0].text == "server" and not one.opens_block and one.block:
                upstreams.setdefault(one.block.words[1].text, []).append(one.words[1].text)
    stable, candidate = (f"{slot}:{PORT}" for slot in SLOTS)
    assert upstreams == {"split": [stable, candidate], "stable": [stable], "candidate": [candidate]}


def test_the_shipped_split_is_understood() -> None:
    """Equal shares."""
    split = parse((PROJECT / "nginx/default.conf").read_text("utf-8"))
    assert [(server.slot, server.weight) for server in split.servers] == [(STABLE, 1), (CANDIDATE, 1)]
    assert not split.not_understood


def scrape_job(name: str) -> dict[str, Any]:
    text = (PROJECT / "prometheus/prometheus.yml").read_text("utf-8")
    (job,) = [one for one in yaml.safe_load(text)["scrape_configs"] if one["job_name"] == name]
    return dict(job)


def relabelled(dns_name: str, job: dict[str, Any]) -> str:
    """Return the label `slot` of what Prometheus found under a name, as its `replace` action makes it."""
    (rule,) = [one for one in job["relabel_configs"] if one.get("target_label") == "slot"]
    assert rule["source_labels"] == ["__meta_dns_name"]
    found = re.fullmatch(rule.get("regex", "(.*)"), dns_name)
    assert found
    return found.expand(re.sub(r"\$\{?(\d)\}?", r"\\\1", rule.get("replacement", "$1")))


@pytest.mark.parametrize(("job", "names"), [(STABLE, list(SLOTS)), (detector_of(STABLE), DETECTORS)])
def test_prometheus_finds_each_under_its_name_and_labels_it_with_its_slot(job: str, names: list[str]) -> None:
    """A detector's series carry the slot that it watches."""
    found = scrape_job(job)
    (discovery,) = found["dns_sd_configs"]
    assert (discovery["names"], discovery["port"]) == (names, PORT)
    assert [relabelled(name, found) for name in names] == list(SLOTS)


def test_rules_name_no_other_slot() -> None:
    """A rule about a slot that does not exist would never fire."""
    rules = [path.read_text("utf-8") for path in (PROJECT / "prometheus/rules").glob("*.yml")]
    assert set(re.findall(r'slot="(\w+)"', "\n".join(rules))) <= {*SLOTS, "shared"}


def test_the_dashboards_offer_both_slots() -> None:
    """Where a dashboard lets its reader choose."""
    for path in (PROJECT / "grafana/dashboards").glob("*.json"):
        for variable in json.loads(path.read_text("utf-8"))["templating"].get("list", []):
            if variable["name"] == "slot":
                assert set(variable["query"].split(",")) <= set(SLOTS), path.name


def programs() -> Iterator[Path]:
    """Yield every Python file of the project's own programs and libraries."""
    yield from PROJECT.glob("*.py")
    for folder in PROJECT.iterdir():
        if folder.is_dir() and folder.name[0] != "." and folder.name != "tests":
            yield from folder.rglob("*.py")


def test_python_writes_the_names_once() -> None:
    """Elsewhere they are imported; texts for people may name them."""
    found = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in programs()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "\n" not in node.value
        and NAMES_THE_CANDIDATE.search(node.value)
    ]
    assert [place.partition(":")[0] for place in found] == ["service/slots.py"], found


def test_a_program_refuses_another_slot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says which there are."""
    monkeypatch.setenv("SLOT", "model_server_old")
    with pytest.raises(SystemExit):
        load_settings(ServiceSettings)
    expected = f"SLOT: Input should be '{STABLE}' or '{CANDIDATE}', got 'model_server_old'\n"
    assert capsys.readouterr().err == expected
