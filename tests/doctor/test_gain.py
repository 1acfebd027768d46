"""What is said of the microphone's gain."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.doctor.check import State
from edge.doctor.gain import controls, gain, gain_since, gains_percent
from tests.sound_server import VirtualMicrophone

USB = """Simple mixer control 'Speaker',0
  Capabilities: pvolume pswitch pswitch-joined
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 151
  Front Left: Playback 44 [29%] [-20.13dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch cswitch-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 127 Capture 0 - 16
  Mono: Playback 82 [65%] [-16.86dB] [off] Capture 12 [75%] [17.86dB] [on]
Simple mixer control 'Auto Gain Control',0
  Capabilities: pswitch pswitch-joined
  Playback channels: Mono
  Mono: Playback [on]
"""
"""`amixer scontents` of a USB sound card of the cheapest kind (C-Media)."""

CODEC = """Simple mixer control 'Capture',0
  Capabilities: cvolume cswitch
  Capture channels: Front Left - Front Right
  Limits: Capture 0 - 63
  Front Left: Capture 0 [0%] [-17.25dB] [on]
  Front Right: Capture 39 [62%] [12.00dB] [on]
Simple mixer control 'ALC Function',0
  Capabilities: enum
  Items: 'Off' 'Right' 'Left' 'Stereo'
  Item0: 'Off'
Simple mixer control 'ALC Target',0
  Capabilities: volume volume-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: 0 - 15
  Mono: 4 [27%]
"""
"""Some of a WM8960's, as it is on microphone boards for the Raspberry Pi."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A computer with one USB card."""
    (tmp_path / "proc/asound/card1/pcm0c").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(" 1 [Device         ]: USB-Audio - USB PnP Sound Device\n")
    return tmp_path


def states(root: Path, told: str | None, device: str = "card:Device") -> list[tuple[str, State]]:
    """What is said where the mixer prints this."""

    def ask(command: Sequence[str]) -> str | None:
        assert command == ("amixer", "-c", "1", "scontents")
        return told

    return [(check.name, check.state) for check in gain(device, root, ask)]


def test_a_gain_that_adjusts_itself_is_said(root: Path) -> None:
    """It is a switch beside those for playback; with its name the remedy says how to switch it off."""
    assert states(root, USB) == [("gain", State.GOOD), ("agc", State.WARNING)]
    told = {check.name: (check.told(str), check.told_remedy(str)) for check in gain("card:Device", root, lambda _: USB)}
    assert told["gain"][0] == "Mic of card Device is at 75 % (17.9 dB)"
    assert "amixer -c Device sset 'Auto Gain Control' off" in told["agc"][1]
    assert states(root, USB.replace("Mono: Playback [on]", "Mono: Playback [off]")) == [("gain", State.GOOD), ("agc", State.GOOD)]


def test_a_codec_says_it_by_a_word(root: Path) -> None:
    """`ALC Function` is Off or a channel; its other controls are figures and say nothing."""
    assert [(control.name, control.on) for control in controls(CODEC) if control.adjusts] == [("ALC Function", False)]
    assert states(root, CODEC) == [("gain", State.BAD), ("agc", State.GOOD)]
    assert states(root, CODEC.replace("Item0: 'Off'", "Item0: 'Stereo'"))[1] == ("agc", State.WARNING)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (USB.replace("[17.86dB] [on]", "[17.86dB] [off]"), State.BAD),
        (USB.replace("Capture 12 [75%]", "Capture 0 [0%]"), State.BAD),
        ("", State.GOOD),
        (None, State.WARNING),
    ],
)
def test_a_muted_one_is_bad_and_none_at_all_is_good(root: Path, told: str | None, state: State) -> None:
    """Microphones on I2S have no gain; a mixer that cannot be read is said."""
    assert states(root, told)[0] == ("gain", state)


def test_a_gain_that_was_turned_since_the_measurement_is_said(root: Path) -> None:
    """Mic was at 75 %: the same, another, and what another mixer has or nobody can read."""

    def since(then: dict[str, int] | None, told: str | None) -> list[tuple[State, str, str]]:
        return [(check.state, check.told(str), check.told_remedy(str)) for check in gain_since(then, "card:Device", root, lambda _: told)]

    assert gains_percent("card:Device", root, lambda _: USB) == {"Mic": 75}
    assert since({"Mic": 75}, USB) == [(State.GOOD, "the gain is the one at which the microphone was measured", "")]
    ((state, told, remedy),) = since({"Mic": 75}, USB.replace("Capture 12 [75%]", "Capture 8 [50%]"))
    assert (state, told.partition(" when")[0]) == (State.WARNING, "Mic is at 50 %, and was at 75 %")
    assert "amixer -c Device sset 'Mic' 75% && alsactl store" in remedy
    for then, mixer in ((None, USB), ({"Capture": 75}, USB), ({"Mic": 75}, None), ({"Mic": 75}, "")):
        assert since(then, mixer) == []
    assert gains_percent("card:Device", root, lambda _: None) is None


@pytest.mark.parametrize(("rates", "state"), [("44100, 48000", State.GOOD), ("8000 - 48000 (continuous)", State.GOOD), ("8000", State.BAD)])
def test_the_rates_of_a_usb_microphone_are_told(root: Path, rates: str, state: State) -> None:
    """As the kernel lists them, those for recording alone."""
    (root / "proc/asound/card1/stream0").write_text(f"C-Media at usb-1.3\n\nPlayback:\n    Rates: 96000\n\nCapture:\n  Interface 2\n    Rates: {rates}\n")
    checks = {check.name: check for check in gain("card:Device", root, lambda _: USB)}
    assert checks["rates"].state is state
    assert "96000" not in checks["rates"].told(str)


def test_other_cards_are_not_spoken_of(root: Path) -> None:
    """The configured one alone counts, by whichever name; without any card nothing is said."""
    assert states(root, USB, "card:Other") == []
    assert list(gain("card:Device", root / "absent", lambda _: USB)) == []


def test_the_sound_server_is_asked_where_the_microphone_is_its(virtual_microphone: VirtualMicrophone, tmp_path: Path) -> None:
    """A real PulseAudio: as it is, turned down, muted."""

    def now() -> list[tuple[str, State]]:
        return [(check.name, check.state) for check in gain(virtual_microphone.device, tmp_path)]

    assert now() == [("gain", State.GOOD), ("agc", State.GOOD)]
    measured_at = gains_percent(virtual_microphone.device, tmp_path)
    assert measured_at == {"wall.monitor": 100}
    assert [check.state for check in gain_since(measured_at, virtual_microphone.device, tmp_path)] == [State.GOOD]
    virtual_microphone.set_source("volume", "40%")
    assert now() == [("gain", State.WARNING), ("agc", State.GOOD)]
    (since,) = gain_since(measured_at, virtual_microphone.device, tmp_path)
    assert (since.state, "pactl set-source-volume wall.monitor 100%" in since.told_remedy(str)) == (State.WARNING, True)
    virtual_microphone.set_source("mute", "1")
    assert now()[0] == ("gain", State.BAD)
