"""Notifications (RFC 3464) as mail servers far away write them."""

_NOTIFICATION = """\
Return-Path: <>
From: Mail Delivery <mailer-daemon@mx.example.com>
{to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="==b"

--==b
Content-Type: text/plain

Your message could not be delivered.
--==b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--==b
Content-Type: text/rfc822-headers

Subject: Please confirm
--==b--
"""


def notification(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "550 5.1.1 <x>: no\n such user",
    by: str = "To",
) -> bytes:
    """What a mail server far away writes."""
    return _NOTIFICATION.format(
        to=f"{by}: {to}", recipient="who@example.org", action=action, status=status, said=said
    ).encode()
