"""The command line `ago`."""
