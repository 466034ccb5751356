# The Scheme modules, each compiled and installed.
scheme_modules =
