/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.c - formatting for messages and reports.  Owns nothing; must not
 * allocate, because messages are written from inside malloc.
 */
#include "fmt.h"

#include <stdarg.h>
#include <string.h>

#include "os.h"

void
fmt_init(struct fmt *f, int fd)
{
	f->fd = fd;
	f->error = 0;
	f->used = 0;
}

int
fmt_flush(struct fmt *f)
{
	int error = f->used > 0 ? os_write(f->fd, f->text, f->used) : 0;

	if (f->error == 0)
		f->error = error;
	f->used = 0;
	return f->error;
}

static void
put(struct fmt *f, char c)
{
	if (f->used == sizeof f->text)
		fmt_flush(f);
	f->text[f->used++] = c;
}

static void
put_padded(struct fmt *f, const char *text, size_t len, size_t width, bool left)
{
	size_t pad = width > len ? width - len : 0;

	for (size_t i = 0; !left && i < pad; i++)
		put(f, ' ');
	for (size_t i = 0; i < len; i++)
		put(f, text[i]);
	for (size_t i = 0; left && i < pad; i++)
		put(f, ' ');
}

/* Digits of N in BASE, ending at END; returns where they start. */
static char *
digits(char *end, uint64_t n, unsigned base)
{
	do {
		*--end = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	return end;
}

static void
put_number(struct fmt *f, uint64_t n, unsigned base, size_t width, bool left)
{
	char text[24], *end = text + sizeof text, *start = digits(end, n, base);

	if (base == 16) {
		*--start = 'x';
		*--start = '0';
	}
	put_padded(f, start, (size_t)(end - start), width, left);
}

void
fmt_print(struct fmt *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	for (const char *p = format; *p != '\0'; p++) {
		bool left = false;
		size_t width = 0;
		const char *text;
		char c;

		if (*p != '%') {
			put(f, *p);
			continue;
		}
		if (*++p == '-') {
			left = true;
			p++;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			width = width * 10 + (size_t)(*p - '0');
		switch (*p) {
		case 's':
			text = va_arg(ap, const char *);
			put_padded(f, text, strlen(text), width, left);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_padded(f, &c, 1, width, left);
			break;
		case 'u':
			put_number(f, va_arg(ap, uint64_t), 10, width, left);
			break;
		case 'p':
			put_number(f, (uintptr_t)va_arg(ap, const void *), 16,
			    width, left);
			break;
		default:
			put(f, *p);
		}
	}
	va_end(ap);
}

void
fmt_print_json(struct fmt *f, const char *text)
{
	put(f, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20) {
			put(f, '\\');
			put(f, 'u');
			put(f, '0');
			put(f, '0');
			put(f, "0123456789abcdef"[c >> 4]);
			put(f, "0123456789abcdef"[c & 15]);
			continue;
		}
		if (c == '"' || c == '\\')
			put(f, '\\');
		put(f, (char)c);
	}
	put(f, '"');
}
