# make install and make uninstall.
. "${0%/*}/lib"

make_there() {
	make -s -C "$builddir" DESTDIR="$PWD/root" "$@"
}

test_expect_success 'uninstalling leaves nothing of what was installed' '
	make_there install &&
	find root -name "*flowmake*" > installed &&
	test_grep "/bin/flowmake$" installed &&
	test_grep "/share/flowmake$" installed &&
	make_there uninstall &&
	find root -name "*flowmake*" -o ! -type d > left &&
	lines 0 left
'

test_done
