"""Words: notices that say one thing and lead to one place: you are subscribed already, your link, your new address."""

from collections.abc import Mapping
from datetime import date

from digest.rendering.environment import TemplateEnvironment
from digest.rendering.fragments import one_line
from digest.rendering.notices import Front, Notice, notice
from digest.rendering.phrases import Phrases
from subscribers.address import masked


def present(front: Front, env: TemplateEnvironment) -> Notice:
    """Tells somebody who is subscribed already that somebody signed them up again. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    word = {
        "heading": say("You are subscribed already"),
        "button": say("See what you get"),
        "rest": say("If it was not you, you need not do anything."),
    }
    subject = say("You are subscribed to %(name)s already", name=name)
    return notice("word", front, env, subject=subject, preheader=say("Nothing was changed."), word=word)


def link(front: Front, env: TemplateEnvironment) -> Notice:
    """Leads to all that we keep about a person. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    word = {
        "heading": say("Your own page"),
        "button": say("Open my page"),
        "rest": say(
            "If it was not you who asked for this, you need not do anything. Please do not pass this letter on."
        ),
    }
    subject = say("Your link from %(name)s", name=name)
    return notice("word", front, env, subject=subject, preheader=say("It works for a day."), word=word)


def moving(front: Front, env: TemplateEnvironment) -> Notice:
    """Asks the holder of a new address. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    word = {
        "heading": say("Please confirm your new address"),
        "button": say("Confirm the new address"),
        "rest": say("If it was not you, you need not do anything: without your yes, nothing changes."),
    }
    subject = say("Please confirm your new address for %(name)s", name=name)
    return notice("word", front, env, subject=subject, preheader=say("Without your yes, nothing changes."), word=word)


def moved(front: Front, env: TemplateEnvironment) -> Notice:
    """Tells the old address that it is one no more. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    word = {
        "heading": say("Your address has changed"),
        "button": "",
        "rest": say("If it was not you, please write to us at once: answer this letter."),
    }
    subject = say("Your address for %(name)s has changed", name=name)
    preheader = say("This is the last letter to the old one.")
    return notice("word", front, env, subject=subject, preheader=preheader, word=word)


def present_values(
    phrases: Phrases, *, newsletter: str, name: str, email: str, url: str, until: date
) -> Mapping[str, str]:
    """What a reminder says to one person, by slot."""
    said = phrases.tongue.say(
        "Somebody, we think you, asked us to send %(newsletter)s to %(address)s. It comes there already, so nothing "
        "was changed.",
        newsletter=newsletter,
        address=masked(email),
    )
    return _values(phrases, name, said, url, until)


def link_values(phrases: Phrases, *, name: str, email: str, url: str, until: date) -> Mapping[str, str]:
    """What a letter with a link says to one person, by slot."""
    said = phrases.tongue.say(
        "This link shows all that we keep about %(address)s. There you can change what you get, your name and your "
        "address, take a copy of everything, or have it erased.",
        address=masked(email),
    )
    return _values(phrases, name, said, url, until)


def moving_values(phrases: Phrases, *, name: str, old: str, new: str, url: str, until: date) -> Mapping[str, str]:
    """What the new address is asked, by slot."""
    said = phrases.tongue.say(
        "Somebody, we think you, asked us to write to %(new)s from now on, and no longer to %(old)s.",
        new=masked(new),
        old=masked(old),
    )
    return _values(phrases, name, said, url, until)


def moved_values(phrases: Phrases, *, name: str, old: str, new: str) -> Mapping[str, str]:
    """What the old address is told, by slot."""
    said = phrases.tongue.say(
        "We write to %(new)s from now on, and no longer to %(old)s. It was confirmed there a moment ago.",
        new=masked(new),
        old=masked(old),
    )
    return {"greeting": phrases.greeting(name), "said": said}


def _values(phrases: Phrases, name: str, said: str, url: str, until: date) -> Mapping[str, str]:
    return {"greeting": phrases.greeting(name), "said": said, "url": url, "until": phrases.works_until(until)}
