"""What may be claimed of proposed thresholds, and what not, in words; and why they are not written."""

from edge.calibrate.site import Proposal
from edge.commands.context import Context, Translate
from edge.words import N_

PLACE_IS_LOUD = N_("No threshold is high enough for {target:g} a day here: find what raises it (xiaoan replay --explain), set min_dba, or move the terminal.")
PHRASE_IS_COMMON = N_("No thresholds are high enough for {target:g} a day here: take the first of these phrases out of the list.")


def facts(found: Proposal) -> dict[str, object]:
    """What a proposal claims, for --json."""
    return {
        "heard_h": round(found.heard_h, 5), "needed_h": round(found.needed_h, 1), "proven": found.proven, "reachable": found.reachable,
        "target_per_day": found.target_per_day, "per_day": round(found.per_day, 3), "at_most_per_day": round(found.at_most_per_day, 3),
        "incidents": found.incidents,
    }  # fmt: skip


def conclusions(found: Proposal, _: Translate, unreachable: str, go_on: str) -> list[str]:
    """A sentence or two. unreachable: the one for where no thresholds are high enough. go_on: the command that lets it listen on."""
    said = _(N_("With these, {incidents} incidents in {heard:.1f} h: {per_day:.2f} false alarms a day, at most {at_most:.2f} (95 %)."))
    lines = [said.format(incidents=found.incidents, heard=found.heard_h, per_day=found.per_day, at_most=found.at_most_per_day)]
    if not found.reachable:
        lines.append(_(unreachable).format(target=found.target_per_day))
    elif not found.proven:
        told = _(N_("To claim at most {target:g} a day it needs {needed:.0f} h of listening, has {heard:.1f} h. Let it listen on: {command}"))
        lines.append(told.format(target=found.target_per_day, needed=found.needed_h, heard=found.heard_h, command=go_on))
    return lines


def may_be_written(context: Context, found: Proposal, lost: int = 0, real: int = 0, *, accept_misses: bool = False) -> bool:
    """Whether the thresholds hold what was asked of them; where they do not, it is said why. lost: of `real` alerts, those that they would have missed."""
    _ = context.translate
    if not found.reachable or not found.proven:
        sentence = _(N_("No thresholds are written: {target:g} false alarms a day are not proven."))
        context.errors.print(sentence.format(target=found.target_per_day), markup=False)
        return False
    if lost and not accept_misses:
        sentence = _(N_("No thresholds are written: they would have missed {lost} of {real} alerts that the desk judged real. To take them: --accept-misses"))
        context.errors.print(sentence.format(lost=lost, real=real), markup=False)
        return False
    return True
