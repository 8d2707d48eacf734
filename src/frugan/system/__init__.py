"""What every room may use and what knows none of them: errors, whole files, logs, locks, processes, devices."""
