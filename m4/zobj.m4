dnl SPDX-License-Identifier: BSD-2-Clause

dnl ZOBJ_TRY_CFLAG(FLAG, VARIABLE)
dnl Append FLAG to VARIABLE if the C compiler takes it without a warning.
AC_DEFUN([ZOBJ_TRY_CFLAG], [
AS_VAR_PUSHDEF([cached], [zobj_cv_cflag_$1])dnl
AC_CACHE_CHECK([whether $CC accepts $1], [cached], [
	zobj_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
	    [AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
	CFLAGS=$zobj_save_CFLAGS])
AS_VAR_IF([cached], [yes], [$2="$$2 $1"])
AS_VAR_POPDEF([cached])dnl
])

dnl ZOBJ_TRY_LDFLAG(FLAG, VARIABLE)
dnl Append FLAG to VARIABLE if a shared object can be linked with it.
AC_DEFUN([ZOBJ_TRY_LDFLAG], [
AS_VAR_PUSHDEF([cached], [zobj_cv_ldflag_$1])dnl
AC_CACHE_CHECK([whether shared objects link with $1], [cached], [
	zobj_save_CFLAGS=$CFLAGS
	zobj_save_LDFLAGS=$LDFLAGS
	CFLAGS="$CFLAGS -fPIC"
	LDFLAGS="$LDFLAGS -shared $1"
	AC_LINK_IFELSE([AC_LANG_SOURCE([[int f(void); int f(void) { return 0; }]])],
	    [AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
	CFLAGS=$zobj_save_CFLAGS
	LDFLAGS=$zobj_save_LDFLAGS])
AS_VAR_IF([cached], [yes], [$2="$$2 $1"])
AS_VAR_POPDEF([cached])dnl
])

dnl ZOBJ_PKG(PREFIX, MODULE)
dnl Set PREFIX_CFLAGS and PREFIX_LIBS from pkg-config, and the shell variable
dnl have_PREFIX to yes or no.  Values the user gave are taken as they are.
dnl (pkg.m4 would do, but then autoreconf fails where pkg-config is missing.)
AC_DEFUN([ZOBJ_PKG], [
AC_REQUIRE([ZOBJ_PKG_CONFIG])dnl
AC_ARG_VAR([$1_CFLAGS], [C compiler flags for $1, instead of pkg-config's])dnl
AC_ARG_VAR([$1_LIBS], [linker flags for $1, instead of pkg-config's])dnl
AC_MSG_CHECKING([for $2])
have_$1=no
AS_IF([test -n "$$1_LIBS"],
    [have_$1=yes],
    [test -n "$PKG_CONFIG" && $PKG_CONFIG --exists "$2" 2>/dev/null],
    [have_$1=yes
     $1_CFLAGS=`$PKG_CONFIG --cflags "$2"`
     $1_LIBS=`$PKG_CONFIG --libs "$2"`])
AC_MSG_RESULT([$have_$1])
])

AC_DEFUN([ZOBJ_PKG_CONFIG], [
AC_ARG_VAR([PKG_CONFIG], [pkg-config])dnl
AC_PATH_TOOL([PKG_CONFIG], [pkg-config])
])
