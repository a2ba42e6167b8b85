"""Measurements of e2e-lab beside what people do without it; ``python -m benchmarks`` runs them."""
