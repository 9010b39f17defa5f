"""Checks of a study before anything is submitted: its jobs, and the resources that they ask for."""
