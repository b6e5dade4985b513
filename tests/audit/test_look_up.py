"""An audit that could not ask is no audit."""

from __future__ import annotations

from audit.look_up import told

SOUND = {"name": "numpy", "version": "2.0", "vulns": []}
KNOWN = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "lost", "skip_reason": "Dependency not found"}


def test_what_is_known_and_what_was_not_looked_up_end_otherwise() -> None:
    assert told({"dependencies": [SOUND]}) == (["1 packages looked up, 0 known vulnerabilities"], 0)
    lines, ending = told({"dependencies": [SOUND, KNOWN, UNKNOWN]})
    assert lines[0] == "old 1.0: PYSEC-1, mended in 1.1"
    assert ending == 1
    lines, ending = told({"dependencies": [UNKNOWN, UNKNOWN | {"name": "gone"}]})
    assert lines[-1] == "2 packages were not looked up, of which nothing is known: lost, gone"
    assert ending == 2
    assert told({"dependencies": []})[1] == 2
