"""Find fonts on this machine for pictures with class names in any script. Nothing is downloaded."""

import importlib.util
from pathlib import Path

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")
_FOR_ALL_SCRIPTS = ("NanumGothic.ttf", "NotoSansKR*.?tf", "NotoSansCJK*Regular.ttc", "NotoSansCJK*.ttc")


def font_for_all_scripts() -> Path:
    """Return a font that has Hangul, Han and Kana, or the Latin font if none is installed."""
    for pattern in _FOR_ALL_SCRIPTS:
        for folder in _FOLDERS:
            found = sorted(Path(folder).expanduser().rglob(pattern))
            if found:
                return found[0]
    return latin_font()


def latin_font() -> Path:
    """Return the DejaVu Sans that is installed with matplotlib."""
    specification = importlib.util.find_spec("matplotlib")  # does not import it
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed; expected it in the training image")
    return Path(specification.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
