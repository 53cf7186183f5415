"""The exporter as a web server: its pages, and who may see them."""
