dnl FLOWMAKE_DEPENDENCY(VARIABLE, MODULE >= VERSION, DEBIAN-PACKAGE)
dnl Look for MODULE with pkg-config and set VARIABLE_CFLAGS and VARIABLE_LIBS;
dnl remember what to say when it is too old, or the Debian package that has it
dnl when it is missing.
AC_DEFUN([FLOWMAKE_DEPENDENCY],
[PKG_CHECK_MODULES([$1], [$2], [],
  [flowmake_found=`$PKG_CONFIG --modversion "m4_bpatsubst([$2], [ .*])" \
     2>/dev/null`
   AS_IF([test "x$flowmake_found" = x],
     [flowmake_missing="$flowmake_missing $3"],
     [flowmake_old="${flowmake_old}$2 is needed, $flowmake_found is here; "])])])

dnl FLOWMAKE_DEPENDENCIES_DONE
dnl Stop and name all that FLOWMAKE_DEPENDENCY found missing or too old.
AC_DEFUN([FLOWMAKE_DEPENDENCIES_DONE],
[AS_IF([test "x$flowmake_old" != x],
  [flowmake_advice="${flowmake_old}build newer ones, and name the directories"
   flowmake_advice="$flowmake_advice of their .pc files in PKG_CONFIG_PATH"])
AS_IF([test "x$flowmake_missing" != x],
  [AS_IF([test "x$flowmake_old" != x], [AC_MSG_WARN([$flowmake_advice])])
   AC_MSG_ERROR([packages are missing: apt install$flowmake_missing])])
AS_IF([test "x$flowmake_old" != x], [AC_MSG_ERROR([$flowmake_advice])])])

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
