"""Faults of the signal: raised for dead and stuck devices, never for a room."""

import numpy as np
import pytest

from edge.capture.signal import SignalHealth
from edge.health.faults import Fault
from tests.capture.sounds import Array, noise, tone

RATE_HZ = 48_000


def faults(sound: Array, block: int = 2400) -> list[frozenset[Fault]]:
    """What is shown after each block."""
    state, shown = SignalHealth(), []
    for start in range(0, len(sound) - block + 1, block):
        state, now = state.advance(sound[start : start + block], (start + block) / RATE_HZ)
        shown.append(now)
    return shown


def sixteen_bits(sound: Array) -> Array:
    """As a converter of 16 bits gives it."""
    return (np.round(sound * 32768) / 32768).astype(np.float32)


def rain() -> Array:
    """Drops on a roof: noise and thousands of short hard clicks."""
    rng = np.random.default_rng(3)
    sound = noise(60.0, 0.05, RATE_HZ)
    sound[rng.integers(0, len(sound), 5000)] += rng.uniform(-1, 1, 5000).astype(np.float32)
    return np.clip(sound, -1, 1)


def screams() -> Array:
    """Three seconds of clipped screaming in every minute."""
    sound = noise(120.0, 0.01, RATE_HZ)
    for minute in (10, 70):
        sound[minute * RATE_HZ : (minute + 3) * RATE_HZ] += tone(1500.0, 3.0, 1.1, RATE_HZ)
    return np.clip(sound, -1, 1)


ROOMS = {
    "quiet room, 16 bits": sixteen_bits(noise(60.0, 0.6 / 32768, RATE_HZ)),
    "very quiet room, a step of 16 bits now and then": sixteen_bits(noise(60.0, 0.2 / 32768, RATE_HZ)),
    "fan": noise(60.0, 0.003, RATE_HZ) + tone(100.0, 60.0, 0.02, RATE_HZ),
    "rain": rain(),
    "screams": screams(),
    "music box loop, heard through the air": np.tile(tone(800.0, 0.5, 0.2, RATE_HZ), 120) + noise(60.0, 0.0005, RATE_HZ),
}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_no_fault(room: str) -> None:
    """Quiet rooms, steady machines, rain and real screams show nothing."""
    assert set().union(*faults(ROOMS[room])) == set()


def test_digital_silence_is_silence_after_seven_seconds_and_over_at_the_first_sound() -> None:
    """Exact zeros are a dead or muted microphone; a room is never that quiet."""
    shown = faults(np.concatenate([np.zeros(12 * RATE_HZ, np.float32), noise(1.0, 0.001, RATE_HZ)]))
    assert shown[: 7 * 20 - 1] == [frozenset()] * (7 * 20 - 1)
    assert shown[12 * 20 - 1] == {Fault.SILENCE}
    assert shown[12 * 20] == frozenset()


def test_one_value_for_ever_is_constant() -> None:
    """A converter stuck at a value is not silence; one stuck at full scale clips as well."""
    assert faults(np.full(12 * RATE_HZ, 0.25, np.float32))[-1] == {Fault.CONSTANT}
    assert faults(np.full(12 * RATE_HZ, -1.0, np.float32))[-1] == {Fault.CONSTANT, Fault.CLIPPING}


@pytest.mark.parametrize("buffer", [2400, 1024, 4096, 16384, 44_100])
@pytest.mark.parametrize("block", [480, 2400, 4800])
def test_one_buffer_again_and_again_is_frozen(buffer: int, block: int) -> None:
    """A stuck driver repeats its buffer bit for bit, whatever its length and however it is cut into blocks; it is over with new sound."""
    stuck = np.resize(noise(1.0, 0.1, RATE_HZ)[:buffer], 14 * RATE_HZ)
    shown = faults(np.concatenate([noise(2.0, 0.1, RATE_HZ, 2), stuck, noise(3.0, 0.1, RATE_HZ, 3)]), block)
    assert shown[16 * RATE_HZ // block - 1] == {Fault.FROZEN}
    assert set().union(*shown[: 8 * RATE_HZ // block]) == set()
    assert shown[11 * RATE_HZ // block] == {Fault.FROZEN}
    assert shown[-1] == frozenset()


def test_clipping_without_a_breath_is_shown_at_once() -> None:
    """Seven seconds in which every block touches full scale; real screams come and go."""
    shown = faults(np.clip(noise(8.0, 0.5, RATE_HZ), -1, 1))
    assert shown[7 * 20 - 1] == frozenset()
    assert shown[7 * 20] == {Fault.CLIPPING}


def test_a_gain_far_too_high_is_clipping_until_it_is_turned_down() -> None:
    """A twentieth of all samples at full scale is shown within five minutes; it goes some minutes after the gain is right."""
    second = np.clip(noise(1.0, 0.5, RATE_HZ), -1, 1)
    state, shown = SignalHealth(), frozenset[Fault]()
    for now_s in range(300):
        state, shown = state.advance(second, float(now_s))
    assert Fault.CLIPPING in shown
    for now_s in range(300, 900):
        state, shown = state.advance(noise(1.0, 0.1, RATE_HZ, now_s), float(now_s))
    assert shown == frozenset()
