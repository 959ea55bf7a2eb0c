"""Known bugs, planted by replacing one function of the product at a time, each for a judge to catch."""

from . import bases, deciding, identity, proof, reading, sending, writing
from .planting import Sabotage, planted

__all__ = ["Sabotage", "bases", "deciding", "identity", "planted", "proof", "reading", "sending", "writing"]
