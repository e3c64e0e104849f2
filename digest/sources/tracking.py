"""Tracking: what links carry to tell where a reader came from, and the links without it."""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

#: How the parameters of one program begin.
_FAMILIES = (
    "utm_",  # campaigns of Google Analytics, which most other programs have taken over
    "hsa_",  # HubSpot's advertisements
    "_hs",  # and its mails: _hsenc, _hsmi
    "__hs",  # and its visitors: __hstc, __hssc, __hsfp
    "mtm_",  # Matomo
    "matomo_",
    "piwik_",  # what it was called before
    "pk_",
    "vero_",  # Vero's mails
    "oly_",  # Omeda's mails
    "fb_action_",  # what somebody did on Facebook
    "wt.",  # Webtrends
)
#: Parameters known by their whole name, in lower case.
_WORDS = """
    fbclid fb_ref fb_source igshid igsh twclid ttclid li_fat_id epik rdt_cid sccid
    gclid gclsrc dclid gbraid wbraid srsltid _ga _gl msclkid yclid ymclid _openstat
    mc_cid mc_eid hsctatracking mkt_tok dm_i ck_subscriber_id
    elqtrackid elqtrack elqaid elqat elqcampaignid
    s_cid s_kwcid ef_id cmpid xtor spm ref_src ref_url wickedid wickedsource
    ns_campaign ns_mchannel ns_source ns_linkname ns_fee trkcampaign guce_referrer guce_referrer_sig
    at_medium at_campaign at_campaign_type at_link_id at_link_type at_link_origin at_format at_bbc_team
    at_ptr_name at_ptr_type at_custom1 at_custom2 at_custom3 at_custom4
"""
_NAMES = frozenset(_WORDS.split())
#: Names that mean something elsewhere, and are tracking only with such a value.
_VALUES = {
    "source": re.compile(r"rss(?:-.*)?", re.IGNORECASE),
    "partner": re.compile(r"rss(?:nyt)?", re.IGNORECASE),
    "emc": re.compile(r"rss", re.IGNORECASE),
    "cmp": re.compile(r"(?:share_|rss|twt_|fb_).*", re.IGNORECASE),
    "ref": re.compile(r"rss|feed|newsletter|share", re.IGNORECASE),
}
_PORTS = {"http": ":80", "https": ":443"}


def canonical(link: str) -> str:
    """The link without tracking parameters, with its host in lower case, and without a port that goes without saying.

    All else stays as it is written: the order of the other parameters, and a fragment that tells two parts of a page
    apart. What is no web address is given back unchanged.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if parts.scheme not in _PORTS or not parts.netloc or "@" in parts.netloc:
        return link
    return urlunsplit((parts.scheme, _host(parts), parts.path, _query(parts.query), _fragment(parts.fragment)))


def plain_guid(guid: str, link: str | None) -> str:
    """The guid without what changes while the item stays the same, when it is but another way of writing its link."""
    bare = canonical(guid)
    if link and (bare == link or re.fullmatch(re.escape(link) + r"#\d{1,3}", bare)):
        # Some count the revisions of a piece behind the sign.
        return link
    return guid if bare.casefold() == guid.casefold() else bare


def _host(parts: SplitResult) -> str:
    return parts.netloc.lower().removesuffix(_PORTS[parts.scheme]).removesuffix(":")


def _query(query: str) -> str:
    return "&".join(part for part in query.split("&") if part and not _is_tracking(part))


def _fragment(fragment: str) -> str:
    """The fragment, unless it is parameters of tracking alone; what it would have a browser highlight is left out."""
    shown = fragment.partition(":~:")[0]
    parts = shown.lstrip("?").split("&")
    return "" if all(_is_tracking(part) for part in parts) else shown


def _is_tracking(part: str) -> bool:
    name, _, value = part.partition("=")
    name = name.removeprefix("amp;").lower()
    if name in _NAMES or name.startswith(_FAMILIES):
        return True
    return name in _VALUES and _VALUES[name].fullmatch(value) is not None
