"""Many real processes on one ledger."""

import subprocess
import sys
import textwrap
from pathlib import Path

from ledger.building import plan, whole
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import positions, read_segments
from reprollm.ledger.verify import verify

TESTS = str(Path(__file__).parents[1])
PUBLISH = textwrap.dedent("""
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from ledger.building import plan, publish_attempt
    made, ledger, number = plan(40), Path(sys.argv[2]), int(sys.argv[3])
    for first in range(5 * number, 5 * number + 5):
        publish_attempt(ledger, made, first, first + 1, name=str(number))
""")
COMMIT = textwrap.dedent("""
    import sys
    from pathlib import Path
    from reprollm.ledger.commit import commit
    print(commit(Path(sys.argv[1]), wait=True).size)
""")


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out


def test_eight_processes_publish_while_one_commits(tmp_path: Path) -> None:
    made = plan(40)
    made.publish(tmp_path)
    publishers = [started(PUBLISH, TESTS, tmp_path, number) for number in range(8)]
    sizes = []
    while any(process.poll() is None for process in publishers):
        sizes.append(commit(tmp_path).size)
        assert verify(tmp_path, allow_incomplete=True).holds
    for process in publishers:
        ended(process)
    sizes.append(commit(tmp_path).size)
    assert sizes == sorted(sizes)
    report = verify(tmp_path)
    assert report.holds
    assert report.runs[0].answered == 40
    assert len({shard.sha256 for _, shard in positions(read_segments(tmp_path))}) == 41
    assert report.uncommitted == ()


def test_two_commits_at_once_append_every_shard_once(tmp_path: Path) -> None:
    whole(tmp_path)
    outputs = {ended(process) for process in [started(COMMIT, tmp_path) for _ in range(3)]}
    assert outputs == {"20\n"}
    assert len(read_segments(tmp_path)) == 1
    assert verify(tmp_path).holds
