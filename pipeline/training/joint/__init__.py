"""Train the joint model: lexicon, net, pretrain, data, tune, export, in the order in which they run."""
