#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Perl: hashes, strings that grow, sorting, closures, fork.
. "${0%/*}/common.sh"
need perl
workload()
{
	PERL_HASH_SEED=1 $limit perl -e '
	use strict; use warnings; use Digest::MD5 qw(md5_hex);
	my (%h, @subs);
	for my $i (1 .. 60000) {
		my $k = substr(md5_hex($i), 0, 4);
		push @{$h{$k}{$i % 7}}, "value $i";
		delete $h{$k}{($i + 3) % 7} if $i % 5 == 0;
	}
	my $n = 0;
	$n += scalar @$_ for map { values %$_ } values %h;
	print scalar(keys %h), " $n\n";
	my $s = "";
	$s .= join(",", map { "$_=" . join "|", sort keys %{$h{$_}} }
	    sort keys %h) for 1 .. 3;
	print length($s), " ", md5_hex($s), "\n";
	(my $t = $s) =~ s/([0-9a-f]+)=(\d)/$2 x length $1/ge;
	print md5_hex($t), "\n";
	push @subs, do { my $x = $_; sub { $x += shift } } for 1 .. 20000;
	my $sum = 0;
	$sum += $_->(2) for @subs;
	print "$sum\n";
	$| = 1;
	my $pid = fork();
	if ($pid == 0) { my @x = map { "x" x $_ } 1 .. 5000; exit(@x % 100); }
	waitpid($pid, 0);
	print $? >> 8, "\n";
	print md5_hex(join " ", sort { $a cmp $b } split /,/, $s), "\n"'
}
same "workload" workload
exit $failed
