"""MJML schema: which tags there are, what each may hold, and which attributes it takes.

Source: the MJML documentation (documentation.mjml.io), version 4; less what the compiler does not
know (`mj-html-attributes`) and files (`mj-include`), of which a template has none.
"""

from collections.abc import Mapping
from types import MappingProxyType

_BOX = "padding padding-top padding-right padding-bottom padding-left"
_BORDERS = "border border-top border-right border-bottom border-left border-radius"
_FONT = "font-family font-size font-style font-weight"
_LETTERS = f"{_FONT} color letter-spacing line-height text-decoration text-transform"
_IN_COLUMN = f"{_BOX} align container-background-color"
_LINK = "href name rel target title"
_BACKGROUND = (
    "background-color background-position background-position-x background-position-y"
    " background-repeat background-size background-url"
)
_SECTION = f"{_BACKGROUND} {_BOX} {_BORDERS} direction full-width text-align text-padding"
_ICONS = (
    "icon-align icon-height icon-position icon-unwrapped-alt icon-unwrapped-url icon-width"
    " icon-wrapped-alt icon-wrapped-url"
)
_INNER_BORDERS = (
    "inner-border inner-border-top inner-border-right inner-border-bottom inner-border-left"
    " inner-border-radius"
)
_EVERY_COMPONENT = "css-class mj-class"


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


_COMPONENTS: Mapping[str, frozenset[str]] = {
    "mj-body": _words("background-color width id"),
    "mj-wrapper": _words(_SECTION, "gap"),
    "mj-section": _words(_SECTION),
    "mj-column": _words(
        _BOX,
        _BORDERS,
        _INNER_BORDERS,
        "background-color direction inner-background-color vertical-align width",
    ),
    "mj-group": _words("background-color direction vertical-align width"),
    "mj-text": _words(_IN_COLUMN, _LETTERS, "background-color height vertical-align"),
    "mj-button": _words(
        _IN_COLUMN,
        _BORDERS,
        _LETTERS,
        _LINK,
        "background-color direction height inner-padding text-align vertical-align width",
    ),
    "mj-image": _words(
        _IN_COLUMN,
        _BORDERS,
        _LINK,
        "alt fluid-on-mobile font-size height max-height sizes src srcset usemap width",
    ),
    "mj-divider": _words(_IN_COLUMN, "border-color border-style border-width width"),
    "mj-spacer": _words(_IN_COLUMN, _BORDERS, "height vertical-align width"),
    "mj-table": _words(
        _IN_COLUMN,
        _FONT,
        "border cellpadding cellspacing color line-height role table-layout text-align",
        "vertical-align width",
    ),
    "mj-social": _words(
        _IN_COLUMN,
        _FONT,
        "border-radius color icon-height icon-padding icon-size inner-padding line-height mode",
        "table-layout text-decoration text-padding",
    ),
    "mj-social-element": _words(
        _BOX,
        _FONT,
        _LINK,
        "align alt background-color border-radius color icon-height icon-padding icon-position",
        "icon-size line-height sizes src srcset text-decoration text-padding vertical-align",
    ),
    "mj-navbar": _words(
        _IN_COLUMN,
        "base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size",
        "ico-line-height ico-open ico-padding ico-padding-top ico-padding-right",
        "ico-padding-bottom ico-padding-left ico-text-decoration ico-text-transform",
    ),
    "mj-navbar-link": _words(_BOX, _LETTERS, _LINK),
    "mj-hero": _words(
        _IN_COLUMN,
        _BACKGROUND,
        "background-height background-width border-radius height inner-background-color",
        "inner-padding inner-padding-top inner-padding-right inner-padding-bottom",
        "inner-padding-left mode vertical-align width",
    ),
    "mj-accordion": _words(_IN_COLUMN, _ICONS, "border font-family"),
    "mj-accordion-element": _words(_ICONS, "background-color border font-family"),
    "mj-accordion-title": _words(_BOX, _FONT, "background-color color"),
    "mj-accordion-text": _words(_BOX, _FONT, "background-color color letter-spacing line-height"),
    "mj-carousel": _words(
        _IN_COLUMN,
        "background-color border-radius icon-width left-icon right-icon tb-border",
        "tb-border-radius tb-hover-border-color tb-selected-border-color tb-width thumbnails",
    ),
    "mj-carousel-image": _words(
        _LINK, "alt border-radius src tb-border tb-border-radius thumbnails-src"
    ),
}
ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: words | _words(_EVERY_COMPONENT) for name, words in _COMPONENTS.items()}
    | {
        "mjml": _words("dir lang owa"),
        "mj-head": _words(""),
        "mj-attributes": _words(""),
        "mj-breakpoint": _words("width"),
        "mj-font": _words("href name"),
        "mj-preview": _words(""),
        "mj-raw": _words("position"),
        "mj-style": _words("inline"),
        "mj-title": _words(""),
    }
)
# In `mj-attributes` each component stands for its defaults, and these two for those of many.
ANY_ATTRIBUTE = frozenset().union(*ATTRIBUTES.values())
DEFAULTS = frozenset({*_COMPONENTS, "mj-all", "mj-class"})

_CONTENT = _words(
    "mj-accordion mj-button mj-carousel mj-divider mj-image mj-navbar mj-raw mj-social mj-spacer"
    " mj-table mj-text"
)
CHILDREN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mjml": _words("mj-head mj-body"),
        "mj-head": _words(
            "mj-attributes mj-breakpoint mj-font mj-preview mj-raw mj-style mj-title"
        ),
        "mj-attributes": DEFAULTS,
        "mj-body": _words("mj-hero mj-raw mj-section mj-wrapper"),
        "mj-wrapper": _words("mj-hero mj-raw mj-section"),
        "mj-section": _words("mj-column mj-group mj-raw"),
        "mj-group": _words("mj-column mj-raw"),
        "mj-column": _CONTENT,
        "mj-hero": _CONTENT,
        "mj-social": _words("mj-social-element"),
        "mj-navbar": _words("mj-navbar-link"),
        "mj-accordion": _words("mj-accordion-element"),
        "mj-accordion-element": _words("mj-accordion-title mj-accordion-text"),
        "mj-carousel": _words("mj-carousel-image"),
    }
)
# What is between their tags is HTML or text, which the compiler does not look at.
ENDING = _words(
    "mj-accordion-text mj-accordion-title mj-button mj-navbar-link mj-preview mj-raw"
    " mj-social-element mj-style mj-table mj-text mj-title"
)
# Between the children of these, Liquid may choose and repeat them.
OPEN_TO_LIQUID = _words(
    "mj-body mj-column mj-group mj-hero mj-navbar mj-section mj-social mj-wrapper"
)
# Sizes that others are computed from: the unit is needed, and the number at once.
MEASURES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("mj-body", "width"): "px",
        ("mj-breakpoint", "width"): "px",
        ("mj-column", "width"): "px or %",
        ("mj-group", "width"): "px or %",
        ("mj-image", "width"): "px",
    }
)
