store_sources =
