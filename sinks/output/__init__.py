"""What is drawn from a run: reports, maps, figures, painted rasters."""
