"""Learn: the words of the field, in the order in which one explains the next, with pictures."""

from blurlab.ui import link, shell
from blurlab.ui.learn import article

shell.begin("Learn", {}, "What the pages speak of, from the first word to the last.")
article.show()
link.write(shell.SHARED)
