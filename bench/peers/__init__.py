"""What others would run in place of this exporter, each as a process of its own to measure."""
