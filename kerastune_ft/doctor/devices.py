"""Which devices a run would use here, and why those that are there cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING, Finding, Section
from kerastune_ft.doctor.gpus import OLDEST_DRIVER, Gpu, Hardware, find_hardware, find_missing_libraries
from kerastune_ft.doctor.probe import Probe
from kerastune_ft.training.devices import tpu
from kerastune_ft.wording import counted

_WITH_CUDA = 'python -m pip install "tensorflow[and-cuda]"'
_LITTLE_MEMORY = 1 << 30


def examine_devices(probe: Probe, root: Path = Path("/")) -> Section:
    """Return what TensorFlow computes on, and what stands in the way of the devices that it does not see."""
    hardware = find_hardware(root)
    findings = [Finding(problem, BROKEN, _remedy_of(probe)) for problem in probe.problems]
    findings += _describe_import(probe)
    findings += [_describe_gpu(number, gpu) for number, gpu in enumerate(hardware.gpus)]
    if probe.gpus:
        names = ", ".join(f"{gpu['name']} ({gpu['capability']})" for gpu in probe.gpus)
        findings.append(Finding(f"TensorFlow uses {counted(len(probe.gpus), 'GPU')}: {names}"))
        if len(hardware.gpus) > len(probe.gpus):
            findings.append(_explain_fewer(len(hardware.gpus), len(probe.gpus)))
    elif hardware.is_there:
        findings.append(explain_unusable(hardware, probe))
    elif hardware.amd:
        findings.append(Finding("an AMD GPU is there, which the wheels of TensorFlow cannot use", NOTE))
    else:
        findings.append(Finding("no GPU"))
    findings += [_describe_tpu(root)] if tpu.is_there(root) else []
    facts = {
        "gpus": [vars(gpu) for gpu in hardware.gpus],
        "used": list(probe.gpus),
        "driver": hardware.driver,
        "tpu": tpu.is_there(root),
        "tensorflow": dict(probe.found),
        "failure": probe.failure,
    }
    return Section("devices", findings, facts)


def _describe_import(probe: Probe) -> list[Finding]:
    if probe.problems:
        return []
    found, cuda = probe.found, probe.cuda_version
    built = f"built for CUDA {cuda[0]} and cuDNN {cuda[1]}" if cuda else "built without CUDA"
    return [
        Finding(
            f"TensorFlow {found['tensorflow']['version']} ({built}), Keras {found['keras']['version']} on "
            f"{found['backend']}, imported in {found['seconds']:.1f} s"
        )
    ]


def _remedy_of(probe: Probe) -> str:
    if "SIGILL" in probe.failure:
        return "this processor lacks instructions that the wheel was built with: use another machine or TensorFlow"
    if "flag" in probe.failure.lower():
        return "unset XLA_FLAGS and TF_XLA_FLAGS, or mend what they hold"
    return (
        'python -m pip install --force-reinstall "tensorflow==2.21.*" "tensorflow-text==2.21.*" "keras-hub==0.32.*"\n'
        "in a fresh environment, if that does not help"
    )


def _describe_gpu(number: int, gpu: Gpu) -> Finding:
    memory = f"{size_text(gpu.free)} of {size_text(gpu.total)} free"
    text = f"GPU {number}: {gpu.name}, {memory}, compute capability {gpu.capability}, driver {gpu.driver}"
    if gpu.free >= _LITTLE_MEMORY:
        return Finding(text)
    return Finding(f"{text}; other programs hold its memory", WARNING, "nvidia-smi lists them")


def _explain_fewer(there: int, used: int) -> Finding:
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    why = f"CUDA_VISIBLE_DEVICES is {shown!r}" if shown is not None else "the others are too old, or failed"
    return Finding(f"of {counted(there, 'GPU')} TensorFlow uses {used}: {why}", NOTE)


def explain_unusable(hardware: Hardware, probe: Probe) -> Finding:
    """Return why TensorFlow sees none of the GPUs that are there, with the remedy."""
    there = "a GPU is there that cannot be used"
    if (shown := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None and hardware.gpus:
        text = f"{there}: the environment variable CUDA_VISIBLE_DEVICES, {shown!r}, shows TensorFlow none"
        return Finding(text, WARNING, "unset CUDA_VISIBLE_DEVICES, or name a GPU as nvidia-smi numbers them")
    if not hardware.gpus:
        return _explain_driver(there, hardware)
    if probe.problems:
        return Finding(f"{there}: TensorFlow itself cannot be used", WARNING)
    if (built := probe.cuda_version) is None:
        return Finding(f"{there}: this TensorFlow was built without CUDA", WARNING, _WITH_CUDA)
    cuda, cudnn = built
    oldest = OLDEST_DRIVER.get(cuda, 0)
    if hardware.gpus[0].release < oldest:
        text = f"{there}: its driver is {hardware.gpus[0].driver}, and CUDA {cuda} needs {oldest} or later"
        return Finding(text, WARNING, "have the driver updated, or install a TensorFlow for an older CUDA")
    if missing := find_missing_libraries(cuda, cudnn):
        return Finding(f"{there}: {', '.join(missing)} were not found", WARNING, _WITH_CUDA)
    supported = [name for name in probe.found["build"].get("cuda_compute_capabilities", ()) if name.startswith("sm_")]
    if supported and all(_is_older(gpu.capability, supported[0]) for gpu in hardware.gpus):
        least = f"{supported[0][3:-1]}.{supported[0][-1]}"
        text = (
            f"{there}: compute capability {hardware.gpus[0].capability} is below {least}, the least of this TensorFlow"
        )
        return Finding(text, WARNING, "install a TensorFlow that was built for it, or use another GPU")
    text = f"{there}: driver and libraries are there, and TensorFlow does not say why it sees none"
    remedy = "LD_LIBRARY_PATH may name other libraries; try: env -u LD_LIBRARY_PATH python -m kerastune_ft doctor"
    return Finding(text, WARNING, f"{remedy}\n{_WITH_CUDA}")


def _explain_driver(there: str, hardware: Hardware) -> Finding:
    if hardware.is_wsl:
        text, remedy = "Windows hands it on, and nvidia-smi does not answer", "update NVIDIA's driver in Windows"
    elif not hardware.files:
        text = "there is no device file of it (/dev/nvidia0)"
        remedy = "in a container: start it with --gpus all; else have NVIDIA's driver installed and loaded"
    elif hardware.refusal:
        text, remedy = f"its driver says: {hardware.refusal}", "have the driver mended, or the machine started again"
    else:
        text, remedy = "nvidia-smi, which comes with the driver, was not found", "have NVIDIA's driver installed"
    return Finding(f"{there}: {text}", WARNING, remedy)


def _is_older(capability: str, supported: str) -> bool:
    try:
        major, minor = (int(part) for part in capability.split("."))
    except ValueError:
        return False
    return (major, minor) < (int(supported[3:-1]), int(supported[-1]))


def _describe_tpu(root: Path) -> Finding:
    problem = tpu.obstacle(root)
    if not problem:
        return Finding(f"a TPU, which runs will use; its library is {tpu.library(root)}")
    what, _, remedy = problem.partition(": ")
    return Finding(f"a TPU is there that cannot be used: {what}", WARNING, remedy)
