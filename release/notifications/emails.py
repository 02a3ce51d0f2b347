"""E-mail with an id that stays: Apprise's own gets a new Message-ID at each attempt.

Of Apprise are the URL's meaning (server, TLS, login, addresses) and the connection; the e-mail is ours.
"""

from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import formataddr, localtime

from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController


def send_email(plugin: NotifyEmail, subject: str, body: str, identity: str) -> bool:
    """Send one e-mail to all of the URL's addresses; False when the server refuses one of them.

    Raises:
        OSError, SMTPException: the server cannot be reached, or refuses the login.
    """
    name, sender = plugin.from_addr
    mail = compose(f"{name or ''}", f"{sender}", subject, body, identity)
    mail["To"] = _named(plugin.targets)
    if plugin.cc:
        mail["Cc"] = ", ".join(sorted(plugin.cc))
    addresses = [address for _, address in plugin.targets] + sorted(plugin.cc) + sorted(plugin.bcc)
    connection = AppriseSMTPController(
        host=plugin.smtp_host,
        port=plugin.port or 0,
        secure_mode=f"{plugin.secure_mode}",
        user=plugin.user,
        password=plugin.password,
        verify_certificate=plugin.verify_certificate,
        socket_connect_timeout=plugin.socket_connect_timeout,
    )
    with connection as smtp:
        return smtp.sendmail(f"{sender}", addresses, mail.as_string())


def compose(name: str, sender: str, subject: str, body: str, identity: str) -> EmailMessage:
    """Return the e-mail; its Message-ID is made of the identity, and so the same at every attempt."""
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = formataddr((name, sender))
    mail["Date"] = localtime()
    mail["Message-ID"] = f"<{identity}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # no holiday replies
    mail.set_content(body)
    return mail


def _named(targets: Iterable[tuple[object, str]]) -> str:
    return ", ".join(formataddr((f"{name or ''}", address)) for name, address in targets)
