"""Frame classifier: features, training, calibration, evaluation."""
