cli_sources =
