"""The product played against the local emulator: one command, no account anywhere."""
