"""What is found in files that say which distributions a project needs, and what is installed."""

import tomllib

import pytest

from tests.support.scripts import ROOT, run_script
from tests.upgrading.expected import found_in
from tornado_websockets.upgrading.requirements import MINIMUM, NEW


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "django-tornado-websockets"),
        ("requirements.txt", "django_tornado_websockets==0.2.2 ; python_version < '3'"),
        ("requirements.txt", "Django-Tornado-WebSockets>=0.1 # the chat"),
        ("requirements.txt", "-e git+https://example.com/x.git#egg=django-tornado-websockets"),
        ("requirements-dev.txt", "django-tornado-websockets"),
        ("requirements/live.txt", "  django-tornado-websockets~=0.2"),
        ("constraints.txt", "django-tornado-websockets==0.2.2"),
        ("setup.py", "setup(install_requires=['django-tornado-websockets>=0.2'])"),
        ("setup.cfg", "    django-tornado-websockets>=0.2"),
        ("tox.ini", "    django-tornado-websockets"),
        ("pyproject.toml", "dependencies = ['django-tornado-websockets']"),
        ("pyproject.toml", "django-tornado-websockets = '^0.2'"),
        ("Pipfile", 'django-tornado-websockets = "*"'),
        ("Pipfile.lock", '  "django-tornado-websockets": {'),
        ("poetry.lock", 'name = "django-tornado-websockets"'),
        ("environment.yml", "      - django-tornado-websockets=0.2"),
        ("Dockerfile", "RUN pip install tornado django-tornado-websockets && true"),
    ],
)
def test_the_old_distribution_is_found(tmp_path, name, text):
    assert found_in(tmp_path, {name: f"\n{text}\n"}) == {(name, 2, "old-distribution")}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "django-tornado-websockets-channels"),
        ("requirements.txt", "# django-tornado-websockets"),
        ("requirements.txt", "my-django-tornado-websockets"),
        ("pyproject.toml", "description = 'As django-tornado-websockets had it'"),
        ("setup.py", "url = 'https://example.com/django-tornado-websockets'"),
        ("notes.txt", "django-tornado-websockets"),
    ],
)
def test_what_is_another_is_left_alone(tmp_path, name, text):
    assert found_in(tmp_path, {name: text}) == set()


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        ("Django==1.11.3", True),
        ("Django>=1.9,<2.0", True),
        ("django<5.2", True),
        ("django~=4.2", True),
        ("Django == 4.*", True),
        ("tornado==4.4.2", True),
        ("tornado<=6", True),
        ("Django>=1.9", False),
        ("Django", False),
        ("Django==5.2", False),
        ("Django~=5.2.1", False),
        ("django<6", False),
        ("tornado>=6.5", False),
        ("django-cors-headers==1.0", False),
        ("djangorestframework==3.1", False),
        ("my-tornado==1.0", False),
        ("Django==" + "1" * 5000, False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_versions_that_are_too_old(tmp_path, text, is_old):
    expected = {("requirements.txt", 1, "old-requirement")} if is_old else set()
    assert found_in(tmp_path, {"requirements.txt": text}) == expected


def test_versions_and_name_are_those_of_this_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == NEW
    for name, version in MINIMUM.items():
        wanted = f"{name}>={'.'.join(map(str, version))}"
        assert wanted in {requirement.lower() for requirement in project["dependencies"]}


def test_the_old_distribution_that_is_installed_is_found(tmp_path):
    installed = tmp_path / "installed" / "django_tornado_websockets-0.2.2.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: django-tornado-websockets\nVersion: 0.2.2\n")
    (tmp_path / "project").mkdir()
    script = """
        from pathlib import Path
        from tornado_websockets.upgrading.scan import scan
        print(*((one.rule, one.detail) for one in scan(Path("../project")).findings))
    """
    expected = "('old-distribution', 'version 0.2.2 is installed beside this package')"
    assert run_script(script, directory=tmp_path / "installed").strip() == expected
