"""HTML put together so that whatever comes from outside is text."""

import html


class Markup(str):
    """HTML as it stands."""

    __slots__ = ()


_EMPTY = frozenset({"input", "link", "meta"})


def tag(name: str, /, *children: str | None, **attributes: object) -> Markup:
    """An element. `class_` is class, `aria_label` aria-label; an attribute that is None or False is left out, True has no value."""
    head = name
    for attribute, value in attributes.items():
        if value is not None and value is not False:
            head += f" {attribute.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
    return Markup(f"<{head}>" if name in _EMPTY else f"<{head}>{together(*children)}</{name}>")


def together(*children: str | None) -> Markup:
    """One after the other; what is no Markup is escaped."""
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child) for child in children if child is not None))
