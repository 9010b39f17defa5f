"""What leaves the house: a study as a research object, instruction sets as data sets, models with a card."""
