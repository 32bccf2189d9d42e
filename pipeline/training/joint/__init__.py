"""Train the joint model: lexicon, net, pretrain, data, tune, export, in the order in which they run."""

# Numbers in the vector of a lexicon word.
WORD_WIDTH = 64
