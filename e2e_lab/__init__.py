"""e2e-lab: the whole machine-learning workflow inside the notebook workspace."""
