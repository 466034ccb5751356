# One program for each pair under src/; its source is NAME.c beside it.
unit_tests = \
	tests/unit/agent-test \
	tests/unit/artifact-test \
	tests/unit/cbor-test \
	tests/unit/code-client-test \
	tests/unit/demands-test \
	tests/unit/evaluate-test \
	tests/unit/evaluator-client-test \
	tests/unit/expand-test \
	tests/unit/file-test \
	tests/unit/files-test \
	tests/unit/frame-test \
	tests/unit/gc-test \
	tests/unit/graph-alone-test \
	tests/unit/graph-target-test \
	tests/unit/graph-test \
	tests/unit/in-place-test \
	tests/unit/key-diff-test \
	tests/unit/key-test \
	tests/unit/layout-test \
	tests/unit/leases-test \
	tests/unit/limits-test \
	tests/unit/lines-test \
	tests/unit/live-test \
	tests/unit/local-test \
	tests/unit/lock-test \
	tests/unit/log-test \
	tests/unit/loop-test \
	tests/unit/machine-test \
	tests/unit/map-test \
	tests/unit/memo-test \
	tests/unit/object-restore-test \
	tests/unit/npy-test \
	tests/unit/objects-test \
	tests/unit/outlet-test \
	tests/unit/path-test \
	tests/unit/plan-test \
	tests/unit/prehash-test \
	tests/unit/reaper-test \
	tests/unit/recall-test \
	tests/unit/recipe-test \
	tests/unit/resolve-test \
	tests/unit/rules-test \
	tests/unit/sched-test \
	tests/unit/shell-property-test \
	tests/unit/shell-text-test \
	tests/unit/sights-test \
	tests/unit/spawn-test \
	tests/unit/spec-test \
	tests/unit/stamp-test \
	tests/unit/store-fault-test \
	tests/unit/store-test \
	tests/unit/strbuf-test \
	tests/unit/table-test \
	tests/unit/text-test \
	tests/unit/value-test \
	tests/unit/walk-test \
	tests/unit/witness-test

tests_unit_walk_test_SOURCES = tests/unit/walk-test.c $(git_parts)
tests_unit_walk_test_CFLAGS = $(flowmake_git_CFLAGS)
tests_unit_walk_test_LDADD = $(flowmake_git_LDADD)
