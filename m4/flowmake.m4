dnl FLOWMAKE_DEPENDENCY(VARIABLE, MODULE, DEBIAN-PACKAGE)
dnl Look for MODULE with pkg-config and set VARIABLE_CFLAGS and VARIABLE_LIBS;
dnl remember the Debian package that has it when it is missing.
AC_DEFUN([FLOWMAKE_DEPENDENCY],
[PKG_CHECK_MODULES([$1], [$2], [],
  [flowmake_missing="$flowmake_missing $3"])])

dnl FLOWMAKE_DEPENDENCIES_DONE
dnl Stop and name all packages that FLOWMAKE_DEPENDENCY found missing.
AC_DEFUN([FLOWMAKE_DEPENDENCIES_DONE],
[AS_IF([test "x$flowmake_missing" != x],
  [for flowmake_package in $flowmake_missing; do
     AC_MSG_NOTICE([$flowmake_package is missing])
   done
   AC_MSG_ERROR([packages are missing: apt install$flowmake_missing])])])

dnl FLOWMAKE_CHECK_LIBFUZZER
dnl Stop unless $CC links programs with libFuzzer.
AC_DEFUN([FLOWMAKE_CHECK_LIBFUZZER],
[AC_MSG_CHECKING([whether $CC has libFuzzer])
flowmake_cflags=$CFLAGS
CFLAGS="$CFLAGS -fsanitize=fuzzer"
AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return data && size > 4 ? 0 : 0;
}]])],
  [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no])
   AC_MSG_ERROR([--enable-fuzzing needs clang: apt install clang])])
CFLAGS=$flowmake_cflags])
