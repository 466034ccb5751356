report_sources =
