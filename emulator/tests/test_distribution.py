"""The distribution, built and installed as a stranger gets it, and used as its README says.

The wheel is built by setuptools without isolation and installed by pip without dependencies, so no network is needed.
It goes into an environment of its own that sees this environment's other packages through a path file. Path files are
not read a second time there, so this repository's own editable installations are out of reach, and an import of
`embedded_aws` can come from the wheel alone. Building and installing take about four CPU seconds. The README's example
takes about twelve: a new interpreter compiles the package and imports moto, then it trains, and that is what it shows.
"""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
SOURCES = HOME / "src" / "embedded_aws"
CLEAN = {
    name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "PYTEST_", "COV_"))
}
MOST_LINES = 30
WHERE = """
import sys
def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("server is " + sys.modules["embedded_aws.server"].__file__)
"""
# What is imported under another name than its distribution's.
DISTRIBUTIONS = {"jsonata": "jsonata-python", "yaml": "pyyaml"}


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a command that must end with this exit code; return what it printed."""
    done = subprocess.run(command, cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: setuptools leaves its own files beside the sources."""
    folder = tmp_path_factory.mktemp("built")
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "tests")
    shutil.copytree(HOME, folder / "emulator", ignore=leave_out)
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"  # as pip calls it, without pip's seconds
    run(sys.executable, "-c", build, cwd=folder / "emulator")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    interpreter = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", interpreter, "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


def test_the_wheel_has_every_file_and_no_other(wheel: Path) -> None:
    """It holds each source, the data and the licence, and neither tests nor a foreign package."""
    named = set(zipfile.ZipFile(wheel).namelist())
    kept = {str(file.relative_to(HOME / "src")) for file in SOURCES.rglob("*") if file.is_file()}
    kept = {name for name in kept if "__pycache__" not in name}

    assert {"embedded_aws/py.typed", "embedded_aws/originals.json"} <= kept
    assert {name for name in named if not name.startswith("embedded_aws-")} == kept
    assert any(name.endswith("/licenses/LICENSE") for name in named)


def test_the_readmes_example_runs_from_the_wheel(python: Path, tmp_path: Path) -> None:
    """The README's first Python block passes as it stands, even with `-W error`, where there is only the wheel."""
    block, *_ = re.findall(r"```python\n(.*?)```", (HOME / "README.md").read_text(), re.DOTALL)
    fixture = block[: block.index("\n\ndef test_")].splitlines()
    assert fixture[-1].startswith("    return make("), "the fixture ends with its campaign"
    assert sum(bool(line) for line in fixture) <= MOST_LINES
    (tmp_path / "test_films.py").write_text(block)
    (tmp_path / "conftest.py").write_text(WHERE)

    told = run(python, "-W", "error", "-m", "pytest", "--assert=plain", "-p", "no:cacheprovider", ".", cwd=tmp_path)

    assert "1 passed" in told
    assert f"server is {python.parents[1]}/lib/" in told
    assert str(SOURCES) not in told


def test_the_command_teaches(python: Path, tmp_path: Path) -> None:
    """`--help` answers without moto and with an example; a wrong speed or port is told with the remedy."""
    command = python.parent / "embedded-aws"

    assert "embedded-aws serve --port 0" in run(command, "--help", cwd=tmp_path)
    assert "a minute of waiting" in run(command, "serve", "--help", cwd=tmp_path)
    assert "'fast' is no speed: give embedded seconds" in run(command, "serve", "--speed", "fast", cwd=tmp_path, code=2)
    assert "'70000' is no port: give 0 to 65535" in run(command, "serve", "--port", "70000", cwd=tmp_path, code=2)


def test_the_fixture_refuses_a_speed_that_is_none(python: Path, tmp_path: Path) -> None:
    """The plugin's option reaches the fixture, and what is no number is told before anything is started."""
    (tmp_path / "test_it.py").write_text("def test_it(embedded_aws):\n    pass\n")
    pytest_there = (python, "-m", "pytest", "-p", "no:cacheprovider")

    told = run(*pytest_there, "--embedded-aws-speed", "fast", "test_it.py", cwd=tmp_path, code=1)

    assert "'fast' is no speed: give embedded seconds per second" in told


def test_importing_the_package_is_cheap(python: Path, tmp_path: Path) -> None:
    """Neither the package, its command nor its plugin imports moto, boto3, Polars or the server before it must."""
    code = "import embedded_aws, embedded_aws.command, embedded_aws.pytest_plugin, sys; print(*sys.modules)"

    loaded = set(run(python, "-c", code, cwd=tmp_path).split())

    assert "embedded_aws.pytest_plugin" in loaded
    assert not loaded & {"moto", "boto3", "botocore", "polars", "scipy", "numpy", "embedded_aws.server"}


def test_what_is_imported_is_declared(wheel: Path) -> None:
    """Each package that a module imports is a dependency in the wheel's metadata, or one of a dependency's own."""
    metadata = zipfile.ZipFile(wheel).read(f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/METADATA").decode()
    declared = {_name(line.split(": ")[1]) for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    reached = declared | {_name(each) for name in declared for each in importlib.metadata.requires(name) or ()}
    # Nothing but pytest imports the plugin.
    optional = {"pytest"}

    foreign = {name for name in _imported(SOURCES) if name not in sys.stdlib_module_names | {"embedded_aws"} | optional}

    assert {"moto", "polars"} <= foreign
    assert {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in foreign} <= reached


def test_nothing_here_needs_the_product() -> None:
    """Neither sources nor tests import a package that lies beside the distribution in this repository."""
    beside = {folder.name for folder in HOME.parent.iterdir() if any(folder.glob("*.py"))} - {HOME.name}

    assert {"cli", "definition"} <= beside
    assert set(_imported(HOME)) & beside == set()


def test_the_readme_shows_a_command_soon() -> None:
    """A stranger meets the first command before line 15, and the whole is read in a few minutes."""
    lines = (HOME / "README.md").read_text().splitlines()

    assert lines.index("pip install embedded-aws pytest") < 14
    assert len(lines) < 120


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def _imported(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]
