"""Microphones by names that survive a reboot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.capture.cards import Card, read_cards
from edge.capture.devices import Device, Input, list_devices, name_devices, resolve
from edge.capture.errors import DevicesUnknown, MicrophoneBusy, MicrophoneMissing, PortAudioMissing
from tests.sound_server import VirtualMicrophone

# As a Raspberry Pi with two USB microphones of one kind shows it.
CARDS = """\
 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.3, full speed
 2 [Device_1       ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.1, full speed
"""
FIRST = Card(1, "Device", "USB PnP Sound Device", (0,), "1-1.3", "0d8c:0014")
SECOND = Card(2, "Device_1", "USB PnP Sound Device", (0,), "1-1.1", "0d8c:0014")
INPUTS = [
    Input(4, "USB PnP Sound Device: Audio (hw:1,0)", 1, 44_100),
    Input(7, "USB PnP Sound Device: Audio (hw:2,0)", 1, 44_100),
    Input(9, "pulse", 32, 44_100),
]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The parts of /proc and /sys that tell about CARDS."""
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(CARDS)
    (tmp_path / "sys/class/sound").mkdir(parents=True)
    for number, pcm, where in ((0, "pcm0p", "platform/soc/sound"), (1, "pcm0c", "pci0/usb1/1-1/1-1.3"), (2, "pcm0c", "pci0/usb1/1-1/1-1.1")):
        (tmp_path / f"proc/asound/card{number}/{pcm}").mkdir(parents=True)
        device = tmp_path / "sys/devices" / where
        interface = device / f"{device.name}:1.0"
        (interface / f"sound/card{number}").mkdir(parents=True)
        (interface / f"sound/card{number}/device").symlink_to("../..")
        (tmp_path / f"sys/class/sound/card{number}").symlink_to(interface / f"sound/card{number}")
        if "usb" in where:
            (device / "idVendor").write_text("0d8c\n")
            (device / "idProduct").write_text("0014\n")
    return tmp_path


def test_cards_are_known_by_id_socket_and_kind(machine: Path) -> None:
    """ALSA's id, the USB socket and vendor:product come from /proc and /sys; a card that only plays has nothing to record with."""
    assert read_cards(machine) == [Card(0, "Headphones", "bcm2835 Headphones", ()), FIRST, SECOND]


def test_a_machine_without_sound_has_no_cards(tmp_path: Path) -> None:
    """Neither a kernel without ALSA nor one without a card is an error."""
    assert read_cards(tmp_path) == []
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text("--- no soundcards ---\n")
    assert read_cards(tmp_path) == []


def test_the_same_names_lead_to_the_same_microphones_after_a_reboot() -> None:
    """Cards that come up in another order keep their sockets; virtual devices go by PortAudio's name."""
    before = name_devices(INPUTS, [FIRST, SECOND])
    assert before[0] == (4, Device("card:Device", ("path:1-1.3", "usb:0d8c:0014"), "USB PnP Sound Device: Audio", 1, 44_100, usable=True))
    swapped = name_devices(INPUTS, [Card(1, "Device", "", (0,), "1-1.1", "0d8c:0014"), Card(2, "Device_1", "", (0,), "1-1.3", "0d8c:0014")])
    assert (resolve("path:1-1.3", before, -1), resolve("path:1-1.3", swapped, -1)) == (4, 7)
    assert resolve("card:Device_1", before, -1) == 7
    assert resolve("usb:0d8c:0014", before, -1) == 4
    assert resolve("name:pulse", before, -1) == 9


def test_a_second_device_of_a_card_has_its_own_names() -> None:
    """Device 2 of a card is `card:PCH,2`."""
    named = name_devices([Input(0, "HDA Intel PCH: DMIC (hw:0,2)", 2, 48_000)], [Card(0, "PCH", "HDA Intel PCH", (2,))])
    assert named == [(0, Device("card:PCH,2", (), "HDA Intel PCH: DMIC", 2, 48_000, usable=True))]


def test_no_name_is_the_systems_default() -> None:
    """PortAudio's choice is taken where nothing is configured; it may have none."""
    named = name_devices(INPUTS, [])
    assert resolve("", named, 9) == 9
    with pytest.raises(MicrophoneMissing, match=r"default not found; present: -\."):
        resolve("", [], -1)


def test_a_missing_microphone_is_said_with_those_there_are() -> None:
    """The technician sees the wanted name beside the names that would work."""
    with pytest.raises(MicrophoneMissing, match=r"card:Yeti not found; present: card:Device, card:Device_1, name:pulse\."):
        resolve("card:Yeti", name_devices(INPUTS, [FIRST, SECOND]), 9)


def test_a_card_that_portaudio_could_not_open_is_busy_not_missing() -> None:
    """PortAudio leaves out what another program holds; ALSA still has it."""
    named = name_devices(INPUTS[1:], [FIRST, SECOND])
    assert named[-1] == (None, Device("card:Device", ("path:1-1.3", "usb:0d8c:0014"), "USB PnP Sound Device", 0, 0, usable=False))
    with pytest.raises(MicrophoneBusy, match="card:Device is there but cannot be opened"):
        resolve("card:Device", named, 9)
    assert resolve("usb:0d8c:0014", named, 9) == 7
    with pytest.raises(MicrophoneBusy):
        resolve("", name_devices([], [FIRST]), -1)


def test_the_devices_of_this_machine_are_listed(virtual_microphone: VirtualMicrophone) -> None:
    """The real PortAudio, asked in a child, shows the virtual microphone."""
    wall = next(device for device in list_devices() if device.name == virtual_microphone.device)
    assert wall.usable
    assert wall.channels > 0
    assert wall.rate_hz > 0


@pytest.mark.parametrize(
    ("module", "error", "words"),
    [
        ("raise OSError('PortAudio library not found')", PortAudioMissing, "apt install libportaudio2"),
        ("import os; os.abort()", DevicesUnknown, "SIGABRT"),
    ],
)
def test_a_library_that_is_absent_or_crashes_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, error: type[Exception], words: str
) -> None:
    """Without libportaudio2 its name is said; a PortAudio that aborts (as with some ALSA configurations) takes only the child with it."""
    (tmp_path / "sounddevice.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(error, match=words):
        list_devices()


def test_only_the_child_loads_portaudio() -> None:
    """Importing everything the terminal needs leaves PortAudio out of the process."""
    code = "import sys, edge.capture.microphone, edge.capture.devices, edge.capture.child; sys.exit('sounddevice' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
