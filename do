#!/usr/bin/env python3
"""One door to everything, with nothing but Python 3.11 or newer: ./do help"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.9"
HERE = Path(__file__).resolve().parent
TOOLS = HERE / ".tools"
VENV = HERE / ".venv"
BIN = "Scripts" if os.name == "nt" else "bin"

HELP = """\
./do demo [--tour] [--json]   play the product against the local Dataverse emulator
./do test [PYTEST ARGS]       format, lint, types, import contracts, then the tests
./do check                    only format, lint, types and import contracts
./do bench NAME [ARGS]        benchmarks; each prints its baseline from the same run
./do simulate [ARGS]          deterministic simulation of the promises
./do crashes [ARGS]           real processes killed again and again while both systems are edited
./do assent ARGS              the command line itself
./do lock                     resolve the pinned dependencies anew (maintainers)
"""


def call(*command: object) -> None:
    code = subprocess.call([str(part) for part in command], cwd=HERE)
    if code:
        sys.exit(code)


def uv() -> str:
    """Find uv, or put the pinned one beside the checkout with whatever this Python offers."""
    if found := shutil.which("uv"):
        return found
    for candidate in (TOOLS / BIN / "uv", TOOLS / BIN / "uv.exe"):
        if candidate.exists():
            return str(candidate)
    print("assent: fetching uv, once ...", file=sys.stderr)
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]
    try:
        import venv

        venv.create(TOOLS, with_pip=True)
        subprocess.check_call([TOOLS / BIN / "python", *pip, UV])
    except (ImportError, subprocess.CalledProcessError):  # Debian's python3 without python3-venv
        shutil.rmtree(TOOLS, ignore_errors=True)
        if subprocess.call([sys.executable, *pip, "--target", TOOLS, UV]):
            sys.exit("assent: this Python has neither venv nor pip. On Debian: apt install python3-venv")
    return uv()


def environment(lock: str) -> Path:
    """Make .venv hold exactly what requirements/LOCK.lock pins; a stamp makes the second run free."""
    pinned = HERE / "requirements" / f"{lock}.lock"
    stamp = VENV / f"assent-{lock}"
    wanted = hashlib.sha256(pinned.read_bytes() + (HERE / "pyproject.toml").read_bytes()).hexdigest()
    python = VENV / BIN / "python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print("assent: installing the pinned dependencies ...", file=sys.stderr)
    tool = uv()
    if not python.exists():
        call(tool, "venv", "-q", "--python", sys.executable, VENV)
    install = [tool, "pip", "install", "-q", "--python", python]
    if lock == "dev":  # tests start many processes, and not every machine keeps what they compile
        install.append("--compile-bytecode")
    call(*install, "--require-hashes", "-r", pinned)
    call(*install, "--no-deps", "--no-build-isolation", "-e", HERE)
    stamp.write_text(wanted)
    return python


def check(python: Path) -> None:
    call(python, "-m", "ruff", "format", "--check", "-q", ".", "do")
    call(python, "-m", "ruff", "check", "-q", ".", "do")
    call(python, "-m", "mypy")
    call(VENV / BIN / "lint-imports", "--no-logo")


def lock() -> None:
    shared = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "-q"]
    shared += ["--no-annotate", "--no-emit-index-url", "--upgrade", "pyproject.toml"]
    call(uv(), "pip", "compile", *shared, "--group", "build", "-o", "requirements/run.lock")
    call(uv(), "pip", "compile", *shared, "--group", "dev", "-o", "requirements/dev.lock")


def main(command: str = "help", *rest: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python is started with
        sys.exit("assent: Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    if command in ("demo", "assent"):
        words = [command] if command == "demo" else []
        call(environment("run"), "-m", "assent", *words, *rest)
    elif command == "check":
        check(environment("dev"))
    elif command == "test":
        python = environment("dev")
        check(python)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # many processes compile the same tests
        call(python, "-m", "pytest", "-n", "auto", *rest)
    elif command == "bench":
        call(environment("dev"), "-m", "bench", *rest)
    elif command == "simulate":
        call(environment("dev"), "-m", "tests.simulation", *rest)
    elif command == "crashes":
        call(environment("dev"), "-m", "tests.crashes", *rest)
    elif command == "lock":
        lock()
    else:
        print(HELP, end="")
        sys.exit(command not in ("help", "-h", "--help"))


if __name__ == "__main__":
    main(*sys.argv[1:])
