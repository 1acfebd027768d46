"""Makes the phrase model: speech, a teacher's labels, training, thresholds, export."""
