"""What helps to build and check the project, and is no part of the exporter."""
