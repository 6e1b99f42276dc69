"""Audience: everybody in the room plays on a phone, and the crowd's curve forms on the screen."""

from blurlab.ui import shell
from blurlab.ui.audience import view

shell.begin(
    "Audience",
    view.PARAMETERS,
    "Everybody joins with a phone and names what they see in a few hybrids. **At which cutoff does "
    "the room change its mind**, and where do the networks?",
)
shell.stop_without_models()
view.live()
