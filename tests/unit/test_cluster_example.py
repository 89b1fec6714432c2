"""The example of clusters runs as it stands, and says what its words say."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clusters.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_example_runs_from_top_to_bottom_and_is_right(capsys):
    blocks = BLOCK.findall(PAGE.read_text())
    found = {}

    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), found)  # noqa: S102 - our own page

    assert len(blocks) == 5
    assert len(found["members"]) >= 14
    assert 0 < found["west"] < len(found["members"])
    assert found["first"] == found["second"]
    assert found["p"] == 1 / 200
    assert found["changes"].continues == {"north": "CL-OLD"}
    assert found["changes"].splits == {"south": "CL-OLD"}
    assert "p = 0.005" in capsys.readouterr().out
