"""What a study will run and ask for, looked through before anything is submitted."""
