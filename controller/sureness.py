"""How sure a model has to be of a plan: the probability of all that it may write that comes to the same (see
`plan_writer`). Only what was looked at counts, so that it is a lower bound.
"""

SURE = 0.55
"""What is written less surely is not carried out: the robot holds and says so. What floors trade is told by
`codeword lab evaluate --split validation`."""
