"""The one catalogue of everything people read: English in the code, Chinese in `locale/`."""

import gettext
import os
from collections.abc import Callable, Mapping
from pathlib import Path

DOMAIN = "xiaoan"
LANGUAGES = ("en", "zh_CN")
LOCALE_FOLDER = Path(__file__).parent / "locale"


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a sentence for the catalogue; it is translated where it is shown."""
    return sentence


def language(wanted: str, environment: Mapping[str, str]) -> str:
    """The catalogue's language for `--lang` or, where that is empty, for the locale: Chinese for any zh, else English."""
    tag = wanted or next((environment[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(k)), "")
    return "zh_CN" if tag.lower().startswith("zh") else "en"


def translator(wanted: str = "", environment: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """The function that turns a marked sentence into the wanted language; English where no catalogue is."""
    tag = language(wanted, os.environ if environment is None else environment)
    return gettext.translation(DOMAIN, LOCALE_FOLDER, [tag], fallback=True).gettext
