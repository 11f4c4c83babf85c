"""Whether the places can be reached from which weights, presets and data sets are downloaded."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from kerastune_ft.doctor.finding import NOTE, WARNING, Finding, Section

HOSTS: Mapping[str, str] = {
    "ImageNet weights of Keras, TensorFlow Datasets": "https://storage.googleapis.com/",
    "presets from Kaggle": "https://api.kaggle.com/",
    "presets from Hugging Face": "https://huggingface.co/",
}
_SECONDS = 8.0


def examine_network(hosts: Mapping[str, str] = HOSTS, seconds: float = _SECONDS) -> Section:
    """Return which hosts answer, by the proxies of the environment; nothing is downloaded."""
    proxies = urllib.request.getproxies()
    answers = {what: ask(address, seconds) for what, address in hosts.items()}
    findings = [
        Finding(f"{what}: {hosts[what]} cannot be reached ({why})", WARNING)
        if why
        else Finding(f"{what}: {hosts[what]} answers")
        for what, why in answers.items()
    ]
    if any(answers.values()):
        remedy = "where there is a network: python -m kerastune_ft fetch CONFIG --output DIR"
        findings.append(Finding("runs need no network once all that they need is there", NOTE, remedy))
    if proxies:
        findings.append(Finding(f"proxies are set for {', '.join(sorted(proxies))}"))
    return Section("network", findings, {hosts[what]: why or "answers" for what, why in answers.items()})


def ask(address: str, seconds: float) -> str:
    """Return why a host gives no answer; empty where it gives one, whatever it says."""
    try:
        request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "kerastune_ft"})
        urllib.request.urlopen(request, timeout=seconds).close()
    except urllib.error.HTTPError as error:
        # An answer from the host; 407 comes from a proxy that wants a login.
        error.close()
        return "the proxy asks for a login" if error.code == 407 else ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return str(getattr(reason, "strerror", None) or reason).lower()
    return ""
