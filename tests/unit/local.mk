# One program for each pair under src/; its source is NAME.c beside it.
unit_tests = \
	tests/unit/agent-test \
	tests/unit/artifact-test \
	tests/unit/cbor-test \
	tests/unit/demands-test \
	tests/unit/evaluator-client-test \
	tests/unit/file-test \
	tests/unit/files-test \
	tests/unit/frame-test \
	tests/unit/graph-target-test \
	tests/unit/graph-test \
	tests/unit/lines-test \
	tests/unit/live-test \
	tests/unit/limits-test \
	tests/unit/local-test \
	tests/unit/lock-test \
	tests/unit/log-test \
	tests/unit/loop-test \
	tests/unit/machine-test \
	tests/unit/map-test \
	tests/unit/objects-test \
	tests/unit/outlet-test \
	tests/unit/path-test \
	tests/unit/reaper-test \
	tests/unit/resolve-test \
	tests/unit/rules-test \
	tests/unit/shell-property-test \
	tests/unit/shell-text-test \
	tests/unit/spawn-test \
	tests/unit/spec-test \
	tests/unit/store-fault-test \
	tests/unit/store-test \
	tests/unit/strbuf-test \
	tests/unit/table-test \
	tests/unit/text-test \
	tests/unit/value-test
