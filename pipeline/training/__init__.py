"""Train the models under ``models/`` from corpora, each by one command, and measure them."""
