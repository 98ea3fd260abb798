"""What is written for Compose and Kubernetes is of the form that their own schemas demand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from tests.support.deployment import DEPLOY
from tests.support.wheels import fetch

COMPOSE = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict"

Validate = Callable[[Any], None]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[ZipFile]:
    """The schemas of the Compose specification, and those of Kubernetes."""
    return fetch(tmp_path_factory.mktemp("wheels"), "check-jsonschema==0.39.0", "kubernetes-validate==1.37.0")


@pytest.fixture(scope="module")
def compose(wheels: list[ZipFile]) -> Validate:
    return Draft202012Validator(json.loads(wheels[0].read(COMPOSE))).validate


@pytest.fixture(scope="module")
def kubernetes(wheels: list[ZipFile]) -> Validate:
    """In the strict form, in which what has no meaning is an error."""

    def read(name: str) -> Any:
        return json.loads(wheels[1].read(f"{KUBERNETES}/{name}.json"))

    registry = Resource.from_contents(read("_definitions")) @ Registry()

    def validate(manifest: Any) -> None:
        group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", manifest["apiVersion"])
        Draft202012Validator(read(f"{manifest['kind'].lower()}-{group}"), registry=registry).validate(manifest)

    return validate


def load(name: str) -> list[Any]:
    return list(yaml.safe_load_all(Path(DEPLOY, name).read_text()))


def test_compose_is_what_the_specification_says(compose: Validate) -> None:
    [file] = load("docker/compose.yaml")
    compose(file)
    with pytest.raises(ValidationError, match="stop_grace_periods"):
        compose({**file, "services": {"one": {"image": "project", "stop_grace_periods": "20s"}}})


def test_the_manifests_are_what_kubernetes_takes(kubernetes: Validate) -> None:
    manifests = load("kubernetes/websockets.yaml")
    for manifest in manifests:
        kubernetes(manifest)
    manifests[0]["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["comand"] = ["sleep"]
    with pytest.raises(ValidationError, match="comand"):
        kubernetes(manifests[0])
