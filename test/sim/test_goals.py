# SPDX-License-Identifier: Apache-2.0
import pytest

from frs_ros.errors import ConfigError
from frs_ros.sim import suites
from frs_ros.sim.goals import in_order, moves, places

BOWL_IN = ('in', 'bowl_1', 'cabinet_1_bottom_region')


@pytest.mark.parametrize(
    'order',
    [
        [('open', 'cabinet_1_bottom_region'), BOWL_IN, ('close', 'cabinet_1_bottom_region')],
        [('close', 'cabinet_1_bottom_region'), ('open', 'cabinet_1_top_region')],
        [('turnon', 'stove_1'), ('on', 'pot_1', 'stove_1_cook_region')],
        [('in', 'bowl_2', 'tray_1_contain_region'), ('on', 'bowl_1', 'bowl_2')],
        [('in', 'mug_1', 'microwave_1_heating_region'), ('close', 'microwave_1')],
    ],
)
def test_goals_are_reached_in_an_order_that_is_possible(order):
    assert in_order(order) == in_order(reversed(order)) == tuple(order)


@pytest.mark.parametrize('goal', [('up', 'butter_1'), ('in', 'butter_1'), ('open', 'a', 'b'), ()])
def test_other_predicates_are_named(goal):
    with pytest.raises(ConfigError, match='goals such as'):
        in_order([goal])


@pytest.mark.parametrize('suite', suites.SUITES)
def test_every_stock_task_has_goals_of_known_kinds(suite):
    pytest.importorskip('libero', reason='LIBERO is not installed')
    import bddl.parsing

    for task in suites.tasks(suite):
        text = bddl.parsing.scan_tokens(filename=str(task.bddl_file))
        wanted = next(part for part in text if part[0] == ':goal')[1]
        goals = in_order([[str(w).lower() for w in goal] for goal in wanted[1:]])
        assert goals
        assert all(places(goal) != moves(goal) for goal in goals)
