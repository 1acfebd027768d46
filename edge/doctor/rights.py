"""What the service's user may read and write, asked as that user."""

import grp
import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.calibrate import history
from edge.capture.cards import read_cards
from edge.config.schema import Config
from edge.doctor.check import Check, bad, good
from edge.evidence import shelf
from edge.words import N_

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 - named, not used
"""What the unit hides from the service, whatever the modes say (ProtectHome, PrivateTmp)."""

FOLDERS = (history.FOLDER, shelf.FOLDER)
LOCK = "lock"
"""Of the state folder, what the terminal writes into as it is; other files it replaces."""

_ASK_S = 10.0
_TELL_REFUSED = 'way=$1; shift; for file; do test "$way" "$file" || printf "%s\\0" "$file"; done'


@dataclass(frozen=True, slots=True)
class Account:
    """Whose rights are looked at."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that the terminal uses."""

    path: Path
    write: bool = False
    within: Path | None = None  # the folder that is given to the user as a whole


def account(name: str, more_groups: Sequence[str]) -> Account | None:
    """The user of that name with the groups that the unit adds, as far as there are such; None: there is no such user."""
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return None
    known = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    added = [known[group] for group in more_groups if group in known]
    return Account(name, user.pw_uid, user.pw_gid, tuple(dict.fromkeys([*os.getgrouplist(name, user.pw_gid), *added])))


def needs(config: Config, file: Path | None, state: Path, models: Path, root: Path = Path("/")) -> list[Need]:
    """What the terminal reads and writes as it is configured, as far as it is there; what is missing is told by others."""
    broker, sounder = config.broker, config.sounder
    read = [
        *([file] if file else []),
        *sorted(models.glob("*.onnx")),
        *sorted(models.glob("*.toml")),
        *map(Path, filter(None, (broker.credentials, broker.tls.ca, broker.tls.certificate, broker.tls.key, config.phrases.file, sounder.sentence))),
        *([Path(config.key.device)] if config.key.driver == "usb" else []),
    ]
    relays = [Path(output.port) for output in (config.lamp, sounder) if output.driver == "relay"]
    sound = [root / f"dev/snd/pcmC{card.number}D{pcm}c" for card in read_cards(root) for pcm in card.capture]
    # A terminal that root tried once by hand leaves files of root there, and the service's own cannot keep an alert.
    kept = [Need(file, write=True, within=state) for file in sorted([state, *(state / name for name in FOLDERS), *state.glob("outbox.*"), state / LOCK])]
    found = [*(Need(path) for path in read), *kept, *(Need(path, write=True) for path in (*relays, *sound))]
    return [need for need in found if os.path.lexists(need.path)]


def rights(wanted: Sequence[Need], user: Account | None, hidden: Sequence[Path] = HIDDEN) -> Iterator[Check]:
    """What the user may not do, a line for each folder; one line where all is well.

    user: None for whoever looks; as another one only root can ask. hidden: folders that the service does not see.
    """
    facts: dict[str, object] = {"user": user.name if user else pwd.getpwuid(os.getuid()).pw_name}
    unread = set(_refused([need.path for need in wanted], user, write=False))
    unwritten = set(_refused([need.path for need in wanted if need.write], user, write=True))
    told = set()
    for need in wanted:
        path = need.path
        check = _wrong(need, facts, hidden=bool(user) and any(path.is_relative_to(folder) for folder in hidden),
                       unread=path in unread, unwritten=path in unwritten)  # fmt: skip
        place = need.within or path.parent
        if check and (check.sentence, place) not in told:
            told.add((check.sentence, place))
            yield check
    if wanted and not told:
        yield good("rights", N_("the user {user} may read and write all that the terminal needs ({count} files, folders and devices)"),
                   count=len(wanted), **facts)  # fmt: skip


def _wrong(need: Need, facts: Mapping[str, object], *, hidden: bool, unread: bool, unwritten: bool) -> Check | None:
    path = need.path
    if hidden:
        return bad("rights", N_("the unit hides {path} from the service"), N_("move it below /etc/xiaoan, /var/lib/xiaoan or /opt/xiaoan"), path=path)
    if path.parent.name == "snd" and (unread or unwritten):
        return bad("rights", N_("the user {user} may not use the sound card's {path}"),
                   N_("add the user to the group audio: usermod -aG audio {user}; then log in anew, or restart the service"), path=path, **facts)  # fmt: skip
    if unwritten and need.within:
        return bad("rights", N_("the user {user} may not write to {path}"), N_("give it to the user: chown -R {user} {folder}"),
                   path=path, folder=need.within, **facts)  # fmt: skip
    if unread:
        return bad("rights", N_("the user {user} may not read {path}"),
                   N_("let the user: chgrp {user} {path} && chmod g+r {path}; each folder above needs x"), path=path, **facts)  # fmt: skip
    if unwritten:
        return bad("rights", N_("the user {user} may not write to {path}"), N_("give it to the user: chown {user} {path}"), path=path, **facts)
    return None


def _refused(paths: Sequence[Path], user: Account | None, *, write: bool) -> list[Path]:
    """Those that the user may not read, or not write."""
    done = subprocess.run(
        ["/bin/sh", "-c", _TELL_REFUSED, "sh", "-w" if write else "-r", *map(str, paths)],
        capture_output=True, timeout=_ASK_S, check=True, cwd="/",
        user=user.uid if user else None, group=user.gid if user else None, extra_groups=user.groups if user else None,
    )  # fmt: skip
    return [Path(os.fsdecode(path)) for path in done.stdout.split(b"\0") if path]
