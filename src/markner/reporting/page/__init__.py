"""The report of a study: one page that holds everything, from its question to the bytes behind each number."""
