"""Synthetic safety maps: drawings of one group, released together; and a few that wait."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.demo.assessed import Made
from app.demo.lives import Story, part
from app.demo.models import stored
from app.safety_maps import rules
from app.safety_maps.grid import NAMES, Grid, by_colour, shape

N_RELEASED, N_WAITING = 24, 4
MARKED = 40  # squares of one drawing
MIDDLE = 3.5


def maps(story: Story) -> Iterator[Made]:
    """Around the place, after dark: its middle is red to most, what lies around is not."""
    if story.shape is None:
        return
    done = story.plot == "monitoring"
    state = rules.State.RELEASED if done else rules.State.COLLECTED
    day = story.part_of_life(0.68) if done else story.today - timedelta(days=4)
    middle = story.shape.centroid
    area = rules.area("NEAR")
    grid = Grid.around(middle.x, middle.y, area.cell_m)
    for number in range(N_RELEASED if done else N_WAITING):
        for colour, cells in by_colour(_drawing(story, grid, number)).items():
            yield (
                "safety_map",
                _sheet(story, number, colour, day)
                | {
                    "area_label": area.label,
                    "drawing": stored(shape(cells, area.cell_m)),
                    "state": state.value,
                },
            )


def _sheet(story: Story, number: int, colour: str, day: date) -> dict[str, object]:
    return part(story, f"sheet {number} {colour}", day, story.author) | {
        "place_id": story.key,
        "session_on": day,
        "sheet_id": story.id(f"sheet {number}"),
        "group_size": 24,
        "colour": colour,
        "after_dark": True,
    }


def _drawing(story: Story, grid: Grid, number: int) -> dict[tuple[int, int], str]:
    rng = story.rng(f"drawing {number}")
    found = {}
    for name in sorted(str(one) for one in rng.choice(NAMES, MARKED, replace=False)):
        column, row = ord(name[0]) - ord("A"), int(name[1:]) - 1
        away = max(abs(column - MIDDLE), abs(row - MIDDLE)) + rng.normal(0, 0.9)
        found[grid.cell(name)] = "RED" if away < 1.6 else "AMBER" if away < 2.6 else "GREEN"
    return found
