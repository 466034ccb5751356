# One program for each pair under src/; its source is NAME.c beside it.
unit_tests =
unit_tests += \
	tests/unit/cbor-test \
	tests/unit/file-test \
	tests/unit/frame-test \
	tests/unit/map-test \
	tests/unit/path-test \
	tests/unit/strbuf-test \
	tests/unit/text-test
