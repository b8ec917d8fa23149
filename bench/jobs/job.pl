# SPDX-License-Identifier: BSD-2-Clause
# A job for perl: read a text, count words and pairs of words, sort, substitute,
# join.  Prints lines that depend on all results.
use strict;
use warnings;

my (%count, %pairs, @lines);

open(my $in, '<', $ARGV[0]) or die "$ARGV[0]: $!\n";
while (my $line = <$in>) {
	chomp $line;
	my @words = split /\W+/, lc $line;
	my $before = '';
	for my $word (@words) {
		next if $word eq '';
		$count{$word}++;
		push @{$pairs{$before}}, $word if $before ne '';
		$before = $word;
	}
	(my $changed = $line) =~ s/(\w+) (\w+)/$2-$1/g;
	push @lines, $changed;
}
close $in;

my @common = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $total = 0;
$total += $_ for values %count;
my $followers = 0;
$followers += @$_ for values %pairs;
my @sorted = sort @lines;
my $all = join "\n", @sorted;
my @records = map { { word => $_, n => $count{$_},
    next => [ @{$pairs{$_} || []} ] } } @common;
my $longest = (sort { @{$b->{next}} <=> @{$a->{next}} ||
    $a->{word} cmp $b->{word} } @records)[0];

print scalar(@common), " words of $total, $followers pairs, ",
    length($all), " bytes\n";
print "$_ $count{$_}\n" for @common[0 .. 9];
print "$longest->{word} ", scalar(@{$longest->{next}}), "\n";
print unpack('%32C*', $all), "\n";
