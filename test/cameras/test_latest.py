# SPDX-License-Identifier: Apache-2.0
import math
import threading

import numpy as np

from frs_ros.cameras.base import Frame
from frs_ros.cameras.latest import Latest

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(number: int) -> Frame:
    return Frame(IMAGE, 10 * number, number)


def test_the_newest_wins_and_the_rest_is_counted():
    slot = Latest(clock=lambda: 0.0)
    for number in (5, 6, 9):
        slot.put(frame(number))
    assert slot.take().number == 9
    assert slot.take() is None
    status = slot.status()
    assert (status.received, status.dropped, status.replaced) == (3, 2, 2)


def test_no_drops_are_made_up():
    slot = Latest()
    slot.put(frame(7))
    slot.put(frame(7))  # a camera that repeats or counts back does not drop
    slot.put(frame(3))
    slot.restarted()
    slot.put(frame(100))
    assert slot.status().dropped == 0


def test_age_is_that_of_the_newest_also_when_it_was_taken():
    now = [50.0]
    slot = Latest(clock=lambda: now[0])
    assert slot.status().age == math.inf
    slot.put(frame(1))
    slot.take()
    now[0] += 2.5
    assert slot.status().age == 2.5


def test_waiting_ends_with_a_frame():
    slot = Latest()
    thread = threading.Timer(0.05, slot.put, [frame(1)])
    thread.start()
    assert slot.take(timeout=10.0).number == 1
    thread.join()


def test_waiting_ends_when_woken():
    slot = Latest()
    thread = threading.Timer(0.05, slot.wake)
    thread.start()
    assert slot.take(timeout=10.0) is None
    thread.join()


def test_many_threads_lose_no_count():
    slot, taken = Latest(), []
    writers = [
        threading.Thread(target=lambda: [slot.put(frame(0)) for _ in range(500)]) for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    while any(w.is_alive() for w in writers):
        taken += [slot.take(0.001)]
    taken += [slot.take()]
    status = slot.status()
    assert status.received == 2000
    assert sum(f is not None for f in taken) + status.replaced == 2000
