"""Tongues: the languages in which letters speak to readers.

The words are gettext catalogues, `languages/*.po` among the templates, a deployer's own first; the ways of writing days
and numbers are CLDR's, as Babel brings them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from digest.errors import BadTemplate
from subscribers.names import is_language

#: The language in which messages are written where they stand; it needs no catalogue.
SOURCE = "en-GB"
_FOLDER = "languages"
_PLACE = re.compile(r"%\((\w+)\)s")
#: Plurals are tried up to here: no language has a rule that begins later.
_COUNTED = 101


@dataclass(frozen=True, eq=False)
class Tongue:
    """One language."""

    #: BCP 47.
    tag: str
    catalogue: NullTranslations
    locale: Locale

    @property
    def right_to_left(self) -> bool:
        """Whether its script runs from right to left."""
        return self.locale.text_direction == "rtl"

    def say(self, message: str, **values: object) -> str:
        """The message in this language, its `%(name)s` filled in."""
        return str(self.catalogue.gettext(message)) % values

    def plural(self, one: str, many: str, of: int, /, **values: object) -> str:
        """The message for so many."""
        return str(self.catalogue.ngettext(one, many, of)) % values

    def number(self, value: int) -> str:
        """ "1,240"; in German "1.240"."""
        return _decimal(value, self.locale)

    def day(self, value: date) -> str:
        """ "3 March"; in the United States "March 3"."""
        return format_skeleton("MMMMd", value, locale=self.locale)

    def long_date(self, value: date) -> str:
        """ "3 March 2026"."""
        return format_date(value, "long", locale=self.locale)

    def month(self, value: date) -> str:
        """ "March"."""
        return format_skeleton("MMMM", value, locale=self.locale)

    def month_of_year(self, value: date) -> str:
        """ "March 2026"."""
        return format_skeleton("yMMMM", value, locale=self.locale)


@lru_cache(maxsize=4096)
def _decimal(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def marked(message: str) -> str:
    """The message itself, noted for the catalogues where it is said later."""
    return message


class Tongues:
    """The languages that there are catalogues for, found once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._known: dict[str, Tongue] = {}

    @cached_property
    def available(self) -> tuple[str, ...]:
        """The tags of the catalogues, the source's among them."""
        found = {file.stem for each in self._folders for file in (each / _FOLDER).glob("*.po")}
        return (SOURCE, *sorted(found))

    def of(self, tag: str) -> Tongue:
        """The language of a tag such as "de-AT"; the source's where there is no catalogue. Raises BadTemplate."""
        if tag not in self._known:
            self._known[tag] = self._read(tag)
        return self._known[tag]

    def must_all_be_whole(self) -> None:
        """Reads every catalogue, before anything rests on one. Raises BadTemplate for the first that cannot be used."""
        for tag in self.available:
            self.of(tag)

    def nearest(self, wanted: str, *, otherwise: str) -> str:
        """The tag in which to write to somebody who reads `wanted`, in a newsletter whose language is `otherwise`.

        The newsletter's own where both are kinds of one language, so that readers in Bern and Berlin share a letter.
        """
        if not wanted or _primary(wanted) == _primary(otherwise):
            return otherwise
        return self._catalogue(wanted) or otherwise

    def speaks(self, tag: str) -> bool:
        """Whether that is the tag of a language in which letters can be written, or of a kind of it."""
        return is_language(tag) and bool(self._catalogue(tag))

    def _read(self, tag: str) -> Tongue:
        chosen = self._catalogue(tag) or SOURCE
        locale = _locale(tag if _primary(tag) == _primary(chosen) else chosen)
        if chosen == SOURCE:
            return Tongue(tag=tag, catalogue=NullTranslations(), locale=locale)
        return Tongue(tag=tag, catalogue=_translations(self._file(chosen)), locale=locale)

    def _catalogue(self, tag: str) -> str:
        """The catalogue for a tag: its own, or that of the language it is a kind of; empty for none."""
        same = {each.lower(): each for each in reversed(self.available)}
        parts = tag.lower().replace("_", "-").split("-")
        exact = next((same[name] for n in range(len(parts), 0, -1) if (name := "-".join(parts[:n])) in same), "")
        return exact or next((each for each in self.available if _primary(each) == parts[0]), "")

    def _file(self, tag: str) -> Path:
        return next(file for each in self._folders if (file := each / _FOLDER / f"{tag}.po").is_file())


def _translations(file: Path) -> Translations:
    try:
        with file.open("rb") as source:
            # Without a locale the compiled catalogue loses its rule of plurals.
            catalogue = read_po(source, locale=file.stem.replace("-", "_"), abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        translations = Translations(compiled)
        for message in catalogue:
            _must_fit(file, message, translations)
    except (OSError, PoFileError, ValueError, ArithmeticError) as error:
        raise BadTemplate(f"{file} cannot be read: {error}.", remedy="Mend that catalogue.") from error
    return translations


def _must_fit(file: Path, message: Message, translations: Translations) -> None:
    """Whether a message can be said of any number and with the values it gets. Raises BadTemplate."""
    asked, said = _forms(message.id), _forms(message.string)
    known = {name for each in asked for name in _PLACE.findall(each)}
    for each in filter(None, said) if message.id else ():
        strange = [name for name in _PLACE.findall(each) if name not in known]
        if strange or "%" in _PLACE.sub("", each.replace("%%", "")):
            what = f"%({strange[0]})s, which the message has not" if strange else "a single %"
            raise BadTemplate(
                f"{file}: “{asked[0]}” is translated with {what}.",
                remedy="Use the message's own names, such as %(name)s, and write %% for a per cent sign.",
            )
    if len(asked) > 1 and any(said):
        _must_count(file, asked[0], len(said), translations)


def _must_count(file: Path, message: str, forms: int, translations: Translations) -> None:
    for number in range(_COUNTED):
        form = translations.plural(number)
        if not 0 <= form < forms:
            raise BadTemplate(
                f"{file}: for {number} the rule of plurals asks for msgstr[{form}], which “{message}” has not.",
                remedy="Mend Plural-Forms at its head, or add that form.",
            )


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


def _locale(tag: str) -> Locale:
    for name in (tag, _primary(tag), SOURCE):
        try:
            return Locale.parse(name, sep="_" if "_" in name else "-")
        except (ValueError, UnknownLocaleError):
            continue
    raise AssertionError(f"CLDR does not know {SOURCE}")
