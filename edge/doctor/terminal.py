"""The terminal's own files: state folder, model, profile."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from edge.calibrate.bounds import poisson_tail
from edge.calibrate.history import Past
from edge.calibrate.levels import whole_level
from edge.calibrate.tally import at_grid
from edge.config import profiles
from edge.config.load import ConfigError
from edge.config.phrases import list_in_use
from edge.config.profiles import Calibration, MeasuredThresholds
from edge.config.schema import Config, PhraseSettings
from edge.detect.detector import Detector
from edge.detect.phrases import PHRASE_MANIFEST, PhraseModel
from edge.detect.units import lacking, units_apart
from edge.doctor.check import Check, bad, failed, good, warning
from edge.errors import EdgeError, Reason
from edge.words import N_

LOUDER_DB = 6.0
"""So much between then and now, and a summer holiday or a new floor is what the thresholds were found in."""

ENOUGH_S = 8 * 3600.0
"""Of listening in the last days, before anything is said about them."""

LAST_DAYS = 7

SURPRISING = 0.025
"""How likely so many incidents or more may be by chance before it is said that the place has changed."""

MOVED_DB = 1.0
"""Thresholds found with a sensitivity that was so far from today's belong to other scores."""


def state(folder: Path) -> Check:
    """Whether alerts survive a power cut."""
    if not folder.exists():
        above = next(at for at in folder.absolute().parents if at.exists())
        if os.access(above, os.W_OK | os.X_OK):
            return good("state", N_("the state folder {folder} will be made at the first start"), folder=folder)
    elif folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return good("state", N_("the state folder {folder} can be written to"), folder=folder)
    return bad(
        "state",
        N_("the state folder {folder} cannot be written to: alerts do not survive a restart"),
        N_("give it to the service's user: install -d -o xiaoan -g xiaoan -m 750 {folder}"),
        folder=folder,
    )


