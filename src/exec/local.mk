exec_sources =
