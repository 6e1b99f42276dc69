"""Stories: steps across the pages, each with a sentence to say and what is to be seen."""