def runs(folder: Path) -> bool:
    """Whether a terminal runs on this state folder: it holds the lock."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def model(folder: Path) -> tuple[Check, Detector | None]:
    """The detector, its hash checked, loaded as the terminal would."""
    try:
        detector = Detector.load(folder)
    except EdgeError as error:
        return failed("model", error), None
    manifest = detector.manifest
    sentence = N_("the model {name} of {date} is whole (sha256 {sha256}…) and hears {labels}")
    return good("model", sentence, name=manifest.name, date=manifest.date, sha256=manifest.sha256[:8], labels=tuple(map(Reason, manifest.labels))), detector


def phrases(settings: PhraseSettings, folder: Path) -> Check:
    """The list of phrases, and whether the model can hear each of them. folder: of the models."""
    try:
        listed = list_in_use(settings, folder)
        units = units_apart([phrase.text for phrase in listed.heard], listed.mergers, heteronyms=listed.heteronyms)
        known = PhraseModel.load(folder).manifest.units if (folder / PHRASE_MANIFEST).exists() else None
    except ConfigError as error:
        return failed("phrases", error.problems[0])
    except EdgeError as error:
        return failed("phrases", error)
    if known is None:
        return warning("phrases", N_("there is no phrase model, so no phrase is heard"), N_("install the models again"))
    if lacks := lacking(units, known):
        return bad(
            "phrases",
            N_("the model cannot hear {count} of the phrases, among them {phrase}: it does not know {syllables}"),
            N_("take it out of the list; see: xiaoan phrases check"),
            count=len(lacks),
            phrase=lacks[0].phrase,
            syllables=", ".join(lacks[0].syllables),
        )
    sentence = N_("{count} phrases are listened for, and {off} are off (sha256 of the list in use {sha256}…)")
    digest = hashlib.sha256(repr(listed).encode()).hexdigest()[:8]
    return good("phrases", sentence, count=len(listed.heard), off=len(listed.phrases) - len(listed.heard), sha256=digest)


def place(thresholds: MeasuredThresholds | None, past: Past) -> Iterator[Check]:
    """Whether the place still sounds as it did when its thresholds were found; nothing is said where too little is known."""
    if thresholds is None or thresholds.l10_dba is None or thresholds.l50_dba is None or past.tally.heard_s < ENOUGH_S:
        return
    now = {percent: whole_level(past.tally, percent) for percent in (10, 50)}
    facts = {"then_l10": thresholds.l10_dba, "then_l50": thresholds.l50_dba, "l10": now[10], "l50": now[50]}
    if max(abs(now[10] - thresholds.l10_dba), abs(now[50] - thresholds.l50_dba)) >= LOUDER_DB:
        yield warning(
            "place",
            N_(
                "the place sounds unlike then: L10 {l10:.0f} and L50 {l50:.0f} dBA in the last days, "
                "{then_l10:.0f} and {then_l50:.0f} dBA when it was calibrated"
            ),
            N_("find thresholds for what it is like now: xiaoan calibrate site --from-history"),
            **facts,
        )
    else:
        yield good("place", N_("the place sounds as it did when it was calibrated: L10 {l10:.0f}, L50 {l50:.0f} dBA"), **facts)
    yield from _incidents(thresholds, past)


def _incidents(thresholds: MeasuredThresholds, past: Past) -> Iterator[Check]:
    """Whether the scores are as they were: what the history counted at the thresholds in use, against what they were found for."""
    target = thresholds.target_per_day
    if target is None:
        return
    count = sum(
        at_grid(counts, thresholds.periods[period][label])
        for (period, _hour), cell in past.tally.cells.items()
        for label, counts in cell.raised.items()
        if label in thresholds.periods.get(period, {})
    )
    heard_days = past.tally.heard_s / 86_400
    facts = {"count": count, "days": heard_days, "target": target}
    if poisson_tail(count, target * heard_days) < SURPRISING:
        yield warning(
            "incidents",
            N_("{count} incidents in {days:.1f} days of listening, where the thresholds were found for {target:g} false alarms a day"),
            N_("let the desk judge them, and find thresholds for what it is like now: xiaoan calibrate site --from-history --verdicts FILE.csv"),
            **facts,
        )
    else:
        yield good("incidents", N_("{count} incidents in {days:.1f} days of listening go with the {target:g} false alarms a day of the profile"), **facts)


def profile(config: Config, folder: Path, found: Calibration) -> Iterator[Check]:
    """What calibration found, and whether it still belongs here."""
    if found.problem:
        yield failed("profile", found.problem)
        if not (found.measured or found.thresholds or found.phrases):
            return  # nothing of it is in use
    kept = profiles.read(folder / profiles.FILE)
    measured = found.measured
    if measured:
        sentence = N_("the microphone was measured: {sensitivity:.1f} dBFS at 94 dB SPL, give or take {uncertainty:.1f} dB ({at})")
        if not measured.at:  # the clock was not synchronised
            sentence = N_("the microphone was measured: {sensitivity:.1f} dBFS at 94 dB SPL, give or take {uncertainty:.1f} dB (time unknown)")
        yield good("sensitivity", sentence, sensitivity=measured.sensitivity_dbfs, uncertainty=measured.uncertainty_db, at=measured.at)
    elif "sensitivity_dbfs" in config.microphone.model_fields_set:
        yield good("sensitivity", N_("the configuration sets the microphone's sensitivity: {value:.1f} dBFS at 94 dB SPL"), value=found.sensitivity_dbfs)
    else:
        yield warning(
            "sensitivity",
            N_("the microphone was never measured; levels in dBA may be wrong by several dB"),
            N_("run: xiaoan calibrate level"),
        )
    thresholds = kept.thresholds if kept else None
    if thresholds and not found.thresholds:
        return  # the problem has told of them
    if thresholds is None:
        yield warning("thresholds", N_("the thresholds are the model's own; nobody has listened to this place"), N_("run: xiaoan calibrate site"))
    elif abs(thresholds.sensitivity_dbfs - found.sensitivity_dbfs) > MOVED_DB:
        yield warning(
            "thresholds",
            N_("the thresholds were found with a sensitivity of {then:.1f} dBFS, now it is {now:.1f} dBFS"),
            N_("listen again: xiaoan calibrate site"),
            then=thresholds.sensitivity_dbfs,
            now=found.sensitivity_dbfs,
        )
    else:
        sentence = N_("the thresholds come from {hours:.0f} h of listening here ({at})")
        yield good("thresholds", sentence, hours=thresholds.heard_s / 3600, at=thresholds.at or Reason(N_("time unknown")))
