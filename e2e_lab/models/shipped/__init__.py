"""Files that are copied into every Bento as they are; they import nothing of e2e-lab."""
