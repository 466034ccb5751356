evaluator_sources =
