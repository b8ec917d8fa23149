# SPDX-License-Identifier: BSD-2-Clause
"""zfrag - what programs hold in memory under several allocators, over time.

Read in this order:

scenarios   what can be run: the table of built-in scenarios, and any command
allocators  under what: which allocators are installed, and how to load them
procfs      what the kernel says of a process
runner      one run of one load under one allocator: samples and phases
rounds      all runs, interleaved, with progress
report      everything that was run, and how it is kept in files
figures     medians, spreads and ratios of a report
timeline    the runs of a scenario on one axis of time
table       the same for terminals and Markdown
show        what is printed
plot, page  the same as pictures and as one HTML page
cli         the command line

protocol.py, loads in C (load-*.c) and the scripts that drive other programs
run in processes of their own.
"""
