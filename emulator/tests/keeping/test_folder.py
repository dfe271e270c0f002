"""Whose folder a kept account may lie in, who may use it, and what a crash leaves there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from emulator.tests.keeping.support import files, in_process

MINE = """
with EmbeddedAWS(keep=folder) as aws:
    aws.client("s3").create_bucket(Bucket="mine")
"""


def serve(folder: Path) -> subprocess.Popen[str]:
    """Run the command until it says that it is up."""
    command = [sys.executable, "-m", "embedded_aws.command", "serve", "--port", "0", "--keep", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "listens on" in line, process.communicate()
    while "Ctrl-C" not in line:
        line = process.stdout.readline()
    return process


def test_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    """It is made closed to others, and so are its files; one that is empty is closed."""
    folder = tmp_path / "new" / "kept"
    in_process(MINE, folder)
    assert {oct(each.stat().st_mode & 0o777) for each in (folder, *folder.glob("*"))} <= {"0o700", "0o600"}

    (tmp_path / "empty").mkdir(mode=0o755)
    in_process(MINE, tmp_path / "empty")
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700


REFUSED = """
import pathlib, shutil, pickle
root = pathlib.Path(folder).parent
def files(place):
    return {str(each): each.read_bytes() for each in sorted(place.rglob("*")) if each.is_file()}
def refused(name, change):
    place = shutil.copytree(folder, root / name)
    place.chmod(0o700)
    changed = change(place)
    place = changed if isinstance(changed, pathlib.Path) else place
    before = files(place)
    try:
        with EmbeddedAWS(keep=place):
            told[name] = "opened"
    except KeepError as error:
        told[name] = str(error).replace(str(root), "")
    assert files(place) == before, name
def link(place):
    place.with_suffix(".link").symlink_to(place)
    return place.with_suffix(".link")
def state(place):
    return next(place.glob("state-*"))
def linked_state(place):
    link = state(place)
    link.rename(place.with_suffix(".state"))
    link.symlink_to(place.with_suffix(".state"))
def other(place, **versions):
    account = json.loads((place / "account.json").read_text())
    account["versions"].update(versions)
    (place / "account.json").write_text(json.dumps(account))
def attack(place):
    state(place).write_bytes(pickle.dumps(print))
refused("link", link)
refused("open", lambda place: place.chmod(0o755))
refused("other version", lambda place: other(place, moto="4.0.0", Python="3.10"))
refused("no state", lambda place: state(place).unlink())
refused("linked state", linked_state)
refused("changed state", attack)
refused("no json", lambda place: (place / "account.json").write_text("{"))
refused("no object", lambda place: (place / "account.json").write_text("[]"))
refused("something else", lambda place: (place / "letter.txt").write_text("dear"))
if os.geteuid() == 0:
    refused("somebody else's", lambda place: os.chown(place, 12345, -1))
    refused("somebody else's file", lambda place: os.chown(state(place), 12345, -1))
with EmbeddedAWS(keep=folder) as aws:
    told["right"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
"""
"""Changes copies of a kept account in many ways, and tells why each is refused."""


def test_folders_that_cannot_be_trusted_or_read_are_refused(tmp_path: Path) -> None:
    """Each says what is wrong and how to mend it, and nothing in any of them is changed."""
    kept = tmp_path / "kept"
    in_process('with EmbeddedAWS(keep=folder) as aws:\n    aws.client("s3").create_bucket(Bucket="mine")\n', kept)
    told = in_process(REFUSED, kept)

    other = "Name another folder, or remove this one; nothing in it was changed."
    assert told["link"] == "/link.link is a link. Name the folder itself."
    assert told["open"].endswith("If nobody else has written there: chmod 700 /open")
    assert "was kept by another version, which alone can read it: Python 3.10 and not" in told["other version"]
    assert "moto 4.0.0 and not 5" in told["other version"]
    assert told["other version"].endswith(other)
    for name in ("no state", "linked state", "changed state", "no json", "no object"):
        assert told[name].startswith(f"the account in /{name} cannot be read: "), told[name]
        assert told[name].endswith(other)
    assert told["something else"] == "/something else holds something else: letter.txt. Name an empty or a new folder."
    if os.geteuid() == 0:
        assert told["somebody else's"].endswith("belongs to somebody else. Name a folder of your own.")
        assert "is no file of yours" in told["somebody else's file"]
    assert told["right"] == ["mine"]


def test_what_cannot_be_written_leaves_what_was_kept_before(tmp_path: Path) -> None:
    """A full disk is an error that says so; the account before is there again, without traces of the attempt."""
    in_process(MINE, tmp_path / "kept")
    before = files(tmp_path / "kept")
    code = """
import resource
try:
    with EmbeddedAWS(keep=folder) as aws:
        aws.client("s3").create_bucket(Bucket="another")
        aws.client("s3").put_object(Bucket="another", Key="large", Body=os.urandom(200_000))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
except KeepError as error:
    told["error"] = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
told["kept"] = aws.kept
with EmbeddedAWS(keep=folder) as aws:
    told["buckets"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    told["left"] = sorted(os.listdir(folder))
    told["contents"] = os.listdir(os.path.join(folder, "contents"))
told["after"] = os.listdir(os.path.join(folder, "contents"))
"""
    told = in_process(code, tmp_path / "kept")

    assert "could not be written" in told["error"]
    assert told["error"].endswith("What was kept there before is still there.")
    assert (told["kept"], told["buckets"]) == (None, ["mine"])
    assert told["left"] == sorted({*before, "contents"})
    # The content that only the attempt had is removed by the next one that succeeds.
    assert (len(told["contents"]), told["after"]) == (1, [])


def test_signals_and_the_lock(tmp_path: Path) -> None:
    """A folder is used by one at a time; SIGTERM keeps the account, and what SIGKILL ends leaves the one before."""
    in_process(MINE, tmp_path)
    first = serve(tmp_path)
    assert first.stdout is not None
    command = [sys.executable, "-m", "embedded_aws.command", "serve", "--port", "0", "--keep", str(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"embedded-aws: another embedded AWS keeps its account in {tmp_path}. End it, or name another folder.\n"
    )
    before = files(tmp_path)
    first.kill()
    first.communicate()
    assert files(tmp_path) == before

    third = serve(tmp_path)
    third.send_signal(signal.SIGTERM)
    told, errors = third.communicate(timeout=60)
    assert (third.returncode, errors) == (0, "")
    assert told.index(f"Keeping the account in {tmp_path}") < told.index(f"The account is kept in {tmp_path}")
    assert files(tmp_path) != before
    code = """
with EmbeddedAWS(keep=folder) as aws:
    told["buckets"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
"""
    assert in_process(code, tmp_path) == {"buckets": ["mine"]}
